"""Which paragraphs and list items are projects of their own. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from projects.extraction.rules.lexicon import any_of
from projects.extraction.rules.links import is_borrowed, read_links
from projects.extraction.rules.making import SPHERE, is_fragment, statement, without_opener
from projects.extraction.rules.prose import BULLET, find_links, read_prose, words
from projects.extraction.rules.turns import PART
from projects.extraction.rules.verdicts import DEFINITION
from projects.links import Kind, kind_of, project_key

MOST_PIECES = 20
MOST_HEADING_WORDS = 12  # of a line that only announces a list: "A bunch of small stuff:"
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
OF_ONE_PROJECT = re.compile(rf"\b{any_of('of_one_project')}\b[^.!?]*$", re.IGNORECASE)
RESOURCE = re.compile(
    rf"^\W*(?:{any_of('resource_fronts')}\s+)*{any_of('resources')}\b(?=\s*(?:[:–—(-]|https?:|is\b|here\b|at\b|$))",
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
# "hydrangea, a terminal dashboard for my water meters"
NAMED_ITEM = re.compile(r"^[\w.'’-]+(?: [\w.'’-]+){0,2}\s*(?:,|:|\s[–—-]{1,2})\s+(?:an?|the|my)\b", re.IGNORECASE)
# "Name: what it is", without a link; a comment of nothing but such lines is a list of projects.
NAMED_LINE = re.compile(
    r"^(?P<name>[A-Z][\w.'’-]*(?: [A-Z][\w'’-]*){0,2})(?: \([^)]{1,40}\))?\s*(?::|\s[–—-]{1,2})\s+(?=(?:\S+\s+){3})"
)


@dataclass
class Block:
    """A paragraph or a list item. ``bullet`` says that it began with a list mark."""

    text: str
    bullet: bool
    keys: frozenset[str] = field(default_factory=frozenset)


def blocks_of(text: str, known: Sequence[str]) -> list[Block]:
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


def list_starts(blocks: list[Block]) -> list[int]:
    """Return the indices of the list items that are projects; empty where no list of projects is found."""
    starts: list[int] = []
    for first, last in _lists(blocks):
        intro = blocks[first - 1].text if first else ""
        headed = first == 1 and intro.endswith(":") and len(words(intro)) <= MOST_HEADING_WORDS and not statement(intro)
        items = range(first, last + 1)
        if _is_project_list(intro, [blocks[index] for index in items if blocks[index].bullet], headed or first == 0):
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
        telling = sum(bool(item.keys) or len(words(_content(item))) >= 3 for item in items)
        return telling * 3 >= len(items) * 2 and len(items) <= MOST_PIECES
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
    return bool(lead) and bool(
        statement(lead)
        or DEFINITION.match(lead)
        or HEADED.match(text)
        or NAMED_ITEM.match(lead)
        or (re.match(r"an? ", lead, re.IGNORECASE) and is_fragment(lead))
    )


def headed_starts(blocks: list[Block]) -> list[int]:
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
    return bool(links) and (is_borrowed(links[0]) or BORROWED_LEAD.match(block.text) is not None)


def _introduces(block: Block) -> bool:
    said = read_prose(block.text)
    made = statement(said.sentences[0]) if said.sentences else None
    return made is not None and not PART.match(made.thing)


def _is_described(blocks: list[Block], index: int) -> bool:
    """True when words follow the heading, on its line or in the next paragraph."""
    own = len(words(read_prose(blocks[index].text).text))
    follows = blocks[index + 1] if index + 1 < len(blocks) else None
    return own >= 5 or (follows is not None and not follows.keys and len(words(follows.text)) >= 4)
