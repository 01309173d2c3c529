"""What a language model was asked and what it said, word for word, for a person who wants to see it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

from core.text import storable_value
from projects.language.completions import Said


@dataclass
class Exchange:
    """One question and what came of it.

    ``asked`` are the messages as (role, text); ``said`` is empty and ``error`` tells why where nothing came. One that
    ``is_kept`` was answered from what an earlier reading kept, and cost nothing.
    """

    asked: Sequence[tuple[str, str]]
    said: str = ""
    thoughts: str = ""
    error: str = ""
    is_kept: bool = False
    seconds: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0

    def note(self, said: Said) -> None:
        """Write down what the model said."""
        self.said, self.thoughts = said.quoted, said.thoughts
        self.error = said.declined or ("It was cut off." if said.is_cut else "")
        self.tokens_in, self.tokens_out = said.tokens_in, said.tokens_out

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form, with texts that a database can hold."""
        row: dict[str, Any] = storable_value(asdict(self))
        return row | {"asked": [{"role": role, "text": text} for role, text in row["asked"]]}


_exchanges: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)


@contextmanager
def writing_down(exchanges: list[Exchange]) -> Iterator[None]:
    """Add to ``exchanges`` what is asked inside."""
    token = _exchanges.set(exchanges)
    try:
        yield
    finally:
        _exchanges.reset(token)


@contextmanager
def exchange(asked: Sequence[tuple[str, str]], *, is_kept: bool = False) -> Iterator[Exchange]:
    """Give an exchange to note the answer in; an error that ends it is noted, and goes on."""
    # As it was asked: what is asked again adds to the messages.
    row = Exchange(tuple(asked), is_kept=is_kept)
    if (exchanges := _exchanges.get()) is not None:
        exchanges.append(row)
    started = time.monotonic()
    try:
        yield row
    except Exception as error:
        row.error = str(error) or type(error).__name__
        raise
    finally:
        row.seconds = round(time.monotonic() - started, 3)
