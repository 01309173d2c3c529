"""Which published projects a reader asks for."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from comments.models import Post
from projects.models import Project, Submission, Tag
from projects.search import with_words


@dataclass(frozen=True)
class Wanted:
    """A reader's conditions; all of them must hold, an empty one always does.

    ``tags`` must all be there, of ``any_tags`` one. ``months`` are firsts of a month in whose threads it appeared.
    """

    tags: list[str] = field(default_factory=list)
    any_tags: list[str] = field(default_factory=list)
    least_idea: int | None = None
    most_idea: int | None = None
    least_complexity: int | None = None
    most_complexity: int | None = None
    months: list[date] = field(default_factory=list)
    source: str | None = None
    author: str | None = None
    has_link: bool | None = None
    text: str | None = None


def published(wanted: Wanted) -> QuerySet[Project]:
    """Return the projects that strangers may see and that fit ``wanted``, without order."""
    plain = {
        "idea_score__gte": wanted.least_idea,
        "idea_score__lte": wanted.most_idea,
        "complexity_score__gte": wanted.least_complexity,
        "complexity_score__lte": wanted.most_complexity,
        "source": wanted.source,
    }
    projects = Project.objects.published().filter(**{name: value for name, value in plain.items() if value is not None})
    for tag in dict.fromkeys(wanted.tags):
        projects = projects.filter(Exists(_tagged(Q(tag__name=tag.lower()))))
    if wanted.any_tags:
        projects = projects.filter(Exists(_tagged(Q(tag__name__in=[tag.lower() for tag in wanted.any_tags]))))
    if wanted.months or wanted.author:
        projects = projects.filter(Exists(_submitted(wanted.months, wanted.author)))
    if wanted.has_link is not None:
        projects = projects.exclude(primary_url="") if wanted.has_link else projects.filter(primary_url="")
    if wanted.text:
        projects = with_words(projects, wanted.text)
    return projects


def _tagged(condition: Q) -> QuerySet[Any]:
    return Project.tags.through.objects.filter(condition, project=OuterRef("pk"))


def _submitted(months: list[date], author: str | None) -> QuerySet[Submission]:
    submissions = Submission.objects.filter(project=OuterRef("pk"))
    if author:
        submissions = submissions.filter(comment__author=author)
    if months:
        in_month = Q()
        for month in months:
            in_month |= Q(comment__post__year=month.year, comment__post__month=month.month)
        submissions = submissions.filter(in_month)
    return submissions


def with_names(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Add ``tag_names`` and ``comment_ids`` as lists and both scores as ``idea_order`` and ``complexity_order``.

    One query for a whole page; a score that is missing sorts as 0.
    """
    tags = Tag.objects.filter(projects=OuterRef("pk")).order_by("name").values("name")
    comments = Submission.objects.filter(project=OuterRef("pk")).order_by("comment_id").values("comment_id")
    return projects.annotate(
        tag_names=ArraySubquery(tags),
        comment_ids=ArraySubquery(comments),
        idea_order=Coalesce("idea_score", 0),
        complexity_order=Coalesce("complexity_score", 0),
    ).defer("embedding", "search_vector")


def tags_with_counts() -> QuerySet[Tag]:
    """Return the tags that published projects have, each with ``project_count``; generated ideas do not count."""
    counted = Project.objects.published().posted()
    return Tag.objects.filter(projects__in=counted).annotate(project_count=Count("projects"))


def months_with_counts() -> list[dict[str, Any]]:
    """Return each month that has a thread, newest first, with its numbers of threads, comments and projects."""
    in_month = Submission.objects.filter(
        comment__post__year=OuterRef("year"),
        comment__post__month=OuterRef("month"),
        project__in=Project.objects.published().posted(),
    )
    projects = in_month.order_by().values("comment__post__year").annotate(n=Count("project", distinct=True)).values("n")
    rows = (
        Post.objects.visible()
        .order_by("-year", "-month")
        .values("year", "month")
        .annotate(
            posts=Count("pk", distinct=True),
            comments=Count("comments", filter=Q(comments__dead=False, comments__deleted=False)),
            projects=Coalesce(Subquery(projects, output_field=IntegerField()), 0),
        )
    )
    return [{"month": f"{row.pop('year')}-{row.pop('month'):02}", **row} for row in rows]
