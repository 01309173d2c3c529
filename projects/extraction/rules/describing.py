"""Finds the words that say what a project is: a short description and a longer one. Pure."""

import re
from collections.abc import Sequence

from projects.extraction.rules.candidates import (
    DEFINITE,
    DO,
    DOES,
    EASIER,
    LATER,
    PRONOUN_IS,
    SENTENCE,
    THING,
    UNINFORMATIVE,
    candidates,
)
from projects.extraction.rules.links import brand_of, squashed
from projects.extraction.rules.making import statement, without_opener
from projects.extraction.rules.phrases import FEWEST_WORDS, MOST_WORDS, capitalised, short_phrase, without_subject
from projects.extraction.rules.prose import LINK, Prose, plain, words
from projects.extraction.rules.verdicts import DEFINITION
from projects.links import host_of
from projects.pages.page_text import PageText

DESCRIPTION_SENTENCES = 3
DESCRIPTION_CHARACTERS = 600
PAGE_SUMMARY_CHARACTERS = 200

FIRST_PERSON = re.compile(r"(?:i|we|my|our|sometimes|there|currently|recently)\b", re.IGNORECASE)
# What stands before a name that is told beside what the thing is.
INTRODUCED = re.compile(r"(?i)\s(?:called|named|titled|dubbed|[–—-]+)\s")
# How a noun phrase goes on with one of another sort.
LINKING = {DOES: "that", DO: "to", SENTENCE: "where"}


def short_description(prose: Prose, title: str, named: bool, primary: str, author: str) -> str:
    """Return 5 to 10 words that say what the project is, from its own text as far as it goes.

    The first candidate of enough words wins. A noun phrase of fewer ("language learning app") is completed by a later
    one that says what the thing does, or else by whose project it is.
    """
    head, rest = "", ""
    for kind, candidate in candidates(prose, title, named, primary):
        if head and kind in LINKING and (joined := _joined(head, kind, candidate)):
            return joined
        if named:
            candidate = _without_name(candidate, title)
        phrase = short_phrase(without_subject(candidate) if kind == SENTENCE else candidate)
        if squashed(phrase) == squashed(title) and named:
            continue
        if len(phrase.split()) == FEWEST_WORDS - 1 and (whole := _with_article(candidate, phrase)):
            return whole
        if FEWEST_WORDS <= len(phrase.split()) <= MOST_WORDS:
            if (kind == SENTENCE and (head or FIRST_PERSON.match(phrase))) or (
                kind in (THING, LATER) and len(head.split()) > 1
            ):
                rest = rest or phrase
                continue
            return phrase[:200]
        if kind in (DEFINITE, THING, LATER) and not head and phrase:
            head = phrase
    return _filled(head, rest, author, primary)


def _without_name(candidate: str, title: str) -> str:
    """Return "a podcast platform called Name" without "called Name"."""
    if not INTRODUCED.search(candidate):
        return candidate  # Most have none, and each title is an expression of its own to compile.
    return re.sub(
        rf"(?i),?\s+(?:(?:called|named|titled|dubbed)|[–—-]+)\s+[\"“'‘\[]?{re.escape(title)}(?!\w)[\"”'’\]]?",
        "",
        candidate,
    )


def _with_article(candidate: str, phrase: str) -> str:
    """Return a phrase of four words with the article that was before it; empty when there was none."""
    found = re.search(rf"\b(an?|the) ({re.escape(phrase)})", plain(candidate), re.IGNORECASE)
    return f"{found[1].capitalize()} {found[2]}" if found else ""


def _joined(head: str, kind: str, candidate: str) -> str:
    """Return a noun phrase and what its thing does as one phrase; empty when that makes no 5 to 10 words."""
    if kind == SENTENCE and not re.match(r"(?i)you\s+(?!are|were|'|’)\w+", candidate):
        return ""
    room = MOST_WORDS - len(head.split()) - 1
    does = short_phrase(candidate, most=room) if room >= 3 else ""
    if len(does.split()) < 2 or (kind == DO and re.match(r"(?i)(?:me|us|you)\b", does)):
        return ""
    joined = f"{head} {LINKING[kind]} {does if does[:2].isupper() else does[0].lower() + does[1:]}"
    return joined if FEWEST_WORDS <= len(joined.split()) <= MOST_WORDS else ""


