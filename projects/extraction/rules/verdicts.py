"""Judges whether a piece of a comment is a project, and says why where it is none."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from projects.extraction.rejections import Rejection
from projects.extraction.rules.links import BORROWED, bare_links, read_links
from projects.extraction.rules.making import PURPOSE, statements, without_opener
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

MADE_THING = re.compile(
    r"\b(?:app|apps|application|tool|tools|toolkit|site|website|web ?page|platform|game|games|library"
    r"|framework|engine|compiler|interpreter|"
    r"language|database|plugin|extension|bot|service|server|client|api|sdk|cli|editor|ide|dashboard"
    r"|marketplace|system|"
    r"book|novel|course|newsletter|podcast|startup|company|business|project|product|saas|device|robot"
    r"|emulator|prototype|"
    r"generator|tracker|planner|viewer|player|manager|builder|search engine|simulator|assistant|agent|model|"
    r"kernel|driver|firmware|board|kit|portfolio|blog|channel|album|film|documentary|comic|workshop|dataset"
    r"|index|directory|"
    r"map|scraper|parser|package|gem|crate|module|script|theme|template|renderer|clone|alternative|mod"
    r"|modem|codec|hypermedia|"
    r"network|protocol|infrastructure|replacement|autopilot|store|shop|house|telescope|synth"
    r"|controller|keyboard|"
    r"release|calendar|weapons? systems?|structure|solution|firewall|space|bindings?|implementation"
    r"|extractor)\b",
    re.IGNORECASE,
)
# "Name is a tool that …" and "A tool for …": the first sentence says what the thing is.
DEFINITION = re.compile(
    rf"(?:[^\s,;!?]*[^\s.,;!?] ){{1,4}}(?:is|are) (?:an?|the|my|our)\b[^.!?]{{0,80}}?{MADE_THING.pattern}"
    rf"|(?:an?|the|my|our|new|open[- ]source\w*)\b[^.!?;]{{0,60}}?{MADE_THING.pattern}",
    re.IGNORECASE,
)
NAMED_AND_DEFINED = re.compile(
    r"(?!(?:This|That|It|There|He|She|Everything|What|Life|Work)\b)[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,3}"
    r" (?:is|are) (?:an?|my|our) [\w -]{2,60}? (?:that|which|for|to)\b"
)


@dataclass(frozen=True)
class Verdict:
    """``rejection`` is None for a project; ``reason`` is one sentence."""

    rejection: Rejection | None = None
    reason: str = ""


@dataclass(frozen=True)
class Cues:
    """The compiled patterns of one rejection; None where it has none of that sort."""

    reason: str
    lead: re.Pattern[str] | None
    anywhere: re.Pattern[str] | None
    always: re.Pattern[str] | None


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
    """Say whether ``prose`` tells of a project.

    A statement that something is being made decides, unless a pattern of the sort "always" speaks against it. Without
    one the patterns decide. What is left is an answer to the thread's question in few words ("A no-code tool to …"),
    and counts as a project unless it names no thing at all.
    """
    if not prose.has_words:
        return _judge_wordless(prose)
    if verdict := _always(prose):
        return verdict
    if is_made(prose):
        return Verdict()
    for rejection in ORDER:
        if quote := _cue(cues()[rejection], prose):
            return _rejected(rejection, quote)
    if all(sentence.endswith("?") for sentence in prose.sentences):
        return _rejected(Rejection.QUESTION, prose.sentences[0])
    return Verdict() if _names_a_thing(prose) else _rejected(Rejection.CHAT, prose.text)


def is_made(prose: Prose) -> bool:
    """True when the text says that somebody makes something, or shows it with a link of its own."""
    if statements(prose.sentences):
        return True
    shown = [link for link in read_links(prose) if link.kind <= Kind.STORE and not BORROWED.search(link.before)]
    lead = without_opener(prose.sentences[0]) if prose.sentences else ""
    if shown and (
        PURPOSE.search(prose.text[:600]) or re.match(rf"[\s>*-]*(?:{LINK}|[^.!?]{{2,60}}? ?[-–—:]+ ?{LINK})", lead)
    ):
        return not re.match(r"(?i)(?:i (?:am|['’]m) )?(?:learning|studying|reading)", lead)
    return bool(PURPOSE.search(lead) or DEFINITION.match(lead) or NAMED_AND_DEFINED.match(lead))


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
    if cue.anywhere and (match := cue.anywhere.search("\n".join(prose.sentences[:CUE_SENTENCES])[:1500])):
        return match[0]
    return ""


def _names_a_thing(prose: Prose) -> bool:
    """True for more than a remark: a thing that is made, a name, or enough words to describe one."""
    said = words(prose.text)
    if MADE_THING.search(prose.text) or bare_links(prose.text):
        return True
    own = [link for link in read_links(prose) if link.kind <= Kind.VIDEO]
    if own:
        return True
    if len(said) <= 3 and prose.text.isascii():
        return sum(word[:1].isupper() for word in said) >= 2
    # In scripts without spaces and without these words the length has to do.
    letters = len(LETTER.findall(prose.text))
    return letters >= (20 if prose.text.isascii() else 10) and not (prose.links and len(said) <= 4)


def _rejected(rejection: Rejection, quote: str, *, quoted: bool = True) -> Verdict:
    quote = " ".join(quote.replace(LINK, "…").split()).strip(" .,:;“”\"'")
    if len(quote) > QUOTED_CHARACTERS:
        quote = quote[: QUOTED_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"
    reason = cues()[rejection].reason
    return Verdict(
        rejection, reason.format(quote=quote) if quoted else cues()[Rejection.EMPTY].reason.format(quote=quote)
    )
