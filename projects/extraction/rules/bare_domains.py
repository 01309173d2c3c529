"""Addresses that people write without a scheme: "plumkit.com.au", "www.plumkit.com/try". Pure.

Most domains in a text are somebody else's: the host that a project runs on, what it reads from or replaces, where one may
write to. Such a domain is nobody's link here, and one of which nothing is said needs the project's name in it.
"""

import re
from dataclasses import dataclass

from core.domains import has_public_suffix, registered_label
from projects.extraction.rules.links import OWN, Link, brand_of, is_named, squashed
from projects.links import COMMON_HOSTS, Kind, kind_of

_HOST = r"(?:[^\W_](?:[\w-]{0,60}[^\W_])?\.){1,4}(?:xn--[a-z0-9-]{2,50}|[^\W\d_]{2,18})"
DOMAIN = re.compile(
    rf"(?<![\w@./+~=#&%$\\-])(?P<host>{_HOST})(?![\w@-]|\.[^\W_]|\()(?P<rest>(?:[/?#][^\s\"”’<>…]*)?)", re.IGNORECASE
)
# Endings that are those of files, too, and the names that such files have.
FILE_ENDINGS = frozenset("sh py rs md pl ps so zip mov st cc pm mk tf app ai in do mm ml sc as ms".split())
FILE_NAMES = re.compile(
    r"(?:install\w*|setup|main|index|readme|build|run|config\w*|test\w*|makefile|changelog|contributing|license|lib\w*|mod"
    r"|deploy\w*|docker\w*|start\w*|stop|script\w*|server|client|utils?|init|bootstrap|update|example\w*|todo|notes?|manage"
    r"|app|demo|cargo|package|requirements|backup|entrypoint|release|archive|download)",
    re.IGNORECASE,
)
BY_A_FILE = re.compile(
    r"\b(?:run|runs|running|execute|source|edit|open|read|see|cat|bash|sh|python3?|perl|chmod|curl|wget|unzip|file|script"
    r"|named|in|the|a|an|my|our|your|from|to|with|and|or|of|is)\s+[`'\"(]?$",
    re.IGNORECASE,
)
LIBRARY = re.compile(r"(?:(?:asp|vb|ml|ado|system)\.net|socket\.io|(?:e\.g|i\.e|etc)\.\w+)$", re.IGNORECASE)

