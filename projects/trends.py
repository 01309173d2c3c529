"""How months, tags and authors went over time.

Of months from the stored figures (projects/analytics), as they were last computed; of one tag or one author grouped
from the index as it is now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import connection
from django.db.models import Count, QuerySet

from projects.expressions import Listed
from projects.models import Analytics, Project, ProjectQuerySet, Submission, Tag

# A month as the rows of threads have it: year and month.
Month = tuple[int, int]
# How many months a course shows at most: more bars than these are no wider than a hair on a phone.
MOST_MONTHS = 60
# Of a tag in one month: with fewer projects a growth says little.
FEWEST = 2
HEAVY_LISTS = ("tags", "new_tags", "tag_pairs", "returned", "hosts")


@dataclass(frozen=True)
class Change:
    """A tag in two months: its projects in each, and how many hundredths of all projects there that is."""

    name: str
    before: int
    after: int
    percent_before: float
    percent_after: float

    @property
    def difference(self) -> float:
        """Return by how many hundredths of all projects it grew."""
        return self.percent_after - self.percent_before


def axis(months: Iterable[Month]) -> list[Month]:
    """Return every month from the first of ``months`` to the last, those without a thread too; the newest 60."""
    numbers = [year * 12 + month - 1 for year, month in months]
    if not numbers:
        return []
    last = max(numbers)
    return [divmod_month(number) for number in range(max(min(numbers), last - MOST_MONTHS + 1), last + 1)]


def divmod_month(number: int) -> Month:
    """Return the month of that number, counted from January of the year 0."""
    return number // 12, number % 12 + 1


def months_counted() -> list[Analytics]:
    """Return the stored figures of all months, oldest first, without the lists, which are most of a row."""
    return list(Analytics.objects.months().defer(*HEAVY_LISTS).order_by("year", "month"))


def month_counted(month: Month | None = None) -> Analytics | None:
    """Return the stored figures of ``month``, else of the newest month; None where nothing was computed yet."""
    rows = Analytics.objects.months()
    return (rows.filter(year=month[0], month=month[1]) if month else rows.order_by("-year", "-month")).first()


def tag_courses(names: Sequence[str]) -> dict[str, dict[Month, int]]:
    """Return how many projects had each of the tags ``names`` in each month, from the stored figures."""
    courses: dict[str, dict[Month, int]] = {name: {} for name in names}
    with connection.cursor() as cursor:
        # The lists stay in the database: of a hundred months they are megabytes.
        cursor.execute(
            f"""
            SELECT year, month, tag.name, tag.count FROM {Analytics._meta.db_table}
            CROSS JOIN LATERAL jsonb_to_recordset(tags) AS tag (name text, count int)
            WHERE post_id IS NULL AND tag.name = ANY(%s)
            """,
            [list(names)],
        )
        for year, month, name, count in cursor.fetchall():
            courses[name][year, month] = count
    return courses


def new_by_month(rows: int) -> dict[Month, list[tuple[str, int]]]:
    """Return the most used tags that no earlier month had, of each month, from the stored figures."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT year, month, name, count FROM (
                SELECT year, month, tag.name, tag.count,
                    row_number() OVER (PARTITION BY year, month ORDER BY tag.count DESC, tag.name) AS place
                FROM {Analytics._meta.db_table}
                CROSS JOIN LATERAL jsonb_to_recordset(tags) AS tag (name text, count int)
                WHERE post_id IS NULL AND new_tags ? tag.name
            ) ordered WHERE place <= %s ORDER BY year, month, place
            """,
            [rows],
        )
        found: dict[Month, list[tuple[str, int]]] = {}
        for year, month, name, count in cursor.fetchall():
            found.setdefault((year, month), []).append((name, count))
        return found


def most_used(rows: int) -> list[str]:
    """Return the tags that the newest twelve months had most, from the stored figures, most first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT tag.name FROM (
                SELECT tags FROM {Analytics._meta.db_table}
                WHERE post_id IS NULL ORDER BY year DESC, month DESC LIMIT 12
            ) newest CROSS JOIN LATERAL jsonb_to_recordset(tags) AS tag (name text, count int)
            GROUP BY 1 ORDER BY sum(tag.count) DESC, 1 LIMIT %s
            """,
            [rows],
        )
        return [name for (name,) in cursor.fetchall()]


def changes(before: Analytics, after: Analytics) -> list[Change]:
    """Return the tags of two months, those whose share of all projects grew most first."""
    then = {tag["name"]: tag["count"] for tag in before.tags}
    now = {tag["name"]: tag["count"] for tag in after.tags}
    found = [
        Change(
            name,
            then.get(name, 0),
            now.get(name, 0),
            100 * then.get(name, 0) / max(before.projects, 1),
            100 * now.get(name, 0) / max(after.projects, 1),
        )
        for name in then | now
        if max(then.get(name, 0), now.get(name, 0)) >= FEWEST
    ]
    return sorted(found, key=lambda change: (-change.difference, change.name))


def growing(figures: Analytics, most: int) -> list[tuple[str, int, float]]:
    """Return the tags that grew most in a month: name, projects, and the mean of the 3 months before."""
    return [(name, count, count / (1 + growth)) for name, count, growth in figures.growing(most)]


def came_back(rows: int) -> list[tuple[int, int]]:
    """Return the projects posted in most months, as ids with their numbers of months, from the stored figures."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT project.id, max(project.months) FROM {Analytics._meta.db_table}
            CROSS JOIN LATERAL jsonb_to_recordset(returned) AS project (id bigint, months int)
            WHERE post_id IS NULL GROUP BY 1 ORDER BY 2 DESC, max(year * 12 + month) DESC, 1 LIMIT %s
            """,
            [rows],
        )
        return cursor.fetchall()


def shown(tag: Tag) -> ProjectQuerySet:
    """Return the projects with ``tag`` that strangers may see and people posted."""
    tagged = Project.tags.through.objects.filter(tag=tag).values("project")
    return Project.objects.published().posted().filter(Listed(tagged))


def course(projects: QuerySet[Project], **conditions: object) -> dict[Month, int]:
    """Return how many of ``projects`` were posted in each month, by submissions that fit ``conditions``."""
    rows = (
        Submission.objects.visible()
        .filter(Listed(projects.order_by().values("pk"), "project"), **conditions)
        .order_by()
        .values_list("comment__post__year", "comment__post__month")
        .annotate(n=Count("project", distinct=True))
    )
    return {(year, month): count for year, month, count in rows}


def together_with(tag: Tag, rows: int) -> list[tuple[str, int]]:
    """Return the tags that projects with ``tag`` have beside it, most first, with how many have both."""
    beside = Tag.projects.through.objects.filter(Listed(shown(tag).order_by().values("pk"), "project")).exclude(tag=tag)
    counted = beside.order_by().values_list("tag__name").annotate(n=Count("project"))
    return list(counted.order_by("-n", "tag__name")[:rows])


def longest_run(months: Iterable[Month]) -> int:
    """Return how many months in a row there are at most."""
    numbers = sorted({year * 12 + month for year, month in months})
    longest = run = min(len(numbers), 1)
    for one, next_one in pairwise(numbers):
        run = run + 1 if next_one == one + 1 else 1
        longest = max(longest, run)
    return longest
