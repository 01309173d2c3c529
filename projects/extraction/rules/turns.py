"""Where a text turns from one project to another in running sentences: "Also, I'm building a …". Pure."""

import re
from collections.abc import Sequence

from projects.extraction.rules.lexicon import any_of
from projects.extraction.rules.making import SPHERE, names_a_link, statement, without_opener
from projects.extraction.rules.prose import read_prose
from projects.extraction.rules.verdicts import DEFINITION

# What belongs to the project that was spoken of before.
PART = re.compile(rf"^(?:on\s+)?(?:{any_of('part_fronts')}\s+)*{any_of('parts')}\b", re.IGNORECASE)
_OTHER_FRONT = any_of("other_fronts")
OTHER = re.compile(rf"^{_OTHER_FRONT}\b", re.IGNORECASE)
ALSO_MAKING = re.compile(
    r"^(?:and |but )?(?:i['’]?m|i am|i['’]?ve(?: also)? been|i have(?: also)? been|we['’]?re|we are|i"
    r"|we)\s+(?:also|in parallel|simultaneously)\s+",
    re.IGNORECASE,
)
ABOUT_IT = re.compile(
    r"\b(?:for|to|into|of|with|on|in) (?:it|this|the (?:app|site|project|game|tool|library|platform"
    r"|product))\b",
    re.IGNORECASE,
)


def split_by_turns(text: str, known: Sequence[str]) -> list[str]:
    """Return the stretches of ``text``, which ends where a sentence turns to another project."""
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
