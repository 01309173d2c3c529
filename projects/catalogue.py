"""Which published projects a reader asks for, and what is counted of them."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from comments.models import Comment, Post, is_removed
from core.index_version import kept
from projects.conditions import IDEAS, UNKNOWN, Conditions
from projects.expressions import Listed
from projects.models import Project, ProjectQuerySet, Submission, Tag
from projects.search.words import with_words

Condition = Q | Combinable


def published(wanted: Conditions, *, to_staff: bool = False, page: bool = False) -> ProjectQuerySet:
    """Return the projects that strangers, or staff, may see and that fit ``wanted``, without order.

    For a ``page`` of a list those with a tag are looked up first, where nothing is to be looked for in their texts.
    """
    projects = Project.objects.published(to_staff=to_staff)
    for condition in fitting(wanted, listed=page and not wanted.q):
        projects = projects.filter(condition)
    return with_words(projects, wanted.q) if wanted.q else projects


def fitting(wanted: Conditions, *, listed: bool = False) -> Iterator[Condition]:
    """Yield what must hold of a project that fits ``wanted``, but for its words; ``listed`` as ``Listed`` says."""
    yield from _of_tags(wanted, listed)
    for name in ("idea_score", "complexity_score"):
        yield from _scored(wanted, name)
    yield from _posted(wanted)
    if IDEAS not in wanted.source:
        yield ~Q(source=IDEAS)
    for column, name in (("source", "source"), ("link_kind", "link")):
        if values := getattr(wanted, name):
            yield Q(**{f"{column}__in": values})
        if values := getattr(wanted, f"{name}_not"):
            yield ~Q(**{f"{column}__in": values})
    if wanted.has_link is not None:
        yield ~Q(link_kind="none") if wanted.has_link else Q(link_kind="none")


def _of_tags(wanted: Conditions, listed: bool) -> Iterator[Condition]:
    groups = [[tag] for tag in dict.fromkeys(wanted.tags)] + ([wanted.tags_any] if wanted.tags_any else [])
    if groups and listed:
        yield Listed.in_all([_with_tags(group).order_by().values("project") for group in groups])
    else:
        yield from map(_tagged, groups)
    if wanted.tags_not:
        yield ~_tagged(wanted.tags_not)
    if wanted.has_tags is not None:
        has_tags = Exists(Project.tags.through.objects.filter(project=OuterRef("pk")))
        yield has_tags if wanted.has_tags else ~has_tags


def _scored(wanted: Conditions, name: str) -> Iterator[Q]:
    """Yield the conditions on a score; one that is not known is above and below nothing."""
    if (least := getattr(wanted, f"min_{name}")) is not None:
        yield Q(**{f"{name}__gte": least})
    if (most := getattr(wanted, f"max_{name}")) is not None:
        yield Q(**{f"{name}__lte": most})
    for values, is_wanted in ((getattr(wanted, name), True), (getattr(wanted, f"{name}_not"), False)):
        if not values:
            continue
        known = Q(**{f"{name}__in": [int(value) for value in values if value != UNKNOWN], f"{name}__isnull": False})
        one_of = known | Q(**{f"{name}__isnull": True}) if UNKNOWN in values else known
        yield one_of if is_wanted else ~one_of


def _posted(wanted: Conditions) -> Iterator[Condition]:
    """Yield the conditions on the comments that a project was posted in: month and author are those of one of them."""
    by_author: dict[str, str] = {"comment__author": wanted.author} if wanted.author else {}
    if wanted.author_source:
        by_author["comment__source"] = wanted.author_source
    months = [month for month in wanted.month if month != UNKNOWN]
    if UNKNOWN in wanted.month:
        nowhere = ~shown_in()
        yield Q(shown_in(in_months(months), **by_author)) | Q(nowhere) if months else nowhere
    elif months or by_author:
        yield shown_in(in_months(months), **by_author)
    if excluded := [month for month in wanted.month_not if month != UNKNOWN]:
        yield ~shown_in(in_months(excluded))
    if UNKNOWN in wanted.month_not:
        yield shown_in()
    if wanted.seen_before is not None:
        again = Q(pk__in=seen_again())
        yield again if wanted.seen_before else ~again


def seen_again() -> QuerySet[Any]:
    """Return the ids of projects that were posted more than once, as far as strangers may see."""
    submissions = Submission.objects.order_by().values("project").annotate(times=Count("comment")).filter(times__gt=1)
    # An index alone says which were posted again at all; the comments of those few are looked at.
    shown = Submission.objects.visible().filter(project__in=submissions.values("project"))
    return shown.order_by().values("project").annotate(times=Count("comment")).filter(times__gt=1).values("project")


def _tagged(names: Iterable[str]) -> Exists:
    """Return the condition that a project has one of these tags or more, in whichever case."""
    return Exists(_with_tags(names).filter(project=OuterRef("pk")))


def _with_tags(names: Iterable[str]) -> QuerySet[Any]:
    return Project.tags.through.objects.filter(tag__name__in=[name.lower() for name in names])


def submitted(*conditions: Q, **more: Any) -> Exists:
    """Return the condition that a project has a submission that fits all of ``conditions``, whoever may see it."""
    return _in(Submission.objects.filter(*conditions, **more))


def shown_in(*conditions: Q, **more: Any) -> Exists:
    """Return the condition that a project has a submission, shown to strangers, that fits all of ``conditions``."""
    return _in(Submission.objects.visible().filter(*conditions, **more))


def listed_in(*conditions: Q, **more: Any) -> Listed:
    """Return the condition of ``shown_in`` for a page that lists what fits it, as few of all projects do."""
    return Listed(Submission.objects.visible().filter(*conditions, **more).order_by().values("project"))


def _in(submissions: QuerySet[Submission]) -> Exists:
    return Exists(submissions.filter(project=OuterRef("pk")))


def in_months(months: Iterable[str]) -> Q:
    """Return the condition that a submission was posted in a thread of one of ``months`` ("2026-09"); any for none."""
    wanted = Q()
    for year, month in (text.split("-") for text in months):
        wanted |= Q(comment__post__year=int(year), comment__post__month=int(month))
    return wanted


def with_names(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Add ``tag_names`` and ``comment_ids`` as lists and both scores as ``idea_order`` and ``complexity_order``.

    One query for a whole page; a score that is missing sorts as 0.
    """
    tags = Tag.objects.filter(projects=OuterRef("pk")).order_by("name").values("name")
    submissions = Submission.objects.filter(~is_removed("comment__"), project=OuterRef("pk"))
    comments = submissions.order_by("comment_id").values("comment_id")
    return projects.annotate(
        tag_names=ArraySubquery(tags),
        comment_ids=ArraySubquery(comments),
        idea_order=Coalesce("idea_score", 0),
        complexity_order=Coalesce("complexity_score", 0),
    ).defer("embedding", "search_vector")


