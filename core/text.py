"""Texts as our database and our own output can hold them, and as people read them. Pure."""

from typing import Any


def storable(text: str) -> str:
    """Return ``text`` as PostgreSQL and UTF-8 can hold it: without NUL, half surrogates as U+FFFD."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def counted(count: int, noun: str) -> str:
    """Return a number with its noun: "1 project", "1,200 projects"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def storable_value(value: Any) -> Any:
    """Return what JSON can say with all its texts, names of fields too, as ``storable`` makes them."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [storable_value(part) for part in value]
    if isinstance(value, dict):
        return {storable_value(name): storable_value(part) for name, part in value.items()}
    return value
