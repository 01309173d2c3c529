"""The files of an embedded server under VAR_DIR: made for the owner of VAR_DIR, with its port and password, locked."""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from waywo_site.embedded.errors import EmbeddedError, naming_var_dir
from waywo_site.embedded.ports import free_port


class ServerFiles:
    """Where one server keeps things. Nothing is written before it is needed."""

    name: str  # of its folder and its files
    title: str  # in messages
    variable: str  # that is set to have none

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = Path(var_dir).absolute()
        self.folder = self.var_dir / self.name
        # Beside the data that it opens, so that one is not lost without the other.
        self._settings_file = self.folder / "server.json"
        self.log = self.var_dir / "log" / f"{self.name}.log"
        self._run = self.var_dir / "run"

    @property
    def port(self) -> int:
        """The port on 127.0.0.1. It stays the same unless another program has it when the server starts."""
        return self._settings()["port"]

    @property
    def password(self) -> str:
        return self._settings()["password"]

    def _make_folder(self, folder: Path) -> Path:
        if not folder.is_dir():
            self.var_dir.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            self._give_to_owner(folder)
        return folder

    def _give_to_owner(self, path: Path) -> None:
        """Let what root makes in an ordinary user's VAR_DIR be that user's."""
        owner = self.var_dir.stat()
        if os.geteuid() == 0 and owner.st_uid != 0 and path.lstat().st_uid == 0:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    def _open(self, path: Path, flags: int) -> int:
        self._make_folder(path.parent)
        file = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._give_to_owner(path)
        return file

    def _write(self, path: Path, text: str) -> None:
        with open(self._open(path, os.O_WRONLY | os.O_TRUNC), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def _file(self, suffix: str) -> Iterator[int]:
        file = self._open(self._run / f"{self.name}.{suffix}", os.O_RDWR)
        try:
            yield file
        finally:
            # Unlocked, not only closed: a child forked meanwhile by another thread has a copy.
            fcntl.flock(file, fcntl.LOCK_UN)
            os.close(file)

    def _settings(self) -> dict[str, Any]:
        with naming_var_dir(self.var_dir):
            kept = self._read_settings()
            if kept is None:
                with self._file("json.lock") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    kept = self._read_settings()
                    if kept is None:
                        kept = {"port": free_port(), "password": secrets.token_urlsafe(24)}
                        self._write_settings(kept)
            return kept

    def _read_settings(self) -> dict[str, Any] | None:
        try:
            kept = json.loads(self._settings_file.read_text())
            return {"port": int(kept["port"]), "password": str(kept["password"])}
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise EmbeddedError(
                f"{self._settings_file} is invalid: it expects a JSON object with port and password. "
                f"Set {self.variable}, or VAR_DIR to a new folder."
            ) from None

    def _write_settings(self, kept: dict[str, Any]) -> None:
        aside = self._settings_file.with_suffix(".new")
        self._write(aside, json.dumps(kept))
        aside.replace(self._settings_file)


def try_lock(file: int, kind: int) -> bool:
    """Take the lock of an open file (``kind`` as flock says) and return True; False where another has it."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
