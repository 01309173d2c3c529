"""Tags from a vocabulary of technologies and domains that is kept as data (``data/vocabulary.yml``)."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import yaml

VOCABULARY_FILE = Path(__file__).parent.parent / "data" / "vocabulary.yml"
FEWEST_TAGS = 3
MOST_TAGS = 5
# Of the tags that match, at most this many are technologies, so that what a project is for shows too.
MOST_TECHNOLOGIES = 3
# What is matched where: a word in the title or the short description says more than one somewhere in the text.
WEIGHTS = {"title": 3.0, "lead": 2.0, "text": 1.0}
# Below this cosine similarity the nearest tag says nothing (WordLlama, 256 dimensions; read off 200 comments).
LEAST_SIMILARITY = 0.25
# A domain below this weight was found once or twice in the text, not where it is said what the project is.
SAID_IN_PASSING = 1.3
# Tags about the maker rather than the thing: every "website" is like the gloss of a personal one.
NEVER_BY_LIKENESS = frozenset({"personal website", "side-project", "blogging", "open-source"})
# What is true of nearly everything in these threads, for texts that say nothing else.
GENERIC_TAGS = ("side-project", "software", "web")
HANDMADE_TAGS = ("side-project", "hobby", "making")
SOFTWARE = re.compile(
    r"\b(?:app|software|web ?site|site|cod(?:e|ing)|program\w*|online|tool|platform|api|data"
    r"|server|saas)s?\b",
    re.I,
)

Embed = Callable[[list[str]], list[list[float]]]


@dataclass(frozen=True)
class Spelling:
    """A pattern, and lower-case letters that every text with a match holds, so that most need no pattern at all."""

    needle: str
    pattern: re.Pattern[str]

    def count(self, text: str, lowered: str) -> int:
        """Return how often it occurs in ``text``, four times at most."""
        if self.needle not in lowered:
            return 0
        return sum(1 for _ in islice(self.pattern.finditer(text), 4))


@dataclass(frozen=True)
class Tag:
    """A tag, its spellings, and whether it is a technology or a domain. ``gloss`` is what is embedded for it."""

    name: str
    spellings: tuple[Spelling, ...]
    is_technology: bool
    gloss: str

    def count(self, text: str, lowered: str) -> int:
        """Return how often the tag is spelt in ``text``; ``lowered`` is the same in lower case."""
        return sum(spelling.count(text, lowered) for spelling in self.spellings)


@dataclass(frozen=True)
class Vocabulary:
    """All tags, and the hosts that tell one."""

    tags: tuple[Tag, ...]
    links: tuple[tuple[str, str], ...]

    @property
    def technologies(self) -> frozenset[str]:
        """The names of the technologies, in lower case."""
        return frozenset(tag.name for tag in self.tags if tag.is_technology)

    def found_in(self, text: str) -> list[Tag]:
        """Return the tags that are spelt in ``text``."""
        lowered = text.lower()
        return [tag for tag in self.tags if tag.count(text, lowered)]


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary, its patterns compiled once. Raises ValueError, with the file and tag, for a bad one."""
    try:
        data = yaml.safe_load(VOCABULARY_FILE.read_text(encoding="utf-8"))
        tags = [
            _tag(str(name).lower(), spellings, is_technology=section == "technologies")
            for section in ("technologies", "domains")
            for name, spellings in data[section].items()
        ]
        return Vocabulary(tuple(tags), tuple(data["links"].items()))
    except (KeyError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"{VOCABULARY_FILE} can't be used: {error!r}") from error


def _tag(name: str, spellings: list[str], *, is_technology: bool) -> Tag:
    try:
        compiled = tuple(_spelling(spelling) for spelling in spellings)
    except re.error as error:
        raise ValueError(f"{VOCABULARY_FILE}: the spellings of {name!r} can't be used: {error}") from error
    words = [spelling.lstrip("=") for spelling in spellings if not spelling.startswith("~")]
    return Tag(name, compiled, is_technology, f"{name}: {', '.join(words[:8])}")


