"""Restores a backup into a new database and swaps the two by renaming: until the last moment nothing changes."""

import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kombu.exceptions
from django.conf import settings
from django.core.management import call_command
from django.db import Error, OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.utils import DatabaseError
from django.utils import timezone
from psycopg import sql

from core.http import in_short
from core.locks import try_lock_session
from core.progress import Progress, no_progress
from waywo_site.embedded import EmbeddedError
from waywo_site.operations import postgresql_programs as programs
from waywo_site.operations.backups import checksum, prove_readable, read_checksum
from waywo_site.operations.postgresql_programs import ProgramError
from waywo_site.running.queues import workers

logger = logging.getLogger(__name__)

JOBS = 2
SWAP_TRIES = 20
SWAP_PAUSE = 0.25  # seconds
# PostgreSQL silently cuts a longer identifier.
LONGEST_NAME = 63  # bytes
TABLES = ("comments_post", "comments_comment", "projects_project", "django_migrations")


class RestoreError(Exception):
    """The backup was not restored; the message is one line, and the database is as it was."""


@dataclass(frozen=True)
class Plan:
    """A backup that can be restored, with the programs that do it."""

    path: Path
    size: int
    is_checked: bool
    migrations: frozenset[tuple[str, str]]
    tools: programs.Programs
    workers_are_stopped: bool


def plan(file: str, *, workers_are_stopped: bool = False) -> Plan:
    """Look whether ``file`` (a path, or a name in BACKUP_DIR) can be restored now.

    Raises RestoreError: no such file, a truncated or foreign one, one of a newer Waywo, a worker that runs.
    """
    path = _located(file)
    try:
        tools = programs.find()
        is_checked = _check_file(tools, path)
        migrations = _migrations_in(tools, path)
    except ProgramError as error:
        raise RestoreError(f"{path} cannot be restored: {error}") from error
    except OSError as error:
        raise RestoreError(f"{path} cannot be read: {error.strerror or error}.") from error
    _refuse_newer(path, migrations)
    if not workers_are_stopped:
        refuse_workers()
    return Plan(path, path.stat().st_size, is_checked, migrations, tools, workers_are_stopped)


def restore(plan: Plan, progress: Progress = no_progress) -> dict[str, Any]:
    """Restore the backup, bring its schema up to date, and swap it in. The old database stays, renamed.

    Until the swap, which is one transaction, nothing is changed: a restore that fails or is killed leaves the
    database as it was. Raises RestoreError, also for a worker that was started meanwhile.
    """
    began = time.monotonic()
    own = connection.settings_dict["NAME"]
    new, old = derived_name(own, "_restoring"), derived_name(own, f"_before_{timezone.now():%Y%m%d%H%M%S}")
    try:
        with _alone() as cursor, _dropped_on_failure(cursor, new):
            progress("restoring", 0, 3)
            _fill(cursor, new, plan)
            progress("bringing the schema up to date", 1, 3)
            _complete(own, new)
            progress("swapping", 2, 3)
            if not plan.workers_are_stopped:
                # What one wrote since the plan would be swapped away.
                refuse_workers()
            _swap(cursor, own, new, old)
            progress("swapping", 3, 3)
    except ProgramError as error:
        raise RestoreError(f"{plan.path} was not restored: {error}") from error
    except DatabaseError as error:
        raise RestoreError(f"{plan.path} was not restored: {in_short(error)}") from error
    seconds = round(time.monotonic() - began, 1)
    logger.info("a backup was restored", extra={"file": str(plan.path), "seconds": seconds, "old": old})
    return {"status": "success", "file": str(plan.path), "database": own, "old_database": old, "seconds": seconds}


def derived_name(own: str, ending: str) -> str:
    """Return ``own`` and ``ending`` as the name of a database that is never ``own`` itself.

    A name too long for PostgreSQL is shortened before the ending, with a checksum of the whole in place of the rest.
    """
    if len((own + ending).encode()) <= LONGEST_NAME:
        return own + ending
    ending = f"_{hashlib.sha256(own.encode()).hexdigest()[:8]}{ending}"
    return own.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore") + ending


def refuse_workers() -> None:
    """Raise RestoreError while a worker runs, or when nobody can tell."""
    try:
        alive = workers()
    except (kombu.exceptions.OperationalError, EmbeddedError, OSError) as error:
        raise RestoreError(
            f"The broker cannot be asked whether workers run ({in_short(error)}): start it, or stop all workers and "
            "say so with --workers-are-stopped."
        ) from error
    if alive:
        names = ", ".join(worker.name for worker in alive)
        raise RestoreError(f"Workers run ({names}): stop them first, what they write now would be lost.")


