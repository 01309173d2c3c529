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

    The table "base" has the projects that fit what no facet leaves out, and for each facet with a condition of its own
    whether they fit that: each condition is looked at once.
    """
    own = {name for names in OWN.values() for name in names}
    core = wanted.model_copy(update=dict.fromkeys(own - {"source"}) | {"source": list(SOURCES)})
    core = Conditions.model_validate({name: value for name, value in core if value is not None})
    flags = {name: flag for name in OWN if (flag := _flag(wanted, name)) is not None}
    projects = published(core, to_staff=to_staff).order_by()
    projects = projects.annotate(**{f"fits_{name}": flag for name, flag in flags.items()})
    columns = ["id", *COLUMNS.values(), *(f"fits_{name}" for name in flags)]
    base, base_values = projects.values_list(*columns).query.sql_with_params()
    posted, posted_values = _posted_in()
    fitting_all_but = {
        name: " AND ".join(["true", *(f"fits_{flag}" for flag in flags if flag != name)]) for name in ("total", *OWN)
    }
    needed = " OR ".join(f"({fitting_all_but[name]})" for name in ("month", "seen_before"))
    query = f"""
        WITH base ({", ".join(columns)}) AS MATERIALIZED ({base}),
        posted AS MATERIALIZED (
            SELECT base.*, shown.year, shown.month FROM ({posted}) AS shown (project_id, year, month)
            JOIN base ON base.id = shown.project_id WHERE {needed}
        )
        {" UNION ALL ".join(f"({_count(name, among)})" for name, among in fitting_all_but.items())}
    """
    chosen = [tag.lower() for tag in (*wanted.tags, *wanted.tags_any, *wanted.tags_not)]
    with connection.cursor() as cursor:
        cursor.execute(query, [*base_values, *posted_values, chosen])
        return cursor.fetchall()


def _flag(wanted: Conditions, name: str) -> ExpressionWrapper | None:
    """Return whether a project fits what ``wanted`` says of one facet; None where it says nothing."""
    given = {own: value for own in OWN[name] if (value := getattr(wanted, own)) not in (None, [])}
    if name != "source":
        if not given:
            return None
        # These two are of one comment with the month.
        given |= {"author": wanted.author, "author_source": wanted.author_source} if name == "month" else {}
        given |= {"source": list(SOURCES)}
    conditions = [Q(condition) for condition in fitting(Conditions.model_validate(given))]
    return ExpressionWrapper(reduce(and_, conditions), output_field=BooleanField())


def _posted_in() -> tuple[str, tuple[Any, ...]]:
    """Return the query for each appearance that strangers may see: its project, year and month; and its parameters."""
    posted = Submission.objects.visible().order_by()
    return posted.values("project", "comment__post__year", "comment__post__month").query.sql_with_params()


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
            FROM (SELECT DISTINCT id, year, month FROM posted WHERE {among}) AS months GROUP BY year, month
            UNION ALL SELECT 'month', '{UNKNOWN}', count(*) FROM base
            WHERE {among} AND id NOT IN (SELECT id FROM posted) HAVING count(*) > 0
        """
    if name == "seen_before":
        again = "id IN (SELECT id FROM posted GROUP BY 1 HAVING count(*) > 1)"
        return f"SELECT 'seen_before', ({again})::text, count(*) FROM base WHERE {among} GROUP BY 2"
    column = COLUMNS[name]
    return f"""
        SELECT '{name}', coalesce({column}::text, '{UNKNOWN}'), count(*) FROM base WHERE {among} GROUP BY {column}
    """
