"""The names of sources as arguments of tasks and of the API: another one is refused with those that there are."""

from collections.abc import Callable, Iterable
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from comments.models import Source
from comments.sources import SOURCES


def _one_of(names: Iterable[str]) -> tuple[AfterValidator, WithJsonSchema]:
    """Return what makes a text one of ``names``, for forms and the API's document too."""
    known = tuple(names)
    return AfterValidator(_checked_by(known)), WithJsonSchema({"type": "string", "enum": list(known)})


def _checked_by(known: tuple[str, ...]) -> Callable[[str], str]:
    def checked(name: str) -> str:
        if name not in known:
            raise ValueError(f"one of {', '.join(known)}")
        return name

    return checked


def check_comment_source(name: str | None) -> None:
    """Raise ValueError where ``name`` is neither None nor a source that comments are stored of."""
    if name is not None and name not in Source.values:
        raise ValueError(f"source={name!r} is invalid: it expects one of {', '.join(Source.values)}.")


# What threads can be collected of, whether the variable SOURCES names it or not.
ThreadSourceName = Annotated[str, *_one_of(SOURCES)]
# What comments are stored of: the sample thread too.
CommentSourceName = Annotated[str, *_one_of(Source.values)]
