"""Backups: made aside and renamed when proved readable, listed, and thinned out by a rule."""

import fcntl
import hashlib
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from core.progress import Progress, no_progress
from waywo_site.operations import postgresql_programs as programs
from waywo_site.operations.health.findings import DEGRADED, FAILED, OK, Finding
from waywo_site.operations.postgresql_programs import ProgramError

logger = logging.getLogger(__name__)

NAME = re.compile(r"waywo-(\d{8}T\d{6})Z(-\d+)?\.dump")
PARTIAL = ".partial"
MONTHLY_KEPT_FOR = timedelta(days=366)
# A database packs to a fifth or less; where there is a backup its size says more.
GROWTH = 1.5
POLL_SECONDS = 0.2
AGE_DEGRADED = timedelta(hours=36)
AGE_FAILED = timedelta(days=4)


class BackupError(Exception):
    """No backup could be made or read; the message is one line, and nothing was changed."""


@dataclass(frozen=True)
class Backup:
    """A file in BACKUP_DIR. ``sha256`` is what its checksum file says, empty where there is none."""

    path: Path
    made_at: datetime
    size: int
    sha256: str

    def as_dict(self) -> dict[str, Any]:
        return {"file": str(self.path), "made_at": self.made_at.isoformat(), "size": self.size, "sha256": self.sha256}


