"""What the processes of `make run` print, kept in a file of VAR_DIR beside the terminal's."""

import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LARGEST = 10_000_000  # bytes; then the file becomes NAME.1 and a new one begins
LOOK_SECONDS = 0.5


def log_file(var_dir: Path) -> Path:
    """Return the file of the lines."""
    return var_dir / "log" / "waywo.log"


class LogFile:
    """The file as its one writer has it. A disk that takes no line stops nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Add a line, with the day and time before it."""
        with self._lock, suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and self.path.stat().st_size > LARGEST:
                self.path.replace(self.path.with_suffix(".log.1"))
            with self.path.open("a") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")


def last_lines(path: Path, number: int) -> list[str]:
    """Return the last lines of the file, as many as there are. Raises FileNotFoundError."""
    with path.open(errors="replace") as file:
        return list(deque(file, number))


def new_lines(path: Path) -> Iterator[str]:
    """Give each line that is added from now on, without an end, also when the file was replaced."""
    file = path.open(errors="replace")
    file.seek(0, 2)
    while True:
        if line := file.readline():
            yield line
            continue
        time.sleep(LOOK_SECONDS)
        with suppress(FileNotFoundError):
            if path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                file.close()
                file = path.open(errors="replace")
