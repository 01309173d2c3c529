"""One project: what it is, where it appeared, and how that was found out."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, Func, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString

from comments.highlighting import marked_html
from core.caching import cached_by_version, is_staff
from core.round_trips import Statement, asked_together
from projects.links import host_of, is_web, kind_of
from projects.mapping.models import Dot
from projects.models import Extraction, Page, Project, ProjectMerge, Submission
from projects.search.meaning import WHOLE_SCANS, similar_asked
from projects.site.errors import Gone, NoPage, reader_page
from projects.site.rows import Row, rows, with_row_fields
from projects.site.sharing import drawable, json_ld, picture

ALIKE = OTHERS = 6
# What the steps of a reading are to who never saw the code.
STEPS = {
    "segment_and_judge": "Split the comment and judged its parts",
    "check_duplicates": "Looked for the project among its author’s earlier ones",
    "fetch_linked_pages": "Fetched the pages that it links to",
    "describe_projects": "Described it: title, texts, tags, scores",
    "embed_projects": "Computed its embedding, for search by meaning",
}


@dataclass(frozen=True)
class Look:
    """What the page behind a link was when it was last looked at."""

    url: str
    final_url: str
    title: str
    status: int | None
    error: str
    fetched_at: datetime


@dataclass(frozen=True)
class Link:
    """An address of a project, and what is known of the page behind it. ``page`` is None before the first look."""

    url: str
    summary: str
    page: Look | None

    @property
    def host(self) -> str:
        return host_of(self.url)

    @property
    def kind(self) -> str:
        """What kind of page it leads to, as "repository"."""
        return kind_of(self.url).name.lower()

    @property
    def can_be_followed(self) -> bool:
        return is_web(self.url)


@dataclass(frozen=True)
class Appearance:
    """A comment that a project is in. ``marked`` is its text, cleaned, with the project's stretch marked."""

    submission: Submission
    marked: SafeString


@dataclass(frozen=True)
class Reading:
    """The run that found a project in its newest comment."""

    analyst: str
    prompt_version: int
    status: str
    finished_at: str | None
    steps: list[dict[str, Any]]

    @property
    def by_rules(self) -> bool:
        return self.analyst == "rules"

    @property
    def finished_on(self) -> datetime | None:
        return datetime.fromisoformat(self.finished_at) if self.finished_at else None


@cached_by_version
@reader_page
def project(request: HttpRequest, pk: int, slug: str = "") -> HttpResponse:
    """All that strangers may know of a project; staff see one that waits for a review, too."""
    shown = Project.objects.published()
    found = _with_all(Project.objects.published(to_staff=is_staff(request))).filter(pk=pk).first()
    if found is None:
        return redirect(kept_for(pk), permanent=True)
    if request.path != found.get_absolute_url():
        return redirect(found, permanent=True)
    submissions = list(_submissions(found))
    others, alike = _beside(found, submissions, shown)
    context = {
        "title": found.title,
        "description": found.short_description,
        "project": found,
        "links": links(found),
        "appearances": [Appearance(each, marked_html(each.comment.text, [each.text])) for each in submissions],
        "reading": _reading(submissions),
        "review": review_in_words(found),
        "others": others,
        "alike": alike,
        "picture_url": request.build_absolute_uri(reverse("site:project_picture", args=[pk])),
        "json_ld": json_ld(request, found, submissions),
    }
    return render(request, "projects/site/project.html", context)


def _beside(found: Any, submissions: list[Submission], shown: QuerySet[Project]) -> tuple[list[Row], list[Row]]:
    """Return those of ``shown`` by the same authors, and the most alike; two queries."""
    asked = {
        "others": by_same_authors(found, submissions, shown),
        "alike": similar_asked(found, shown, ALIKE, found.dimensions),
    }
    given = {name: statement for name, statement in asked.items() if statement is not None}
    answers = dict(zip(given, asked_together(given.values(), before=WHOLE_SCANS), strict=True)) if given else {}
    others = [pk for (pk,) in answers.get("others", [])]
    alike = [pk for pk, likeness in answers.get("alike", []) if likeness == likeness]  # None of a vector of zeros.
    by_id = {row.pk: row for row in rows([*others, *alike])}
    return [by_id[pk] for pk in others if pk in by_id], [by_id[pk] for pk in alike if pk in by_id]


def _with_all(projects: QuerySet[Project]) -> QuerySet[Any]:
    """Add to what a row shows: its texts, ``looks`` at its pages, ``is_on_map``, ``dimensions`` of its embedding."""
    pages = Page.objects.filter(url__in=RawSQL("SELECT unnest(projects_project.urls)", ()))
    looks = pages.values(json=JSONObject(**{each.name: each.name for each in fields(Look)}))
    return (
        with_row_fields(projects)
        .defer(None)
        .defer("embedding", "search_vector")
        .annotate(
            looks=ArraySubquery(looks),
            is_on_map=Exists(Dot.objects.filter(project=OuterRef("pk"))),
            dimensions=Func("embedding", function="vector_dims", output_field=IntegerField()),
        )
    )


