"""Takes an answer apart as it comes: sentences, and the numbers at their ends. Pure."""

import re
from collections.abc import Iterator

from projects.language.thinking import BEGIN, END

LONGEST = 600  # characters of a sentence
MOST_WITHOUT = 3  # sentences that wait for numbers
# What stands after a sentence: quotes, brackets, and numbers before or behind its full stop.
_NUMBERS = r"(?:\s*[\[【][^\]】\n]{1,40}[\]】])"
BOUNDARY = re.compile(rf"(?:[.!?…。！？][)\"'”*]*{_NUMBERS}*|{_NUMBERS}+[.!?…。！？]?)\s+(?=[^\s\[【(a-z.,;:])")
LIST_SIGN = re.compile(r"^\s*(?:[-*•#>]+|\d{1,2}[.)])\s+")
CITATION = re.compile(
    r"\s*[\[【(]\s*(?:results?\s*)?#?(\d{1,3}(?:\s*(?:,|;|and|&|-|–|\]\s*\[)\s*#?\d{1,3})*)\s*[\]】)]", re.IGNORECASE
)
NUMBER = re.compile(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?")
WIDEST_RANGE = 10


class Sentences:
    """Collects the words of an answer and gives each sentence once it is whole. Thoughts are left out.

    Small models write the numbers once for all sentences of a line: those before them get them, too, and are judged by
    them like any other.
    """

    def __init__(self) -> None:
        self._buffer = ""
        self._thinks = False
        self._without: list[str] = []
        """Sentences of this line that have no number yet."""

    def add(self, words: str) -> Iterator[str]:
        """Take more words; yield the sentences that they end."""
        self._buffer += words
        self._leave_out_thoughts()
        while not self._thinks and (found := self._next()) is not None:
            yield from self._given(*found)

    def end(self) -> Iterator[str]:
        """Yield what is left when the answer has ended."""
        rest = "" if self._thinks else _tidy(self._buffer)
        self._buffer = ""
        yield from self._given(rest, ends_line=True)

    def _given(self, sentence: str, ends_line: bool) -> Iterator[str]:
        """Yield a sentence, and those before it that waited for its numbers."""
        if sentence and (numbers := parted(sentence)[1]):
            named = "".join(f"[{number}]" for number in numbers)
            yield from (f"{before} {named}" for before in self._without)
            yield sentence
            self._without = []
        elif sentence:
            self._without.append(sentence)
        if ends_line or len(self._without) > MOST_WITHOUT:
            yield from self._without
            self._without = []

    def _leave_out_thoughts(self) -> None:
        if ends := list(END.finditer(self._buffer)):
            # Some models never write where thoughts begin: what stands before their end is no answer.
            self._buffer, self._thinks = self._buffer[ends[-1].end() :], False
        if begin := BEGIN.search(self._buffer):
            self._buffer, self._thinks = self._buffer[: begin.start()], True

    def _next(self) -> tuple[str, bool] | None:
        """Return the next whole sentence, and whether its line ends with it; None where none is whole."""
        line, newline, rest = self._buffer.partition("\n")
        marker = LIST_SIGN.match(line)
        boundary = BOUNDARY.search(line, marker.end() if marker else 0)
        if boundary:
            end = boundary.end()
            sentence, self._buffer = self._buffer[:end], self._buffer[end:]
        elif newline:
            sentence, self._buffer = line, rest
        elif len(line) > LONGEST:
            sentence, self._buffer = line[:LONGEST], line[LONGEST:]
        else:
            return None
        return _tidy(sentence), not boundary


def _tidy(text: str) -> str:
    return " ".join(LIST_SIGN.sub("", text).replace("**", "").replace("`", "").split())


def parted(sentence: str) -> tuple[str, list[int]]:
    """Return a sentence without the numbers that it names, and the numbers, each once."""
    numbers: list[int] = []

    def note(match: re.Match[str]) -> str:
        # "(1978)" and "(3 of them)" are words; "(2)" is meant for a number.
        if match[0].lstrip()[0] == "(" and len(match[1]) > 2:
            return match[0]
        numbers.extend(_numbers(match[1]))
        return ""

    text = CITATION.sub(note, sentence)
    text = re.sub(r"\s+([.,;:!?])", r"\1", " ".join(text.split()))
    return text, list(dict.fromkeys(numbers))


def _numbers(listed: str) -> Iterator[int]:
    for match in NUMBER.finditer(listed):
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        yield from range(first, min(last, first + WIDEST_RANGE) + 1) if last >= first else (first, last)