# "ann at gmail.com", "ann (at) plumkit.com", "Mail: ann at plumkit.com".
MAIL = re.compile(
    r"(?:[(\[{<]\s*(?:at|@)\s*[)\]}>]|(?-i:\bAT\b)|@"
    r"|\b(?:e-?mail|mail|contact|reach|write|feedback|ping|message|dm)\b[^.!?\n]{0,60}?(?:\bto|:|\bis|\bvia|\bat|\bme)"
    r"\s+(?!us\b|out\b)[\w.+-]+ at|\b(?:username|user name|nick|handle|name|alias)\]? at)\s*$",
    re.IGNORECASE,
)
_SOMEBODYS = (
    r"(?:(?:self[- ]hosted|better|open[- ]source\w*|cheaper|simpler|free\w*|local|offline|own|private|small) )*"
)
# Words before a domain that make it somebody else's: a host, a rival, a source, a shop, an employer.
FOREIGN = re.compile(
    r"(?:"
    r"\b(?:host(?:ed|s|ing)?|runs?|running|ran|deploy(?:ed|s|ing)?|serv(?:ed|es)|built|build|builds|building|made|written"
    r"|based|powered|backed|stored?|stores|developed|created|designed|driven|tracked|managed|published|launched|listed|posted"
    r"|sold|sell|selling|shared|featured|submitted|bought|trained|coded|prototyped|generated|written up)"
    r"(?: (?!at\b|it\b)\w+){0,3}? (?:on|with|by|via|through|in|inside|atop|using|from|to)"
    r"|\b(?:using|uses?|used|via|through|thanks to|on top of|behind|like|unlike|than|vs\.?|versus|compared (?:to|with)"
    r"|similar to|instead of|rather than|inspired by|based on|not|than on|next to|besides|except|without|against)"
    r"|\b(?:replac\w+|beats?|beating|outperforms?|kills?|rivals?|mimics?|clon\w+|cop(?:y|ies|ying)|rebuilds?|recreat\w+"
    r"|reverse[- ]engineer\w*|wraps?|wrapping|scrap\w+|crawl\w+|pars\w+|quer(?:y|ies|ying)|extends?|augments?|supports?"
    r"|imports?|competitors?|left|quit|leaving|hate[sd]?|loved?|miss(?:ed)?|tried|trust|outgrew|ditch\w*|cancel\w*"
    r"|subscrib\w+ to|pay(?:ing)? for|fed up with|tired of|sick of|frustrated (?:with|by)|switch\w* (?:from|to)"
    r"|mov\w+ (?:from|to|off|away from)|migrat\w+ (?:from|to|off))"
    rf"|\b{_SOMEBODYS}(?:version|clone|copy|alternatives?|kind|sort|mix|fan|rid|outside|combination|cross|feel|spirit|vein"
    r"|style|clones|competitors?|replacements?|imitation|parody|fork|mirror)"
    r" (?:of|for|to|as)|\b(?:users?|customers?|limits?|costs?|prices?) of"
    r"|\balternatives?(?: to)?|\bfrom|\bcompet\w+ (?:with|to|of|against)|\b(?:integrat\w+|connect\w*|works?|plugs?|sync\w*"
    r"|talks?|compatib\w+|interoperat\w+|hooks?|compares?|comparable|export\w*|posts?|uploads?|publish\w*|submits?|pushes"
    r"|sends?) (?:it |them |data |everything )?(?:with|to|into|in|on)"
    r"|\b(?:clients?|app|plug-?ins?|extensions?|add-?ons?|wrappers?|bots?|sdks?|apis?|themes?|scrapers?|skins?|front-?ends?"
    r"|crawlers?|bindings?|integrations?|cli|readers?|viewers?|downloaders?|reminders?|exporters?|importers?|parsers?) for"
    r"|\b(?:domains?|bought|registered|purchased|buy|ordered|order|got|renewed|registrar|account)\b[^.!?\n]{0,40}?"
    r" (?:at|on|from|with|through|via)"
    r"|\b(?:job|jobs|employ\w+|intern\w*|engineer|developer|manager|founder|cto|ceo|career|years|time|team|role) (?:at|for)"
    r"|\b(?:works?|worked|working) (?:at|for|with)"
    r"|\b(?:saw|seen|read|watched|ordered|discovered|stumbled) (?:\w+ ){0,3}?(?:on|at)|(?<!be )\bfound (?:\w+ ){0,3}?on"
    r")[\s(\[\"“‘'`~]{0,3}$",
    re.IGNORECASE,
)
FOREIGN_AFTER = re.compile(
    r"[’']?s?[-\s]{0,2}(?:alternatives?|clones?|competitors?|replacements?|killers?|scrapers?|clients?|apis?|integrations?"
    r"|plugins?|wrappers?|exports?|imports?|accounts?|(?:-)?like|style|esque|competition|rivals?|rip-?offs?|knock-?offs?"
    r"|but (?:for|with|without)\b|for (?:\w+ ){1,3}(?:but|with)|(?:is|was|got|has|have|became|did|does|do|can|could|will|went)"
    r" (?:too|so|not|n['’]t|dead|slow|expensive|bloated|down|terrible|awful|bad|acquired|shut|changed|no|never|great but))"
    r"\b",
    re.IGNORECASE,
)
GOES_ON_WITH = re.compile(r"\s*(?:[,/&+;]|and\b|or\b)?\s*(?:and |or )?", re.IGNORECASE)
# What outweighs them: "made available on …".
INVITATION = re.compile(
    r"\b(?:available|find|be found|try|see|play|check|visit|live|more|sign ?up|join|download|register|subscribe|details|demo"
    r"|wait ?list)(?: (?:it|them|us|me|out|here|info|now|for free|free|up|yourself|live|by|details|and)){0,3}"
    r"(?: (?:at|on|via))?\s*:?[\s(\[\"“‘'`]{0,3}$",
    re.IGNORECASE,
)
# Words that lead to what is one's own.
LEADS_THERE = re.compile(
    r"(?:\b(?:find|found|see|try|visit|check|look|read|more|details?|join|sign ?up|waitlist|wait ?list|available|live|lives|"
    r"play|playable|download|demo|beta|apps?|site|website|web ?page|homepage|home ?page|landing ?page|page|url|links?|domain"
    r"|called|named|launch\w*|building|built|made|making|created?|creating|developing|hosted|hosting|runs?|running|started"
    r"|online|here|up|out|it|us|me|out at|project|startup|company|over|demoed|deployed|released?|relaunched|now|at is|"
    r"introducing|presenting|meet|register|subscribe|buy it|blog|docs|info|form|feedback welcome)"
    r"(?: (?:it|them|us|me|more|out|now|live|up|is|are|over|online|here|there|a|the|my|our|beta|version|free|for|first"
    r"|yourself|today)){0,4}(?: (?:at|on|is|under|via|on our site|@))?|\bvisit|\bworking on(?: (?:my|our|a|the|an))?"
    r"(?: [\w-]+){0,3})\s*[:–—-]*[\s(\[\"“‘'`]{0,3}$",
    re.IGNORECASE,
)
ALONE_BEFORE = re.compile(r"(?:^|\n)[\s>*•(\[-]*$|[.!?:)]\s*[(\[]?$|\s[–—|-]+\s*$|\ufffc\s*[|,;/–—-]*\s*$|\s?[(\[]$")
ALONE_AFTER = re.compile(
    r"[)\]]?\s*(?:$|\n|[.!?]+(?:\s|$)|[–—|:,;()-]|\ufffc|(?:is|lets?|helps?|does|makes?|turns?|will|are|has)\b)"
)
NAME_BEFORE = re.compile(r"(?P<name>[A-Z0-9][\w.'’+-]*(?: [A-Z0-9][\w.'’+-]*){0,3})\s*[(\[–—|:,-]+\s*$")


