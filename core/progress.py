"""How long work tells how far it has come: to a bar on a terminal, a task's state, or nobody."""

import time
from collections.abc import Callable
from typing import Never, TextIO

from tqdm import tqdm

# Called with the step, and how many pieces of how many of it are done.
Progress = Callable[[str, int, int], None]


def no_progress(step: str, done: int, total: int) -> None:
    """Tell nobody."""


class ProgressBar:
    """A bar on standard error while somebody watches, a line now and then where nobody does."""

    SECONDS_BETWEEN_LINES = 10

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bar: tqdm[Never] | None = None
        self.last_line = time.monotonic()

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` pieces of ``step`` are done."""
        if self.stream.isatty():
            if self.bar is None:
                self.bar = tqdm(total=total, file=self.stream, unit="", dynamic_ncols=True)
            self.bar.total = total
            self.bar.set_description(step, refresh=False)
            self.bar.update(done - self.bar.n)
        elif time.monotonic() - self.last_line >= self.SECONDS_BETWEEN_LINES:
            self.last_line = time.monotonic()
            print(f"{step}: {done} of {total}", file=self.stream, flush=True)

    def close(self) -> None:
        """Leave the bar as it is and go to the next line."""
        if self.bar is not None:
            self.bar.close()
