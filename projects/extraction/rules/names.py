"""Finds the name that somebody gave a project: said to be one, heading a sentence, made, or in its address. Pure."""

import re
from collections.abc import Sequence

from projects.extraction.rules.lexicon import any_of, words_of
from projects.extraction.rules.links import brand_of, registered_name, squashed
from projects.extraction.rules.making import statements, without_opener
from projects.extraction.rules.phrases import FUNCTION_WORDS, capitalised
from projects.extraction.rules.prose import LINK, Prose, plain
from projects.extraction.rules.verdicts import MADE_THING
from projects.links import Kind, host_of, kind_of
from projects.pages.page_text import PageText

NAME_SEARCHED = 3_000  # characters of prose in which a link's name is looked for
_WORD = r"[A-Z0-9][\w'’.&+!#]*[\w!+#]|[A-Z0-9]|[a-z]{1,2}[A-Z]\w+"
_LOWER = r"&|\+|of|the|and|for|an|a|in|to|on|n|&|my|your|me"
_NAME = rf"(?:{_WORD})(?:[ -](?:(?:{_LOWER}) ){{0,2}}(?:{_WORD})){{0,4}}"
CALLED = re.compile(
    rf"(?<!so[- ])\b(?:called|named|titled|dubbed|(?:calling|call|named) it|(?:[Ww]orking |^)?[Tt]itle is"
    rf"|(?:[Tt]he|[Ii]ts|[Ii]t['’]s|\w['’]s|[Ww]orking) name is|[Ss]earch(?:ing)? for(?=\s*[\"“]))\s*:?\s+"
    rf"(?:[\"“‘'](?P<quoted>[^\"”’'\n]{{2,60}})[\"”’']|\[?(?P<name>{_NAME})"
    rf"|(?P<word>[\w.-]{{3,30}})(?=\s*(?:[,.;(\]{LINK}]|$|-\s)))"
)
NAME_LINE = re.compile(r"(?mi)^(?:name|project name|project|title|product)\s*:\s*(?P<name>[^\n,]{2,60})$")
QUOTED = re.compile(r"^(?:on\s+)?(?:[\w'-]+ ){0,6}[\"“](?P<name>[A-Z][^\"”\n]{2,80})[\"”]")
HEAD = re.compile(
    rf"^(?:Project\s+(?:#?\d{{1,2}}|[A-Z])\s*[:.)–—-]\s*)?(?:[Mm]eet |[Ii]ntroducing )?(?P<name>{_NAME}"
    rf"|[a-z][\w.-]{{2,24}})\s*{LINK}*\s*"
    rf"(?:[–—]\s*|-\s+|:\s+|--\s*|(?=\s?{LINK})|,\s+(?=(?:an?|the|my|our|which|where)\b)|(?<=\s)(?:is|are) (?=an?\b|the\b|my\b|our\b))(?=\S)"
)
_DOES = rf"{any_of('does')}(?:e?s)"
IS_A = re.compile(rf"^(?P<name>{_NAME})(?:\s*{LINK})?\s+(?:is|will be|can|{_DOES})\b")
IS_A_THING = re.compile(rf"^(?P<name>{_NAME})(?:\s*{LINK})?\s+(?:is|will be) (?:an?|the|my|our)\b")
OBJECT_NAME = re.compile(
    rf"^(?:on\s+)?(?:(?:my|our|a|an|the|this|new)\s+)?(?:[a-z][\w-]* ){{0,5}}?(?P<name>{_NAME}"
    rf"|[a-z][\w.]{{3,20}}(?=\s*(?:{LINK}|,\s+(?:an?|the|my)\b|\s[-–—]\s|\s*\()))"
    rf"(?=\s*(?:[,.:;!(]|{LINK}|$|\s[-–—]+\s|which|that|with|using|is|to|for|-))"
)
BEFORE_LINK = re.compile(rf"(?P<name>{_NAME})\s*[(:–—-]*\s*{LINK}")
STORE_SLUG = re.compile(
    r"apps\.apple\.com/(?:\w\w/)?app/([^/?#]+)/id|/addon/([^/?#]+)|/detail/([^/?#]+)/[a-p]{16}|[?&]itemName=[^&.]+\.([^&#]+)"
    r"|play\.google\.com/store/apps/details\?id=[\w.]+\.(\w+)|f-droid\.org/(?:\w+/)?packages/[\w.]+\.(\w+)"
    r"|(?:hex\.pm|packagist\.org)/packages/(?:[^/?#]+/(?=[^/?#]))?([^/?#]+)|hub\.docker\.com/r/[^/]+/([^/?#]+)|gumroad\.com/l/([^/?#]+)"
    r"|producthunt\.com/(?:posts|products)/([^/?#]+)|marketplace/apps?/([^/?#]+)",
    re.IGNORECASE,
)
# "a small Gopher server, Burrowd: …"
APPOSED = re.compile(
    rf"^(?:on\s+)?(?:an?|my|our|the) [a-z][^,.;:()\n{LINK}]{{2,60}}, (?P<name>{_NAME})(?=\s*(?:[.:;(]|{LINK}|$|\s[-–—]))"
)
# What is done to somebody else's thing: its name is not that of what comes of it.
OF_ANOTHER = re.compile(rf"(?:re-?)?{any_of('done_to_others')}", re.IGNORECASE)
NO_NAME = frozenset(words_of("no_names"))
PERSONAL_SITE = re.compile(
    r"\b(?:personal|own|my) (?:web ?site|site|blog|homepage|home page|portfolio)\b", re.IGNORECASE
)
BRAND_FRONTS = words_of("brand_fronts")
BRAND_ENDS = words_of("brand_ends")


