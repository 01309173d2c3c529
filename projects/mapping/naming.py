"""What an area of the map is called: the tags and words that tell its projects from those of the others. Pure.

Terms are weighed by c-TF-IDF: in how many projects of the area one stands, by how seldom it is elsewhere. A word, its
plural and a tag of that spelling are one term, shown in the form that is written most often.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MOST_TERMS = 8
IN_A_NAME = 3
LONGEST_NAME = 80
# Of an area's projects, as many must have a term that names it; of a small one at least two a tag, three a word.
LEAST_SHARE, LEAST_TAGGED, LEAST_WRITTEN = 0.06, 2, 3
# A tag was chosen to say what a project is, a pair of words says more than each of them.
TAG, PAIR, WORD = 1.5, 1.2, 1.0

WORDS = re.compile(r"[^\W\d_](?:[\w+#]|[-.’'](?=\w))+")
HAS_LINK = re.compile(r"\S*(?:://|www\.|\.(?:com|org|net|io|dev|app|ai|co)\b)\S*", re.IGNORECASE)
STOP_WORDS = frozenset(
    """
    a able about above across after again against all allow allows almost along also although always am among an and
    another any anyone anything app application applications apps are around as at away back based be because been
    before being below best better between both build building built but by can cannot case com come could create
    creating current currently custom day days did different do does doing don don't done down each easily easy
    either else enough etc even ever every everyone everything existing far fast few first focused following for
    found free friend friends from full fun get gets getting give go going good got great had has have having he
    help helping helps her here him his hn hope how however i i'd i'll i'm i've idea ideas if in instead into is
    isn't it it's its itself just keep kind know last late lately latest learn less let lets like little ll long
    look looking lot made main make maker makes making many may maybe me mean might mine more most mostly much must
    my myself name need needs never new next nice no not nothing now of off often old on once one ones only open or
    other others our out over own part people perhaps personal place please plus pretty probably product progress
    project projects put quick quite rather re ready real really recently release released right run running said
    same see seems set several share she should show side similar simple simply since site sites small so solution
    some someone something soon sort spare start started startup still stuff such super sure take takes than that
    that's the their them then there these they thing things think this those though three through time to today
    together too tool tools toward towards tried try trying turn two under until up upon us use used useful user
    users uses using usually ve version very via want wants was way ways we web website websites week weekend well
    were what what's when where whether which while who whole whose why will with within without won't work worked
    working works world would write writing wrote year years yes yet you your yourself
    """.split()
)


@dataclass(frozen=True)
class Told:
    """What a project says of itself, as far as areas are named by it."""

    title: str
    short_description: str
    tags: Sequence[str]


@dataclass
class _Terms:
    """The terms of many projects: in how many of them each stands, what kind it is, and how it is written."""

    times: Counter[str] = field(default_factory=Counter)
    weight: dict[str, float] = field(default_factory=dict)
    written: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    tags: dict[str, str] = field(default_factory=dict)

    def note(self, key: str, weight: float, written: str) -> None:
        self.weight[key] = max(weight, self.weight.get(key, 0))
        if weight == TAG:
            self.tags[key] = written
        else:
            self.written[key][written] += 1

    def form(self, key: str) -> str:
        """Return how a term is written: as the tag is, unless people write it with capitals."""
        forms = sorted(self.written[key].items(), key=lambda form: (-form[1], form[0]))
        if key in self.tags and not (forms and forms[0][0] != forms[0][0].lower()):
            return self.tags[key]
        return forms[0][0]


def distinctive_terms(told: Sequence[Told], areas: Sequence[int]) -> dict[int, list[str]]:
    """Return of each area (a number for each project, below 0 for none) its terms, the most telling first."""
    terms, inside = _Terms(), defaultdict[int, Counter[str]](Counter)
    for one, area in zip(told, areas, strict=True):
        stands = _noted(one, terms)
        terms.times.update(stands)
        if area >= 0:
            inside[area].update(stands)
    sizes = Counter(area for area in areas if area >= 0)
    usual = sum(sum(counts.values()) for counts in inside.values()) / max(len(inside), 1)
    return {area: _best(inside[area], size, usual, terms) for area, size in sizes.items()}


def name_of(terms: Sequence[str], taken: Iterable[str] = ()) -> str:
    """Return the name that ``terms`` make, another than those ``taken``; empty where there are none."""
    used = set(taken)
    for last in range(IN_A_NAME, max(len(terms), IN_A_NAME) + 1):
        first = [*terms[: IN_A_NAME - 1], *terms[last - 1 : last]] if last > IN_A_NAME else terms[:last]
        name = ", ".join(first)
        if name and (name := _short(name)) not in used:
            return name
    return ""


def _short(name: str) -> str:
    name = name[:1].upper() + name[1:]
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip(", ") + "…"


def _noted(told: Told, terms: _Terms) -> set[str]:
    """Note the terms of a project and return their keys, each once."""
    stands = set()
    for tag in told.tags:
        stands.add(key := _key(tag.split()))
        terms.note(key, TAG, tag)
    for text in (told.title, told.short_description):
        words = WORDS.findall(HAS_LINK.sub(" | ", text))
        telling = [word.lower() not in STOP_WORDS and len(word) > 1 for word in words]
        for at, word in enumerate(words):
            if telling[at]:
                stands.add(key := _key([word]))
                # The first letter of a text, and those of a title, say nothing of the word.
                terms.note(key, WORD, _plain(word))
            if at and telling[at] and telling[at - 1] and f"{words[at - 1]} {word}" in text:
                stands.add(key := _key([words[at - 1], word]))
                terms.note(key, PAIR, f"{_plain(words[at - 1])} {_plain(word)}")
    return stands


def _plain(word: str) -> str:
    """Return a word in lower case, unless capitals inside of it are its spelling: LLM, iOS, PostgreSQL."""
    return word if word[1:] != word[1:].lower() else word.lower()


def _key(words: Sequence[str]) -> str:
    return " ".join(map(_stem, words))


def _stem(word: str) -> str:
    word = word.lower().replace("-", " ").replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _best(counts: Counter[str], size: int, usual: float, terms: _Terms) -> list[str]:
    share = math.ceil(size * LEAST_SHARE)
    scored = [
        (times / size * math.log(1 + usual / terms.times[key]) * terms.weight[key], key)
        for key, times in counts.items()
        if times >= max(share, LEAST_TAGGED if terms.weight[key] == TAG else LEAST_WRITTEN)
    ]
    if not scored:
        scored = [(terms.weight[key] / terms.times[key], key) for key in counts if terms.weight[key] == TAG]
    chosen: list[str] = []
    said: set[str] = set()
    for _, key in sorted(scored, key=lambda one: (-one[0], one[1])):
        # Words of a term that was chosen say it already.
        if not said & (words := set(key.split())):
            said |= words
            chosen.append(terms.form(key))
        if len(chosen) == MOST_TERMS:
            break
    return chosen
