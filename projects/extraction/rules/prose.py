"""A comment's text made ready for rules: links set aside, glued sentences parted, code left out. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.addresses import addresses_in
from projects.extraction.rules.footnotes import inlined

# Rules read at most this much of a segment; what a project is stands near its beginning.
READ_CHARACTERS = 12_000
# Of a comment with more links than a person writes, only the first are compared with each address.
KNOWN_LINKS = 100

# Full-width signs at a link, as Chinese and Japanese have them, and the signs that rules know.
FULL_WIDTH = "：，。、；！？）】」』》（【「『《"
HALF_WIDTH = str.maketrans(dict(zip(FULL_WIDTH, [f"{sign} " for sign in ":,.,;!?)))))"] + [" ("] * 5, strict=True)))
FULL_WIDTH_AT_LINK = re.compile(rf"[{FULL_WIDTH}]{{1,3}}(?=\s?\ufffc)|(?<=\ufffc)[{FULL_WIDTH}]{{1,3}}")

# Stands for a link in prose, so that rules see one character where an address was.
LINK = "\ufffc"

# What a comment begins with that answers a question; what it says comes then.
ANSWER = re.compile(
    r"^\s*(?:yes|yep|yeah|yup|sure|absolutely|definitely|of course)\b[^.!?\n]{0,20}[.!]+\s+(?=\S)", re.IGNORECASE
)
CITATION = re.compile(r"\s?\[\d{1,2}\](?!\()")
BULLET = re.compile(r"^[ \t]*(?:[-*•·‣▪–—+>]|\(?\d{1,2}[.)](?=\s)|\(?[a-d]\)|[①-⑩])[ \t]*(?=\S)")
# Sentences that lost the paragraph break between them: "…than YAML.My motivation has been".
GLUED_SENTENCES = re.compile(
    r"(?<=[a-z)\]\d][.!?:])(?=(?:[A-Z][a-z]+|I|A|I['’]\w+|\d+ [A-Z])[ ,'’a-z])"
    r"|(?<=[A-Z]{2}\.)(?=[A-Z][a-z]+ [a-z])|(?<=[a-z]{2})(?=(?:I|We)['’](?:m|re|ve)\b)"
)
# A title that lost the break behind it: "Manabi ReaderCurrently adding".
GLUED_TITLE = re.compile(
    r"(?<=[a-z]{2})(?=(?:Currently|I am|I have|We are|We have|It is|It['’]s|This is|There is|You can) [a-z])"
)
GLUED_BULLET = re.compile(r"(?<=[.:!?)])- (?=\S|$)|(?<=[a-z])- (?=[A-Z\[]|$)")
GLUED_NUMBER = re.compile(r"(?<=[a-z.:!?)])(?=\d\. [A-Z])")
CODE_SIGN = re.compile(r"[{};=<>|\\$]|\)\(|\w\(\w*\)")
# "<https://…>", "=> https://… <=", " | ", "->", "$$$", "$5k".
NO_CODE = re.compile(
    r"(?:[<({\[|]|[=-]{0,3}>){0,4}\s?https?://[^\s<>]+(?:\s?(?:[>)}\]|]|<[=-]{1,3})){0,4};?"
    r"|(?<!\S)(?:\|+|[=-]{1,3}>)(?!\S)|\${1,4}(?=\d)|\${2,}|(?<!\S)[<>](?=\s?\d)",
    re.IGNORECASE,
)
CODE_START = re.compile(
    r"(?:def |class |import |from [\w.]+ import |function\b|const |let |var |return\b|if ?\(|for ?\("
    r"|while ?\(|#include|public |private |static |print\w*\(|"
    r"SELECT |<\?php|\$ |>>> ).*[:;{}()\]>]$|</?\w+[^<>]{0,200}>$"
)
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]’”]*\s+(?=[\"'(\[“‘]?[^\W_a-z]|\ufffc)|(?<=[.!])\s+(?=[a-z])|\n+")
ABBREVIATION = re.compile(
    r"\b(?:e\.?g|i\.?e|etc|vs|approx|Inc|Ltd|Dr|Mr|Mrs|Ms|St|No|incl|cf|al|a\.k\.a|resp)\.$", re.I
)
LONGEST_ABBREVIATION = 8  # characters, and one before them
MARKDOWN_LINK = re.compile(r"\[([^\]\n]{1,80})\]\(\s*(https?://[^\s)]+)\s*\)")
WRAPPED_LINK = re.compile(r"\s*[(\[<]\s*\ufffc(?:\s*(?:,|and|&|/|;)?\s*\ufffc)*\s*[)\]>]")
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]+")
SMILEY = re.compile(r"(?<!\w)[:;]-?[)(DPp0/](?!\w)")
SMILEY_AS_STOP = re.compile(r"(?<=\w)\s*[:;]-?[)D]\s+(?=[A-Z])")
SPACES = re.compile(r"[ \t\r\f\v\u00a0\u2000-\u200b]+")
LETTER = re.compile(r"[^\W\d_]")
EMPHASIS = re.compile(r"(?<![\w*])[*_]([^*_\n]{1,60})[*_](?![\w*])")


def find_links(text: str, known: Sequence[str] = ()) -> list[tuple[int, int, str]]:
    """Return (start, end, address) of each link in ``text``, in order.

    ``known`` are addresses that are certainly links, so that one that is glued to a word ends where it should.
    """
    certain = frozenset(known[:KNOWN_LINKS])
    by_length = sorted(certain, key=len, reverse=True)
    found = []
    for start, end, address in addresses_in(text):
        if address not in certain and (shorter := next(filter(address.startswith, by_length), "")):
            address, end = shorter, start + len(shorter)
        found.append((start, end, address))
    return found


def repaired(text: str, known: Sequence[str] = ()) -> str:
    """Return ``text`` with breaks where sentences, bullets and links were glued together. Addresses stay as they are.

    Some sources lose paragraph breaks, and some people write without a space before a link.
    """
    text = MARKDOWN_LINK.sub(r"\1 (\2)", text.replace("\r\n", "\n"))
    parts: list[str] = []
    at = 0
    for start, end, address in find_links(text, known):
        before = _unglued(text[at:start])
        if before and not before[-1].isspace() and before[-1] not in "([<\"'“":
            heads = re.match(r"\s+[–—:-]+\s|\s+\(", text[end : end + 6]) and before[-1] in ".!?:),;"
            before += "\n" if heads else " "
        elif not before and parts:
            before = " "
        parts += [before, address]
        if end < len(text) and text[end].isalnum():
            parts.append("\n")
        at = end
    parts.append(_unglued(text[at:]))
    return "".join(parts).strip()


def _unglued(text: str) -> str:
    text = GLUED_BULLET.sub("\n- ", text)
    text = GLUED_NUMBER.sub("\n", GLUED_TITLE.sub("\n", text))
    return GLUED_SENTENCES.sub(" ", text)


def is_code(line: str) -> bool:
    """True for a line that a programming language would understand better than a person.

    What stands around an address, between columns or for money is no sign of code.
    """
    visible = NO_CODE.sub(" ", line).strip()
    if CODE_START.match(visible):
        return True
    return len(visible) > 3 and len(CODE_SIGN.findall(visible)) * 9 > len(visible)


@dataclass(frozen=True)
class Prose:
    """What a segment says, without code, list marks and addresses; ``LINK`` stands where an address stood."""

    text: str
    sentences: tuple[str, ...]
    links: tuple[str, ...]

    @property
    def has_words(self) -> bool:
        """True when there is a letter left to read."""
        return bool(LETTER.search(self.text))

    def sentence_with_link(self, address: str) -> int:
        """Return the index of the sentence that holds ``address``; -1 when none does."""
        if address not in self.links:
            return -1
        wanted = self.links.index(address)
        seen = 0
        for index, sentence in enumerate(self.sentences):
            seen += sentence.count(LINK)
            if seen > wanted:
                return index
        return -1


def read_prose(text: str, known: Sequence[str] = ()) -> Prose:
    """Return the prose of ``text``; ``known`` as in ``find_links``. Remembered: a piece is judged and then described."""
    return _read_prose(text[:READ_CHARACTERS], tuple(known))


@lru_cache(maxsize=64)
def _read_prose(text: str, known: tuple[str, ...]) -> Prose:
    text = ANSWER.sub("", inlined(repaired(text, known)).replace(LINK, ""), count=1)
    text = "\n".join(BULLET.sub("", line) for line in text.split("\n") if not is_code(line))
    links = []
    pieces, at = [], 0
    for start, end, address in find_links(text, known):
        pieces += [text[at:start], LINK]
        links.append(address)
        at = end
    text = "".join([*pieces, text[at:]])
    text = FULL_WIDTH_AT_LINK.sub(lambda match: match[0].translate(HALF_WIDTH), CITATION.sub("", text))
    text = WRAPPED_LINK.sub(lambda match: " " + LINK * match[0].count(LINK), text)
    text = EMPHASIS.sub(r"\1", SMILEY.sub("", SMILEY_AS_STOP.sub(". ", EMOJI.sub(" ", text))))
    text = SPACES.sub(" ", text)
    text = re.sub(r" ?\n ?", "\n", text).strip()
    return Prose(text, tuple(_sentences(text)), tuple(links))


def _sentences(text: str) -> Iterable[str]:
    """Yield sentences; a single line break ends one only where the next line starts like a sentence."""
    held = ""
    for paragraph in re.split(r"\n{2,}", text):
        for piece in SENTENCE_END.split(_joined_lines(paragraph)):
            whole = f"{held} {piece}".strip() if held else piece.strip()
            if ABBREVIATION.search(whole, max(0, len(whole) - LONGEST_ABBREVIATION)):
                held = whole
                continue
            held = ""
            if whole:
                yield whole
        if held:
            yield held
            held = ""


def _joined_lines(paragraph: str) -> str:
    """Join a line to the one before where it goes on in lower case: a sentence that was wrapped by hand."""
    return re.sub(r"(?<=[\w,;])\n(?=[a-z])", " ", paragraph)


def words(text: str) -> list[str]:
    """Return the words of ``text`` without links."""
    return text.replace(LINK, " ").split()


def plain(text: str) -> str:
    """Return prose without its link marks and with tidy spaces and punctuation."""
    text = re.sub(r"(?i)\s+(?:at|via|on|@)\s*:?\s*\ufffc+", "", text)
    text = re.sub(r"\s*[:–—-]?\s*\ufffc+", "", text)
    text = re.sub(r"\(\s*\)|\[\s*\]", "", text)
    text = re.sub(r"\s+([.,;:!?])(?=\s|$)", r"\1", text)
    return SPACES.sub(" ", text).strip()
