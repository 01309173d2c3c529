"""Which link of a project is its own. Pure."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.domains import registered_domain, registered_label
from projects.extraction.rules.prose import LINK, Prose
from projects.links import ARTICLE_PATH, DOCS_PATH, PLAIN_LABELS, REPOSITORIES, Kind, host_of, is_on, kind_of, path_of

NO_LETTERS = re.compile(r"[\W_]+")
# Words before a link that say whose it is.
BORROWED = re.compile(
    r"(?:\b(?:using|used|uses?)(?: (?:the|a|an|some))?(?: [\w-]+){0,4}|\blike|\bvia|\binspired by"
    r"|\bsimilar to|\balternative to|\bclone of|\bbased on|\bon top of"
    r"|\b(?:in the )?(?:style|spirit|vein|manner) of|\b(?:remake|port|copy|rewrite|fan|instead|tired) of"
    r"|\b(?:hosted|deployed|running|runs|written|made|built|developed|powered|backed) (?:with|on|in|by)"
    r"|\bdata from|\b(?:im|ex)ports? (?:\w+ )?(?:from|to)|\bscrap\w+(?: \w+){0,2}(?: from)?|\breplac\w+|\bbeats"
    r"|\bbetter than|\bcheaper than|\bcompet\w+ (?:with|to|of)|\binstead of|\bwork(?:s|ed|ing)? (?:at|for|with)|\bcompared to|\bunlike|\bversion of|\bbecause of|\bthanks to"
    r"|\bsee also|\balso see"
    r"|\bdiscuss(?:ed|ion)(?: here)?|\bread(?:ing)?|\bfork of|\bmigrat\w+ (?:to|from)|\bsupports?"
    r"|\bwrote (?:a )?(?:post|article)"
    r"|\bpost (?:here|about)|\bcontext|\bon the)[\s(\[\"“]{0,3}$",
    re.IGNORECASE,
)
PERSONAL = re.compile(
    r"(?:\b(?:resume|cv|my (?:blog|twitter|profile|linkedin|github|email|contact)|blog(?: ?post)?s?|article|"
    r"hire me|follow me|show hn|newsletter|write-?up|essays?)\b|^\W*(?:i am"
    r"|i['’]?m) an? )[^.!?\ufffc]{0,40}$",
    re.I,
)
OWN = re.compile(
    r"(?:\b(?:working|work) on|\bbuil(?:d|t|ding)|\bcreat(?:ed|ing)|\bma(?:de|king)|\blaunch(?:ed|ing)"
    r"|\bdevelop(?:ed|ing)"
    r"|\bcheck (?:it|us) out|\blink|\bdemo|\bsite|\bwebsite|\burl|\brepo(?:sitory)?|\bsource(?: code)?"
    r"|\bcode|\bit(?:'s| is) (?:at|here)"
    r"|\btry it|\bavailable (?:at|on)|\bhere|\bcalled [\w -]{1,30}|\bfollow(?:ed)? (?:along )?(?:at|on"
    r"|here)|\bpage)\W{0,4}$",
    re.IGNORECASE,
)


# "Calendly (https://…": the name between the words that say whose a link is, and the link.
_WORD = r"[A-Z0-9][\w.'’+-]*"
ITS_NAME = re.compile(rf"(?<![\w.'’+-])(?:{_WORD}(?:\s*,\s+|\s+)(?:(?:and|or|&)\s+)?){{0,7}}{_WORD}[\s(\[“\"]{{0,3}}$")
MADE_WITH = re.compile(r"\b(?:with|via|by)\s*$", re.IGNORECASE)
GOES_ON = re.compile(r"\W*(?:and|or)?(?:\s+[\w.'’+-]+){0,3}\W*")


@dataclass(frozen=True)
class Link:
    """One address with its kind and the text before it in its sentence.

    A link of a footnote belongs to the words that bear its mark; its host names nothing.
    """

    url: str
    kind: Kind
    before: str
    position: int
    is_footnote: bool = False


def brand_of(url: str) -> str:
    """Return the name in an address: the repository, the first label of a shared host, or the domain's label."""
    host, path = host_of(url), path_of(url)
    if is_on(host, REPOSITORIES):
        name = path[1] if len(path) >= 2 and not host.startswith("gist.") else ""
        return name.removesuffix(".git")
    if (
        path
        and host.endswith(("itch.io", "github.io", "gitlab.io"))
        and not ARTICLE_PATH.search("/".join(["", *path, ""]))
    ):
        return path[0]
    if host == "store.steampowered.com" and len(path) >= 3:
        return path[2].replace("_", " ").strip()
    if host == "t.me" and path:
        return path[0]
    if host in ("pypi.org", "npmjs.com", "crates.io", "jsr.io", "rubygems.org", "addons.mozilla.org"):
        name = path[-1] if path else ""
        return name if re.search(r"[a-z]", name) else ""
    if kind_of(url) not in (Kind.SITE, Kind.ARTICLE):
        return ""
    return _host_label(host)


