"""What was told, beside the database: VAR_DIR/alerts.json, for the hours in which there is no database."""

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.utils.dateparse import parse_datetime

from waywo_site.models import Alert

logger = logging.getLogger(__name__)

FIELDS = ("subject", "state", "reason", "remedy", "since", "told_at", "due_by", "error")
TIMES = ("since", "told_at")


@dataclass(frozen=True)
class Memory:
    """The alerts by subject; ``is_newer`` when they were written while there was no database."""

    rows: dict[str, Alert] = field(default_factory=dict)
    is_newer: bool = False


def load() -> Memory:
    """Return what the file has; a damaged one is as good as none, and the log says so."""
    try:
        kept = json.loads(_file().read_text())
        rows = [
            Alert(**row | {name: parse_datetime(row[name]) if row[name] else None for name in TIMES})
            for row in kept["alerts"]
        ]
        return Memory({row.subject: row for row in rows}, bool(kept["is_newer"]))
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.error("%s cannot be read and is made again: %s", _file(), error)
        return Memory()


def save(rows: dict[str, Alert], *, is_newer: bool) -> None:
    """Write the file, whole or not at all. Where that is impossible the log says so."""
    alerts = [{name: getattr(row, name) for name in FIELDS} for row in rows.values()]
    text = json.dumps({"is_newer": is_newer, "alerts": alerts}, default=lambda moment: moment.isoformat())
    aside = _file().with_suffix(".new")
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text)
        aside.replace(_file())
    except OSError as error:
        logger.error("%s cannot be written, so an alert may come twice: %s", _file(), error)


def _file() -> Path:
    return settings.VAR_DIR / "alerts.json"