def _located(file: str) -> Path:
    for path in (Path(file).expanduser(), settings.BACKUP_DIR / file):
        if path.is_file():
            return path.absolute()
    raise RestoreError(f"There is no backup {file!r}, neither here nor in {settings.BACKUP_DIR}: see list_backups.")


def _check_file(tools: programs.Programs, path: Path) -> bool:
    """Refuse what is not a complete dump of Waywo; return whether there was a checksum to check."""
    with path.open("rb") as file:
        if file.read(5) != b"PGDMP":
            raise RestoreError(f"{path} is not a backup: it does not begin as pg_dump's custom format does.")
    kept = read_checksum(path)
    if kept and checksum(path) != kept:
        raise RestoreError(f"{path} is damaged: its checksum is not the one in {path.name}.sha256. Take another.")
    prove_readable(tools, path)
    contents = programs.output([tools.pg_restore, "--list", path])
    missing = [table for table in TABLES if f" TABLE DATA public {table} " not in contents]
    if missing:
        raise RestoreError(f"{path} is not a backup of Waywo: it has no table {missing[0]}.")
    return bool(kept)


def _migrations_in(tools: programs.Programs, path: Path) -> frozenset[tuple[str, str]]:
    rows = programs.output([tools.pg_restore, "--data-only", "--table=django_migrations", "--file=-", path])
    parts = [line.split("\t") for line in rows.splitlines()]
    return frozenset((row[1], row[2]) for row in parts if len(row) == 4 and row[0].isdigit())


def _refuse_newer(path: Path, migrations: frozenset[tuple[str, str]]) -> None:
    loader = MigrationLoader(None)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    unknown = sorted(migrations - set(loader.disk_migrations) - replaced)
    if unknown:
        app, name = unknown[-1]
        raise RestoreError(
            f"{path} was made by a newer Waywo: it has {len(unknown)} migrations that this one does not know, as "
            f"{app}.{name}. Upgrade first."
        )


@contextmanager
def _alone() -> Iterator[Any]:
    """Yield a cursor outside of our database, as the only restore on this server."""
    with connection._nodb_cursor() as cursor:
        if not try_lock_session(cursor, "restore"):
            raise RestoreError("Another restore is under way on this server.")
        # The session, and with it the lock, ends with this block.
        yield cursor


@contextmanager
def _dropped_on_failure(cursor: Any, new: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(Error):
            _execute(cursor, "DROP DATABASE IF EXISTS {} WITH (FORCE)", new)
        raise


def _fill(cursor: Any, new: str, plan: Plan) -> None:
    # What a killed restore left behind goes first, with whatever of it still runs.
    _execute(cursor, "DROP DATABASE IF EXISTS {} WITH (FORCE)", new)
    _execute(cursor, "CREATE DATABASE {} TEMPLATE template0", new)
    dbname, environment = programs.target(new)
    options = ["--exit-on-error", "--no-owner", "--no-privileges", "--no-password", f"--jobs={JOBS}"]
    programs.run([plan.tools.pg_restore, *options, f"--dbname={dbname}", plan.path], environment)


def _complete(own: str, new: str) -> None:
    """Migrate the new database before anybody uses it, and let the planner know its tables."""
    try:
        _switch_to(new)
        call_command("migrate", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    finally:
        _switch_to(own)


def _swap(cursor: Any, own: str, new: str, old: str) -> None:
    """Rename both databases in one transaction. Who is connected is disconnected, and comes back to the new one."""
    for number in range(SWAP_TRIES):
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname IN (%s, %s) AND pid <> pg_backend_pid()",
            [own, new],
        )
        try:
            cursor.execute("BEGIN")
            _execute(cursor, "ALTER DATABASE {} RENAME TO {}", own, old)
            _execute(cursor, "ALTER DATABASE {} RENAME TO {}", new, own)
            cursor.execute("COMMIT")
            return
        except OperationalError:
            # Somebody came back between the two: try again.
            cursor.execute("ROLLBACK")
            if number == SWAP_TRIES - 1:
                raise
            time.sleep(SWAP_PAUSE)


def _switch_to(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _execute(cursor: Any, statement: str, *names: str) -> None:
    cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
