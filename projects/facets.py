"""How many projects each value of a filter would show, with the other filters applied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q

from core import index_version
from projects.catalogue import fitting, published
from projects.conditions import IDEAS, UNKNOWN, Conditions
from projects.models import Project, Submission

# The most frequent, beside those that are chosen.
MOST_TAGS = 40
SCORES = [*(str(number) for number in range(10, 0, -1)), UNKNOWN]

SOURCES = dict(Project.Source.choices) | {IDEAS: "Generated ideas"}
# The facets that are a column of projects.
COLUMNS = {"source": "source", "link": "link_kind", "idea_score": "idea_score", "complexity_score": "complexity_score"}
# A choice among values that exclude each other is made wider by another value, so its own conditions are left out. A
# project has many tags, and another one narrows the choice: its count is what would be left.
OWN = {
    "source": ("source", "source_not"),
    "link": ("link", "link_not", "has_link"),
    "idea_score": ("idea_score", "idea_score_not", "min_idea_score", "max_idea_score"),
    "complexity_score": ("complexity_score", "complexity_score_not", "min_complexity_score", "max_complexity_score"),
    "month": ("month", "month_not"),
    "seen_before": ("seen_before",),
    "tags": (),
}


@dataclass(frozen=True)
class FacetValue:
    """A value of a facet: as an address has it, as a person reads it, how many projects it shows, and whether it is
    wanted or unwanted now."""

    value: str
    label: str
    count: int
    is_included: bool = False
    is_excluded: bool = False


@dataclass(frozen=True)
class Facets:
    """The values of all facets under the names of their conditions, and how many projects fit all conditions."""

    total: int
    tags: list[FacetValue] = field(default_factory=list)
    month: list[FacetValue] = field(default_factory=list)
    source: list[FacetValue] = field(default_factory=list)
    link: list[FacetValue] = field(default_factory=list)
    idea_score: list[FacetValue] = field(default_factory=list)
    complexity_score: list[FacetValue] = field(default_factory=list)
    seen_before: list[FacetValue] = field(default_factory=list)


def facets(wanted: Conditions, *, to_staff: bool = False) -> Facets:
    """Return the counts of all facets for ``wanted``, in one query, kept until the index changes."""
    key = ("facets", wanted.query(), to_staff, settings.PUBLIC_PROJECTS)
    return index_version.kept(key, lambda: _facets(wanted, to_staff))


def _facets(wanted: Conditions, to_staff: bool) -> Facets:
    counts: dict[str, dict[str, int]] = {name: {} for name in ("total", *OWN)}
    for name, value, count in _counted(wanted, to_staff):
        counts[name][value] = count
    return Facets(
        total=counts["total"].get("", 0),
        tags=list(_values(wanted, "tags", counts["tags"], counts["tags"])),
        month=list(_values(wanted, "month", counts["month"], sorted(counts["month"], key=_newest_first))),
        source=list(_values(wanted, "source", counts["source"], SOURCES, SOURCES)),
        link=list(_values(wanted, "link", counts["link"], LINKS, LINKS)),
        idea_score=list(_values(wanted, "idea_score", counts["idea_score"], SCORES)),
        complexity_score=list(_values(wanted, "complexity_score", counts["complexity_score"], SCORES)),
        seen_before=list(_values(wanted, "seen_before", counts["seen_before"], SEEN, SEEN)),
    )


LINKS = {"repository": "Repository", "site": "Site", "store": "Store", "none": "No link"}
SEEN = {"true": "Seen before", "false": "For the first time"}


def _newest_first(month: str) -> tuple[bool, int]:
    return month == UNKNOWN, 0 if month == UNKNOWN else -int(month.replace("-", ""))


def _values(
    wanted: Conditions, name: str, counts: dict[str, int], order: Iterable[str], labels: dict[str, str] | None = None
) -> Iterator[FacetValue]:
    """Yield the values of a facet that there are, in ``order``, then those that are chosen and fit nothing."""
    asked = getattr(wanted, name)
    included = asked if isinstance(asked, list) else [] if asked is None else [str(asked).lower()]
    excluded = getattr(wanted, f"{name}_not", [])
    if name == "tags":
        included, excluded = ([tag.lower() for tag in tags] for tags in (included, excluded))
    chosen = {*included, *excluded}
    for value in dict.fromkeys(
        [*(value for value in order if value in counts or value in chosen), *included, *excluded]
    ):
        label = (labels or {}).get(value, "Unknown" if value == UNKNOWN and name != "tags" else value)
        yield FacetValue(value, label, counts.get(value, 0), value in included, value in excluded)


def _counted(wanted: Conditions, to_staff: bool) -> list[tuple[str, str, int]]:
    """Return facet, value and count for all values, asked in one query.

    The table "core" has the projects that fit what no facet leaves out, "posted" where they were posted, and "base" for
    each facet with a condition of its own whether they fit that: each condition is looked at once.
    """
    own = {name for names in OWN.values() for name in names}
    core = wanted.model_copy(update={name: Conditions.model_fields[name].get_default() for name in own})
    flags = {name: flag for name in OWN if (flag := _flag(wanted, name)) is not None}
    projects = published(core.model_copy(update={"source": list(SOURCES)}), to_staff=to_staff).order_by()
    projects = projects.annotate(**{f"fits_{name}": flag for name, flag in flags.items()})
    columns = ["id", *COLUMNS.values(), *(f"fits_{name}" for name in flags)]
    query, values = projects.values_list(*columns).query.sql_with_params()
    posted, posted_values = _posted_in(wanted)
    # A project that two of these leave out is counted nowhere.
    needed = " OR ".join(f"({_all_but(name, flags)})" for name in OWN)
    later, later_values = _posted_flags(wanted, flags)
    names = [*flags, *later]
    tables = f"""
        WITH core ({", ".join(columns)}) AS MATERIALIZED ({query}),
        posted AS MATERIALIZED (
            SELECT core.id, shown.year, shown.month, theirs FROM ({posted}) AS shown (project_id, year, month, theirs)
            JOIN core ON core.id = shown.project_id WHERE {needed}
        ),
        base AS MATERIALIZED (
            SELECT {", ".join(["*", *(f"{flag} AS fits_{name}" for name, flag in later.items())])}
            FROM core WHERE {needed}
        )
    """
    counts = (f"({_count(name, _all_but(name, names))})" for name in ("total", *OWN))
    chosen = [tag.lower() for tag in (*wanted.tags, *wanted.tags_any, *wanted.tags_not)]
    with connection.cursor() as cursor:
        cursor.execute(tables + " UNION ALL ".join(counts), [*values, *posted_values, *later_values, chosen])
        return cursor.fetchall()


def _all_but(name: str, flags: Iterable[str]) -> str:
    return " AND ".join(["true", *(f"fits_{flag}" for flag in flags if flag != name)])


def _flag(wanted: Conditions, name: str) -> ExpressionWrapper | None:
    """Return whether a project fits what ``wanted`` says of one facet; None for nothing, or where "posted" tells."""
    given = {own: value for own in OWN[name] if (value := getattr(wanted, own)) not in (None, [])}
    if name != "source":
        by_author = {"author": wanted.author, "author_source": wanted.author_source}
        if not given or (name == "month" and not any(by_author.values())) or name == "seen_before":
            return None
        # The author is that of the comment of the month.
        given |= (by_author if name == "month" else {}) | {"source": list(SOURCES)}
    conditions = [Q(condition) for condition in fitting(Conditions.model_validate(given))]
    return ExpressionWrapper(reduce(and_, conditions), output_field=BooleanField())


def _posted_flags(wanted: Conditions, known: Iterable[str]) -> tuple[dict[str, str], list[Any]]:
    """Return whether a project fits what ``wanted`` says of months and of having been seen before, told by "posted"."""
    flags: dict[str, str] = {}
    values: list[Any] = []
    parts = []
    for months, no in ((wanted.month, ""), (wanted.month_not, "NOT ")):
        if months and "month" not in known:
            in_one = "id IN (SELECT id FROM posted WHERE year * 100 + month = ANY(%s))"
            in_none = "id NOT IN (SELECT id FROM posted)" if UNKNOWN in months else "false"
            parts.append(f"{no}({in_one} OR {in_none})")
            values.append([int(month.replace("-", "")) for month in months if month != UNKNOWN])
    if parts:
        flags["month"] = " AND ".join(parts)
    if wanted.seen_before is not None:
        flags["seen_before"] = f"{SEEN_AGAIN} = {str(wanted.seen_before).lower()}"
    return flags, values


SEEN_AGAIN = "(id IN (SELECT id FROM posted GROUP BY 1 HAVING count(*) > 1))"


def _posted_in(wanted: Conditions) -> tuple[str, tuple[Any, ...]]:
    """Return the query for each appearance that strangers may see, and its parameters.

    It has the project, year and month, and whether the wanted author wrote it.
    """
    by_author = {"comment__author": wanted.author, "comment__source": wanted.author_source}
    theirs = Q(**{name: value for name, value in by_author.items() if value}) or Q(project__isnull=False)
    posted = Submission.objects.visible().order_by()
    posted = posted.annotate(theirs=ExpressionWrapper(theirs, output_field=BooleanField()))
    columns = ("project", "comment__post__year", "comment__post__month", "theirs")
    return posted.values_list(*columns).query.sql_with_params()


def _count(name: str, among: str) -> str:
    """Return the query that counts one facet, among the rows of "base" for which the condition ``among`` holds."""
    if name == "total":
        return f"SELECT 'total', '', count(*) FROM base WHERE {among}"
    if name == "tags":
        return f"""
            WITH ranked AS MATERIALIZED (
                SELECT tag_id, count(*) AS n FROM projects_project_tags JOIN base ON base.id = project_id
                WHERE {among} GROUP BY 1
            )
            SELECT 'tags', name, n FROM ranked JOIN projects_tag tag ON tag.id = tag_id
            WHERE tag_id IN (SELECT tag_id FROM ranked ORDER BY n DESC, tag_id LIMIT {MOST_TAGS}) OR name = ANY(%s)
            ORDER BY n DESC, name
        """
    if name == "month":
        return f"""
            SELECT 'month', year || '-' || lpad(month::text, 2, '0'), count(*)
            FROM (SELECT DISTINCT id, year, month FROM posted JOIN base USING (id) WHERE theirs AND {among})
            AS months
            GROUP BY year, month
            UNION ALL SELECT 'month', '{UNKNOWN}', count(*) FROM base
            WHERE {among} AND id NOT IN (SELECT id FROM posted) HAVING count(*) > 0
        """
    if name == "seen_before":
        return f"SELECT 'seen_before', {SEEN_AGAIN}::text, count(*) FROM base WHERE {among} GROUP BY 2"
    column = COLUMNS[name]
    return f"""
        SELECT '{name}', coalesce({column}::text, '{UNKNOWN}'), count(*) FROM base WHERE {among} GROUP BY {column}
    """
