"""The rows of lists: what they show of a project, asked by a statement that is written once, and their HTML.

To write the statement and to fill the templates takes many times as long as the database needs.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import CharField, Count, DateField, F, Func, OuterRef, QuerySet, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject, LPad
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from projects.links import host_of
from projects.models import Project, ProjectQuerySet, Submission, Tag
from projects.search.marking import Segment

# Rows of which a process keeps the HTML: 2 kB each.
MOST_KEPT = 3_000
# In the place of the ids that are asked for.
ANY = [0]

_year = Cast("comment__post__year", CharField())
_month = LPad(Cast("comment__post__month", CharField()), 2, Value("0"))
# Of a submission: the month of its thread, as 2026-09.
MONTH = Concat(_year, Value("-"), _month)
# The same as people write it: Sep 2026.
MONTH_LABEL = Func(
    Func(F("comment__post__year"), F("comment__post__month"), 1, function="make_date", output_field=DateField()),
    Value("Mon YYYY"),
    function="to_char",
    output_field=CharField(),
)


class Last(NamedTuple):
    """The newest comment that strangers may see a project in; ``label`` is its month as people write it."""

    author: str
    source: str
    month: str
    label: str


class Row(NamedTuple):
    """What a row shows; ``appearances`` is in how many comments that strangers may see the project is.

    ``waits`` is true of what readers see only once it is approved; ``description`` is there where it was asked for.
    """

    pk: int
    title: str
    short_description: str
    primary_url: str
    idea_score: int | None
    complexity_score: int | None
    source: str
    waits: bool
    tag_names: tuple[str, ...]
    last: Last | None
    appearances: int
    description: str = ""

    def get_absolute_url(self) -> str:
        """Return the address of its page."""
        return Project(pk=self.pk, title=self.title).get_absolute_url()

    @property
    def host(self) -> str:
        """The host of its primary URL without www; empty for none."""
        return host_of(self.primary_url)


COLUMNS = ("pk", "title", "short_description", "primary_url", "idea_score", "complexity_score", "source")
ASKED_BESIDE = ("review_status", "tag_names", "last", "appearances")


def rows(ids: Iterable[int], *, described: bool = False) -> list[Row]:
    """Return the rows of the projects ``ids``, whoever may see them, in that order; one query.

    Those that are gone are left out. ``described`` adds their descriptions.
    """
    ids = list(ids)
    if not ids:
        return []
    statement, values = _statement(described)
    with connection.cursor() as cursor:
        cursor.execute(statement, [ids if value == ANY else value for value in values])
        found = {row[0]: _row(row) for row in cursor.fetchall()}
    return [found[pk] for pk in ids if pk in found]


def _row(columns: tuple[Any, ...]) -> Row:
    review_status, tags, last, *others = columns[len(COLUMNS) :]
    waits = settings.PUBLIC_PROJECTS == "approved" and review_status == Project.ReviewStatus.PENDING
    values = (*columns[: len(COLUMNS)], waits, tuple(tags), Last(**json.loads(last)) if last else None, *others)
    return Row(*values)


@cache
def _statement(described: bool) -> tuple[str, tuple[Any, ...]]:
    asked = RawSQL("SELECT unnest(%s::bigint[])", (ANY,))
    found = Project.objects.annotate(**_row_fields()).filter(pk__in=asked).order_by()
    columns = (*COLUMNS, *ASKED_BESIDE, *(["description"] if described else []))
    return found.values_list(*columns).query.sql_with_params()


def with_row_fields(projects: QuerySet[Project]) -> ProjectQuerySet:
    """Add to ``projects`` what a row shows beside its columns: ``tag_names``, ``last`` as a mapping, ``appearances``.

    For a page that needs the project itself.
    """
    return cast("ProjectQuerySet", projects).annotate(**_row_fields()).without_heavy_fields()


@cache
def _row_fields() -> dict[str, Any]:
    seen = Submission.objects.visible().filter(project=OuterRef("pk"))
    last = seen.order_by("-comment__posted_at", "-pk").values(
        json=JSONObject(author="comment__author", source="comment__source", month=MONTH, label=MONTH_LABEL)
    )
    counted = seen.order_by().values("project").annotate(n=Count("pk")).values("n")
    return {
        "tag_names": ArraySubquery(Tag.objects.filter(projects=OuterRef("pk")).order_by("name").values("name")),
        "last": Subquery(last[:1]),
        "appearances": Coalesce(Subquery(counted), 0),
    }


def rows_html(shown: Iterable[Row], layout: str, level: int) -> SafeString:
    """Return the HTML of ``shown``, as rows of a ``layout`` ("list" or "cards"), their titles headings of ``level``."""
    return SafeString("".join(_kept(f"projects/site/{TEMPLATES[layout]}", row, level) for row in shown))


def facts_html(row: Row) -> SafeString:
    """Return the HTML of the line below a project's title: tags, who, when, how often."""
    return _kept("projects/site/project_facts.html", row._replace(description=""), 0)


def segments_html(segments: Iterable[Segment]) -> SafeString:
    """Return stretches of text as HTML, those that are marked in a ``mark``."""
    return SafeString("".join(_marked(segment) for segment in segments))


def _marked(segment: Segment) -> str:
    return format_html("<mark>{}</mark>", segment.text) if segment.marked else escape(segment.text)


TEMPLATES: Mapping[str, str] = {"list": "project_row.html", "cards": "project_card.html"}


def _kept(template: str, row: Row, level: int) -> SafeString:
    # With DEBUG on templates are edited while this process runs.
    return (_html.__wrapped__ if settings.DEBUG else _html)(template, row, level)


@lru_cache(MOST_KEPT)
def _html(template: str, row: Row, level: int) -> SafeString:
    """Return a row as a template shows it, kept by all that it shows: it is right however the index changes."""
    return render_to_string(template, {"project": row, "level": level or None})
