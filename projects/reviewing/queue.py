"""Which project a reviewer sees next, and what stands beside it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Value
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from projects.models import Extraction, Page, Project, ProjectQuerySet, Snooze, Submission, Tag
from projects.reviewing.history import worked_on
from projects.search.meaning import similar

SIMILAR = 5
# The parts of the queue as a cursor names them: back from a snooze, and unsure.
BACK, UNSURE = ",back", ",unsure"


@dataclass(frozen=True)
class Item:
    """A project with all that a reviewer needs to judge it; ``similar`` ones with their likeness in percent."""

    project: Project
    tags: list[Tag]
    submissions: list[Submission]
    pages: list[Page]
    similar: list[tuple[Project, int]]
    extraction: Extraction | None
    snooze: Snooze | None

    @property
    def newest(self) -> Submission | None:
        """The latest appearance, whose comment is shown first; None for a generated idea."""
        return self.submissions[0] if self.submissions else None

    @property
    def cursor(self) -> str:
        """Where in the queue it stands."""
        return cursor_of(self.project)


@dataclass(frozen=True)
class Progress:
    """How far the queue is: what waits, what there is, and what this person did today.

    Those are real projects; how many of the generator's ideas wait is a number of its own. ``unsure`` are those among
    ``waiting`` of which their reading is not sure; ``snoozed`` ones are not among them. ``mine_today`` is what
    ``history.worked_on`` counts.
    """

    waiting: int
    unsure: int
    snoozed: int
    total: int
    ideas: int
    mine_today: int

    @property
    def reviewed(self) -> int:
        """How many do not wait any more."""
        return self.total - self.waiting - self.snoozed


def cursor_of(project: Project) -> str:
    """Return the place of a project in the order of the queue, as text."""
    part = BACK if is_back(project) else UNSURE if project.is_unsure else ""
    return f"{project.last_seen_at.isoformat()},{project.pk}{part}"


def is_back(project: Project) -> bool:
    """Tell whether a project was snoozed, and its time has come."""
    snooze = snooze_of(project)
    return snooze is not None and snooze.until <= timezone.now()


def snooze_of(project: Project) -> Snooze | None:
    return getattr(project, "snooze", None)


def next_after(queue: ProjectQuerySet, cursor: str = "", *, unsure_first: bool = False) -> Project | None:
    """Return the project that follows ``cursor`` in ``queue``, newest first; from its end on the first one again.

    Those that are back from a snooze come before all others, and with ``unsure_first`` those of which their reading is
    not sure come next. An unreadable cursor stands for the beginning. None when the queue is empty, or holds only the
    one of the cursor.
    """
    queue = queue.defer("embedding", "search_vector").select_related("reviewer", "snooze__user")
    queue = queue.order_by("-last_seen_at", "-id")
    over = Snooze.objects.over().values("pk")
    parts = {BACK: queue.filter(pk__in=over)}
    queue = queue.exclude(pk__in=over)
    parts |= {UNSURE: queue.unsure(), "": queue.sure()} if unsure_first else {"": queue}
    part = next((name for name in parts if name and cursor.endswith(name)), "")
    seen, pk = _read(cursor.removesuffix(BACK).removesuffix(UNSURE))
    if seen is None:
        return _first(parts.values())
    left = list(parts.values())[list(parts).index(part) :]
    behind = left[0].filter(last_seen_at__lte=seen).exclude(last_seen_at=seen, pk__gte=pk)
    return _first([behind, *left[1:]]) or _first(each.exclude(pk=pk) for each in parts.values())


def _first(parts: Iterable[ProjectQuerySet]) -> Project | None:
    return next((found for part in parts if (found := part.first()) is not None), None)


def _read(cursor: str) -> tuple[datetime | None, int]:
    at, _, pk = cursor.rpartition(",")
    try:
        seen = parse_datetime(at)
        if seen is None or timezone.is_naive(seen):
            return None, 0
        return seen, int(pk)
    except ValueError:
        return None, 0


def item(project: Project) -> Item:
    """Return what a reviewer needs beside ``project``, in few queries and without embeddings."""
    submissions = list(project.submissions.select_related("comment", "comment__post").defer("comment__post__text"))
    extraction = None
    if submissions:
        readings = Extraction.objects.filter(comment=submissions[0].comment_id)
        extraction = readings.order_by("-started_at").first()
    shown = Project.objects.not_rejected().only("title", "short_description", "review_status")
    return Item(
        project,
        list(project.tags.all()),
        submissions,
        list(project.pages.defer("text")),
        [(other, round(100 * other.similarity)) for other in similar(project, shown, SIMILAR)],
        extraction,
        snooze_of(project),
    )


def progress(projects: ProjectQuerySet, user: Any) -> Progress:
    """Return how far the review of ``projects`` is."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = projects.order_by()
    # One query of three parts: an index has what the first counts, and the others are few. A condition in each count
    # would read all projects.
    parts = {"all": rows, "snoozed": rows.snoozed(), "unsure": rows.awake().unsure()}
    every, *others = (
        part.annotate(part=Value(name)).values_list("part", "review_status", "source").annotate(n=Count("*"))
        for name, part in parts.items()
    )
    counts: Counter[tuple[str, str, bool]] = Counter()
    for name, status, source, count in every.union(*others, all=True):
        counts[name, status, source == Project.Source.NEMO_DATA_DESIGNER] += count
    pending = Project.ReviewStatus.PENDING
    return Progress(
        waiting=counts["all", pending, False] - counts["snoozed", pending, False],
        unsure=counts["unsure", pending, False],
        snoozed=counts["snoozed", pending, False],
        total=sum(counts["all", status, False] for status in Project.ReviewStatus),
        ideas=counts["all", pending, True] - counts["snoozed", pending, True],
        mine_today=worked_on(user, today),
    )