def _is_name(name: str, technologies: frozenset[str] = frozenset()) -> bool:
    name = name.strip(" .,:;!?")
    low = name.lower()
    if len(name) < 2 or low in NO_NAME or low in technologies or name.isdigit():
        return False
    parts = low.split()
    if parts[0].strip(".,") in NO_NAME and (
        len(parts) == 1 or parts[0] in ("i", "i'm", "i’m", "we", "it", "it's", "this", "that", "my", "our", "if")
    ):
        return False
    return not all(part.strip(".,") in NO_NAME or part in technologies for part in parts)


def called(prose: Prose) -> str:
    said = "\n".join(prose.sentences[:6])
    if (match := NAME_LINE.search(prose.text)) and _is_name(match["name"]):
        return plain(match["name"])
    for match in CALLED.finditer(said[:1500]):
        name = match["quoted"] or match["name"] or match["word"] or ""
        if _is_name(name) and len(name.split()) <= 6:
            return name
    return ""


def spelt_brand(prose: Prose, primary: str, pages: Sequence[PageText]) -> str:
    """Return the primary link's name as the text, or else its page, spells it."""
    brand = squashed(brand_of(primary)) if primary else ""
    if len(brand) < 3 or PERSONAL_SITE.search(" ".join(prose.sentences[:2])):
        return ""
    exact = {brand, squashed(registered_name(primary)) if kind_of(primary) == Kind.SITE else brand}
    wanted = _brand_forms(brand, primary)
    found = _ngram(prose, {form for form in exact if len(form) >= 3}) or _ngram(prose, wanted)
    if found and found.islower() and (MADE_THING.fullmatch(found) or found in NO_NAME):
        found = ""
    if found:
        return found if kind_of(primary) == Kind.REPOSITORY or not found.islower() else capitalised(found)
    for page in pages:
        for part in re.split(r"\s[|–—·:-]\s|:\s", page.title):
            if page.url == primary and squashed(part) in wanted and len(part) <= 60:
                return part
    return ""


def _brand_forms(brand: str, primary: str) -> set[str]:
    ending = squashed(host_of(primary).rsplit(".", 1)[-1])
    forms = {brand, brand + ending}
    forms |= {brand.removeprefix(front) for front in BRAND_FRONTS}
    forms |= {brand.removesuffix(end) for end in BRAND_ENDS}
    registered = squashed(registered_name(primary))
    if kind_of(primary) == Kind.SITE:
        forms |= {registered, brand + registered, registered + brand}
    forms |= {brand + end for end in ("ai", "io", "js")}
    return {form for form in forms if len(form) >= 3 and len(form) * 2 > len(brand)}


def _fronts(primary: str) -> set[str]:
    """Return what a longer name in an address begins with: "kestrel" of kestrel-sim.com, "almanac" of almanac-slow-calendar."""
    parts = re.split(r"[-_. ]+", _slug(primary) or brand_of(primary).lower())
    return {squashed("".join(parts[:end])) for end in range(1, len(parts) + 1)} if len(parts[0]) >= 4 else set()


def _slug(url: str) -> str:
    """Return the name that a store's address gives: "almanac-slow-calendar" of apps.apple.com/…/almanac-slow-calendar/id6."""
    match = STORE_SLUG.search(url)
    name = next(filter(None, match.groups()), "").lower() if match else ""
    return name if re.search(r"[a-z]{3}", name) else ""


def beside_address(prose: Prose, primary: str) -> str:
    """Return a name that stands right before its link, or begins a sentence, and begins the name in its address."""
    fronts = _fronts(primary) if primary else set()
    if not fronts:
        return ""
    place = prose.sentence_with_link(primary)
    for index, sentence in enumerate(prose.sentences[:6]):
        found = BEFORE_LINK.search(sentence) if index == place else None
        for match in filter(None, (found, IS_A.match(without_opener(sentence)))):
            if squashed(match["name"]) in fronts:
                return match["name"]
    return ""


