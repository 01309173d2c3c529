"""Splits a comment into the stretches that speak of one project each. Pure.

Splitting too much is worse than too little: features, links and news of one project must stay together. So a split needs
a sign of its own: a list that was announced as projects or whose items carry links to different projects, headings with
a link, or a turn of phrase such as "Also, I'm building a …".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from projects.extraction.rules.footnotes import inlined
from projects.extraction.rules.links import BORROWED, read_links
from projects.extraction.rules.making import SPHERE, names_a_link, statement, without_opener
from projects.extraction.rules.prose import BULLET, find_links, read_prose, repaired, words
from projects.extraction.rules.verdicts import DEFINITION
from projects.links import Kind, kind_of, project_key

MOST_PIECES = 20
# A comment is split by its beginning; nobody lists projects after this many characters.
SPLIT_CHARACTERS = 20_000

_COUNTED = (
    r"(?:two|three|four|five|six|seven|several|multiple|a few|few|a couple(?: of)?|a bunch of|a number of"
    r"|a suite of|some|many|various|"
    r"different|\d{1,2}|lots of|both|my|recent|these|the following|side)"
)
ANNOUNCED = re.compile(
    rf"\b{_COUNTED} (?:[\w-]+ ){{0,3}}(?:projects|things|products|apps|ideas|sites|websites|tools|games"
    rf"|startups|services|experiments|"
    r"side[- ]projects|libraries|businesses|hobbies)\b"
    r"|\b(?:working on|building|making|developing|work on)(?: (?:the following|these|this|currently|now"
    r"|lately|right now))?\s*[:–—-]*\s*$"
    r"|\b(?:side )?projects?\s*:\s*$|\bthe following\s*:?\s*$",
    re.IGNORECASE,
)
OF_ONE_PROJECT = re.compile(
    r"\b(?:features?|goals?|includ\w+|supports?|allows?|lets? you|you can|can now|can do|stack|such as"
    r"|for example|e\.g|things i['’]?d like|roadmap|"
    r"to-?do|plans?|next|steps?|benefits?|reasons?|why|how it works|works|main|key|links?|see|here(?:['’]s"
    r"| is| are)|posts?|videos?|where|what makes|"
    r"inspired by|like|options|challenges|questions|requirements|because|progress|changes|improvements"
    r"|it has|it is|it['’]s|"
    r"some things|highlights|tech|details|updates?|feedback|alternative|think)\b[^.!?]*$",
    re.IGNORECASE,
)
RESOURCE = re.compile(
    r"^\W*(?:(?:the|our|my|a|an|source|live|online|early|latest|project|short|here is|here['’]s|see|github"
    r"|main|web|first|full|example|"
    r"build)\s+)*(?:demo|repo|repository|code|source|docs?|documentation|website|web ?site|site|github"
    r"|gitlab|video|blog|twitter|discord|"
    r"link|links|app|download|install|readme|idea|roadmap|play ?store|app ?store|steam|wishlist|trailer"
    r"|screenshots?|homepage|home page|"
    r"landing page|page|url|name|update|ios|android|npm|pypi|slides|paper|article|post|try it|check it out"
    r"|more info\w*|contact|"
    r"email|edit|project|project board|license|pricing|changelog|follow|newsletter|waitlist|background"
    r"|features?|tech|stack|ps)\b(?=\s*(?:[:–—(-]|https?:|is\b|here\b|at\b|$))",
    re.IGNORECASE,
)
LABELLED = re.compile(r"^(?:project\s+(?:#?\d{1,2}|[a-z])|(?:first|second|third) project)\s*[:.)–—-]", re.IGNORECASE)
# "Name - https://…", "Name: https://…", "Name (https://…)", "https://… - what it does".
HEADED = re.compile(
    r"^\W{0,3}(?:[^\s!?:;,()]*[^\s.!?:;,()](?: [^\s!?:;,()]*[^\s.!?:;,()]){0,4}\s*(?:[:–—-]+"
    r"|\()\s*https?://\S+"
    r"|https?://\S+\s*(?:[:–—-]+|\(|\n|$))"
)
BORROWED_LEAD = re.compile(
    r"(?:built|based|inspired|made|uses?|using|powered|runs?|see|thanks|forked|written) ", re.IGNORECASE
)
# "Name: what it is", without a link; a comment of nothing but such lines is a list of projects.
NAMED_LINE = re.compile(
    r"^(?P<name>[A-Z][\w.'’-]*(?: [A-Z][\w'’-]*){0,2})(?: \([^)]{1,40}\))?\s*(?::|\s[–—-]{1,2})\s+(?=(?:\S+\s+){3})"
)
_OTHER_FRONT = (
    r"(?:also|besides (?:that|this)|besides(?=,)|on the side|on other (?:things|news)|in addition"
    r"|additionally|in my (?:spare|free) time|"
    r"outside of (?:that|this|work)|other than that|apart from (?:that|this)|aside from (?:that|this)"
    r"|separately|secondly|"
    r"in parallel|meanwhile|personally|professionally|for fun|for work|at work|as a hobby|as a side project"
    r"|on a different note|"
    r"unrelated(?:ly)?|other projects?|my other \w+(?: \w+)?|another (?:project|thing|one|side project|idea"
    r"|app)(?: [^.,]{0,30})?|"
    r"the other (?:one|project|thing|app)|alongside (?:that|this)|when i['’]?m not [^.,]{0,40}|last game"
    r"|last big thing|i also have|and also|"
    r"software-wise|on the (?:software|hardware|personal|work) (?:side|front))"
)
OTHER = re.compile(rf"^{_OTHER_FRONT}\b", re.IGNORECASE)
ALSO_MAKING = re.compile(
    r"^(?:and |but )?(?:i['’]?m|i am|i['’]?ve(?: also)? been|i have(?: also)? been|we['’]?re|we are|i"
    r"|we)\s+(?:also|in parallel|simultaneously)\s+",
    re.IGNORECASE,
)
# What belongs to the project that was spoken of before.
PART = re.compile(
    r"^(?:on\s+)?(?:(?:an?|the|some|its?|new|more|several|our|my|this|that|better|official|native|mobile"
    r"|web|desktop|ios|android|cloud|paid|pro|free|full|first|few|"
    r"couple|of|companion|small|few|major|second|next|proper|nice|lot|bunch|improved|custom|public|simple"
    r"|rest|graphql|beta|alpha|linux|windows|mac|macos)\s+)*"
    r"(?:features?|versions?|releases?|redesign|documentation|docs|blog ?posts?|posts?|articles?"
    r"|landing page|integrations?|updates?|improvements?|"
    r"changes|ui|ux|api|apis|demo|support|tests?|port|backend|frontend|front-end|back-end|website for"
    r"|site for|tutorials?|guide|video|videos|"
    r"refactor|rewrite|mode|modes|plugins?|way|ways|ability|option|options|functionality|v2|v3"
    r"|implementation|users?|feedback|bugs?|fix(?:es)?|marketing|"
    r"performance|onboarding|it|this|that|them|these|apps?$|apps? for (?:it|this)|progress|note|notes|list"
    r"|system for|part|parts|module|client for|things?|version)\b",
    re.IGNORECASE,
)
ABOUT_IT = re.compile(
    r"\b(?:for|to|into|of|with|on|in) (?:it|this|the (?:app|site|project|game|tool|library|platform"
    r"|product))\b",
    re.IGNORECASE,
)


@dataclass
class Block:
    """A paragraph or a list item. ``bullet`` says that it began with a list mark."""

    text: str
    bullet: bool
    keys: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Piece:
    """A stretch of a comment. ``is_intro`` for what stands before a list of projects."""

    text: str
    is_intro: bool = False


def pieces(text: str, known: Sequence[str] = ()) -> list[Piece]:
    """Return the stretches of ``text``, in order, at least one. ``known`` are the comment's links.

    A comment about one thing comes back as it is. Otherwise numbered notes stand where they are cited, so that each
    stretch holds its own links.
    """
    whole = text.strip()
    tail = whole[SPLIT_CHARACTERS:]
    blocks = _blocks(inlined(repaired(whole[:SPLIT_CHARACTERS], known)), known)
    if len(blocks) == 1 and blocks[0].text.count(". ") == 0 and "\n" not in blocks[0].text:
        return [Piece(whole)]
    starts = _list_starts(blocks) or _headed_starts(blocks)
    split: list[Piece] = []
    for number, group in enumerate(_grouped(blocks, starts)):
        is_intro = bool(starts and starts[0] and number == 0)
        split += [Piece(part, is_intro) for part in _split_by_phrases(group, known) if part]
    if len(split) <= 1:
        return [Piece(whole)]
    if len(split) > MOST_PIECES or tail:
        rest = "\n\n".join(piece.text for piece in split[MOST_PIECES - 1 :]) + tail
        split = [*split[: MOST_PIECES - 1], Piece(rest)]
    return split


def _blocks(text: str, known: Sequence[str]) -> list[Block]:
    """Return paragraphs; a line with a list mark, a heading line or a line that starts with a link is one of its own."""
    blocks: list[Block] = []
    for paragraph in re.split(r"\n\s*\n", text):
        current: list[str] = []
        for line in paragraph.split("\n"):
            if current and (BULLET.match(line) or HEADED.match(line) or NAMED_LINE.match(line)):
                blocks.append(_block("\n".join(current), known))
                current = []
            if line.strip():
                current.append(line)
        if current:
            blocks.append(_block("\n".join(current), known))
    return blocks or [_block(text, known)]


def _block(text: str, known: Sequence[str]) -> Block:
    mark = BULLET.match(text)
    keys = frozenset(
        project_key(url)
        for _, _, url in find_links(text, known)
        if kind_of(url) <= Kind.STORE or kind_of(url) == Kind.VIDEO
    )
    return Block(text.strip(), bool(mark), keys)


def _content(block: Block) -> str:
    return BULLET.sub("", block.text)


def _list_starts(blocks: list[Block]) -> list[int]:
    """Return the indices of the list items that are projects; empty where no list of projects is found."""
    starts: list[int] = []
    for first, last in _lists(blocks):
        intro = blocks[first - 1].text if first else ""
        items = range(first, last + 1)
        if _is_project_list(intro, [blocks[index] for index in items if blocks[index].bullet], first == 0):
            starts += [index for index in items if blocks[index].bullet]
    return starts


def _lists(blocks: list[Block]) -> list[tuple[int, int]]:
    """Return (first, last) of each run of list items; one paragraph between two items does not end a run."""
    runs: list[tuple[int, int]] = []
    marked = [index for index, block in enumerate(blocks) if block.bullet]
    for index in marked:
        if runs and index - runs[-1][1] <= 2:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return [run for run in runs if run[1] > run[0]]


def _is_project_list(intro: str, items: list[Block], opens: bool) -> bool:
    last_line = intro.strip().rsplit("\n", 1)[-1]
    last_sentence = re.split(r"(?<=[.!?])\s+", last_line)[-1]
    if all(LABELLED.match(_content(item)) for item in items):
        return True
    resources = sum(bool(RESOURCE.match(_content(item))) for item in items)
    if resources * 2 >= len(items):
        return False
    with_own_link = [item for item in items if item.keys]
    different = len({min(item.keys) for item in with_own_link}) == len(with_own_link)
    announced = bool(ANNOUNCED.search(last_line)) or (opens and _mostly_projects(items))
    if announced and not OF_ONE_PROJECT.search(last_sentence):
        # With few words an item says a feature; a project takes a link, a name or a sentence.
        return all(item.keys or len(words(_content(item))) >= 3 for item in items) and len(items) <= MOST_PIECES
    if OF_ONE_PROJECT.search(last_sentence):
        return False
    headed = sum(bool(HEADED.match(_content(item))) for item in items)
    return len(with_own_link) * 2 > len(items) and different and (headed * 2 > len(items) or opens)


def _mostly_projects(items: list[Block]) -> bool:
    """True where at least two items, and two of three, say what is made; talk may stand among them."""
    said = sum(_says_a_project(_content(item)) for item in items)
    return said >= 2 and said * 3 >= len(items) * 2


def _says_a_project(text: str) -> bool:
    said = read_prose(text)
    lead = without_opener(said.sentences[0]) if said.sentences else ""
    return bool(lead) and bool(statement(lead) or DEFINITION.match(lead) or HEADED.match(text))


def _headed_starts(blocks: list[Block]) -> list[int]:
    """Return the indices of paragraphs that head a project: "Project A: …", or a name with a link of its own."""
    labelled = [index for index, block in enumerate(blocks) if LABELLED.match(block.text)]
    if len(labelled) >= 2:
        return labelled
    if len(blocks) >= 2 and all(_is_named_line(block.text) and not _is_borrowed(block) for block in blocks):
        return list(range(len(blocks)))
    announced = bool(ANNOUNCED.search(blocks[0].text.split("\n")[0]))
    starts: list[int] = []
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        if not block.keys or block.keys & seen or RESOURCE.match(block.text) or block.bullet:
            continue
        if (HEADED.match(block.text) and not _is_borrowed(block)) or (announced and index and _introduces(block)):
            starts.append(index)
            seen |= block.keys
    described = sum(_is_described(blocks, start) for start in starts)
    return starts if len(starts) >= 2 and (announced or described == len(starts)) else []


def _is_named_line(text: str) -> bool:
    return bool(NAMED_LINE.match(text) or HEADED.match(text)) and not RESOURCE.match(text) and not SPHERE.match(text)


def _is_borrowed(block: Block) -> bool:
    """True where the link of a heading is somebody else's: "Built on top of PouchDB (https://…)"."""
    links = read_links(read_prose(block.text))
    return bool(links) and bool(BORROWED.search(links[0].before) or BORROWED_LEAD.match(block.text))


