"""Tells people by e-mail and webhook what changed: once for each change, and every 6 hours while it lasts."""

import json
import logging
import smtplib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.dateparse import parse_datetime

from core.http import in_short, user_agent
from core.locks import try_lock
from waywo_site.models import Alert
from waywo_site.operations.health.findings import OK

logger = logging.getLogger(__name__)

REPEAT_AFTER = timedelta(hours=6)
# No look takes so long. One that began before another's change of state, and ends after it, tells what was.
LONGEST_LOOK = timedelta(minutes=1)
WEBHOOK_SECONDS = 10.0
LOCK = "alerts"
KEPT_NOTICES = 20
FIELDS = tuple(field.name for field in Alert._meta.fields)
TIMES = ("since", "told_at")
SEPARATOR = ", "
KINDS = {"problem": "is", "recovery": "is well again", "repeat": "still is"}


@dataclass(frozen=True)
class Subject:
    """Something that can be well or not, as it is now."""

    name: str
    state: str
    reason: str
    remedy: str = ""


def tell(subjects: list[Subject], now: datetime, *, has_database: bool = True) -> list[dict[str, Any]]:
    """Send one message about all ``subjects`` whose state changed, or has lasted 6 hours since it was told.

    ``now`` is when the look began: what an earlier look than the last one found is left out.
    Returns what the message said; an empty list when there was nothing to say, or another process says it at this
    moment. What cannot be sent by one way is tried again by that way at the next call, and the log has the reason.
    Where nobody is to be told, the alerts are kept all the same: the admin shows them.
    Without a database (the very part that fails may be it) VAR_DIR/alerts.json remembers what was told.
    """
    if not has_database:
        rows, _ = _remembered()
        told, changed = _tell(subjects, rows, now)
        _remember(rows | {row.subject: row for row in changed}, is_newer=True)
        return told
    with try_lock(LOCK) as is_ours:
        if not is_ours:
            return []
        remembered, is_newer = _remembered()
        if is_newer:
            _save(remembered.values())
        rows = Alert.objects.in_bulk()
        told, changed = _tell(subjects, rows, now)
        _save(changed)
        _remember(rows | {row.subject: row for row in changed}, is_newer=False)
        return told


def _save(rows: Iterable[Alert]) -> None:
    Alert.objects.bulk_create(rows, update_conflicts=True, unique_fields=["subject"], update_fields=FIELDS[1:])


def _memory() -> Path:
    """Return the file that has what was told, for the hours in which there is no database."""
    return settings.VAR_DIR / "alerts.json"


def _remembered() -> tuple[dict[str, Alert], bool]:
    """Return the alerts of the file by subject, and whether they were written while there was no database."""
    try:
        kept = json.loads(_memory().read_text())
        rows = [
            Alert(**row | {name: parse_datetime(row[name]) if row[name] else None for name in TIMES})
            for row in kept["alerts"]
        ]
        return {row.subject: row for row in rows}, bool(kept["is_newer"])
    except FileNotFoundError:
        return {}, False
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.error("%s cannot be read and is made again: %s", _memory(), error)
        return {}, False


def _remember(rows: dict[str, Alert], *, is_newer: bool) -> None:
    """Write the file, whole or not at all. Where that is impossible the log says so."""
    alerts = [{name: getattr(row, name) for name in FIELDS} for row in rows.values()]
    text = json.dumps({"is_newer": is_newer, "alerts": alerts}, default=lambda moment: moment.isoformat())
    aside = _memory().with_suffix(".new")
    try:
        _memory().parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text)
        aside.replace(_memory())
    except OSError as error:
        logger.error("%s cannot be written, so an alert may come twice: %s", _memory(), error)


def _tell(subjects: list[Subject], rows: dict[str, Alert], now: datetime) -> tuple[list[dict[str, Any]], list[Alert]]:
    """Return what was said and the rows to save; ``rows`` is what was remembered."""
    ways = _ways()
    due, changed = [], []
    for subject in subjects:
        row = rows.get(subject.name) or Alert(subject=subject.name)
        if row.state != subject.state and row.since and now < row.since < now + LONGEST_LOOK:
            continue
        kind, row.due_by = _kind(row, subject, now, ways)
        if row.state != subject.state:
            row.since = now
        row.state, row.reason, row.remedy = subject.state, subject.reason, subject.remedy
        if kind:
            due.append((kind, row))
        changed.append(row)
    errors = {way: _error_of(way, send, due) for way, send in ways.items()}
    told = []
    for kind, row in due:
        asked = row.due_by.split(SEPARATOR)
        failed = [way for way in asked if errors[way]]
        row.due_by, row.error = SEPARATOR.join(failed), "; ".join(errors[way] for way in failed)
        row.notices = _noted(row, kind, asked, errors, now)
        if len(failed) < len(asked):
            row.told_at = now
            told.append(_as_dict(kind, row))
    return told, changed


