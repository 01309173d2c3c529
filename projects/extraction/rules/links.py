"""Which link of a project is its own. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from projects.extraction.rules.prose import LINK, Prose
from projects.links import (
    ARTICLE_PATH,
    DOCS_PATH,
    PLAIN_LABELS,
    REPOSITORIES,
    SECOND_LEVEL,
    SHARED_HOSTS,
    Kind,
    host_of,
    is_on,
    kind_of,
    path_of,
)

# A bare domain is a link when people say it is one; only under these endings, and never a library's name.
BARE_DOMAIN = re.compile(
    r"(?<![\w@./-])(?:www\.)?[A-Za-z0-9][A-Za-z0-9-]{1,40}(?:\.[A-Za-z0-9-]{2,30})?"
    r"\.(?:com|org|net|io|ai|app|dev|co|so|xyz|me|ly|gg|fm|tv|us|uk|de|fr|eu|sh|cc|in|site|online|tech|club"
    r"|studio|tools)"
    r"(?:/[\w./~-]{1,80})?(?![\w@-])",
    re.IGNORECASE,
)
NOT_A_DOMAIN = re.compile(r"^(?:node|next|nuxt|vue|asp|socket|draw|material|e\.g|i\.e|amazon|google|booking)\.", re.I)

# Words before a link that say whose it is.
BORROWED = re.compile(
    r"(?:\b(?:using|used|uses?)(?: (?:the|a|an|some))?(?: [\w-]+){0,4}|\blike|\bvia|\binspired by"
    r"|\bsimilar to|\balternative to|\bclone of|\bbased on|\bon top of"
    r"|\bpowered by|\bbuilt (?:with|on)|\bcompared to|\bunlike|\bversion of|\bbecause of|\bthanks to"
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


@dataclass(frozen=True)
class Link:
    """One address with its kind and the text before it in its sentence."""

    url: str
    kind: Kind
    before: str
    position: int


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
    labels = host.split(".")
    if is_on(host, SHARED_HOSTS) and len(labels) > 2:
        return labels[-3]
    if len(labels) < 2 or all(label.isdigit() for label in labels):
        return ""
    registered = -3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL else -2
    below = labels[:registered]
    return below[-1] if below and below[-1] not in PLAIN_LABELS and len(below[-1]) > 2 else labels[registered]


def registered_name(url: str) -> str:
    """Return the label that was registered: ``manabi`` of ``reader.manabi.io``."""
    labels = host_of(url).split(".")
    if len(labels) < 2:
        return ""
    return labels[-3] if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SECOND_LEVEL else labels[-2]


def is_personal(link: Link) -> bool:
    """True when the words before a link call it its author's: a blog, a résumé, "I'm a painter (…)"."""
    return bool(PERSONAL.search(link.before))


def bare_links(text: str) -> list[Link]:
    """Return the domains that ``text`` names without a scheme (``loops.so``), as ``https://`` addresses.

    Only those that stand as somebody's own: first or last in their sentence, or after words like "working on".
    """
    found: dict[str, Link] = {}
    for match in BARE_DOMAIN.finditer(text):
        domain = match[0].rstrip("./")
        before, after = text[max(0, match.start() - 120) : match.start()], text[match.end() : match.end() + 3]
        alone = (
            re.search(r"(?:^|[.!?:\n]\s*|[–—-]\s*|(?<!\ba)(?<!\ban)(?<!\bthe) \()$", before, re.I)
            or match[0].lower().startswith("www.")
            or re.match(r"\s*(?:$|\n|[.!]\s|[.!]$)", after)
        )
        if NOT_A_DOMAIN.match(domain) or not (alone or OWN.search(before)):
            continue
        url = f"https://{domain}"
        found.setdefault(url, Link(url, kind_of(url), re.split(r"(?<=[.!?])\s|\n", before)[-1], len(found)))
    return list(found.values())


def read_links(prose: Prose) -> list[Link]:
    """Return the links of a segment in order, each once, with the words that lead to it."""
    found: dict[str, Link] = {}
    before = 0
    pieces = prose.text.split(LINK)
    for position, (url, piece) in enumerate(zip(prose.links, pieces, strict=False)):
        before += len(piece)
        sentence = re.split(r"(?<=[.!?])\s|\n\n", piece)[-1][-120:]
        found.setdefault(url, Link(url, kind_of(url), sentence, position))
    return list(found.values())


def primary_link(links: Sequence[Link], title: str = "") -> str:
    """Return the address that is most likely the project's own; empty when all lead elsewhere.

    Project site before repository before store, article, profile, video and social page. A link that the words
    before it call somebody else's falls behind, one that bears the project's name moves ahead, and among equals
    the first wins.
    """
    best: tuple[float, int, str] | None = None
    for link in links:
        rank = _rank(link, title)
        if rank < UNFIT and (best is None or (rank, link.position) < best[:2]):
            best = (rank, link.position, link.url)
    return best[2] if best else ""


UNFIT = 6.8


def _rank(link: Link, title: str) -> float:
    rank = float(link.kind)
    brand = squashed(brand_of(link.url))
    named = bool(brand) and len(brand) > 2 and bool(title) and (brand in squashed(title) or squashed(title) in brand)
    if named:
        rank -= 1.5
    elif BORROWED.search(link.before):
        return UNFIT
    elif is_personal(link):
        rank += 3.5
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


def squashed(name: str) -> str:
    """Return only the letters and digits of ``name``, in lower case, so that spellings can be compared."""
    return re.sub(r"[\W_]+", "", name).lower()