def _introduces(block: Block) -> bool:
    said = read_prose(block.text)
    made = statement(said.sentences[0]) if said.sentences else None
    return made is not None and not PART.match(made.thing)


def _is_described(blocks: list[Block], index: int) -> bool:
    """True when words follow the heading, on its line or in the next paragraph."""
    own = len(words(read_prose(blocks[index].text).text))
    follows = blocks[index + 1] if index + 1 < len(blocks) else None
    return own >= 5 or (follows is not None and not follows.keys and len(words(follows.text)) >= 4)


def _grouped(blocks: list[Block], starts: list[int]) -> list[list[Block]]:
    """Return the blocks in groups: what comes before the first start, then one group for each start."""
    if not starts:
        return [blocks]
    edges = [*starts, len(blocks)]
    groups = [blocks[: starts[0]]] if starts[0] else []
    groups += [blocks[edges[number] : edges[number + 1]] for number in range(len(starts))]
    return groups


def _split_by_phrases(group: list[Block], known: Sequence[str]) -> list[str]:
    """Split a group where a sentence turns to another project."""
    text = "\n\n".join(block.text for block in group)
    parts: list[str] = []
    begin = 0
    made = False
    for start, sentence in _sentence_spans(text):
        prose = read_prose(sentence, known)
        first = prose.sentences[0] if prose.sentences else ""
        if (made and _turns(first)) or (start > begin and SPHERE.match(first)):
            parts.append(text[begin:start])
            begin = start
        made = made or statement(first) is not None or bool(prose.links)
    parts.append(text[begin:])
    return [part.strip() for part in parts]


