"""Chooses a project's tags: what its texts name, what its links tell, and what it is most like."""

from collections.abc import Callable, Iterable, Sequence
from operator import mul

from projects.extraction.rules.vocabulary import vocabulary

FEWEST_TAGS = 3
MOST_TAGS = 5
# Of the tags that match, at most this many are technologies, so that what a project is for shows too.
MOST_TECHNOLOGIES = 3
# What is matched where: a word in the title or the short description says more than one somewhere in the text.
WEIGHTS = {"title": 3.0, "lead": 2.0, "text": 1.0}
# A technology's name is seldom said of anything else.
TECHNOLOGY_WEIGHT = 1.35

Embed = Callable[[list[str]], list[list[float]]]


def choose_tags(
    parts: dict[str, str], urls: Sequence[str], nearest: Callable[[str], Iterable[str]] | None = None
) -> list[str]:
    """Return 3 to 5 tags for a project, those that say most first.

    ``parts`` are its texts by the keys of ``WEIGHTS``, ``urls`` its links. Where fewer than three match, what they are
    a part of comes next, then ``nearest`` gives further tags, the most alike first; without it the vocabulary's first
    domains stand in, as a last resort.
    """
    scores = _matched(parts)
    for host, tag in vocabulary().links:
        if any(_is_at(url, host) for url in urls):
            scores[tag] = scores.get(tag, 0.0) + 1.0
    chosen = _strongest(scores)
    broader = (tag for one in chosen for tag in vocabulary().broader.get(one, ()))
    chosen += [tag for tag in dict.fromkeys(broader) if tag not in chosen][: max(0, FEWEST_TAGS - len(chosen))]
    if len(chosen) < FEWEST_TAGS:
        text = ". ".join(filter(None, (parts.get("lead"), parts.get("text", "")[:400])))
        further = nearest(text) if nearest else (tag.name for tag in vocabulary().tags if not tag.is_technology)
        chosen += [tag for tag in further if tag not in chosen][: FEWEST_TAGS - len(chosen)]
    return chosen


def _strongest(scores: dict[str, float]) -> list[str]:
    """Return at most five tags, the strongest first, not too many technologies among them."""
    technologies = vocabulary().technologies
    chosen: list[str] = []
    for tag in sorted(scores, key=lambda tag: -scores[tag]):
        if tag not in technologies or sum(one in technologies for one in chosen) < MOST_TECHNOLOGIES:
            chosen.append(tag)
    return chosen[:MOST_TAGS]


def _matched(parts: dict[str, str]) -> dict[str, float]:
    """Return what each tag that occurs weighs: where it stands and, a little, how often."""
    scores: dict[str, float] = {}
    for part, weight in WEIGHTS.items():
        for name, count in vocabulary().count(parts.get(part, "")).items():
            scores[name] = scores.get(name, 0.0) + weight * (1 + 0.25 * (count - 1))
    technologies = vocabulary().technologies
    return {name: score * (TECHNOLOGY_WEIGHT if name in technologies else 1) for name, score in scores.items()}


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
        """Return the tags by their likeness to ``text``, the most similar first."""
        if self._vectors is None:
            known = vocabulary()
            domains = [tag for tag in known.tags if not tag.is_technology and tag.name not in known.never_by_likeness]
            self._vectors = list(
                zip((tag.name for tag in domains), self._embed([tag.gloss for tag in domains]), strict=True)
            )
        vector = self._embed([text])[0]
        similar = ((sum(map(mul, vector, other)), name) for name, other in self._vectors)
        return [name for _, name in sorted(similar, key=lambda pair: (-pair[0], pair[1]))]