@dataclass(frozen=True)
class BareDomain:
    """A domain that may be the project's; ``is_claimed`` where the words around it say that it is."""

    link: Link
    is_claimed: bool


def bare_links(text: str, title: str = "") -> list[Link]:
    """Return the domains that ``text`` names without a scheme as the project's own, as ``https://`` addresses.

    One that is only named in passing counts when it bears the ``title``.
    """
    return [found.link for found in bare_domains(text) if found.is_claimed or (title and is_named(found.link, title))]


def bare_domains(text: str) -> list[BareDomain]:
    """Return the domains of ``text`` that are not somebody else's, each once, in order."""
    found: dict[str, BareDomain] = {}
    foreign_until = -1
    for match in DOMAIN.finditer(text):
        host = match["host"]
        before, after = text[max(0, match.start() - 160) : match.start()], text[match.end() : match.end() + 60]
        if not _is_domain(host, match["rest"], before):
            continue
        sentence = re.split(r"(?<=[.!?])\s|\n", before)[-1]
        is_listed = foreign_until >= 0 and GOES_ON_WITH.fullmatch(text, foreign_until, match.start())
        if is_listed or _is_foreign(host, before, sentence, after):
            foreign_until = match.end()
            continue
        address = f"https://{host}{match['rest'].rstrip('.,;:!?)]*_')}".removesuffix("/")
        link = Link(address, kind_of(address), sentence, len(found))
        if link.kind == Kind.SITE:
            found.setdefault(address, BareDomain(link, _is_claimed(host, before, sentence, after)))
    return list(found.values())


def _is_domain(host: str, rest: str, before: str) -> bool:
    """Return whether ``host`` is a domain at all: no file, no library, not the end of a sentence glued to the next."""
    labels = host.split(".")
    ending, stem = labels[-1], labels[-2]
    if not has_public_suffix(host) or LIBRARY.search(host):
        return False
    if ending != ending.lower() and host not in (host.upper(), host.title()):
        return False  # "It works.So", "Socket.IO"
    if len(registered_label(host)) < 3 and registered_label(host).isdigit():
        return False
    if ending.lower() in FILE_ENDINGS and len(labels) == 2 and not rest.startswith("/"):
        own = LEADS_THERE.search(before) or OWN.search(before)
        return not FILE_NAMES.fullmatch(stem) and (bool(own) or not BY_A_FILE.search(before))
    return True


def _is_foreign(host: str, before: str, sentence: str, after: str) -> bool:
    if host.lower().removeprefix("www.") in COMMON_HOSTS or MAIL.search(before):
        return True
    if FOREIGN_AFTER.match(after):
        return True
    named = NAME_BEFORE.search(sentence)
    if named and squashed(named["name"]) in squashed(host):
        sentence = sentence[: named.start()]
    return bool(FOREIGN.search(sentence)) and not INVITATION.search(sentence)


def _is_claimed(host: str, before: str, sentence: str, after: str) -> bool:
    if host.lower().startswith("www.") or LEADS_THERE.search(sentence) or OWN.search(sentence):
        return True
    named = NAME_BEFORE.search(sentence)
    if named and squashed(named["name"]) and squashed(named["name"]) in squashed(brand_of(f"https://{host}")):
        return True
    return bool(ALONE_BEFORE.search(before) and ALONE_AFTER.match(after))
