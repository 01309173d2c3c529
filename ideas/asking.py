"""What may be asked of the generator, checked before anything is done."""

import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from django.conf import settings

from core.http import Refused
from ideas.models import LEAST_CREATIVITY, MOST_CREATIVITY, MOST_IDEAS
from ideas.tags import known_tags

MOST_SEED_TAGS = 10
# What a message shows of values that may be as long as a sender likes.
SHOWN = 5


class NoLanguageModel(Refused):
    """No language model is configured; the message says how to have one."""


@dataclass(frozen=True)
class Wish:
    """A checked request: 1 to 50 ideas, known tags in lower case, a temperature from 0.1 to 1.5."""

    num_ideas: int
    seed_tags: tuple[str, ...]
    creativity: float


def check_wish(num_ideas: Any = 5, seed_tags: Any = None, creativity: Any = 0.85) -> Wish:
    """Return the request that the arguments make. Raises ValueError that names the value and what it takes.

    Tags are compared without case and "#"; one that neither a project nor the starter list has is refused.
    """
    if isinstance(num_ideas, bool) or not isinstance(num_ideas, int) or not 1 <= num_ideas <= MOST_IDEAS:
        raise ValueError(f"num_ideas={num_ideas!r} is invalid: it expects a whole number from 1 to {MOST_IDEAS}.")
    is_number = isinstance(creativity, int | float) and not isinstance(creativity, bool)
    if not is_number or not math.isfinite(creativity) or not LEAST_CREATIVITY <= creativity <= MOST_CREATIVITY:
        raise ValueError(
            f"creativity={creativity!r} is invalid: it expects a number from {LEAST_CREATIVITY} to {MOST_CREATIVITY}."
        )
    return Wish(num_ideas, _checked_tags(seed_tags), float(creativity))


def _checked_tags(seed_tags: Any) -> tuple[str, ...]:
    if seed_tags is None:
        return ()
    if not isinstance(seed_tags, list | tuple) or not all(isinstance(name, str) for name in seed_tags):
        raise ValueError(f"seed_tags={str(seed_tags)[:60]!r} is invalid: it expects a list of tags.")
    if len(seed_tags) > MOST_SEED_TAGS:
        raise ValueError(f"seed_tags has {len(seed_tags)} tags: every idea combines all, so it takes {MOST_SEED_TAGS}.")
    wanted = tuple(dict.fromkeys(name for given in seed_tags if (name := _plain(given))))
    known = known_tags(wanted)
    missing = [name for name in wanted if name not in known]
    if missing:
        raise ValueError(f"No project has the tag {_named(missing)}.{_meant(missing)}")
    return wanted


def _plain(name: str) -> str:
    name = " ".join(name.replace("\0", "").lower().split())
    # A tag may begin with "#" itself; only what is not known so is taken as a hashtag.
    return name if not name.startswith("#") or known_tags([name]) else name.lstrip("#")


def _named(names: list[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _meant(names: list[str]) -> str:
    choices = sorted(known_tags())
    close = list(dict.fromkeys(match for name in names[:SHOWN] for match in get_close_matches(name, choices, n=2)))
    if close:
        return f" Did you mean {', '.join(close[:SHOWN])}?"
    return " The tags are listed in the admin and at /api/tags."


def require_language_model() -> None:
    """Raise NoLanguageModel where none is configured: without one nothing pretends to have ideas."""
    if settings.LLM_BASE_URL and settings.LLM_MODEL:
        return
    missing = "LLM_MODEL" if settings.LLM_BASE_URL else "LLM_BASE_URL"
    raise NoLanguageModel(
        f"Ideas are written by a language model, and {missing} is not set. Run one on this machine, as "
        "'ollama run llama3.2' or 'llama-server -m MODEL.gguf --port 8080', then set "
        "LLM_BASE_URL=http://localhost:11434/v1 (llama-server: http://localhost:8080/v1) and LLM_MODEL=llama3.2."
    )
