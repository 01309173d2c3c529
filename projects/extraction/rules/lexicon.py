"""The word lists of the rules, kept as data (``data/words.yml``)."""

from functools import cache
from pathlib import Path

import yaml

WORDS_FILE = Path(__file__).parent.parent / "data" / "words.yml"


@cache
def _lists() -> dict[str, list[str]]:
    try:
        return {
            str(name): list(map(str, words)) for name, words in yaml.safe_load(WORDS_FILE.read_text("utf-8")).items()
        }
    except (AttributeError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"{WORDS_FILE} can't be used: {error!r}") from error


def words_of(name: str) -> tuple[str, ...]:
    """Return the list ``name``. Raises ValueError, with the file, for a list that is missing or a file that is none."""
    if name not in _lists():
        raise ValueError(f"{WORDS_FILE} can't be used: it has no list {name}.")
    return tuple(_lists()[name])


def any_of(name: str) -> str:
    """Return an expression that matches any entry of the list ``name``, as ``words_of``."""
    return f"(?:{'|'.join(words_of(name))})"
