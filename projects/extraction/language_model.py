"""The language-model analyst: one structured call for a comment's segments, one for each project."""

from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from projects.extraction import prompts
from projects.extraction.given_addresses import unknown_addresses
from projects.extraction.grounding import example_words, is_grounded, squeezed
from projects.extraction.mending.answers import mend_comment, mend_project
from projects.extraction.mending.texts import words_in
from projects.extraction.parts import DOMAIN, Part, segments_of
from projects.extraction.rejections import Rejection
from projects.extraction.schemas import Analyst, CommentInput, ProjectDescription, Score, Segment
from projects.language.attempts import TooLong
from projects.language.metering import current_usage
from projects.language.model import LanguageModel
from projects.pages.page_text import PageText

# Tokens that an answer may have: a segment takes some 60, over several lines 110; a description some 300. A model that
# rambles ends there.
SEGMENTS_TOKENS = 150
TOKENS_PER_SEGMENT = 130
DESCRIPTION_TOKENS = 800
MOST_SEGMENTS = 40
MOST_RANGES = 10  # of one thing, beside its first
MOST_PROJECTS = 20
FEWEST_WORDS, FEWEST_TAGS = 3, 2
MOST_NAME_WORDS = 3  # of a name that stands for a longer title
# Of what a model is shown, where it reads no more: all of it, then less.
SHARES = (1.0, 0.5, 0.25, 0.1)

Verdict = Literal["project", "question", "chat", "job_hunting", "life_event", "study", "spam", "empty"]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Answered = TypeVar("Answered")
Needed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class SentenceRange(BaseModel):
    """Sentences ``first`` to ``last`` of a comment, counted from 1."""

    first: int = Field(ge=1)
    last: int = Field(ge=1)


class JudgedSegment(BaseModel):
    """One thing that a comment speaks of, and the sentences that do; ``more`` are those that stand elsewhere.

    In the order in which the model is to think: what it is before the verdict, both before the places. (With the places
    first a small model makes an entry of each sentence; with the reason first it joins what has names.)
    """

    model_config = ConfigDict(extra="ignore")

    name: Text = ""
    reason: Text = ""
    made_by: Literal["author", "others", "nobody"] = "author"
    verdict: Verdict
    first: int = Field(ge=1)
    last: int = Field(ge=1)
    more: list[SentenceRange] = Field(default=[], max_length=MOST_RANGES)


class CommentAnswer(BaseModel):
    """What is in a comment."""

    segments: list[JudgedSegment] = Field(min_length=1, max_length=MOST_SEGMENTS)


class LinkSummary(BaseModel):
    """What the page of one link says."""

    link: int = Field(ge=1)
    summary: Text