def _filled(head: str, rest: str, author: str, primary: str) -> str:
    """Make five words of fewer by saying whose project it is or where it is found."""
    by = f"a project by {author}" if author and len(author.split()) == 1 else "a project from this thread"
    if head and len(head.split()) <= MOST_WORDS - 4:
        return f"{head}, {by}"[:200]
    if head or rest:
        return (head or rest)[:200]
    if primary:
        return f"A project found at {host_of(primary)}"[:200]
    return f"{by[0].upper()}{by[1:]} without more words"[:200]


def description(prose: Prose, title: str, primary: str, short: str, pages: Sequence[PageText] = ()) -> str:
    """Return one to three sentences of the text that tell of the project; a page's first words where there is no text."""
    chosen: list[str] = []
    length = 0
    begin = _first_telling(prose, title)
    for sentence in prose.sentences[begin : begin + 8]:
        shown = _readable(sentence, prose, title, primary)
        if len(words(shown)) < 3 and (chosen or len(prose.sentences) > 1):
            continue
        if (
            UNINFORMATIVE.match(without_opener(sentence))
            and len(prose.sentences) > 1
            and (chosen or not statement(sentence))
        ):
            continue
        if chosen and length + len(shown) > DESCRIPTION_CHARACTERS:
            break
        chosen.append(shown)
        length += len(shown)
        if len(chosen) == DESCRIPTION_SENTENCES:
            break
    text = " ".join(chosen).strip()
    if not text and pages:
        text = page_summary(pages[0])
    return shortened(text or f"{short}.", 2 * DESCRIPTION_CHARACTERS)


def _first_telling(prose: Prose, title: str) -> int:
    if prose.sentences and (EASIER.search(prose.sentences[0]) or squashed(title) in squashed(prose.sentences[0])):
        return 0
    for index, sentence in enumerate(prose.sentences[:5]):
        lead = without_opener(sentence)
        if statement(sentence) or DEFINITION.match(lead) or PRONOUN_IS.match(lead):
            # "Name." and "https://…" before it belong to it.
            return index
    return 0


def _readable(sentence: str, prose: Prose, title: str, primary: str) -> str:
    """Return a sentence with each link dropped, or named where the sentence needs a word in its place."""
    place = prose.sentences.index(sentence) if sentence in prose.sentences else 0
    number = sum(one.count(LINK) for one in prose.sentences[:place])

    def named(match: re.Match[str]) -> str:
        nonlocal number
        url = prose.links[number] if number < len(prose.links) else ""
        number += len(match[0].strip().replace(" ", ""))
        before = sentence[: match.start()].rstrip()
        if before and (
            before[-1] in ':–—-,.;)"”!?|>/'
            or squashed(before).endswith(squashed(title) or " ")
            or re.search(r"(?i)\b(?:here|site|link|demo)$", before)
        ):
            return " "
        ends = not sentence[match.end() :].strip(" .!")
        if ends and not re.search(
            r"(?i)\b(?:at|on|of|for|is|are|using|like|to|from|see|visit|called|building|with|by|in|and|or"
            r"|the|my|our|\w+ing)$",
            before,
        ):
            return " "
        brand = squashed(brand_of(url))
        same = url == primary or (brand and brand == squashed(title))
        return f" {title if same and brand and squashed(title) in brand + 'x' else host_of(url) or title} "

    text = re.sub(rf"\s*{LINK}+(?:\s*{LINK}+)*\s*", named, sentence)
    text = re.sub(r"\s*[:–—-]+\s*$", "", plain(text).strip())
    text = re.sub(r"\s*[:–—-]+\s*([.!?])$", r"\1", text).strip()
    text = re.sub(r"^[\s,.:;–—-]+", "", text)
    return capitalised(text if not text or text[-1] in ".!?…。！？" else text + ".")


def page_summary(page: PageText) -> str:
    """Return the first 200 characters or so of what a page says, or its title."""
    text = " ".join(page.text.split())
    return shortened(text or page.title.strip(), PAGE_SUMMARY_CHARACTERS)


def shortened(text: str, characters: int) -> str:
    """Return ``text`` cut at a word, with an ellipsis, to at most ``characters``."""
    if len(text) <= characters:
        return text
    cut = text[: characters - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[characters // 2 :] else cut).rstrip(" ,.;:–—-") + "…"
