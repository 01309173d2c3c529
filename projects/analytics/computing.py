"""The figures of each month and each thread: computed all at once in temporary tables, and kept as rows.

Each question is asked once, about all periods.
"""

import logging
import time
from collections import Counter, defaultdict
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.utils import timezone

from comments.models import Comment, Post
from core.locks import lock_until_commit
from core.progress import Progress, no_progress
from projects.models import Analytics, Project

logger = logging.getLogger(__name__)

# How many months the growth of a tag looks back.
MONTHS_BEFORE = 3
MOST_LISTED = 50
SCORES = range(1, 11)
COMMENT_COUNTS = ("comments", "read_comments", "valid_comments", "authors", "returning_authors")

# A period is a month (thread_id null) or a thread. "place" is the number of a thread in the order of time. The threads
# before a period are those whose place is lower than that of its first thread. So an author, a project or a tag was
# there before when its first place is lower. Only comments and threads that strangers may see count. An author is a
# name on one source.
TABLES = {
    "thread": """
        SELECT id AS post_id, year, month, year * 12 + month AS months,
            row_number() OVER (ORDER BY year, month, posted_at, id) AS place
        FROM comments_post WHERE id IN ({threads})
    """,
    "period": """
        SELECT row_number() OVER () AS number, * FROM (
            SELECT year, month, months, NULL::bigint AS thread_id, min(place) AS place FROM thread GROUP BY 1, 2, 3
            UNION ALL SELECT year, month, months, post_id AS thread_id, place FROM thread
        ) periods
    """,
    "own_thread": """
        SELECT number, t.post_id FROM period p JOIN thread t ON t.months = p.months
        WHERE p.thread_id IS NULL OR p.thread_id = t.post_id
    """,
    "said": """
        SELECT id, post_id, source, author, status, place FROM comments_comment JOIN thread USING (post_id)
        WHERE id IN ({comments})
    """,
    "thread_project": """
        SELECT DISTINCT c.post_id, s.project_id FROM projects_submission s JOIN said c ON c.id = s.comment_id
        WHERE s.project_id IN ({projects})
    """,
    "own_project": """
        SELECT DISTINCT o.number, own.project_id, f.place < p.place AS is_again
        FROM own_thread o JOIN thread_project own USING (post_id) JOIN period p USING (number)
        JOIN (SELECT project_id, min(place) AS place FROM thread_project JOIN thread USING (post_id) GROUP BY 1) f
            ON f.project_id = own.project_id
    """,
    "project_before": f"""
        SELECT DISTINCT p.number, own.project_id FROM period p
        JOIN thread t ON t.months BETWEEN p.months - {MONTHS_BEFORE} AND p.months - 1
        JOIN thread_project own ON own.post_id = t.post_id
    """,
}


def generate_analytics(*, progress: Progress = no_progress) -> dict[str, Any]:
    """Compute the figures of every month that has a thread and of every thread; return how many periods there are."""
    began = time.monotonic()
    with transaction.atomic():
        # Of two at once the second waits.
        lock_until_commit("analytics")
        _make_tables()
        rows = _rows(progress)
        Analytics.objects.all().delete()
        Analytics.objects.bulk_create(rows)
    seconds = round(time.monotonic() - began, 2)
    logger.info("analytics are up to date", extra={"periods": len(rows), "seconds": seconds})
    return {"status": "success", "periods": len(rows), "seconds": seconds}