class ProjectAnswer(BaseModel):
    """One project, described. ``primary_link`` is a link's number, 0 for none."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    short_description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
    # Three are asked for; two say enough to keep the project.
    tags: list[Needed] = Field(min_length=FEWEST_TAGS, max_length=5, json_schema_extra={"minItems": 3})
    primary_link: int = Field(ge=0)
    link_summaries: list[LinkSummary]
    idea_reason: Text
    idea_score: Score
    complexity_reason: Text
    complexity_score: Score


@cache
def comment_answer(sentences: int) -> type[CommentAnswer]:
    """Return CommentAnswer for a comment of so many sentences: no more segments, no higher numbers.

    A server that holds a model to the schema then holds it to these too: a small model that never stops writing
    segments comes to an end, and none names a sentence that is not there. Beyond MOST_SEGMENTS all share one schema,
    because servers compile and keep each one.
    """
    if sentences > MOST_SEGMENTS:
        return CommentAnswer
    number = (int, Field(ge=1, le=sentences))
    place = create_model("SentenceRange", __base__=SentenceRange, first=number, last=number)
    part = create_model(
        "JudgedSegment",
        __base__=JudgedSegment,
        first=number,
        last=number,
        more=(list[place], Field(default=[], max_length=MOST_RANGES)),
    )
    return create_model(
        "CommentAnswer", __base__=CommentAnswer, segments=(list[part], Field(min_length=1, max_length=sentences))
    )


@cache
def project_answer(links: int) -> type[ProjectAnswer]:
    """Return ProjectAnswer for a project with so many links: no higher numbers, no more summaries."""
    summary = create_model("LinkSummary", __base__=LinkSummary, link=(int, Field(ge=1, le=max(links, 1))))
    return create_model(
        "ProjectAnswer",
        __base__=ProjectAnswer,
        primary_link=(int, Field(ge=0, le=links)),
        link_summaries=(list[summary], Field(max_length=links)),
    )


class LanguageModelAnalyst:
    """Answers a reading's two questions by a language model. Raises what ``LanguageModel.ask`` raises."""

    prompt_version = prompts.VERSION

    def __init__(self, model: LanguageModel, rules: Analyst | None = None) -> None:
        """``rules`` gives a second opinion on each verdict, where it is there."""
        self.model = model
        self._rules = rules
        self.name = model.name

    async def segment(self, comment: CommentInput) -> list[Segment]:
        """Split a comment into what it speaks of and judge each part. At least one segment comes back."""
        return await _shortened(lambda share: self._segment(comment, share))

    async def _segment(self, comment: CommentInput, share: float) -> list[Segment]:
        parts = prompts.numbered_sentences(comment, share)
        if not parts:
            return [Segment(text="", rejection=Rejection.EMPTY, reason="It says nothing.")]

        def check(answer: CommentAnswer) -> None:
            for part in answer.segments:
                if not part.first <= part.last <= len(parts):
                    raise ValueError(
                        f"there are no sentences {part.first} to {part.last}: they run from 1 to {len(parts)}."
                    )
            if sum(part.verdict == "project" for part in answer.segments) > MOST_PROJECTS:
                raise ValueError(f"these are more than {MOST_PROJECTS} projects: join what belongs together.")

        mark = prompts.new_mark()
        answer = await self.model.ask(
            prompts.SEGMENT_SYSTEM,
            prompts.segment_prompt(parts, mark),
            comment_answer(len(parts)),
            max_tokens=SEGMENTS_TOKENS + TOKENS_PER_SEGMENT * min(len(parts), MOST_SEGMENTS),
            check=check,
            mend=partial(mend_comment, sentences=len(parts)),
            version=self.prompt_version,
            mark=mark,
        )
        found = [_part(part) for part in answer.segments]
        rules = await self._rules.segment(comment) if self._rules else []
        return segments_of(found, parts, rules)

    async def describe(self, segment: Segment, comment: CommentInput, pages: list[PageText]) -> ProjectDescription:
        """Describe the project of one segment. ``pages`` are its links' pages as far as they could be read."""
        return await _shortened(lambda share: self._describe(segment, comment, pages, share))

    async def _describe(
        self, segment: Segment, comment: CommentInput, pages: list[PageText], share: float
    ) -> ProjectDescription:
        links = [url for url in comment.links if url in segment.text] or list(comment.links)
        links = links[: prompts.LINKS]
        given = "\n".join([segment.text, comment.text, *(page.text for page in pages)])

        def check(answer: ProjectAnswer) -> None:
            _check_description(answer, given)
            if copied := example_words(
                [answer.title, answer.short_description, answer.description, *answer.tags], given
            ):
                raise ValueError(f"{', '.join(copied)}: such are words of the example, not of what you were given.")

        mark = prompts.new_mark()
        answer = await self.model.ask(
            prompts.DESCRIBE_SYSTEM,
            prompts.describe_prompt(segment.text, comment, links, pages, mark, segment.name, share),
            project_answer(len(links)),
            max_tokens=DESCRIPTION_TOKENS,
            check=check,
            mend=partial(mend_project, links=links),
            version=self.prompt_version,
            mark=mark,
        )
        found = _description(answer, links, segment)
        mended = await self._mended(found, [given, *links, *(page.title for page in pages)], segment, comment, pages)
        if mended.title != found.title:
            current_usage().mended["title"] += 1
        return mended

    async def _mended(
        self,
        found: ProjectDescription,
        given: list[str],
        segment: Segment,
        comment: CommentInput,
        pages: list[PageText],
    ) -> ProjectDescription:
        """Return a description with the title that its author has for it, and an address that is written without https.

        A title that was made up gives way to the author's name for the project, or to what the rules find; one that is
        that name and more ("Foo Data Platform") to the name. Addresses without https are no links that a model could
        choose among, so those that the rules know are taken.
        """
        title = found.title
        if _is_name_and_more(title, segment.name):
            title = segment.name
        is_made_up = not is_grounded(title, given)
        if is_made_up and segment.name:
            title = segment.name
        lacks_link = not found.primary_url and not comment.links and DOMAIN.search(segment.text)
        if self._rules is not None and (lacks_link or (is_made_up and not segment.name)):
            by_rules = await self._rules.describe(segment, comment, pages)
            title = by_rules.title if is_made_up and not segment.name else title
            if lacks_link and by_rules.primary_url:
                found = found.model_copy(update={"primary_url": by_rules.primary_url, "urls": [by_rules.primary_url]})
        return found.model_copy(update={"title": title})