def _spelling(spelling: str) -> Spelling:
    """Compile a spelling: "=Exact case", "~expression", or any case with a plural."""
    if spelling.startswith("~"):
        return Spelling("", re.compile(spelling[1:], re.IGNORECASE))
    word = spelling.removeprefix("=")
    needle = re.split(r"[ -]", word.lower())[0]
    escaped = re.escape(word)
    if word != spelling:
        return Spelling(needle, re.compile(rf"(?<![\w@#/.-]){escaped}(?![\w+#]|-\w|\.\w|['’]t)"))
    flexible = escaped.replace(r"\ ", r"[\s-]+").replace(r"\-", r"[\s-]?")
    plural = "s?" if word[-1].isalpha() else ""
    return Spelling(needle, re.compile(rf"(?<![\w@/]){flexible}{plural}(?!\w)", re.IGNORECASE))


def choose_tags(
    parts: dict[str, str], urls: Sequence[str], nearest: Callable[[str], Iterable[str]] | None = None
) -> list[str]:
    """Return 3 to 5 tags for a project, those that say most first.

    ``parts`` are its texts by the keys of ``WEIGHTS``, ``urls`` its links. Where fewer than three match, ``nearest`` gives
    further tags by likeness; without it, or where nothing is like enough, generic ones fill up.
    """
    scores = _matched(parts)
    for host, tag in vocabulary().links:
        if any(_is_at(url, host) for url in urls):
            scores[tag] = scores.get(tag, 0.0) + 1.0
    chosen = _strongest(scores)
    if len(chosen) < FEWEST_TAGS and nearest is not None:
        text = ". ".join(filter(None, (parts.get("lead"), parts.get("text", "")[:400])))
        chosen += [tag for tag in nearest(text) if tag not in chosen][: FEWEST_TAGS - len(chosen)]
    is_software = bool(urls or SOFTWARE.search(parts.get("text", "")) or vocabulary().technologies & set(scores))
    generic = (tag for tag in (GENERIC_TAGS if is_software else HANDMADE_TAGS) if tag not in chosen)
    while len(chosen) < FEWEST_TAGS:
        chosen.append(next(generic))
    return chosen


def _strongest(scores: dict[str, float]) -> list[str]:
    """Return at most five tags. A domain that is mentioned only in passing is taken to reach three and no further."""
    technologies = vocabulary().technologies
    chosen: list[str] = []
    for tag in sorted(scores, key=lambda tag: -scores[tag]):
        if tag in technologies:
            if sum(one in technologies for one in chosen) >= MOST_TECHNOLOGIES:
                continue
        elif scores[tag] < SAID_IN_PASSING and len(chosen) >= FEWEST_TAGS:
            continue
        chosen.append(tag)
    return chosen[:MOST_TAGS]


def _matched(parts: dict[str, str]) -> dict[str, float]:
    """Return what each tag that occurs weighs: where it stands and, a little, how often."""
    scores: dict[str, float] = {}
    for tag in vocabulary().found_in("\n".join(parts.values())):
        for part, weight in WEIGHTS.items():
            text = parts.get(part, "")
            count = tag.count(text, text.lower())
            if count:
                scores[tag.name] = scores.get(tag.name, 0.0) + weight * (1 + 0.25 * (min(count, 4) - 1))
    return scores


def _is_at(url: str, host: str) -> bool:
    address = url.lower().split("://", 1)[-1].removeprefix("www.")
    wanted, _, path = host.partition("/")
    at, _, rest = address.partition("/")
    return (at == wanted or at.endswith("." + wanted)) and rest.startswith(path)


class NearestTags:
    """Finds the domains whose description is most like a text. Their vectors are made once, when first needed.

    Technologies are left out: that a text is like those about Rust does not make it Rust.
    """

    def __init__(self, embed: Embed):
        self._embed = embed
        self._vectors: list[tuple[str, list[float]]] | None = None

    def __call__(self, text: str) -> list[str]:
        """Return the tags that are like ``text``, the most similar first; cosine similarity 0.25 at least, three at most."""
        if self._vectors is None:
            domains = [tag for tag in vocabulary().tags if not tag.is_technology and tag.name not in NEVER_BY_LIKENESS]
            self._vectors = list(
                zip((tag.name for tag in domains), self._embed([tag.gloss for tag in domains]), strict=True)
            )
        vector = self._embed([text])[0]
        similar = ((sum(a * b for a, b in zip(vector, other, strict=True)), name) for name, other in self._vectors)
        ranked = sorted(similar, key=lambda pair: (-pair[0], pair[1]))
        return [name for similarity, name in ranked if similarity >= LEAST_SIMILARITY][:FEWEST_TAGS]
