"""What a person typed into the search, taken apart: words, "exact words", -not, or, tag:, author:, month:, site:."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

# What the pages, the API and the command say of it: what to type, and what it finds.
SYNTAX = (
    ("personal finance", "projects about it, by their words and by what they mean"),
    ('"static site"', "exactly these words, one behind the other"),
    ("-crypto", "without this word; also before “exact words” and each of those below"),
    ("rust or go", "one of them is enough"),
    ("tag:rust", "with this tag; several tags must all be there"),
    ("author:alice", "by this author; of several authors one is enough"),
    ("month:2026-08", "posted in the thread of this month; month:2026 is the whole year"),
    ("site:github.com", "with a link to this site; site:github.com/alice is a part of it"),
)

MOST_CHARACTERS = 500
MOST_TERMS = 40
MOST_VALUE = 100
FIELDS = ("tag", "author", "month", "site")
# What others call such filters: looked for as words, and told.
LOOKS_LIKE_A_FIELD = {
    "tags", "lang", "language", "user", "by", "from", "host", "domain", "date", "year", "url", "title", "source",
    "score", "before", "after", "since", "until", "is", "has", "in", "inurl", "intitle", "authors", "months", "type",
}  # fmt: skip

TERM = re.compile(r'(?P<no>-(?=[^\s-]))?(?:(?P<field>[^\W\d_]+):)?(?:"(?P<phrase>[^"]*)(?P<closed>"?)|(?P<word>\S*))')
QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)
MONTH = re.compile(r"(20\d\d)(?:[-/.](0?[1-9]|1[0-2]))?")
HOST = re.compile(r"[^\s/@:?#]+")


@dataclass(frozen=True)
class Filters:
    """Conditions by name: months as "2026-08", sites as "host" or "host/path", in lower case without www."""

    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tags or self.authors or self.months or self.sites)


@dataclass(frozen=True)
class SearchQuery:
    """A search as it was understood. ``messages`` say what was not, each one sentence for the person who typed it."""

    text: str = ""
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    """Words and phrases that must not be there."""
    wanted: Filters = field(default_factory=Filters)
    unwanted: Filters = field(default_factory=Filters)
    alternatives: tuple[tuple[str, ...], ...] = ()
    """Words and phrases as "or" parts them: one of these groups must be there. One group where there is no "or"."""
    messages: tuple[str, ...] = ()

    @property
    def tags(self) -> tuple[str, ...]:
        return self.wanted.tags

    @property
    def authors(self) -> tuple[str, ...]:
        return self.wanted.authors

    @property
    def months(self) -> tuple[str, ...]:
        return self.wanted.months

    @property
    def sites(self) -> tuple[str, ...]:
        return self.wanted.sites

    @property
    def meant(self) -> str:
        """What is looked for, without conditions: words and phrases as they were typed."""
        return " ".join(dict.fromkeys(term for group in self.alternatives for term in group))

    @property
    def is_empty(self) -> bool:
        """True where nothing at all is asked for."""
        return not (self.alternatives or self.excluded or self.wanted or self.unwanted)


def parse(text: str, *, conditions: bool = True) -> SearchQuery:
    """Return what ``text`` asks for. Any text will do: what cannot be understood is told in ``messages``.

    Without ``conditions`` "tag:rust" and the like are words as any other.
    """
    cleaned = clean(text)
    parsing = _Parsing(FIELDS if conditions else ())
    if len(cleaned) > MOST_CHARACTERS:
        cleaned = cleaned[:MOST_CHARACTERS].rsplit(" ", 1)[0]
        parsing.say(f"Only the first {MOST_CHARACTERS} characters were looked for.")
    for number, term in enumerate(_terms(cleaned)):
        if number == MOST_TERMS:
            parsing.say(f"Only the first {MOST_TERMS} words were looked for.")
            break
        parsing.take(term)
    return replace(parsing.result(), text=cleaned)


def clean(text: str) -> str:
    """Return ``text`` as one line without characters that are no text: NUL, controls, marks of direction."""
    kept = []
    for letter in unicodedata.normalize("NFC", text.translate(QUOTES)):
        kind = unicodedata.category(letter)
        if kind in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        # Joiners (U+200C, U+200D) hold letters and emoji together; other marks of format and halves of pairs go.
        elif kind != "Cs" and (kind != "Cf" or letter in "\u200c\u200d"):
            kept.append(letter)
    return " ".join("".join(kept).split())


def _terms(text: str) -> Iterator[re.Match[str]]:
    """Yield the terms of ``text``, each a match of TERM that is not empty."""
    at = 0
    while at < len(text):
        match = TERM.match(text, at)
        if match is None or match.end() == at:
            at += 1
            continue
        at = match.end()
        yield match


class _Parsing:
    """Collects the terms of one text."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._groups: list[list[str]] = [[]]
        self._words: list[str] = []
        self._phrases: list[str] = []
        self._excluded: list[str] = []
        self._filters: dict[bool, dict[str, list[str]]] = {no: {name: [] for name in FIELDS} for no in (True, False)}
        self._messages: list[str] = []

    def say(self, message: str) -> None:
        self._messages.append(message)

    def result(self) -> SearchQuery:
        return SearchQuery(
            words=_once(self._words),
            phrases=_once(self._phrases),
            excluded=_once(self._excluded),
            wanted=self._conditions(False),
            unwanted=self._conditions(True),
            alternatives=tuple(_once(group) for group in self._groups if group),
            messages=_once(self._messages),
        )

    def _conditions(self, no: bool) -> Filters:
        return Filters(**{f"{name}s": _once(values) for name, values in self._filters[no].items()})

    def take(self, term: re.Match[str]) -> None:
        no = term["no"] is not None
        name = (term["field"] or "").lower()
        quoted = term["phrase"] is not None
        value = (term["phrase"] if quoted else term["word"]).strip()
        if quoted and not term["closed"]:
            self.say("A quotation mark is not closed: what follows it was taken as exact words.")
        if name in self._fields:
            self._condition(name, value, no)
        elif name and quoted:
            self._take_text(term["field"], False, no)
            self._take_text(value, True, no)
        else:
            if name in LOOKS_LIKE_A_FIELD and value and not value.startswith("//"):
                known = ", ".join(f"{each}:" for each in FIELDS)
                self.say(f"“{term[0]}” was looked for as words: the conditions are {known}.")
            self._take_text(value if quoted else term[0].removeprefix("-") if no else term[0], quoted, no)

    def _take_text(self, text: str, quoted: bool, no: bool) -> None:
        if not quoted and not no and text.lower() == "or":
            if self._groups[-1]:
                self._groups.append([])
            return
        # Inside a word a quotation mark is none, and a dash before it says no "not".
        text = text if quoted else text.replace('"', " ").strip(" ,;:!?()[]{}<>").lstrip("-")
        if not any(letter.isalnum() or unicodedata.category(letter) == "So" for letter in text):
            return
        if no:
            self._excluded.append(text)
            return
        (self._phrases if quoted else self._words).append(text)
        self._groups[-1].append(f'"{text}"' if quoted else text)

    def _condition(self, name: str, value: str, no: bool) -> None:
        example = next(typed for typed, _ in SYNTAX if typed.startswith(f"{name}:"))
        read = READERS[name](value)
        if not value:
            self.say(f"“{name}:” needs a value, as in {example}.")
        elif not read:
            shown = value if len(value) <= MOST_VALUE else value[:MOST_VALUE] + "…"
            self.say(f"“{name}:{shown}” was left out: write it as in {example}.")
        else:
            self._filters[no][name] += read


def _once(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _tag(value: str) -> list[str]:
    value = " ".join(value.lower().replace(",", " ").split())
    return [value] if 0 < len(value) <= 50 else []


def _author(value: str) -> list[str]:
    value = value.removeprefix("@")
    return [value] if 0 < len(value) <= MOST_VALUE and " " not in value else []


def _month(value: str) -> list[str]:
    match = MONTH.fullmatch(value)
    if match is None:
        return []
    months = [int(match[2])] if match[2] else range(1, 13)
    return [f"{match[1]}-{month:02}" for month in months]


def _site(value: str) -> list[str]:
    """Return the host, and the path where there is one, as ``canonical_url`` writes them."""
    value = re.sub(r"^[a-z][a-z0-9+.-]*://", "", value.lower()).removeprefix("www.").rstrip("/").lstrip("*.")
    host, _, path = value.partition("/")
    if len(value) > MOST_VALUE or not HOST.fullmatch(host):
        return []
    return [f"{host}/{path}" if path else host]


READERS = {"tag": _tag, "author": _author, "month": _month, "site": _site}