def _is_name_and_more(title: str, name: str) -> bool:
    is_name = name != name.lower() and len(name.split()) <= MOST_NAME_WORDS
    return is_name and squeezed(title) != squeezed(name) and squeezed(title).startswith(squeezed(name))


async def _shortened(ask: Callable[[float], Awaitable[Answered]]) -> Answered:
    """Return what ``ask`` returns for all that is to be shown, or for the largest share of it that the model reads."""
    for share in SHARES[:-1]:
        try:
            return await ask(share)
        except TooLong:
            continue
    return await ask(SHARES[-1])


def _part(judged: JudgedSegment) -> Part:
    places = [(judged.first, judged.last), *((each.first, each.last) for each in judged.more)]
    return Part.of(places, judged.verdict, judged.made_by, judged.name, judged.reason)


def _check_description(answer: ProjectAnswer, given: str) -> None:
    """Raise ValueError, with what to mend, for an answer that says more than it was told."""
    if words_in(answer.short_description) < FEWEST_WORDS:
        raise ValueError("short_description: it takes 5 to 10 words.")
    texts = [answer.title, answer.short_description, answer.description, answer.idea_reason, answer.complexity_reason]
    texts += [summary.summary for summary in answer.link_summaries]
    for address in unknown_addresses(texts, given):
        raise ValueError(f"the address {address[:100]} stands nowhere in what you were given.")


def _tags(given: list[str], names: list[str]) -> list[str]:
    """Return the tags that say more than the project's own name or host, as many as there must be."""
    own = {squeezed(name) for name in names} | {squeezed(name.removeprefix("www.").split(".")[0]) for name in names}
    others = [tag for tag in given if squeezed(tag) not in own]
    if len(others) == len(given) or len(others) < FEWEST_TAGS:
        return given
    current_usage().mended["tags"] += 1
    return others


def _description(answer: ProjectAnswer, links: list[str], segment: Segment) -> ProjectDescription:
    primary = links[answer.primary_link - 1] if answer.primary_link else ""
    own = [url for url in links if url in segment.text]
    return ProjectDescription(
        title=answer.title,
        short_description=answer.short_description,
        description=answer.description,
        tags=_tags(answer.tags, [answer.title, segment.name, primary.split("/")[2] if primary else ""]),
        primary_url=primary,
        urls=list(dict.fromkeys([*([primary] if primary else []), *own])),
        url_summaries={links[each.link - 1]: each.summary[:500] for each in answer.link_summaries if each.summary},
        idea_score=answer.idea_score,
        idea_reason=answer.idea_reason[:500],
        complexity_score=answer.complexity_score,
        complexity_reason=answer.complexity_reason[:500],
    )
