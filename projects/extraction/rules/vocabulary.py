"""The vocabulary of technologies and domains, kept as data, and what of it a text names."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from pathlib import Path

import yaml

DATA = Path(__file__).parent.parent / "data"
FILES = {name: DATA / f"{name}.yml" for name in ("technologies", "domains", "tagging")}
MOST_COUNTED = 4  # of a tag in one text: what is said more often says no more
TOKEN = re.compile(r"[^\W_]+")
EXPRESSION = re.compile(r"~(?:(?P<words>[a-z0-9,]+): )?(?P<pattern>.+)")


@dataclass(frozen=True)
class Spelling:
    """A pattern, and words, in lower case, of which a text with a match holds one; none where any text may."""

    pattern: re.Pattern[str]
    words: frozenset[str]
    is_expression: bool = False


@dataclass(frozen=True)
class Tag:
    """A tag, its spellings, and whether it is a technology or a domain. ``gloss`` is what is embedded for it."""

    name: str
    spellings: tuple[Spelling, ...]
    is_technology: bool
    gloss: str


@dataclass(frozen=True)
class Vocabulary:
    """All tags, the hosts that tell one, what each is a part of, and the names of those that likeness never gives."""

    tags: tuple[Tag, ...]
    links: tuple[tuple[str, str], ...]
    broader: dict[str, list[str]]
    never_by_likeness: frozenset[str]

    @cached_property
    def technologies(self) -> frozenset[str]:
        """The names of the technologies, in lower case."""
        return frozenset(tag.name for tag in self.tags if tag.is_technology)

    @cached_property
    def _expressions(self) -> list[tuple[str, Spelling]]:
        """The spellings that are expressions of their own, by their tags."""
        return [(tag.name, spelling) for tag in self.tags for spelling in tag.spellings if spelling.is_expression]

    @cached_property
    def _by_opening(self) -> dict[str, list[tuple[str, Spelling]]]:
        """The other spellings by the word that they open with."""
        found = defaultdict(list)
        for tag in self.tags:
            for spelling in tag.spellings:
                for opening in () if spelling.is_expression else spelling.words:
                    found[opening].append((tag.name, spelling))
        return dict(found)

    def count(self, text: str) -> dict[str, int]:
        """Return the tags that ``text`` spells, with how often: four times at most. One pass over its words says which
        spellings it can hold."""
        words = dict.fromkeys(TOKEN.findall(text.lower()))
        possible = [one for one in self._expressions if not one[1].words or not one[1].words.isdisjoint(words)]
        possible += [one for word in words for one in self._by_opening.get(word, ())]
        counts: dict[str, int] = {}
        for name, spelling in dict.fromkeys(possible):
            if number := len(list(islice(spelling.pattern.finditer(text), MOST_COUNTED))):
                counts[name] = min(counts.get(name, 0) + number, MOST_COUNTED)
        return counts


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary, its patterns compiled once. Raises ValueError, with the file, for a bad one."""
    tags = tuple(tag for name in ("technologies", "domains") for tag in _tags(name))
    try:
        data = yaml.safe_load(FILES["tagging"].read_text(encoding="utf-8"))
        links, broader = tuple(data["links"].items()), dict(data["broader"])
        return Vocabulary(tags, links, broader, frozenset(data["never_by_likeness"]))
    except (KeyError, AttributeError, TypeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{FILES['tagging']} can't be used: {error!r}") from error


def _tags(section: str) -> list[Tag]:
    try:
        data = yaml.safe_load(FILES[section].read_text(encoding="utf-8"))[section]
        return [_tag(str(name).lower(), spelt, is_technology=section == "technologies") for name, spelt in data.items()]
    except (KeyError, AttributeError, TypeError, re.error, yaml.YAMLError) as error:
        raise ValueError(f"{FILES[section]} can't be used: {error!r}") from error


def _tag(name: str, spellings: list[str], *, is_technology: bool) -> Tag:
    compiled = tuple(_spelling(spelling) for spelling in spellings)
    words = [spelling.lstrip("=") for spelling in spellings if not spelling.startswith("~")]
    return Tag(name, compiled, is_technology, f"{name}: {', '.join(words[:8])}")


def _spelling(spelling: str) -> Spelling:
    """Compile a spelling: "=Exact case", "~word,word: expression", or any case with a plural."""
    if expression := EXPRESSION.fullmatch(spelling):
        words = frozenset(filter(None, (expression["words"] or "").split(",")))
        return Spelling(re.compile(expression["pattern"], re.IGNORECASE), words, is_expression=True)
    word = spelling.removeprefix("=")
    escaped = re.escape(word)
    if word != spelling:
        return Spelling(re.compile(rf"(?<![\w@#/.-]){escaped}(?![\w+#]|-\w|\.\w|['’]t)"), _openings(word))
    flexible = escaped.replace(r"\ ", r"[\s-]+").replace(r"\-", r"[\s-]?")
    plural = "s?" if word[-1].isalpha() else ""
    return Spelling(re.compile(rf"(?<![\w@/]){flexible}{plural}(?!\w)", re.IGNORECASE), _openings(word))


def _openings(word: str) -> frozenset[str]:
    """Return how the first word of a spelling may stand in a text: "front-end" as "front", "frontend" and "frontends"."""
    first = word.lower().split(" ")[0]
    parts = TOKEN.findall(first)
    joined = {"".join(parts[:end]) for end in range(1, len(parts) + 1)}
    return frozenset(joined | {each + "s" for each in joined})