def _ngram(prose: Prose, wanted: set[str]) -> str:
    """Return the words of the text that, written together, are one of ``wanted``; rather with a capital than without."""
    tokens = re.sub(rf"[{LINK}\n]", " | ", prose.text[:NAME_SEARCHED]).split()
    spelt = [squashed(token) for token in tokens]
    longest = max(map(len, wanted), default=0)
    small = ""
    for start in range(len(tokens)):
        joined = ""
        for end in range(start, min(start + 5, len(tokens))):
            joined += spelt[end]
            if len(joined) > longest:
                break
            if joined not in wanted or tokens[start] == "|" or tokens[end] == "|":
                continue
            name = " ".join([*tokens[start : end + 1], *_going_on(tokens, end)])
            name = re.sub(r"['’]s$", "", name.strip(".,:;!?()[]{}\"“”'‘’–—-*_"))
            if any(letter.isupper() for letter in name):
                return name
            small = small or (name if start == end else "")
    return small


def _going_on(tokens: list[str], end: int) -> list[str]:
    """Return the capitalised words that go on with a name: "MLJAR" of "MLJAR Studio, a …"."""
    more: list[str] = []
    while (
        len(more) < 2 and re.fullmatch(r"[\w’'&-]+[\w]", tokens[end + len(more)]) and end + len(more) + 1 < len(tokens)
    ):
        following = tokens[end + len(more) + 1]
        if not re.match(r"[A-Z][\w-]+", following) or not (
            _is_name(following) or following.lower() in ("ai", "app", "studio", "online")
        ):
            break
        more.append(following)
    return more


def heading(prose: Prose, technologies: frozenset[str]) -> str:
    for index, sentence in enumerate(prose.sentences[:4]):
        sentence = without_opener(sentence)
        patterns = (HEAD, IS_A) if index == 0 else (IS_A_THING,)
        for pattern in patterns:
            match = pattern.match(sentence)
            name = match["name"].rstrip(":") if match else ""
            if name and not (name.islower() and index) and _is_name(name, technologies) and _heads(name, sentence):
                return name
    return ""


def _heads(name: str, sentence: str) -> bool:
    """False for a word that only stands first: "Currently working …", "Analyzing - …"."""
    low = name.lower()
    return not (
        low.split()[0].endswith("ing")
        or low.split()[0] in FUNCTION_WORDS
        or (low == low.split()[0] and MADE_THING.fullmatch(low))
    )


def made_name(prose: Prose, technologies: frozenset[str]) -> str:
    for made in statements(prose.sentences, limit=6)[:1]:
        if OF_ANOTHER.match(made.verb):
            continue
        if quoted := QUOTED.match(made.thing):
            return quoted["name"]
        match = APPOSED.match(made.thing) or OBJECT_NAME.match(made.thing)
        if match is None:
            continue
        name = match["name"]
        lead = made.thing[: match.start("name")].strip(" ,").lower()
        if match.re is APPOSED:
            if _is_name(name, technologies):
                return name
            continue
        # "a new Python editor" and "an NFL stats project" do not name anything; "my game Sandustry" does.
        if (
            re.search(r"\b(?:an?|the|some|in|with|for|of|on|using|and|to|as|from|into|at|by|new)$", lead)
            and lead != "on"
        ):
            continue
        if lead and lead not in ("on", "my", "our") and not MADE_THING.fullmatch(lead.split()[-1]):
            continue
        if _is_name(name, technologies) and not (name.islower() and MADE_THING.fullmatch(name)):
            return name
    return ""


def bare_brand(prose: Prose, primary: str) -> str:
    """Return the name in the primary link's address, or the domain of a personal site."""
    if not primary or kind_of(primary) > Kind.STORE:
        return ""
    brand = brand_of(primary) or _slug(primary)
    written = re.search(re.escape(brand), primary, re.IGNORECASE)
    brand = written[0] if written else brand
    if PERSONAL_SITE.search(" ".join(prose.sentences[:2])) and kind_of(primary) == Kind.SITE:
        return host_of(primary)
    if len(brand) < 2 or not re.search(r"[^\W\d_]", brand):
        return ""
    if kind_of(primary) == Kind.REPOSITORY:
        owner_and_name = primary.split("://", 1)[-1].split("/")[1:3]
        if brand.lower() in NO_NAME:
            return "/".join(owner_and_name)
        return capitalised(brand) if MADE_THING.fullmatch(brand) else brand
    if "-" in brand or "_" in brand:
        return " ".join(capitalised(part) for part in re.split(r"[-_]+", brand) if part)
    shorter = re.sub(r"^(?:get|try|join)(?=\w{5})", "", brand)
    return capitalised(shorter)
