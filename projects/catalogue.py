"""Which published projects a reader asks for, and what is counted of them."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from ninja import Field, Schema

from comments.models import Post
from core.api.listing import NO_NUL, ShortText
from projects.models import Project, ProjectQuerySet, Submission, Tag
from projects.search.words import with_words

TagName = Annotated[str, Field(min_length=1, max_length=50, pattern=NO_NUL)]
Score = Annotated[int, Field(ge=1, le=10)] | None
MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
Month = Annotated[str, Field(pattern=MONTH, examples=["2026-09"])]


class Conditions(Schema):
    """Which projects; all conditions must hold."""

    tags: list[TagName] = Field([], max_length=20, description="All of these; the parameter is repeated.")
    tags_any: list[TagName] = Field([], max_length=20, description="One of these or more.")
    min_idea_score: Score = None
    max_idea_score: Score = None
    min_complexity_score: Score = None
    max_complexity_score: Score = None
    month: list[Month] = Field([], max_length=60, description="Posted in the thread of one of these months.")
    source: Literal["hn", "lobsters", "nemo_data_designer"] | None = None
    author: ShortText = Field(None, description="Who posted it on Hacker News.")
    has_link: bool | None = None
    q: ShortText = Field(None, description='Words in title and description; "exact words", or, -not.')


def published(wanted: Conditions) -> ProjectQuerySet:
    """Return the projects that strangers may see and that fit ``wanted``, without order."""
    plain = {
        "idea_score__gte": wanted.min_idea_score,
        "idea_score__lte": wanted.max_idea_score,
        "complexity_score__gte": wanted.min_complexity_score,
        "complexity_score__lte": wanted.max_complexity_score,
        "source": wanted.source,
    }
    projects = Project.objects.published().filter(**{name: value for name, value in plain.items() if value is not None})
    for tag in dict.fromkeys(wanted.tags):
        projects = projects.filter(tagged([tag]))
    if wanted.tags_any:
        projects = projects.filter(tagged(wanted.tags_any))
    if wanted.month or wanted.author:
        by_author = {"comment__author": wanted.author} if wanted.author else {}
        projects = projects.filter(submitted(in_months(wanted.month), **by_author))
    if wanted.has_link is not None:
        projects = projects.with_link(wanted.has_link)
    if wanted.q:
        projects = with_words(projects, wanted.q)
    return projects


def tagged(names: Iterable[str]) -> Exists:
    """Return the condition that a project has one of these tags or more, in whichever case."""
    wanted = [name.lower() for name in names]
    return Exists(Project.tags.through.objects.filter(tag__name__in=wanted, project=OuterRef("pk")))


def submitted(*conditions: Q, **more: Any) -> Exists:
    """Return the condition that a project has a submission that fits all of ``conditions``."""
    return Exists(Submission.objects.filter(*conditions, project=OuterRef("pk"), **more))


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
    comments = Submission.objects.filter(project=OuterRef("pk")).order_by("comment_id").values("comment_id")
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
            post_total=Count("pk", distinct=True),
            comment_total=Count("comments", filter=Q(comments__dead=False, comments__deleted=False)),
            project_total=Coalesce(Subquery(projects, output_field=IntegerField()), 0),
        )
        .values_list("year", "month", "post_total", "comment_total", "project_total")
    )
    return [
        {"month": f"{year}-{month:02}", "posts": posts, "comments": comments, "projects": count}
        for year, month, posts, comments, count in rows
    ]