def _make_tables() -> None:
    """Make the temporary tables, which end with the transaction."""
    shown = {
        "threads": Post.objects.visible(),
        "comments": Comment.objects.visible(),
        "projects": Project.objects.published().posted(),
    }
    queries = {name: rows.order_by().values("pk").query.sql_with_params() for name, rows in shown.items()}
    values = {"thread": queries["threads"][1], "said": queries["comments"][1], "thread_project": queries["projects"][1]}
    with connection.cursor() as cursor:
        for name, query in TABLES.items():
            query = query.format(**{each: sql for each, (sql, _) in queries.items()})
            cursor.execute(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {query}", values.get(name))
            # Nobody else counts the rows of temporary tables, and without counts the plans are poor.
            cursor.execute(f"ANALYZE {name}")


def _rows(progress: Progress) -> list[Analytics]:
    """Return the rows of all periods. A row that exists keeps its key, and so its address in the admin."""
    kept = Analytics.objects.values_list("pk", "year", "month", "post_id")
    keys = {(year, month, post_id): pk for pk, year, month, post_id in kept}
    now = timezone.now()
    rows = {
        number: Analytics(
            pk=keys.get((year, month, post_id)),
            year=year,
            month=month,
            post_id=post_id,
            computed_at=now,
            **dict.fromkeys((*COMMENT_COUNTS, "projects", "projects_seen_again"), 0),
            **{name: [0] * len(SCORES) for name in ("idea_scores", "complexity_scores")},
            **{name: [] for name in ("tags", "new_tags", "tag_pairs", "returned", "hosts")},
        )
        for number, year, month, post_id in _ask("SELECT number, year, month, thread_id FROM period")
    }
    questions = (_comment_figures, _project_figures, _tags, _tag_pairs, _returned, _hosts)
    for done, question in enumerate(questions):
        progress("computing", done, len(questions))
        for number, found in question().items():
            for name, value in found.items():
                setattr(rows[number], name, value)
    return list(rows.values())


def _ask(query: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def _comment_figures() -> dict[int, dict[str, int]]:
    rows = _ask(
        """
        SELECT number, count(*), count(*) FILTER (WHERE c.status = 'processed'),
            count(*) FILTER (WHERE c.status = 'processed' AND s.comment_id IS NOT NULL),
            count(DISTINCT (c.source, c.author)) FILTER (WHERE c.author <> ''),
            count(DISTINCT (c.source, c.author)) FILTER (WHERE c.author <> '' AND f.place < p.place)
        FROM own_thread JOIN period p USING (number) JOIN said c USING (post_id)
        JOIN (SELECT source, author, min(place) AS place FROM said GROUP BY 1, 2) f USING (source, author)
        LEFT JOIN (SELECT DISTINCT comment_id FROM projects_submission) s ON s.comment_id = c.id
        GROUP BY 1
        """
    )
    return {number: dict(zip(COMMENT_COUNTS, counts, strict=True)) for number, *counts in rows}


def _project_figures() -> dict[int, dict[str, Any]]:
    rows = _ask(
        """
        SELECT number, idea_score, complexity_score, count(*), count(*) FILTER (WHERE is_again)
        FROM own_project JOIN projects_project p ON p.id = project_id GROUP BY 1, 2, 3
        """
    )
    totals, again = Counter[int](), Counter[int]()
    ideas: dict[int, Counter[int]] = defaultdict(Counter)
    complexities: dict[int, Counter[int]] = defaultdict(Counter)
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


def _tags() -> dict[int, dict[str, Any]]:
    """Return each tag with its growth: 0.5 is half as much again as the mean month before; None where none was.

    In the first thread of all no tag is new.
    """
    counted = (
        "SELECT number, tag_id, count(*) AS count FROM {} JOIN projects_project_tags USING (project_id) GROUP BY 1, 2"
    )
    rows = _ask(
        f"""
        SELECT own.number, g.name, own.count, b.count, f.place < p.place OR p.place = 1
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
        growth = round(count / (before / MONTHS_BEFORE) - 1, 3) if before else None
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


def _returned() -> dict[int, dict[str, Any]]:
    """Return the projects that came back, those of most months first, with their months up to the period's."""
    rows = _ask(
        f"""
        SELECT number, project_id, months FROM (
            SELECT own.number, own.project_id, count(DISTINCT t.months) AS months,
                row_number() OVER (
                    PARTITION BY own.number ORDER BY count(DISTINCT t.months) DESC, own.project_id
                ) AS place
            FROM own_project own JOIN period p USING (number) JOIN thread_project USING (project_id)
            JOIN thread t ON t.post_id = thread_project.post_id AND t.months <= p.months
            WHERE own.is_again GROUP BY 1, 2 HAVING count(DISTINCT t.months) > 1
        ) ordered WHERE place <= {MOST_LISTED} ORDER BY number, place
        """
    )
    found: dict[int, dict[str, Any]] = defaultdict(lambda: {"returned": []})
    for number, project, months in rows:
        found[number]["returned"].append({"id": project, "months": months})
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
