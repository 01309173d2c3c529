"""The rules analyst: reads a comment with patterns and a vocabulary. Deterministic, no network."""

from collections.abc import Callable
from functools import cache, lru_cache

from core.addresses import LONGEST_ADDRESS
from projects.extraction.rejections import Rejection
from projects.extraction.rules import describing, scoring
from projects.extraction.rules.bare_domains import bare_links
from projects.extraction.rules.footnotes import footnotes
from projects.extraction.rules.links import Link, is_named, is_personal, primary_link, read_links
from projects.extraction.rules.prose import LINK, Prose, plain, read_prose, words
from projects.extraction.rules.segmentation import Piece, is_announcement, pieces
from projects.extraction.rules.tagging import NearestTags, choose_tags
from projects.extraction.rules.titles import find_title
from projects.extraction.rules.verdicts import Verdict, is_made, judge
from projects.extraction.rules.vocabulary import vocabulary
from projects.extraction.schemas import CommentInput, ProjectDescription, Segment
from projects.links import Kind, kind_of
from projects.pages.page_text import PageText

MATCHED_CHARACTERS = 6_000  # of a segment, in which signals are looked for
TAGGED_CHARACTERS = 1_500  # in which tags are looked for: later ones are mostly about something else
LEAD_CHARACTERS = 400
INTRO_REASON = "It only leads to the projects that follow."


class RulesAnalyst:
    """Answers a reading's two questions by rules. ``embed`` turns texts into unit vectors, for the nearest tags."""

    name = "rules"
    prompt_version = 2

    def __init__(self, embed: Callable[[list[str]], list[list[float]]] | None = None):
        self._nearest = NearestTags(embed) if embed else None

    @staticmethod
    def load() -> None:
        """Read the files of the rules, and compile them."""
        vocabulary().count("")
        scoring.signals("idea"), scoring.signals("complexity")
        _empty_verdict()

    async def segment(self, comment: CommentInput) -> list[Segment]:
        """Split a comment into what it speaks of and judge each part. At least one segment comes back."""
        return _segments(comment)

    async def describe(self, segment: Segment, comment: CommentInput, pages: list[PageText]) -> ProjectDescription:
        """Describe the project of one segment. ``pages`` are its links' pages as far as they could be read.

        Raises ValueError for a segment that is no project.
        """
        if not segment.is_project:
            raise ValueError(f"The segment is no project ({segment.rejection}): describe only those that are.")
        pages = [page for page in pages if not page.error and (page.text.strip() or page.title.strip())]
        prose = read_prose(segment.text, comment.links)
        links = _links(segment, comment, prose)
        urls = [link.url for link in links]
        technologies = vocabulary().technologies
        personal = {link.url for link in links if is_personal(link)}

        # The name helps to find the link and the link to find the name, so each is asked twice.
        has_notes = any(link.is_footnote for link in links)
        guess, is_name = find_title(prose, links, "" if has_notes else primary_link(links), pages, technologies)
        primary = _with_bare_domains(primary_link(links, guess), prose, guess)
        name_giver = "" if primary in personal or (has_notes and is_name) else primary
        title, named = find_title(prose, links, name_giver, pages, technologies)
        if not title:
            title = _last_resort(pages, comment)

        short = describing.short_description(prose, title, named, primary, comment.author)
        text = plain(prose.text[:MATCHED_CHARACTERS])
        idea, idea_reason = scoring.idea_score(text, len(words(text)), bool(primary))
        used = len(technologies & vocabulary().count(text).keys())
        complexity, complexity_reason = scoring.complexity_score(text, used)
        return ProjectDescription(
            title=title,
            short_description=short,
            description=describing.description(prose, title, primary, short, pages),
            tags=choose_tags(_tag_texts(prose, title, named, short, pages), urls, self._nearest),
            primary_url=primary,
            urls=urls if primary in urls or not primary else [primary, *urls],
            url_summaries={page.url: describing.page_summary(page) for page in pages if page.url in urls},
            idea_score=idea,
            idea_reason=idea_reason,
            complexity_score=complexity,
            complexity_reason=complexity_reason,
        )


@cache
def _empty_verdict() -> Verdict:
    return judge(Prose("", (), ()))


def _segments(comment: CommentInput) -> list[Segment]:
    text = comment.text.strip()
    if not text:
        if not comment.links:
            return [_segment("", _empty_verdict())]
        text = "\n".join(comment.links)
    found = [segment for piece in pieces(text, comment.links) if (segment := _judged(piece, comment)) is not None]
    return found or [_segment(text, judge(read_prose(text, comment.links)))]


def _judged(piece: Piece, comment: CommentInput) -> Segment | None:
    """Return the segment of a piece; None for a line that only announces the list after it."""
    prose = read_prose(piece.text, comment.links)
    if piece.is_intro:
        if is_announcement(piece.text):
            return None
        if not is_made(prose):
            return _segment(piece.text, Verdict(Rejection.CHAT, INTRO_REASON))
    return _segment(piece.text, judge(prose))


def _segment(text: str, verdict: Verdict) -> Segment:
    return Segment(text=text, rejection=verdict.rejection, reason=verdict.reason[:300], confidence=verdict.confidence)


def _links(segment: Segment, comment: CommentInput, prose: Prose) -> list[Link]:
    """Return the segment's links in the order of its text; of a comment with one project all its links."""
    notes = footnotes(comment.text)
    found = {link.url: link for link in read_links(prose, notes)}
    wanted = [url for url in comment.links if url in segment.text]
    if not _has_several_projects(segment, comment):
        wanted = list(comment.links)
    for url in (url for url in wanted if len(url) <= LONGEST_ADDRESS):
        found.setdefault(url, Link(url, kind_of(url), "", len(found), url in notes))
    return list(found.values())


def _has_several_projects(segment: Segment, comment: CommentInput) -> bool:
    if segment.text.strip() == comment.text.strip():
        return False
    return _count_projects(comment) > 1


@lru_cache(maxsize=16)
def _count_projects(comment: CommentInput) -> int:
    """Return how many projects a comment holds; remembered, since it is asked for each of them."""
    return sum(one.is_project for one in _segments(comment))


def _with_bare_domains(primary: str, prose: Prose, title: str) -> str:
    """Return ``primary``, or a domain that the text names without a scheme as the project's own.

    It is what there is where no link is, and, if it bears the name, the site beside a link to the code or to a person.
    """
    bare = bare_links(prose.text, title)
    if primary:
        bare = [link for link in bare if kind_of(primary) not in (Kind.SITE, Kind.STORE) and is_named(link, title)]
    return primary_link(bare, title) or primary


def _last_resort(pages: list[PageText], comment: CommentInput) -> str:
    """Return a title for a project of which nothing is known but that it is there."""
    for page in pages:
        if page.title.strip():
            return describing.shortened(page.title.strip(), 200)
    return f"A project of {comment.author}"[:200] if comment.author else "A project without a name"


def _tag_texts(prose: Prose, title: str, named: bool, short: str, pages: list[PageText]) -> dict[str, str]:
    """Return the texts in which tags are looked for. A name's words say little: "Don't Double Book Me" is no book."""
    lead = " ".join([short, *prose.sentences[:2]])[:LEAD_CHARACTERS].replace(LINK, " ")
    text = " ".join(prose.sentences)[:TAGGED_CHARACTERS].replace(LINK, " ")
    if named:
        lead = lead.replace(title, " ")
    if len(words(text)) < 8 and pages:
        text = f"{text} {pages[0].title} {pages[0].text[:600]}"
    return {"title": "" if named else title, "lead": lead, "text": text}
