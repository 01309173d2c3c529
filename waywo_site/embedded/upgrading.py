"""Moves the data of an older PostgreSQL to ours: dumped from a server of its own programs, restored beside the old.

The old folder is opened as its own server always does and never written to otherwise, so whatever fails half way leaves
it as it was. It is kept under another name at the end.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from waywo_site.embedded.errors import EmbeddedError, disk_full, naming_var_dir
from waywo_site.embedded.ports import HOST
from waywo_site.embedded.postgresql import DATA, DATABASE, MAJOR, UPGRADED, USER, PostgreSQL, binaries, major
from waywo_site.embedded.server import telling_line
from waywo_site.embedded.server_files import try_lock

# Where packages of Debian, Red Hat and Homebrew keep the programs of a major version.
PLACES = (
    "/usr/lib/postgresql/{}/bin",
    "/usr/pgsql-{}/bin",
    "/opt/homebrew/opt/postgresql@{}/bin",
    "/usr/local/opt/postgresql@{}/bin",
)
NEW, DUMP = "data.upgrade", "upgrade.dump"


@dataclass(frozen=True)
class Plan:
    """What is to be done: the data's major version, the programs that read it, its size and the free space (bytes),
    and the folder in which the old data will be kept."""

    version: int
    programs: Path
    size: int
    free: int
    kept: Path


def plan(server: PostgreSQL, programs: Path | None = None) -> Plan | None:
    """Return what an upgrade would do, None where the data are of our version or there are none.

    Raises EmbeddedError: data of a newer PostgreSQL, no ``programs`` of the old one, too little space.
    """
    version = server.data_version()
    if version in (0, MAJOR):
        return None
    if version > MAJOR:
        raise EmbeddedError(
            f"The data are PostgreSQL {version}'s, newer than ours ({MAJOR}): install the Waywo that wrote them."
        )
    data = server.folder / DATA
    size = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
    free = shutil.disk_usage(server.folder).free
    if free < size:
        raise EmbeddedError(
            f"{data} has {size / 1e6:,.0f} MB, and the disk {free / 1e6:,.0f} MB left: free as much, the old data stay."
        )
    return Plan(version, _programs(version, programs), size, free, _kept_name(server.folder, version))


def _programs(version: int, given: Path | None) -> Path:
    folders = [given] if given else [Path(place.format(version)) for place in PLACES]
    if not given:
        folders += [Path(folder) for folder in os.get_exec_path() if folder]
    for folder in folders:
        # What a distribution puts into the PATH is often a link into the real folder, or a script before it.
        program = (folder / "postgres").resolve()
        if program.is_file() and major(program) == version:
            return program.parent
    where = f"{given} has none" if given else "none are installed"
    raise EmbeddedError(
        f"The programs of PostgreSQL {version} are needed to read its data, and {where}: install postgresql-{version} "
        f"and its pgvector, and name their folder with --programs, as /usr/lib/postgresql/{version}/bin."
    )


def _kept_name(folder: Path, version: int) -> Path:
    names = [f"data-{version}", *(f"data-{version}-{number}" for number in range(2, 1000))]
    return next(folder / name for name in names if not (folder / name).exists())


def upgrade(server: PostgreSQL, todo: Plan, say: Callable[[str], object]) -> int:
    """Move the data to our version and return how many rows were moved; ``say`` is told each step.

    Raises EmbeddedError, and then nothing has changed. Nobody can start the server meanwhile.
    """
    folder = server.folder
    old = PostgreSQL(server.var_dir, programs=todo.programs)
    new = PostgreSQL(server.var_dir, data=NEW)
    dump = folder / DUMP
    with naming_var_dir(server.var_dir), server._locked(), server._file("users") as users:
        if not try_lock(users, fcntl.LOCK_EX):
            raise EmbeddedError("Other processes use these data: stop Waywo first.")
        server._stop()  # what an upgrade that was killed left running
        _remove(folder)
        try:
            with _running(old):
                say(f"Writing the data of PostgreSQL {todo.version} to a file …")
                rows = _rows(old)
                _run(old, _dumping(todo.programs), "--format=custom", f"--file={dump}", f"--dbname={DATABASE}")
            with _running(new):
                say(f"Reading it into PostgreSQL {MAJOR} …")
                options = ("--exit-on-error", "--no-owner", "--no-privileges", "--jobs=2")
                _run(new, binaries() / "pg_restore", *options, f"--dbname={DATABASE}", str(dump))
                if (found := _rows(new)) != rows:
                    changed = sorted(name for name in rows | found if rows.get(name) != found.get(name))
                    raise EmbeddedError(f"The copy has other rows than the old data in {', '.join(changed)}.")
            (folder / NEW).rename(folder / UPGRADED)
        finally:
            _remove(folder)
        (folder / DATA).rename(todo.kept)
        (folder / UPGRADED).rename(folder / DATA)
    return sum(rows.values())


def _remove(folder: Path) -> None:
    """Remove what an upgrade has made aside, this one or one that was killed."""
    for name in (NEW, f"{NEW}.new"):
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    (folder / DUMP).unlink(missing_ok=True)


@contextmanager
def _running(server: PostgreSQL) -> Iterator[None]:
    """Run a server that nobody else knows of; the lock is held by who calls."""
    try:
        server._bring_up()
        yield
    finally:
        server._stop()


def _connection(server: PostgreSQL) -> psycopg.Connection:
    return psycopg.connect(server.url, autocommit=True)


def _rows(server: PostgreSQL) -> dict[str, int]:
    """Return how many rows each table has."""
    tables = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    with _connection(server) as connection:
        return {
            f"{schema}.{table}": connection.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
            ).fetchone()[0]  # type: ignore[index]
            for schema, table in connection.execute(tables).fetchall()
        }


def _dumping(programs: Path) -> Path:
    """Return the pg_dump of the old programs, which knows what its server writes into tables (15.20's columns have an
    option that our 18.4 would hand on and not take); ours where it has none, as it reads older servers too."""
    own = programs / "pg_dump"
    return own if own.is_file() else binaries() / "pg_dump"


def _run(server: PostgreSQL, program: Path, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a server."""
    address = [f"--host={HOST}", f"--port={server.port}", f"--username={USER}", "--no-password"]
    done = subprocess.run(
        [program, *address, *arguments],
        env={"PGPASSWORD": server.password, "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        if "No space left" in done.stderr:
            raise disk_full(server.folder)
        raise EmbeddedError(
            f"{program.name} ended with {done.returncode}{telling_line(done.stderr)}; the old data stay."
        )
