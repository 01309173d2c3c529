"""Judges whether a piece of a comment is a project, and says why where it is none."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from projects.extraction.rejections import Rejection
from projects.extraction.rules.bare_domains import bare_links
from projects.extraction.rules.lexicon import any_of
from projects.extraction.rules.links import is_borrowed, read_links
from projects.extraction.rules.making import PURPOSE, is_fragment, statements, without_opener
from projects.extraction.rules.prose import LETTER, LINK, Prose, words
from projects.links import Kind

VERDICTS_FILE = Path(__file__).parent.parent / "data" / "verdicts.yml"
# Where several reasons would do, the first of these is given.
ORDER = (
    Rejection.SPAM,
    Rejection.JOB_HUNTING,
    Rejection.LIFE_EVENT,
    Rejection.STUDY,
    Rejection.QUESTION,
    Rejection.CHAT,
)
LEAD_SENTENCES = 2
CUE_SENTENCES = 3
QUOTED_CHARACTERS = 80
SAME_LINK_TOO_OFTEN = 8

SCHOOLING = re.compile(r"(?:i (?:am|['’]m) )?(?:learning|studying|reading)", re.IGNORECASE)
MADE_THING = re.compile(rf"\b{any_of('things')}s?\b", re.IGNORECASE)
# "Name is a tool that …" and "A tool for …": the first sentence says what the thing is.
DEFINITION = re.compile(
    rf"(?:[^\s,;!?]*[^\s.,;!?] ){{1,4}}(?:is|are) (?:an?|the|my|our)\b[^.!?]{{0,80}}?{MADE_THING.pattern}"
    rf"|(?:an?|the|my|our|new|open[- ]source\w*)\b(?:(?! (?:i|we|you|he|she|it|they|says?|said|is|are|was|should|has|have)\b)[^.!?;]){{0,60}}?"
    rf"{MADE_THING.pattern}",
    re.IGNORECASE,
)
NAMED_AND_DEFINED = re.compile(
    r"(?!(?:This|That|It|There|He|She|Everything|What|Life|Work)\b)[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,3}"
    r" (?:is|are) (?:an?|my|our) [\w -]{2,60}? (?:that|which|for|to)\b"
)


# Its own page is shown: "it lives at https://…", "up at https://…", "code: https://…".
AT_HOME = re.compile(
    rf"\b(?:lives?|up|is|are|hosted|runs?|found|available|demo|site|website|repo\w*|code|source|link|download|beta)"
    rf"\b[^.!?\n]{{0,25}}{LINK}",
    re.IGNORECASE,
)
# What it is or does, in a later sentence: "It's an offline-first journal", "It prints straight to …".
TOLD = re.compile(
    rf"\b(?:it|this)(?:['’]s| is| was) (?:basically |essentially |just |now )?(?:an?|the|my|our) [^.!?]{{0,60}}?"
    rf"{MADE_THING.pattern}|\b(?:i|we) (?:\w+ly |just |also |then )?(?:fixed|added|moved|shipped|launched|rewrote|redid|"
    rf"scan\w*|released|improved|migrated|deployed|published|open[- ]sourced)\b",
    re.IGNORECASE,
)

DOING = re.compile(r"(?:i|we)(?:['’](?:m|re|ve)| am| are| have)(?: been)? \w+ing\b", re.IGNORECASE)
GERUND = re.compile(r"(?!(?:string|king|spring|wedding|painting|drawing)\b)[a-z]{3,}ing\b", re.IGNORECASE)
TOLD_WITH_ARTICLE = re.compile(r"an? [^.!?]{3,60} (?:for|that|which|to|where|with|in|of) ", re.IGNORECASE)
TIME = re.compile(r"(?:day|week|month|year|\d+|one|two|three|four|five|six|a few|several)\b", re.IGNORECASE)
BUILT = re.compile(
    r"it(?:['’]s| is) an? [^.!?]{3,80}\b(?:built|made|written|drawn|printed|knitted|painted)\b", re.IGNORECASE
)

# How sure a verdict is that rests on …; below .5 it is unsure.
STATED, SHOWN, DEFINED, CUED, IMPLIED, GUESSED = 0.95, 0.9, 0.85, 0.8, 0.6, 0.4
LEAD_WORDS = 8  # an address that stands within so many words of the beginning is shown there
FEWEST_TELLING_WORDS = 4


@dataclass(frozen=True)
class Verdict:
    """``rejection`` is None for a project; ``reason`` is one sentence, ``confidence`` from 0 to 1."""

    rejection: Rejection | None = None
    reason: str = ""
    confidence: float = STATED


@dataclass(frozen=True)
class Cues:
    """The compiled patterns of one rejection; None where it has none of that sort."""

    reason: str
    lead: re.Pattern[str] | None
    anywhere: re.Pattern[str] | None
    always: re.Pattern[str] | None

    def anywhere_matches(self, prose: Prose) -> str:
        """Return what of the first sentences a pattern of the sort "anywhere" matches; empty where none does."""
        said = "\n".join(prose.sentences[:CUE_SENTENCES])[:1500]
        match = self.anywhere.search(said) if self.anywhere else None
        return match[0] if match else ""


@cache
def cues() -> dict[Rejection, Cues]:
    """Return the patterns of ``data/verdicts.yml``, compiled once. Raises ValueError, with the file, for a bad one."""
    try:
        rows = yaml.safe_load(VERDICTS_FILE.read_text(encoding="utf-8"))
        return {
            Rejection(name): Cues(row["reason"], *(_compiled(row.get(sort)) for sort in ("lead", "anywhere", "always")))
            for name, row in rows.items()
        }
    except (KeyError, re.error, yaml.YAMLError) as error:
        raise ValueError(f"{VERDICTS_FILE} can't be used: {error}") from error


def _compiled(patterns: list[str] | None) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE) if patterns else None


def judge(prose: Prose) -> Verdict:
    """Say whether ``prose`` tells of a project, and how sure that is.

    A statement that something is being made decides, unless a pattern of the sort "always" speaks against it. Without
    one a page of its own that is shown or told of does, then the patterns. What is left is mostly talk; it counts as a
    project where it answers the thread's question by naming a thing ("A no-code tool to …").
    """
    if not prose.has_words:
        return _judge_wordless(prose)
    if verdict := _always(prose):
        return verdict
    if confidence := _made(prose):
        return Verdict(confidence=confidence)
    for rejection in ORDER:
        if quote := _cue(cues()[rejection], prose):
            return _rejected(rejection, quote, CUED)
    if all(sentence.endswith("?") for sentence in prose.sentences):
        return _rejected(Rejection.QUESTION, prose.sentences[0], CUED)
    if confidence := _named(prose):
        return Verdict(confidence=confidence)
    return _rejected(Rejection.CHAT, prose.text, GUESSED if len(words(prose.text)) > LEAD_WORDS else IMPLIED)


def is_made(prose: Prose) -> bool:
    """True when the text says that somebody makes something, or shows it with a link of its own."""
    return bool(_made(prose))


def _made(prose: Prose) -> float:
    """Return how sure the text says that somebody makes something; 0 where it does not."""
    if statements(prose.sentences):
        return STATED
    lead = _lead(prose)
    names = is_fragment(lead) and MADE_THING.search(lead) and not GERUND.match(lead)
    if names and not _is_cued(lead):
        return DEFINED
    if cues()[Rejection.CHAT].anywhere_matches(prose):
        return 0.0
    if PURPOSE.search(lead) and not _is_cued(lead):
        return DEFINED
    if DEFINITION.match(lead) or DEFINITION.match(lead.partition(": ")[2]) or NAMED_AND_DEFINED.match(lead):
        return DEFINED
    shown = [link for link in read_links(prose) if link.kind <= Kind.STORE and not is_borrowed(link)]
    if (shown and _shows(prose, lead)) or bare_links(lead):
        return SHOWN
    return 0.0


def _lead(prose: Prose) -> str:
    """Return the first sentence that is more than "Yes." or "Nice thread!", without its opener."""
    for sentence in prose.sentences[:LEAD_SENTENCES]:
        if len(words(sentence)) > 2 or LINK in sentence:
            return without_opener(sentence)
    return without_opener(prose.sentences[0]) if prose.sentences else ""


def _is_cued(lead: str) -> bool:
    return any((cue := cues()[rejection].lead) is not None and cue.match(lead) for rejection in ORDER)


def _shows(prose: Prose, lead: str) -> bool:
    """True where a link stands as the text's own: with the name at its beginning, or told of as what is made."""
    if lead.endswith("?"):
        return False
    if PURPOSE.search(prose.text[:600]) or AT_HOME.search(prose.text) or TOLD.search(prose.text[:600]):
        return True
    if SCHOOLING.match(lead):
        return False
    front, at, _ = lead.partition(LINK)
    return bool(at) and not re.search(r"[.!?]\s", front) and len(words(front)) <= LEAD_WORDS