def backups() -> list[Backup]:
    """Return the finished backups in BACKUP_DIR, newest first."""
    found = []
    for path in settings.BACKUP_DIR.glob("waywo-*.dump") if settings.BACKUP_DIR.is_dir() else ():
        name = NAME.fullmatch(path.name)
        if name:
            made_at = datetime.strptime(name[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            found.append(Backup(path, made_at, path.stat().st_size, read_checksum(path)))
    return sorted(found, key=lambda backup: (backup.made_at, backup.path.name), reverse=True)


def backup_database(progress: Progress = no_progress) -> dict[str, Any]:
    """Write the database to BACKUP_DIR, remove what the rule no longer keeps, and return what was done.

    Raises BackupError: a full disk, a folder that cannot be written, a pg_dump older than the server, a backup
    that is being made already.
    """
    began = time.monotonic()
    try:
        with _alone():
            tools = programs.find()
            _require_room()
            backup = _write(tools, progress)
            removed = _thin_out(backup)
    except ProgramError as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        raise BackupError(f"BACKUP_DIR={settings.BACKUP_DIR} cannot be used: {error.strerror or error}.") from error
    seconds = round(time.monotonic() - began, 1)
    logger.info("a backup was made", extra={"file": str(backup.path), "bytes": backup.size, "seconds": seconds})
    return {"status": "success", **backup.as_dict(), "seconds": seconds, "removed": [path.name for path in removed]}


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum_file(path: Path) -> Path:
    """Return where the checksum of a backup is kept, in the form that ``sha256sum --check`` reads."""
    return path.with_name(path.name + ".sha256")


def read_checksum(path: Path) -> str:
    """Return the kept checksum of a backup; empty where there is none that can be read."""
    try:
        words = checksum_file(path).read_text().split()
    except (OSError, UnicodeDecodeError):
        return ""
    return words[0] if words and re.fullmatch(r"[0-9a-f]{64}", words[0]) else ""


def last_backup() -> Finding:
    """How old the newest backup is (a look of the health check)."""
    complete = [backup for backup in backups() if backup.sha256]
    if not complete:
        return Finding(DEGRADED, f"There is none in {settings.BACKUP_DIR}.")
    age = timezone.now() - complete[0].made_at
    hours = age.total_seconds() / 3600
    reason = f"The newest is {hours:.0f} h old, {filesizeformat(complete[0].size)}."
    if age < timedelta(minutes=-5):
        return Finding(DEGRADED, f"The newest is {-hours:.1f} h in the future.", "Set the clock of this machine right.")
    return Finding(FAILED if age > AGE_FAILED else DEGRADED if age > AGE_DEGRADED else OK, reason)


def to_keep(found: list[Backup], newest: int, now: datetime) -> set[Path]:
    """Return the backups that stay: the ``newest`` ones, and the last of each month for a year."""
    complete = [backup for backup in found if backup.sha256]
    kept = {backup.path for backup in complete[:newest]}
    months: set[tuple[int, int]] = set()
    for backup in complete:
        month = (backup.made_at.year, backup.made_at.month)
        if month not in months and now - backup.made_at <= MONTHLY_KEPT_FOR:
            months.add(month)
            kept.add(backup.path)
    return kept


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder's lock, and remove what a killed run left behind."""
    folder = settings.BACKUP_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(f"A backup is being made in {folder} at this moment.") from error
        for leftover in folder.glob(f"waywo-*{PARTIAL}"):
            leftover.unlink()
        yield


def _require_room() -> None:
    complete = [backup for backup in backups() if backup.sha256]
    needed = complete[0].size * GROWTH if complete else _database_size()
    free = shutil.disk_usage(settings.BACKUP_DIR).free
    if free < needed:
        raise BackupError(
            f"BACKUP_DIR={settings.BACKUP_DIR} has {filesizeformat(free)} free and about {filesizeformat(needed)} are "
            "needed: make room there, or lower BACKUP_KEEP."
        )


def _database_size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return cursor.fetchone()[0]


def _write(tools: programs.Programs, progress: Progress) -> Backup:
    made_at = timezone.now().astimezone(UTC).replace(microsecond=0)
    path = _free_name(made_at)
    aside = path.with_name(path.name + PARTIAL)
    sums = checksum_file(path)
    try:
        _dump(tools, aside, progress)
        prove_readable(tools, aside)
        digest = checksum(aside)
        sums.write_text(f"{digest}  {path.name}\n")
        for file in (aside, sums):
            _to_disk(file)
        # The last step: only a backup that is whole has a backup's name.
        aside.rename(path)
        _to_disk(path.parent)
    except BaseException:
        aside.unlink(missing_ok=True)
        sums.unlink(missing_ok=True)
        raise
    return Backup(path, made_at, path.stat().st_size, digest)


def _free_name(made_at: datetime) -> Path:
    # A clock that went back must not write over what is there.
    stem = f"waywo-{made_at:%Y%m%dT%H%M%S}Z"
    names = [f"{stem}.dump", *(f"{stem}-{number}.dump" for number in range(2, 100))]
    return next(path for name in names if not (path := settings.BACKUP_DIR / name).exists())


def _dump(tools: programs.Programs, aside: Path, progress: Progress) -> None:
    dbname, environment = programs.target()
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    command: list[str | Path] = [
        tools.pg_dump,
        "--format=custom",
        "--no-password",
        f"--file={aside}",
        f"--dbname={dbname}",
    ]
    last = backups()
    expected = last[0].size if last else _database_size() // 5
    with programs.running(command, environment) as process:
        while process.poll() is None:
            done = aside.stat().st_size
            progress("dumping (kB)", done // 1000, max(expected, done) // 1000)
            time.sleep(POLL_SECONDS)
        _, said = process.communicate()
    if process.returncode:
        raise ProgramError(programs.failure(tools.pg_dump, process.returncode, said))


def prove_readable(tools: programs.Programs, path: Path) -> None:
    """Read a dump's list of contents, then all of it. Raises ProgramError.

    The list stands at the beginning: of a file that was cut, it alone would say nothing.
    """
    programs.run([tools.pg_restore, "--list", path])
    programs.run([tools.pg_restore, "--file=/dev/null", path])


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _thin_out(made: Backup) -> list[Path]:
    """Remove what the rule does not keep, never the one just made; files without a checksum are not ours to judge."""
    found = backups()
    kept = to_keep(found, settings.BACKUP_KEEP, timezone.now()) | {made.path}
    removed = [backup.path for backup in found if backup.sha256 and backup.path not in kept]
    for path in removed:
        path.unlink()
        checksum_file(path).unlink(missing_ok=True)
    return removed
