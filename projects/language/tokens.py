"""Counts tokens without a tokenizer, and cuts texts at sentences to fit. Pure.

Every model has a tokenizer of its own, and fetching it takes a network. English has 4 to 5 characters a token in the
usual vocabularies, code about 3, most other scripts about 1: so 3.5 ASCII characters are one token here, and every
other character is one. That counts too many rather than too few.
"""

import math
import re

ASCII_PER_TOKEN = 3.5
SENTENCE = re.compile(r"(?<=[.!?…。！？])\s+|\n+")
CUT = " […]"


def approximate_tokens(text: str) -> int:
    """Return about how many tokens a language model makes of ``text``."""
    others = sum(character > "\x7f" for character in text)
    return others + math.ceil((len(text) - others) / ASCII_PER_TOKEN)


def sentences(text: str) -> list[str]:
    """Return the sentences and lines of ``text``, stripped, without empty ones. A URL is never split."""
    return [piece for part in SENTENCE.split(text) if (piece := part.strip())]


def cut_to_tokens(text: str, most: int) -> str:
    """Return ``text``, or its beginning of ``most`` tokens cut after a sentence and marked with "[…]"."""
    if approximate_tokens(text) <= most:
        return text
    end = room = 0
    for match in SENTENCE.finditer(text):
        room += approximate_tokens(text[end : match.end()])
        if room > most:
            break
        end = match.end()
    if end == 0:
        end = _fitting_characters(text, most)
    return text[:end].rstrip() + CUT


def _fitting_characters(text: str, most: int) -> int:
    """Return how many characters of a text without a sentence's end fit into ``most`` tokens."""
    spent = 0.0
    for position, character in enumerate(text):
        spent += 1 if character > "\x7f" else 1 / ASCII_PER_TOKEN
        if spent > most:
            return position
    return len(text)
