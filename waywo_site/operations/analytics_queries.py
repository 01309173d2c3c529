"""The questions behind the figures: each is asked once, about all periods that are due, in temporary tables."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import connection

from projects.models import Project

if TYPE_CHECKING:
    from waywo_site.operations.periods import Period

MOST_LISTED = 50
SCORES = range(1, 11)
EMPTY = {
    **dict.fromkeys(("comments", "read_comments", "valid_comments", "authors", "returning_authors"), 0),
    **dict.fromkeys(("projects", "projects_seen_again"), 0),
}

# "place" is the number of a thread in the order of time. The threads before a period are those whose place is lower
# than that of its first thread. So an author, a project or a tag was there before when its first place is lower.
TABLES = """
    CREATE TEMPORARY TABLE thread (post_id bigint PRIMARY KEY, place int) ON COMMIT DROP;
    CREATE TEMPORARY TABLE period (number int PRIMARY KEY, place int) ON COMMIT DROP;
    CREATE TEMPORARY TABLE own_thread (number int, post_id bigint) ON COMMIT DROP;
    CREATE TEMPORARY TABLE thread_before (number int, post_id bigint) ON COMMIT DROP;
    CREATE TEMPORARY TABLE shown_project (project_id bigint PRIMARY KEY) ON COMMIT DROP;
    CREATE TEMPORARY TABLE thread_project (post_id bigint, project_id bigint) ON COMMIT DROP;
    CREATE TEMPORARY TABLE own_project (number int, project_id bigint, is_again boolean) ON COMMIT DROP;
    CREATE TEMPORARY TABLE project_before (number int, project_id bigint) ON COMMIT DROP