SPAN = re.compile(r"(?:(?<=[.!?)])|(?<=[.!?]\))|(?<=:\)))\s+(?=[A-ZÀ-Ý])|\n\n+|(?<=\w)\n(?=[A-Z])")


def _sentence_spans(text: str) -> list[tuple[int, str]]:
    spans = []
    begin = 0
    for match in SPAN.finditer(text):
        spans.append((begin, text[begin : match.start()]))
        begin = match.end()
    spans.append((begin, text[begin:]))
    return [(start, sentence) for start, sentence in spans if sentence.strip()]


def _turns(sentence: str) -> bool:
    """True when ``sentence`` leaves what was spoken of for another project."""
    front = re.sub(r"^(?:and|but|so)\s+", "", sentence, flags=re.IGNORECASE)
    turned = bool(OTHER.match(front))
    also = ALSO_MAKING.match(front)
    if not turned and not also:
        return False
    rest = re.sub(
        rf"^{_OTHER_FRONT}\s*(?:\([^)]{{0,60}}\))?[,:]?\s*(?:is |was |i have )?", "", front, flags=re.IGNORECASE
    )
    if turned and re.match(r"(?:an?|my) ", rest) and DEFINITION.match(rest):
        return not PART.match(rest)
    made = statement(front) or statement(without_opener(rest))
    if made is None:
        return bool(
            re.match(
                r"(?i)(?:my other|another|the other|other) (?:side |current |recent |hobby )*(?:projects?"
                r"|thing|app|idea|game|one)\b"
                r"[^.!?]{0,40}?(?:is|was|:)",
                front,
            )
        )
    thing = made.thing
    if PART.match(thing) or ABOUT_IT.search(thing):
        return False
    return names_a_link(thing) or bool(re.match(r"(?:on\s+)?(?:an?|another|my|our|the|some|two|[A-Z0-9])", thing))


def is_announcement(text: str) -> bool:
    """True for what only opens or closes a list of projects: "I work on three things currently."."""
    said = read_prose(text)
    return len(words(said.text)) <= 20 and not said.links and (not said.has_words or bool(ANNOUNCED.search(said.text)))
