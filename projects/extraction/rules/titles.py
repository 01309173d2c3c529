"""Finds what a project is called: the name that it was given, or else a noun phrase. Pure."""

import re
from collections.abc import Sequence

from projects.extraction.rules.links import Link
from projects.extraction.rules.making import Statement, is_fragment, statements, without_opener
from projects.extraction.rules.names import (
    NO_NAME,
    OF_ANOTHER,
    bare_brand,
    beside_address,
    called,
    heading,
    made_name,
    spelt_brand,
)
from projects.extraction.rules.phrases import TITLE_WORDS, capitalised, noun_phrase, short_phrase, without_subject
from projects.extraction.rules.prose import LINK, Prose, plain
from projects.extraction.rules.verdicts import DEFINITION, MADE_THING
from projects.links import Kind
from projects.pages.page_text import PageText

TITLE_CHARACTERS = 200


def find_title(
    prose: Prose,
    links: Sequence[Link],
    primary: str,
    pages: Sequence[PageText] = (),
    technologies: frozenset[str] = frozenset(),
) -> tuple[str, bool]:
    """Return the title and whether it is a name that somebody gave, not a phrase made here.

    The first that fits: a name said to be one ("called X"), the text's spelling of the primary link's name, a name that
    heads the first sentence or is what is made, the link's name itself, a noun phrase, the first words. The title may
    be empty when there is neither a word nor a link. ``technologies`` are words that are no project's name here.
    """
    for name in (
        called(prose),
        spelt_brand(prose, primary, pages),
        beside_address(prose, primary),
        heading(prose, technologies),
        made_name(prose, technologies),
        ""
        if any(link.url == primary and link.is_footnote and link.kind == Kind.SITE for link in links)
        else bare_brand(prose, primary),
    ):
        if name:
            return _tidy(name), True
    return _tidy(_phrase(prose)), False


def _tidy(title: str) -> str:
    title = " ".join(plain(title).replace("`", "").split()).strip(
        ' ,.;:–—-"“”*_#|>：（）。，、；「」『』【】《》¹²³⁴⁵⁶⁷⁸⁹'
    )
    title = re.sub(r"(?i)^(?:https?://)?www\.", "", title)
    return title if len(title) <= TITLE_CHARACTERS else title[: TITLE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"


WANTED = re.compile(
    r"\b(?:wanted|needed|missed|want|need|find|looking for) (?P<thing>an? (?:(?!, (?:so|but|and)\b)[^.;:!?])+)",
    re.IGNORECASE,
)


def _wanted(prose: Prose) -> str:
    """Return what somebody wanted who says "so I made one"."""
    match = WANTED.search(" ".join(prose.sentences[:3]))
    return noun_phrase(match["thing"]) if match else ""


def _done_to(thing: str) -> str:
    """Return the object of a verb with what it is done to: "Doom to my dishwasher"."""
    first = re.split(r"[,.;:!?()\n\ufffc]|\s[–—-]+\s|\s(?:that|which|because|so|and i|but|while)\b", thing, maxsplit=1)[
        0
    ]
    return " ".join(first.split()[:TITLE_WORDS])


def _phrase(prose: Prose) -> str:
    """Return a noun phrase for what has no name: what the first sentence names, what is made, or what is spoken of."""
    made = statements(prose.sentences, limit=8)
    first = next((sentence for sentence in prose.sentences if sentence.strip(LINK + " ")), "")
    if first and is_fragment(first) and (not made or MADE_THING.search(first)) and (phrase := _noun(first)):
        return phrase
    plainest = ""
    for one in made:
        phrase = _made_phrase(one, prose)
        plainest = plainest or (phrase if len(phrase) >= 3 else "")
        if _is_phrase(phrase):
            return phrase
    for sentence in prose.sentences[:2]:
        lead = without_opener(sentence)
        if (DEFINITION.match(lead) or lead == prose.sentences[0]) and _is_phrase(phrase := _noun(sentence)):
            return phrase
    for sentence in prose.sentences[:4]:
        phrase = _noun(sentence) or short_phrase(sentence, most=TITLE_WORDS) or plain(sentence)[:80]
        if _is_phrase(phrase):
            return capitalised(phrase)
    return plainest


def _noun(sentence: str) -> str:
    _, colon, told = sentence.partition(": ")
    if colon and DEFINITION.match(told) and not DEFINITION.match(without_opener(sentence)):
        sentence = told
    return capitalised(noun_phrase(without_subject(without_opener(sentence))))


def _is_phrase(phrase: str) -> bool:
    return len(phrase) >= 3 and phrase.lower() not in NO_NAME and re.search(r"[^\W\d_]", phrase) is not None


def _made_phrase(made: Statement, prose: Prose) -> str:
    if OF_ANOTHER.match(made.verb) and made.verb.endswith("ing") and re.match(r"(?:the )?[A-Z]", made.thing):
        return capitalised(f"{made.verb} {_done_to(made.thing)}")
    wanted = _wanted(prose) if re.match(r"(?:one|it|my own|mine)\b", made.thing) else ""
    return capitalised(wanted or noun_phrase(made.thing))
