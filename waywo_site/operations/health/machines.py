"""Which machine looks: what a disk, a memory, a folder or an own address is like is true of one machine alone."""

import logging
import platform
from contextlib import suppress

from django.conf import settings
from django.db.models.functions import Now

from waywo_site.models import Heartbeat
from waywo_site.operations.health import alert_memory as memory

logger = logging.getLogger(__name__)

# The parts of the health check that can be well on one machine and not on another.
LOCAL_PARTS = frozenset({"backup", "disk", "flower", "memory"})
MACHINE = "machine:"
LONGEST_NAME = 64


def name() -> str:
    """Return what this machine is called: the first line of VAR_DIR/machine, which is made with its host name.

    A file, and not the host name alone: containers on one volume are one machine, whatever each of them is called.
    """
    file = settings.VAR_DIR / "machine"
    host = platform.node() or "unnamed"
    try:
        with suppress(FileExistsError):
            settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
            with file.open("x") as new:
                new.write(host + "\n")
        host = (file.read_text().split("\n")[0].strip()) or host
    except (OSError, ValueError) as error:
        logger.error("%s cannot be read, so this machine is called %s: %s", file, host, error)
    return host[:LONGEST_NAME]


def subject(part: str, *, has_database: bool) -> str:
    """Return under what name alerts tell of a part.

    The first machine that ever looked needs no name; on every other one a local part has its machine's.
    """
    if part not in LOCAL_PARTS:
        return f"health: {part}"
    here = name()
    named = f"health: {part} on {here}"
    if not has_database:
        # As it was called before the database went away.
        return named if named in memory.load().rows else f"health: {part}"
    Heartbeat.objects.get_or_create(name=MACHINE + here, defaults={"done_at": Now()})
    first = Heartbeat.objects.filter(name__startswith=MACHINE).earliest("done_at", "name")
    return f"health: {part}" if first.name == MACHINE + here else named
