"""Finds new threads, and says of each why it is taken, asked about or left aside.

Hacker News is searched by Algolia; another source says itself which threads it has.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comments.asking import ask, opened
from comments.models import AUTHOR_LENGTH, TITLE_LENGTH, Candidate, Post, Source
from comments.months import NAME, month_of
from comments.saving import save_post
from comments.source_health import counted
from comments.sources import ThreadSource, chosen_sources
from comments.sources.algolia import Algolia, Hit
from comments.sources.known_threads import known_threads
from core import event_loop
from core.http import OutsideError
from core.locks import host_slots
from core.progress import Progress, no_progress

LEAST_COMMENTS = 10
# The one word that every such title has: "What is everyone working on", "What have you been working on".
QUERY = "working"

PEOPLE = (
    r"(?:(?:is|are|were|was|have|has|do|did)\s+)?(?:you|y'?all|ya|people|everyone|everybody|folks|we all|hners?|hn|"
    r"anyone|the community)"
)
# Words that leave the question what it is: "you guys currently", "you all still".
FILLING = (
    r"(?:\s+(?:guys|all|folks|here|else|people|on hn|currently|still|now|actually|been|really|is|are|have|at hn))*"
)
# The question opens the title, or follows what ends in a mark: "It's Friday. What …", "Hackers, what …".
OPENING = r"\s*ask hn\b\s*(?:.*[,.:;!?–—-]\s*)?(?:so\s+)?"
QUESTION = re.compile(
    rf"{OPENING}what(?:['’]?s|['’]?re|['’]?ve)?\s+(?:projects?\s+|side[- ]projects?\s+)?{PEOPLE}{FILLING}"
    r"\s+working\s+on\b(?P<rest>.*)",
    re.IGNORECASE,
)
USUAL = re.compile(
    rf"ask hn: what are you working on\??\s*(?:\(\s*(?:{NAME})\.?,?\s+20\d\d\s*\))?\s*\??", re.IGNORECASE
)
ASK = re.compile(r"\s*ask hn\b", re.IGNORECASE)
# What follows "working on" and makes it a question about something else than one's projects.
OTHER_REST = re.compile(
    r"^\s*(?:at\s+\w|instead|when you|while|if you|because|with your|for your (?:boss|employer))", re.IGNORECASE
)


@dataclass(frozen=True)
class Finding:
    """What is made of one story: ``verdict`` is trusted, candidate or refused, with the reason in words.

    ``id`` is that of its source.
    """

    source: str
    id: int | str
    title: str
    author: str
    comments: int
    posted_at: datetime
    year: int
    month: int
    verdict: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return vars(self) | {"posted_at": self.posted_at.isoformat()}


def judge(title: str, author: str) -> tuple[str, str]:
    """Return the verdict on a story by its title and author, and the reason: trusted, candidate or refused."""
    title = " ".join(title.split())
    if not ASK.match(title):
        return "refused", "It is not an Ask HN."
    found = QUESTION.match(title)
    if not found:
        return "refused", "Its title does not ask what people are working on."
    if OTHER_REST.match(found["rest"]):
        return "refused", "Its title asks about something else than people's projects."
    if not USUAL.fullmatch(title):
        return "candidate", "It does not have the usual title."
    if author not in settings.THREAD_AUTHORS:
        return "candidate", f"It has the usual title, but {author or 'its author'} is not in THREAD_AUTHORS."
    return "trusted", f"It has the usual title, and its author {author} is in THREAD_AUTHORS."


def discover_posts(
    since_days: int = 45, *, source: str | None = None, dry_run: bool = False, progress: Progress = no_progress
) -> dict[str, Any]:
    """Look for threads of the last ``since_days`` days; add those that are sure and keep the others to be decided.

    All enabled sources are asked, or the one that ``source`` names. Returns as JSON ``found`` (what is new, and why it
    was or was not added), ``added`` (ids) and ``missing``: a line for each source that did not answer, with which the
    status is partial. With ``dry_run`` nothing is saved and ``added`` is what would be.

    Raises ValueError for a number of days below 1 and an unknown source, and OutsideError when no source answers and
    it may pass.
    """
    if isinstance(since_days, bool) or not isinstance(since_days, int) or not 1 <= since_days <= 10_000:
        raise ValueError(f"since_days={since_days} is invalid: it expects a whole number from 1 to 10000.")
    since = timezone.now() - timedelta(days=since_days)
    sources = chosen_sources(source)
    new: list[Finding] = []
    failures: list[OutsideError] = []
    for done, each in enumerate(sources):
        progress("search", done, len(sources))
        try:
            new += _search(since, dry_run) if each.name == Source.HACKER_NEWS else _listed(each, since, dry_run)
        except OutsideError as error:
            failures.append(error)
    if len(failures) == len(sources) and not all(error.is_forbidden for error in failures):
        raise failures[0]
    progress("search", len(sources), len(sources))
    return {
        "status": "partial" if failures else "success",
        "found": [finding.as_dict() for finding in new],
        "added": [finding.id for finding in new if finding.verdict == "trusted"],
        "missing": [str(error) for error in failures],
    }


def accept(candidate: Candidate, user: Any = None) -> Post:
    """Take a candidate as a thread, for the next collection to fill, and return it."""
    with transaction.atomic():
        post = _add(candidate.pk, candidate)
        _decide(candidate, Candidate.Status.ACCEPTED, user)
    return post


def refuse(candidate: Candidate, user: Any = None) -> None:
    """Leave a candidate aside for good: a later discovery does not bring it back."""
    _decide(candidate, Candidate.Status.REFUSED, user)


def _decide(candidate: Candidate, status: str, user: Any) -> None:
    candidate.status, candidate.decided_at, candidate.decided_by = status, timezone.now(), user
    candidate.save(update_fields=["status", "decided_at", "decided_by"])


def _search(since: datetime, dry_run: bool) -> list[Finding]:
    """Return what Algolia finds and nobody knew; save it."""

    hits = _hits(since)
    stored = Post.objects.filter(source=Source.HACKER_NEWS, pk__in=[hit.id for hit in hits])
    known = {thread.id for thread in known_threads()}.union(stored.values_list("pk", flat=True))
    decided = set(Candidate.objects.exclude(status=Candidate.Status.WAITING).values_list("pk", flat=True))
    new = [_finding(hit) for hit in hits if hit.id not in known | decided]
    if not dry_run:
        _save(new)
    return new


def search_threads(since: datetime) -> list[Hit]:
    """Return what Algolia finds that would be taken as a thread at once, known or not. Raises OutsideError."""
    return [hit for hit in _hits(since) if judge(hit.title, hit.author)[0] == "trusted"]


def _hits(since: datetime) -> list[Hit]:
    async def ask_algolia() -> list[Hit]:
        async with Algolia.from_settings() as algolia:
            return await algolia.stories(QUERY, since, LEAST_COMMENTS)

    with counted(), host_slots(settings.HN_SEARCH_BASE_URL, settings.HN_CONCURRENCY):
        return event_loop.run(ask_algolia())


def _finding(hit: Hit) -> Finding:
    verdict, reason = judge(hit.title, hit.author)
    year, month = month_of(hit.title, hit.posted_at)
    return Finding(
        Source.HACKER_NEWS.value,
        hit.id,
        hit.title,
        hit.author,
        hit.comments,
        hit.posted_at,
        year,
        month,
        verdict,
        reason,
    )


def _listed(source: ThreadSource, since: datetime, dry_run: bool) -> list[Finding]:
    """Return the threads that a source lists and nobody knew; save them."""
    with opened(source):
        threads = ask(source, source.find_threads())
    stored = set(Post.objects.filter(source=source.name).values_list("source_id", flat=True))
    new = []
    for thread in threads:
        post = thread.post
        if post is None or post.date < since or thread.source_id in stored:
            continue
        if not dry_run:
            save_post(source.name, post)
        new.append(
            Finding(
                source.name,
                thread.source_id,
                post.title,
                post.author,
                post.descendants or 0,
                post.date,
                thread.year,
                thread.month,
                "trusted",
                "Its source lists it among its threads.",
            )
        )
    return new


def _save(new: list[Finding]) -> None:
    with transaction.atomic():
        for finding in new:
            if finding.verdict == "trusted":
                _add(int(finding.id), finding)
            elif finding.verdict == "candidate":
                Candidate.objects.update_or_create(
                    pk=finding.id, defaults={**_fields(finding), "comments": finding.comments, "reason": finding.reason}
                )


def _add(post_id: int, story: Finding | Candidate) -> Post:
    post, _ = Post.objects.get_or_create(
        pk=post_id, defaults={"source": Source.HACKER_NEWS, "source_id": str(post_id), **_fields(story)}
    )
    return post


def _fields(story: Finding | Candidate) -> dict[str, Any]:
    return {
        "title": story.title[:TITLE_LENGTH],
        "author": story.author[:AUTHOR_LENGTH],
        "posted_at": story.posted_at,
        "year": story.year,
        "month": story.month,
    }
