"""A name of its own for each worker of a machine: of two with one name the broker's answers show one alone."""

import fcntl
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from zlib import crc32

FIRST = "celery"
MOST_WORKERS = 1_000


def take_name(broker: str) -> tuple[str, int | None]:
    """Return the name before the @ of a worker on ``broker`` (a URL), and a file that whoever runs it is to keep open.

    The first worker of this machine and user on that broker is ``celery``, the next one ``celery-2``, whatever their
    queues, clones and VAR_DIR are. A name is free again once its worker has ended, also by kill -9. Where no file can
    be kept for that, it bears the number of this process.
    """
    with suppress(OSError):
        folder = Path(tempfile.gettempdir()) / f"waywo-workers-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        for number in range(1, MOST_WORKERS):
            if (held := _lock(folder / f"{crc32(broker.encode()):08x}-{number}")) is not None:
                return (FIRST if number == 1 else f"{FIRST}-{number}"), held
    return f"{FIRST}-{os.getpid()}", None


def _lock(file: Path) -> int | None:
    """Return the open file, locked until the last who has it open ends; None where another has it."""
    held = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held