@cached_by_version
@reader_page
def project_picture(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture that other sites show where somebody shares the page."""
    found = with_row_fields(Project.objects.published()).filter(pk=pk).first()
    if found is None:
        return redirect("site:project_picture", kept_for(pk).pk, permanent=True)
    below = " · ".join(filter(None, map(drawable, found.tag_names)))  # type: ignore[attr-defined]  # annotated
    by = f"A project by {found.last['author']}" if found.last else "An idea"  # type: ignore[attr-defined]  # annotated
    made = picture(found.title, found.short_description, below, instead=found.host or by)
    return HttpResponse(made, content_type="image/png")


def kept_for(pk: int) -> Project:
    """Return the project that one which is not shown was merged into.

    Raises Gone for one that was refused or removed, NoPage where there never was one.
    """
    merge = ProjectMerge.objects.filter(absorbed_id=pk, undone_at=None).select_related("kept").first()
    if merge is not None:
        return merge.kept
    hidden = Project.objects.only("review_status").filter(pk=pk).first()
    if (
        hidden is not None
        and hidden.review_status == Project.ReviewStatus.PENDING
        and settings.PUBLIC_PROJECTS != "all"
    ):
        raise NoPage(f"Project {pk} is not shown.")  # It may be, once somebody approves it.
    if hidden is not None:
        raise Gone(f"Project {pk} is not shown any more.")
    raise NoPage(f"There is no project {pk}.")


def _submissions(found: Project) -> QuerySet[Submission]:
    """Return where it appeared, newest first, each with its comment, thread and newest reading."""
    readings = Extraction.objects.filter(
        comment=OuterRef("comment"), status__in=(Extraction.Status.SUCCEEDED, Extraction.Status.PARTIAL)
    )
    newest = readings.order_by("-started_at").values(
        json=JSONObject(**{name: name for name in ("analyst", "prompt_version", "status", "finished_at", "steps")})
    )
    return (
        Submission.objects.visible()
        .filter(project=found)
        .select_related("comment__post")
        .defer("comment__post__text", "comment__post__kids")
        .annotate(reading=Subquery(newest[:1]))
        .order_by("-comment__posted_at", "-pk")
    )


def _reading(submissions: list[Submission]) -> Reading | None:
    known = submissions[0].reading if submissions else None  # type: ignore[attr-defined]  # annotated
    if known is None:
        return None
    steps = [
        {"name": STEPS.get(step["step"], step["step"].replace("_", " ")), "outcome": step["outcome"]}
        | {"seconds": step["seconds"]}
        for step in known["steps"]
    ]
    return Reading(**(known | {"steps": steps}))


def links(found: Any) -> list[Link]:
    """Return its addresses, the primary one first, each once, with what was seen there at the last look."""
    looks = {
        look["url"]: Look(**look | {"fetched_at": datetime.fromisoformat(look["fetched_at"])}) for look in found.looks
    }
    urls = dict.fromkeys(filter(None, [found.primary_url, *found.urls]))
    return [Link(url, str(found.url_summaries.get(url, "")), looks.get(url)) for url in urls]


def review_in_words(found: Project) -> list[str]:
    """Return sentences about who looked at it: what a reader should know before trusting it."""
    if found.review_status == Project.ReviewStatus.APPROVED:
        when = f" on {found.reviewed_at:%-d %B %Y}" if found.reviewed_at else ""
        said = [f"A person looked at it{when} and approved it."]
    else:
        said = ["No person has looked at it yet: all of this is as a machine read it."]
    if found.edited_fields:
        named = ", ".join(sorted(name.replace("_", " ") for name in found.edited_fields))
        said.append(f"A person wrote or corrected: {named}.")
    if found.flag_reason:
        said.append(f"The machine noted: {found.flag_reason}")
    return said


def by_same_authors(found: Project, submissions: Iterable[Submission], shown: QuerySet[Project]) -> Statement | None:
    """Return the statement that gets the ids of those of ``shown`` that the authors of this project posted besides,
    newest first; None where nobody is named.
    """
    names: dict[str, set[str]] = {}
    for each in submissions:
        if each.comment.author:
            names.setdefault(each.comment.source, set()).add(each.comment.author)
    if not names:
        return None
    theirs = Q()
    for source, authors in names.items():
        theirs |= Q(comment__source=source, comment__author__in=authors)
    posted = Submission.objects.visible().filter(theirs, project=OuterRef("pk"))
    others = shown.exclude(pk=found.pk).filter(Exists(posted)).order_by("-last_seen_at", "-id")
    return others.values_list("pk")[:OTHERS].query.sql_with_params()