"""
# Comments that strangers may see, of threads that they may see.
COMMENTS = "comments_comment c JOIN thread USING (post_id) WHERE NOT c.dead AND NOT c.deleted"
FILLED = (
    f"""
    INSERT INTO thread_project SELECT DISTINCT c.post_id, s.project_id FROM projects_submission s
    JOIN shown_project USING (project_id)
    JOIN (SELECT c.id, c.post_id FROM {COMMENTS}) c ON c.id = s.comment_id
    """,
    """
    INSERT INTO own_project SELECT DISTINCT o.number, own.project_id, f.place < p.place
    FROM own_thread o JOIN thread_project own USING (post_id) JOIN period p USING (number)
    JOIN (SELECT project_id, min(place) AS place FROM thread_project JOIN thread USING (post_id) GROUP BY 1) f
        ON f.project_id = own.project_id
    """,
    """
    INSERT INTO project_before SELECT DISTINCT b.number, t.project_id
    FROM thread_before b JOIN thread_project t USING (post_id)
    """,
)


def figures_of(periods: Sequence["Period"], months: int, progress: Callable[[str, int, int], None]) -> list[dict]:
    """Return the figures of each of ``periods``, in their order, as fields of Analytics.

    ``months`` is how many months the growth of a tag looks back. Needs a transaction: its tables end with it.
    """
    _fill(periods)
    questions = (_comment_figures, _project_figures, lambda: _tags(months), _tag_pairs, _hosts)
    figures: list[dict[str, Any]] = [
        EMPTY
        | {name: [0] * len(SCORES) for name in ("idea_scores", "complexity_scores")}
        | {name: [] for name in ("tags", "new_tags", "tag_pairs", "hosts")}
        for _ in periods
    ]
    for done, question in enumerate(questions):
        progress("computing", done, len(questions))
        for number, found in question().items():
            figures[number].update(found)
    return figures


def source_fingerprints() -> dict[int, str]:
    """Return for each thread a sum over all that its figures are computed from: one pass over the tables."""
    hashed = "sum(hashtextextended(concat_ws('|', {}), 0))"
    own = hashed.format("c.id, c.author, c.status, c.dead, c.deleted")
    found = hashed.format(
        "s.comment_id, p.id, p.source, p.review_status, p.idea_score, p.complexity_score, p.primary_url, t.tag_id, "
        "g.name"
    )
    rows = _ask(
        f"""
        SELECT a.post_id, concat(a.sum, ' ', b.sum) FROM (
            SELECT c.post_id, {own} AS sum FROM comments_comment c GROUP BY 1
        ) a LEFT JOIN (
            SELECT c.post_id, {found} AS sum FROM projects_submission s
            JOIN comments_comment c ON c.id = s.comment_id
            JOIN projects_project p ON p.id = s.project_id
            LEFT JOIN projects_project_tags t ON t.project_id = p.id
            LEFT JOIN projects_tag g ON g.id = t.tag_id
            GROUP BY 1
        ) b USING (post_id)
        """
    )
    return dict(rows)


def _fill(periods: Sequence["Period"]) -> None:
    """Make the temporary tables: which threads and projects belong to which period."""
    order = max((period.earlier + period.posts for period in periods), key=len)
    shown, parameters = Project.objects.published().posted().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        _insert(cursor, "thread (place, post_id)", list(enumerate(order)))
        _insert(cursor, "period", [(number, len(period.earlier)) for number, period in enumerate(periods)])
        for table, kind in (("own_thread", "posts"), ("thread_before", "months_before")):
            rows = [(number, post) for number, period in enumerate(periods) for post in getattr(period, kind)]
            _insert(cursor, table, rows)
        cursor.execute(f"INSERT INTO shown_project {shown}", parameters)
        for query in FILLED:
            # Nobody else counts the rows of temporary tables, and without counts the plans are poor.
            cursor.execute("ANALYZE shown_project, thread_project, thread, own_thread, thread_before")
            cursor.execute(query)
        cursor.execute("ANALYZE own_project, project_before")


def _insert(cursor: Any, table: str, rows: list[tuple[int, int]]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], []]
    cursor.execute(f"INSERT INTO {table} SELECT * FROM unnest(%s::bigint[], %s::bigint[])", columns)


def _ask(query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _comment_figures() -> dict[int, dict[str, int]]:
    names = ("comments", "read_comments", "valid_comments", "authors", "returning_authors")
    rows = _ask(
        f"""
        SELECT number, count(*), count(*) FILTER (WHERE c.status = 'processed'),
            count(*) FILTER (WHERE c.status = 'processed' AND s.comment_id IS NOT NULL),
            count(DISTINCT c.author) FILTER (WHERE c.author <> ''),
            count(DISTINCT c.author) FILTER (WHERE c.author <> '' AND f.place < p.place)
        FROM own_thread JOIN period p USING (number)
        JOIN (SELECT c.* FROM {COMMENTS}) c USING (post_id)
        JOIN (SELECT c.author, min(place) AS place FROM {COMMENTS} GROUP BY 1) f ON f.author = c.author
        LEFT JOIN (SELECT DISTINCT comment_id FROM projects_submission) s ON s.comment_id = c.id
        GROUP BY 1
        """
    )
    return {number: dict(zip(names, counts, strict=True)) for number, *counts in rows}


def _project_figures() -> dict[int, dict[str, Any]]:
    rows = _ask(
        """
        SELECT number, idea_score, complexity_score, count(*), count(*) FILTER (WHERE is_again)
        FROM own_project JOIN projects_project p ON p.id = project_id GROUP BY 1, 2, 3
        """
    )
    totals, again = Counter[int](), Counter[int]()
    ideas, complexities = defaultdict(Counter), defaultdict(Counter)
    for number, idea, complexity, count, seen in rows:
        totals[number] += count
        again[number] += seen
        ideas[number][idea] += count
        complexities[number][complexity] += count
    return {
        number: {
            "projects": total,
            "projects_seen_again": again[number],
            "idea_scores": [ideas[number][score] for score in SCORES],
            "complexity_scores": [complexities[number][score] for score in SCORES],
        }
        for number, total in totals.items()
    }


def _tags(months: int) -> dict[int, dict[str, Any]]:
    """Return each tag with its growth: 0.5 is half as much again as the mean month before; None where none was."""
    counted = (
        "SELECT number, tag_id, count(*) AS count FROM {} JOIN projects_project_tags USING (project_id) GROUP BY 1, 2"
    )
    rows = _ask(
        f"""
        SELECT own.number, g.name, own.count, b.count, f.place < p.place
        FROM ({counted.format("own_project")}) own
        JOIN projects_tag g ON g.id = own.tag_id JOIN period p USING (number)
        JOIN (
            SELECT tag_id, min(place) AS place FROM thread_project JOIN thread USING (post_id)
            JOIN projects_project_tags USING (project_id) GROUP BY 1
        ) f ON f.tag_id = own.tag_id
        LEFT JOIN ({counted.format("project_before")}) b ON b.number = own.number AND b.tag_id = own.tag_id
        ORDER BY 1, 3 DESC, 2
        """
    )
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"tags": [], "new_tags": []})
    for number, name, count, before, was_there in rows:
        growth = round(count / (before / months) - 1, 3) if before else None
        found[number]["tags"].append({"name": name, "count": count, "growth": growth})
        if not was_there:
            found[number]["new_tags"].append(name)
    for figures in found.values():
        figures["new_tags"].sort()
    return found


def _tag_pairs() -> dict[int, dict[str, Any]]:
    rows = _ask(
        f"""
        SELECT number, first, second, count FROM (
            SELECT number, least(g.name, h.name) AS first, greatest(g.name, h.name) AS second, count,
                row_number() OVER (
                    PARTITION BY number ORDER BY count DESC, least(g.name, h.name), greatest(g.name, h.name)
                ) AS place
            FROM (
                SELECT number, t.tag_id AS one, u.tag_id AS other, count(*) AS count FROM own_project
                JOIN projects_project_tags t USING (project_id)
                JOIN projects_project_tags u ON u.project_id = t.project_id AND u.tag_id > t.tag_id
                GROUP BY 1, 2, 3
            ) pairs
            JOIN projects_tag g ON g.id = one JOIN projects_tag h ON h.id = other
        ) ordered WHERE place <= {MOST_LISTED} ORDER BY number, place
        """
    )
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"tag_pairs": []})
    for number, first, second, count in rows:
        found[number]["tag_pairs"].append({"tags": [first, second], "count": count})
    return found


def _hosts() -> dict[int, dict[str, Any]]:
    rows = _ask(
        """
        SELECT number, primary_url, count(*) FROM own_project JOIN projects_project p ON p.id = project_id
        WHERE primary_url <> '' GROUP BY 1, 2
        """
    )
    host_of = cache(_host)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for number, url, count in rows:
        if host := host_of(url):
            counts[number][host] += count
    return {number: {"hosts": _most(hosts)} for number, hosts in counts.items()}


def _most(hosts: Counter[str]) -> list[dict[str, Any]]:
    listed = sorted(hosts.items(), key=lambda row: (-row[1], row[0]))[:MOST_LISTED]
    return [{"host": host, "count": count} for host, count in listed]


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        # No address that a browser could open: it counts for nobody.
        return ""