def _noted(row: Alert, kind: str, asked: list[str], errors: dict[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return whom the alert was told to, the newest first. Of what failed by one way again and again one is kept."""
    to = recipients()
    new = [
        {"at": now.isoformat(), "kind": kind, "state": row.state, "way": way, "to": to[way], "error": errors[way]}
        for way in asked
    ]
    kept = [notice for notice in row.notices if not (notice["error"] and notice["way"] in asked)]
    return [*new, *kept][:KEPT_NOTICES]


def recipients() -> dict[str, str]:
    """Return who is told, by way. Of a webhook the host alone: its address may hold a secret."""
    to = {}
    if settings.ALERT_EMAIL:
        to["email"] = ", ".join(settings.ALERT_EMAIL)
    if settings.ALERT_WEBHOOK_URL:
        to["webhook"] = urlsplit(settings.ALERT_WEBHOOK_URL).hostname or ""
    return to


def _kind(row: Alert, subject: Subject, now: datetime, ways: Iterable[str]) -> tuple[str, str]:
    """Return what there is to tell (problem, recovery, repeat, or an empty text) and by which of the ``ways``."""
    by_all = SEPARATOR.join(ways)
    if not by_all:
        if row.state != subject.state:
            row.told_at = None
        return "", ""
    missed = SEPARATOR.join(way for way in ways if way in row.due_by.split(SEPARATOR))
    if row.state != subject.state or missed:
        if subject.state == OK and not row.told_at:
            # What was never told of needs no recovery.
            return "", ""
        return ("recovery" if subject.state == OK else "problem"), (by_all if row.state != subject.state else missed)
    if subject.state == OK:
        return "", ""
    if row.told_at is None:
        # It began when nobody was to be told.
        return "problem", by_all
    if row.told_at > now:
        # The clock went back: from here on 6 hours are counted again.
        row.told_at = now
    return ("repeat", by_all) if now - row.told_at >= REPEAT_AFTER else ("", "")


def _as_dict(kind: str, row: Alert) -> dict[str, Any]:
    return {
        "kind": kind,
        "subject": row.subject,
        "state": row.state,
        "reason": row.reason,
        "remedy": row.remedy,
        "since": row.since.isoformat() if row.since else None,
    }


def _ways() -> dict[str, Callable[[list[dict[str, Any]]], None]]:
    """Return the configured ways to tell, by name."""
    ways: dict[str, Callable[[list[dict[str, Any]]], None]] = {}
    if settings.ALERT_EMAIL:
        ways["email"] = _by_email
    if settings.ALERT_WEBHOOK_URL:
        ways["webhook"] = _by_webhook
    return ways


def _error_of(way: str, send: Callable[[list[dict[str, Any]]], None], due: list[tuple[str, Alert]]) -> str:
    """Send what is due by this way, all in one message. Return why that failed, or an empty text."""
    told = [_as_dict(kind, row) for kind, row in due if way in row.due_by.split(SEPARATOR)]
    try:
        if told:
            send(told)
    except (OSError, smtplib.SMTPException, httpx.HTTPError) as error:
        line = f"{way}: {in_short(error)}"
        logger.error("an alert could not be sent by %s", line)
        return line
    return ""


def subject_line(told: list[dict[str, Any]]) -> str:
    """Return the alert's first line, as "Waywo: broker is failed"."""
    first = told[0]
    name = first["subject"].removeprefix("health: ")
    said = KINDS[first["kind"]] + ("" if first["kind"] == "recovery" else f" {first['state']}")
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    return f"Waywo: {name} {said}{more}"


def text(told: list[dict[str, Any]]) -> str:
    """Return the alert's body: a paragraph for each subject."""
    paragraphs = []
    for alert in told:
        lines = [f"{alert['subject']}: {alert['state']} ({alert['kind']}) since {alert['since']}", alert["reason"]]
        if alert["remedy"]:
            lines.append(f"What to do: {alert['remedy']}")
        paragraphs.append("\n".join(line for line in lines if line))
    return "\n\n".join(paragraphs) + "\n"


def _by_email(told: list[dict[str, Any]]) -> None:
    # A header takes one line.
    EmailMessage(" ".join(subject_line(told).split()), text(told), to=settings.ALERT_EMAIL).send()


def _by_webhook(told: list[dict[str, Any]]) -> None:
    # "text" is what chat services show; the rest is for programs.
    body = {"text": f"{subject_line(told)}\n{text(told)}", "alerts": told}
    response = httpx.post(
        settings.ALERT_WEBHOOK_URL,
        json=body,
        headers={"User-Agent": user_agent()},
        timeout=WEBHOOK_SECONDS,
        trust_env=False,
    )
    if not response.is_success:
        # httpx's own error names the address, which may hold a secret.
        raise OSError(f"it answered {response.status_code}")