def _host_label(host: str) -> str:
    """Return the label that names what is there: a telling one below what was registered, else that itself."""
    registered = registered_label(host)
    if not registered or registered.isdigit():
        return ""
    below = host.removesuffix(registered_domain(host)).rstrip(".").rpartition(".")[2]
    return _spoken(below if below not in PLAIN_LABELS and len(below) > 2 else registered)


def _spoken(label: str) -> str:
    """Return a label as people write it: ``büchse`` for ``xn--bchse-kva``."""
    if not label.startswith("xn--"):
        return label
    import idna

    try:
        return idna.decode(label)
    except idna.IDNAError:
        return label


def registered_name(url: str) -> str:
    """Return the label that was registered: ``manabi`` of ``reader.manabi.io``."""
    return _spoken(registered_label(host_of(url)))


def is_personal(link: Link) -> bool:
    """True when the words before a link call it its author's: a blog, a résumé, "I'm a painter (…)"."""
    return bool(PERSONAL.search(link.before))


def is_borrowed(link: Link) -> bool:
    """True when the words before a link call it somebody else's: "on top of Django (…)"."""
    if BORROWED.search(link.before):
        return True
    name = ITS_NAME.search(link.before)
    before = link.before[: name.start()] if name else ""
    return bool(BORROWED.search(before) or (link.is_footnote and MADE_WITH.search(before)))


def read_links(prose: Prose, notes: Container[str] = ()) -> list[Link]:
    """Return the links of a segment in order, each once, with the words that lead to it; ``notes`` are of footnotes."""
    found: dict[str, Link] = {}
    pieces = prose.text.split(LINK)
    sentence = ""
    for position, (url, piece) in enumerate(zip(prose.links, pieces, strict=False)):
        # "with Godot (…) and Aseprite (…)": what is said of the one goes for the other.
        goes_on = sentence + piece if "\n" not in piece and GOES_ON.fullmatch(piece) else piece
        sentence = re.split(r"(?<=[.!?])\s|\n\n", goes_on)[-1][-120:]
        found.setdefault(url, Link(url, kind_of(url), sentence, position, url in notes))
    return list(found.values())


def primary_link(links: Sequence[Link], title: str = "") -> str:
    """Return the address that is most likely the project's own; empty when all lead elsewhere.

    Project site before repository before store, article, profile, video and social page. A link that the words
    before it call somebody else's falls behind, one that bears the project's name moves ahead, and among equals
    the first wins. Of footnotes the one whose mark the name bears is the project's.
    """
    best: tuple[float, int, str] | None = None
    for link in links:
        rank = _rank(link, title)
        if rank < UNFIT and (best is None or (rank, link.position) < best[:2]):
            best = (rank, link.position, link.url)
    return best[2] if best else ""


UNFIT = 6.8


def is_named(link: Link, title: str) -> bool:
    """True when the address bears the name, or the name the mark of its note."""
    name, brand = squashed(title), squashed(brand_of(link.url))
    if not name:
        return False
    if link.is_footnote and squashed(link.before).endswith(name):
        return True
    return len(brand) > 2 and (brand in name or name in brand)


def _rank(link: Link, title: str) -> float:
    rank = float(link.kind)
    named = is_named(link, title)
    if named:
        rank -= 1.5
    elif is_borrowed(link):
        return UNFIT
    elif is_personal(link):
        rank += 3.5
    if link.is_footnote and link.kind < Kind.ARTICLE:
        # What a note leads to is told by the place of its mark rather than by its kind.
        rank = -0.5 if named else 3.0
    if link.kind == Kind.PROFILE and not named and is_personal(link):
        rank += 1
    if OWN.search(link.before):
        rank -= 0.6
    if link.position == 0:
        rank -= 0.5
    if link.kind == Kind.SITE:
        rank += 0.3 if link.position and not named else 0
        depth = len(path_of(link.url))
        rank += min(depth, 3) * 0.15
        if DOCS_PATH.search("/" + "/".join(path_of(link.url)) + "/") or host_of(link.url).startswith(
            ("docs.", "blog.")
        ):
            rank += 0.7
    return rank + min(link.position, 6) * 0.12


# The words of a text are asked for again and again, and most are those of the texts before.
@lru_cache(maxsize=10_000)
def squashed(name: str) -> str:
    """Return only the letters and digits of ``name``, in lower case, so that spellings can be compared."""
    return NO_LETTERS.sub("", name).lower()
