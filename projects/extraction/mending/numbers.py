"""Mends the numbers of an answer: scores of ten in any spelling, whole numbers as texts. Pure."""

import re
from typing import Any

NUMBER_WORDS = "zero one two three four five six seven eight nine ten".split()
OUT_OF = re.compile(r"(?<!\d)(\d{1,4}(?:[.,]\d+)?)\s*(?:%|(?:/|out of|of)\s*(\d+))", re.IGNORECASE)
NUMBER = re.compile(r"(?<![\w.,])[+-]?\d+(?:[.,]\d+)?(?![\w%]|[.,]\d)")
WHOLE = re.compile(r"[^\w-]*(?:[a-z]+[^\w-]+)?(\d{1,6})(?:\.0+)?[^\w-]*", re.IGNORECASE)


def score(value: Any) -> Any:
    """Return a score of 1 to 10 from "8/10", 7.5, "6 out of 10", "4/5", "Score: 8", {"score": 8}, "eight"."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("score", "value", "rating") if name in value), value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    found: float | None
    if isinstance(value, str):
        found = _number_in(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = value
    else:
        return str(value)  # True is no 1
    # A half counts up. What is no number from 1 to 10 stays as it is, and is refused.
    return int(found + 0.5) if found is not None and 1 <= found <= 10 else value


def _number_in(text: str) -> float | None:
    """Return the one score that a text names, of ten; None where it names none, or several."""
    if found := OUT_OF.search(text):
        most = float(found[2] or 100)
        number = float(found[1].replace(",", "."))
        return number * 10 / most if most in (5, 10, 100) and number <= most else None
    numbers = NUMBER.findall(text)
    if len(numbers) == 1:
        return float(numbers[0].replace(",", "."))
    words = [NUMBER_WORDS.index(word) for word in re.findall(r"[a-z]+", text.lower()) if word in NUMBER_WORDS]
    return float(words[0]) if len(words) == 1 and not numbers else None


def whole(value: Any) -> Any:
    """Return the whole number that a value is: 3.0, "3", "[3]", "sentence 3", [3]."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool):
        return str(value)  # True is no 1
    if isinstance(value, str) and (found := WHOLE.fullmatch(value)):
        return int(found[1])
    return value


def is_number(value: Any) -> bool:
    """Return whether a value is a whole number; True is none."""
    return isinstance(value, int) and not isinstance(value, bool)
