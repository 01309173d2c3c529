"""How far a batch has come: its counts, its pace, and what is said of them in words."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

BatchState = Literal["empty", "waiting", "running", "succeeded", "partial", "failed", "cancelled"]


@dataclass(frozen=True)
class BatchProgress:
    """How far a batch has come. ``done`` counts what ended, well or not, ``failed`` and ``cancelled_tasks`` among it;
    ``running`` what is under way; ``retried`` the tries after a first one.

    ``per_minute`` is the pace of the last five minutes (of the whole run once it ended), ``seconds_left`` what is left
    at that pace, None while there is none.
    """

    group_id: str
    task_name: str
    label: str
    total: int
    done: int
    failed: int
    cancelled_tasks: int
    running: int
    retried: int
    per_minute: float
    seconds_left: float | None
    is_cancelled: bool
    created_at: datetime

    @property
    def is_finished(self) -> bool:
        """True when every task ended."""
        return self.done >= self.total

    @property
    def succeeded(self) -> int:
        """How many tasks did their work."""
        return self.done - self.failed - self.cancelled_tasks

    @property
    def state(self) -> BatchState:
        """How it stands in a word: empty, waiting, running; once it ended succeeded, partial, failed or cancelled.

        Cancelling is nobody's failure: what was cancelled is that, whatever ended before.
        """
        if not self.total:
            return "empty"
        if not self.is_finished:
            return "running" if self.done or self.running else "waiting"
        if self.cancelled_tasks:
            return "cancelled"
        if self.failed:
            return "failed" if self.failed == self.done else "partial"
        return "succeeded"

    def __str__(self) -> str:
        if not self.total:
            return "there was nothing to do"
        parts = [f"{self.done:,} of {self.total:,}"]
        parts += [f"{self.failed:,} failed"] if self.failed else []
        parts += [f"{self.cancelled_tasks:,} cancelled"] if self.cancelled_tasks else []
        return ", ".join(parts)

    @property
    def pace(self) -> str:
        """How fast it goes and how long it still takes, in words; empty before its first task ended."""
        if not self.per_minute:
            return ""
        speed = f"{self.per_minute:,.0f} a minute" if self.per_minute >= 1 else "less than 1 a minute"
        return speed if self.is_finished or not self.seconds_left else f"{speed}, {_in_words(self.seconds_left)} left"

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, the time in ISO 8601, with ``state`` and what is to be said of it in words."""
        told: dict[str, Any] = {"succeeded": self.succeeded, "is_finished": self.is_finished, "state": self.state}
        in_words = {"words": str(self), "pace": self.pace, "created_at": self.created_at.isoformat()}
        return asdict(self) | told | in_words


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"
