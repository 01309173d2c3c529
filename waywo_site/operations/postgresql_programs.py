"""pg_dump and pg_restore: found, checked against the server, run on our database."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection

from waywo_site.embedded import EmbeddedError, binaries
from waywo_site.embedded.postgresql import major

LONGEST_ERROR = 300  # characters


class ProgramError(Exception):
    """A program is missing, too old, or ended with an error; the message is one line."""


@dataclass(frozen=True)
class Programs:
    """The two programs of one version."""

    pg_dump: Path
    pg_restore: Path
    version: int


def find() -> Programs:
    """Return the programs of the wheel or, where those are too old or missing, of the PATH.

    Raises ProgramError where none is at least as new as the server: pg_dump refuses a newer one.
    """
    connection.ensure_connection()
    server = connection.connection.info.server_version // 10000
    seen = []
    for folder in _folders():
        dump, restore = folder / "pg_dump", folder / "pg_restore"
        if dump.is_file() and restore.is_file():
            version = major(dump)
            if version >= server:
                return Programs(dump, restore, version)
            seen.append(f"{dump} has version {version}")
    found = "; ".join(seen) or "none was found"
    raise ProgramError(
        f"pg_dump of PostgreSQL {server} or newer is needed ({found}): install postgresql-client-{server} and put it "
        "first in the PATH."
    )


def _folders() -> Iterator[Path]:
    # Where the wheel is not installed the PATH may have them.
    with suppress(EmbeddedError):
        yield binaries()
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent
        yield Path(on_path).resolve().parent


def target(database: str = "") -> tuple[str, dict[str, str]]:
    """Return what to hand a program: connection text for --dbname (no password), and the environment with it.

    ``database`` is another one on the same server.
    """
    from psycopg.conninfo import make_conninfo

    connection.ensure_connection()
    info = connection.connection.info
    parameters = info.get_parameters() | ({"dbname": database} if database else {})
    # PGOPTIONS of the operator would change what is written.
    return make_conninfo(**parameters), {"PGPASSWORD": info.password, "PATH": "/usr/bin:/bin", "LC_ALL": "C"}


@contextmanager
def running(command: list[str | Path], environment: dict[str, str]) -> Iterator[subprocess.Popen]:
    """Run a program; on an error (a time limit, Ctrl-C) it is ended and waited for. Its cwd is VAR_DIR's."""
    with subprocess.Popen(
        [str(part) for part in command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=settings.BASE_DIR,
    ) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def run(command: list[str | Path], environment: dict[str, str] | None = None) -> None:
    """Run a program to its end. Raises ProgramError with what it said last."""
    with running(command, environment or {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}) as process:
        _, said = process.communicate()
    if process.returncode:
        raise ProgramError(failure(command[0], process.returncode, said))


def output(command: list[str | Path]) -> str:
    """Return what a program that needs no database prints. Raises ProgramError."""
    done = subprocess.run(
        [str(part) for part in command],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise ProgramError(failure(command[0], done.returncode, done.stderr))
    return done.stdout


def failure(program: str | Path, code: int, said: str) -> str:
    """Return one line about a program that failed: what it said first, which is the cause."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()] or lines
    return f"{Path(program).name} ended with {code}: {(telling or ['it said nothing'])[0][:LONGEST_ERROR]}"