def tags_with_counts() -> QuerySet[Any]:
    """Return the tags that published projects have, each with ``project_count``; generated ideas do not count."""
    counted = Project.objects.published().posted()
    return Tag.objects.filter(projects__in=counted).annotate(project_count=Count("projects"))


class CountedTag(NamedTuple):
    """A row of ``tags_with_counts``."""

    id: int
    name: str
    project_count: int


def counted_tags() -> list[CountedTag]:
    """Return ``tags_with_counts``, most projects first, counted once until the index changes."""
    rows = tags_with_counts().order_by("-project_count", "name").values_list("id", "name", "project_count")
    return kept(("tags", settings.PUBLIC_PROJECTS), lambda: [CountedTag(*row) for row in rows])


def months_with_counts() -> list[dict[str, Any]]:
    """Return each month that has a thread, newest first, with its numbers of threads, comments and projects.

    They are counted once for each version of the index.
    """
    return kept(("months with counts", settings.PUBLIC_PROJECTS), _months_with_counts)


def _months_with_counts() -> list[dict[str, Any]]:
    threads = Post.objects.visible()
    comments = Comment.objects.visible().filter(post__in=threads)
    shown = Project.objects.published().posted()
    projects = Submission.objects.visible().filter(project__in=shown, comment__post__in=threads)
    posts_of = _by_month(threads, "", Count("pk"))
    comments_of = _by_month(comments, "post__", Count("pk"))
    projects_of = _by_month(projects, "comment__post__", Count("project", distinct=True))
    return [
        {
            "month": f"{year}-{month:02}",
            "posts": posts,
            "comments": comments_of.get((year, month), 0),
            "projects": projects_of.get((year, month), 0),
        }
        for (year, month), posts in sorted(posts_of.items(), reverse=True)
    ]


def _by_month(rows: QuerySet[Any], thread: str, count: Count) -> dict[tuple[int, int], int]:
    """Return ``count`` of ``rows`` by year and month of their thread, which is found by ``thread``."""
    keys = f"{thread}year", f"{thread}month"
    counted = rows.order_by().values(*keys).annotate(n=count)
    return {(year, month): n for year, month, n in counted.values_list(*keys, "n")}
