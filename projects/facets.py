"""How many projects each value of a filter would show, with the other filters applied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection

from comments.models import Source
from core import index_version
from projects.catalogue import published, seen_again
from projects.conditions import UNKNOWN, Conditions
from projects.models import Project, Submission

# The most frequent, beside those that are chosen.
MOST_TAGS = 40
SCORES = [*(str(number) for number in range(10, 0, -1)), UNKNOWN]

# What a value of each facet is counted by, in a table "base" of projects; a month is one of those it was posted in.
COLUMNS = {
    "source": "source",
    "link": "link_kind",
    "idea_score": f"coalesce(idea_score::text, '{UNKNOWN}')",
    "complexity_score": f"coalesce(complexity_score::text, '{UNKNOWN}')",
}
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
        source=list(_values(wanted, "source", counts["source"], dict(Project.Source.choices), SOURCES)),
        link=list(_values(wanted, "link", counts["link"], LINKS, LINKS)),
        idea_score=list(_values(wanted, "idea_score", counts["idea_score"], SCORES)),
        complexity_score=list(_values(wanted, "complexity_score", counts["complexity_score"], SCORES)),
        seen_before=list(_values(wanted, "seen_before", counts["seen_before"], SEEN, SEEN)),
    )


SOURCES = dict(Source.choices) | {Project.Source.NEMO_DATA_DESIGNER.value: "Generated ideas"}
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
    """Return facet, value and count for all values, asked in one query."""
    # Facets without a condition of their own are counted of the same projects.
    bases: dict[str, list[str]] = {}
    conditions: dict[str, Conditions] = {}
    for name, own in OWN.items():
        others = wanted.model_copy(update={each: Conditions.model_fields[each].get_default() for each in own})
        base = others.query()
        conditions[base] = others
        bases.setdefault(base, []).append(name)
    conditions[wanted.query()] = wanted
    tables: list[str] = []
    counts: list[tuple[str, str]] = []
    values: list[Any] = []
    for number, (base, others) in enumerate(conditions.items()):
        table = f"base{number}"
        rows = published(others, to_staff=to_staff).order_by()
        sql, parameters = rows.values(
            "id", "source", "link_kind", "idea_score", "complexity_score"
        ).query.sql_with_params()
        tables.append(f"{table} AS MATERIALIZED ({sql})")
        values += parameters
        if base == wanted.query():
            counts.append(("total", table))
        counts += [(name, table) for name in bases.get(base, ())]
    selects: list[str] = []
    for name, table in counts:
        counting, its_values = _count(name, table, wanted)
        selects.append(f"({counting})")
        values += its_values
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(tables)} {' UNION ALL '.join(selects)}", values)
        return cursor.fetchall()


def _count(name: str, table: str, wanted: Conditions) -> tuple[str, list[Any]]:
    """Return the query that counts one facet of the projects in ``table``, and its parameters."""
    if name == "total":
        return f"SELECT 'total', '', count(*) FROM {table}", []
    if column := COLUMNS.get(name):
        return f"SELECT '{name}', {column}, count(*) FROM {table} GROUP BY 2", []
    if name == "tags":
        chosen = [tag.lower() for tag in (*wanted.tags, *wanted.tags_any, *wanted.tags_not)]
        ranked = f"""
            SELECT tag_id, count(*) AS n FROM projects_project_tags JOIN {table} ON {table}.id = project_id GROUP BY 1
        """
        return (
            f"""
            WITH ranked AS MATERIALIZED ({ranked})
            SELECT 'tags', name, n FROM ranked JOIN projects_tag tag ON tag.id = tag_id
            WHERE tag_id IN (SELECT tag_id FROM ranked ORDER BY n DESC, tag_id LIMIT {MOST_TAGS}) OR name = ANY(%s)
            ORDER BY n DESC, name
            """,
            [chosen],
        )
    if name == "seen_before":
        sql, parameters = seen_again().query.sql_with_params()
        again = f"id IN ({sql})"
        return f"SELECT 'seen_before', ({again})::text, count(*) FROM {table} GROUP BY 2", list(parameters)
    posted = Submission.objects.visible().order_by()
    sql, parameters = posted.values("project", "comment__post__year", "comment__post__month").query.sql_with_params()
    return (
        f"""
        SELECT 'month', CASE WHEN year IS NULL THEN '{UNKNOWN}' ELSE year || '-' || lpad(month::text, 2, '0') END,
            count(DISTINCT id)
        FROM {table} LEFT JOIN ({sql}) AS posted (project_id, year, month) ON project_id = id GROUP BY 2
        """,
        list(parameters),
    )