def _judge_wordless(prose: Prose) -> Verdict:
    if not prose.links:
        return _rejected(Rejection.EMPTY, "signs or code", quoted=False)
    if any(link.kind <= Kind.VIDEO for link in read_links(prose)):
        return Verdict()
    return _rejected(Rejection.EMPTY, "links to other places", quoted=False)


def _always(prose: Prose) -> Verdict | None:
    for rejection in ORDER:
        pattern = cues()[rejection].always
        match = pattern.search(prose.text[:2000]) if pattern else None
        if match and match[0].strip():
            return _rejected(rejection, match[0])
    if prose.links and max(prose.links.count(link) for link in set(prose.links)) >= SAME_LINK_TOO_OFTEN:
        return _rejected(Rejection.SPAM, "the same link over and over")
    return None


def _cue(cue: Cues, prose: Prose) -> str:
    if cue.lead:
        for sentence in prose.sentences[:LEAD_SENTENCES]:
            if match := cue.lead.match(without_opener(sentence).lstrip("\"'“(")):
                return match[0]
    return cue.anywhere_matches(prose)


def _named(prose: Prose) -> float:
    """Return how sure the text names a thing that is made, without a word of making; 0 for a remark."""
    if bare_links(prose.text):
        return DEFINED
    if any(link.kind <= Kind.VIDEO for link in read_links(prose)):
        return IMPLIED
    if not prose.text.isascii() and sum(map(str.isascii, prose.text)) * 2 < len(prose.text):
        # In scripts without these words the length has to do.
        return IMPLIED if len(LETTER.findall(prose.text)) >= 10 else 0.0
    leads = [without_opener(one) for one in prose.sentences[:LEAD_SENTENCES]]
    if any(MADE_THING.search(one) and (is_fragment(one) or DOING.match(one)) for one in leads):
        return IMPLIED
    if leads and TOLD_WITH_ARTICLE.match(leads[0]) and is_fragment(leads[0]):
        return IMPLIED
    if any(BUILT.match(one) for one in prose.sentences[:4]):
        return IMPLIED
    if leads and is_fragment(leads[0]) and not GERUND.match(leads[0]) and not TIME.match(leads[0]):
        said = words(leads[0])
        if len(said) >= FEWEST_TELLING_WORDS or all(word[:1].isupper() or word[:1].isdigit() for word in said):
            return GUESSED
    return IMPLIED if PURPOSE.search(" ".join(prose.sentences[:CUE_SENTENCES])) else 0.0


def _rejected(rejection: Rejection, quote: str, confidence: float = STATED, *, quoted: bool = True) -> Verdict:
    quote = " ".join(quote.replace(LINK, "…").split()).strip(" .,:;“”\"'")
    if len(quote) > QUOTED_CHARACTERS:
        quote = quote[: QUOTED_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"
    reason = cues()[rejection].reason
    wording = reason if quoted else cues()[Rejection.EMPTY].reason
    return Verdict(rejection, wording.format(quote=quote), confidence)
