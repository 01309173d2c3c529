"""How many projects each value of a filter would show, with the other filters applied."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection

from core import index_version
from projects.catalogue import published
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
    """Return facet, value and count for all values, asked in one query."""
    # Facets without a condition of their own are counted of the same projects.
    counted: dict[str, list[str]] = {wanted.query(): ["total"]}
    conditions = {wanted.query(): wanted}
    for name, own in OWN.items():
        free = {each: Conditions.model_fields[each].get_default() for each in own}
        # Where no source is named, generated ideas are left out: beside theirs stands how many there would be.
        others = wanted.model_copy(update=free | ({"source": list(SOURCES)} if name == "source" else {}))
        conditions[others.query()] = others
        counted.setdefault(others.query(), []).append(name)
    tables: list[str] = []
    counts: list[str] = []
    values: list[Any] = []
    chosen: list[Any] = []
    for number, (base, names) in enumerate(counted.items()):
        projects = published(conditions[base], to_staff=to_staff).order_by()
        columns = ("id", "source", "link_kind", "idea_score", "complexity_score")
        sql, parameters = projects.values(*columns).query.sql_with_params()
        tables.append(f"base{number} AS MATERIALIZED ({sql})")
        values += parameters
        if not {"month", "seen_before"}.isdisjoint(names):
            sql, parameters = _posted_in()
            among = f"({sql}) AS shown (project_id, year, month) JOIN base{number} ON base{number}.id = project_id"
            tables.append(f"posted{number} AS MATERIALIZED (SELECT shown.* FROM {among})")
            values += parameters
        for name in names:
            counts.append(f"({_count(name, number)})")
            if name == "tags":
                chosen.append([tag.lower() for tag in (*wanted.tags, *wanted.tags_any, *wanted.tags_not)])
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(tables)} {' UNION ALL '.join(counts)}", values + chosen)
        return cursor.fetchall()


def _posted_in() -> tuple[str, tuple[Any, ...]]:
    """Return the query for each appearance that strangers may see: its project, year and month; and its parameters."""
    posted = Submission.objects.visible().order_by()
    return posted.values("project", "comment__post__year", "comment__post__month").query.sql_with_params()


def _count(name: str, number: int) -> str:
    """Return the query that counts one facet of the projects in table ``base`` of that number."""
    base, posted = f"base{number}", f"posted{number}"
    if name == "total":
        return f"SELECT 'total', '', count(*) FROM {base}"
    if name == "tags":
        return f"""
            WITH ranked AS MATERIALIZED (
                SELECT tag_id, count(*) AS n FROM projects_project_tags JOIN {base} ON {base}.id = project_id GROUP BY 1
            )
            SELECT 'tags', name, n FROM ranked JOIN projects_tag tag ON tag.id = tag_id
            WHERE tag_id IN (SELECT tag_id FROM ranked ORDER BY n DESC, tag_id LIMIT {MOST_TAGS}) OR name = ANY(%s)
            ORDER BY n DESC, name
        """
    if name == "month":
        return f"""
            SELECT 'month', year || '-' || lpad(month::text, 2, '0'), count(*)
            FROM (SELECT DISTINCT project_id, year, month FROM {posted}) AS months GROUP BY year, month
            UNION ALL SELECT 'month', '{UNKNOWN}', count(*) FROM {base}
            WHERE id NOT IN (SELECT project_id FROM {posted}) HAVING count(*) > 0
        """
    if name == "seen_before":
        again = f"id IN (SELECT project_id FROM {posted} GROUP BY 1 HAVING count(*) > 1)"
        return f"SELECT 'seen_before', ({again})::text, count(*) FROM {base} GROUP BY 2"
    column = COLUMNS[name]
    return f"SELECT '{name}', coalesce({column}::text, '{UNKNOWN}'), count(*) FROM {base} GROUP BY {column}"
