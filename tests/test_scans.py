"""No page of the site, of the admin and of the API reads a large table from one end to the other, or asks much.

PostgreSQL counts the rows that it reads so, whatever the plan was that it chose with its own settings.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from comments.models import Comment, Post
from core.models import Batch, BatchTask
from projects.language.embedding_index import ensure_index
from projects.mapping.models import Dot
from projects.models import Extraction, Page, Project, ReviewAction, ReviewChange, Submission, Tag
from tests.benchmarks import admin as admin_benchmark
from tests.benchmarks import api as api_benchmark
from tests.benchmarks import site as site_benchmark
from tests.multiplying import multiply
from tests.projects.site.filling import PATTERNS, address, fill_site
from tests.waywo_site.test_admin import fill
from waywo_site.models import HealthResult

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 20_000
# From here on a table is large. Of some one row in ten is there.
LARGE = 5_000
MOST_QUERIES = 15
# Lists are counted one by one up to this: it is to ROWS about what 10,000 is to the rows that there may be.
COUNTED = 1_000
# A page far from the first, where a list has so many.
FAR = 40
FIRST = 1_000_000
TAGS = 300
# Of two numbers a row: to count the tags of all projects it is read whole, as a table or as an index.
NARROW = ["projects_project_tags"]
# Pages that do, with why. None is to be added.
DRAWN = "it draws all projects"
KNOWN = {
    "/map": DRAWN,
    "/map/dots": DRAWN,
    "/map/clusters/1/": DRAWN,
    "/admin/comments/comment/?q=word12": "most comments have a word that begins so",
    "/admin/projects/project/?q=word12": "most projects have a word that begins so",
    "/admin/projects/project/duplicates/": "it looks for the nearest of each project",
}

# Pages that keep figures for half a minute, whose queries are not counted: what they read of tables is.
KEPT = ("/admin/",)


def fill_all() -> dict[str, Any]:
    """Write ROWS of what there is much of; return what the addresses of the site's pages take."""
    known = fill_site()
    fill(2)
    Batch.objects.create(group_id="group", task_name="process_waywo_comment", total=1)
    BatchTask.objects.create(batch=Batch.objects.get(), task_id="one", position=0, status="SUCCESS")
    act = ReviewAction.objects.create(kind="review", summary="Approved", project_id=1)
    ReviewChange.objects.create(action=act, project_id=1, title="One", before={}, after={})
    HealthResult.objects.create(name="disk", state="ok", seconds=0.1, checked_at=timezone.now())
    at = "'2026-09-13 16:00+00'::timestamptz - n * interval '10 minutes'"
    number, comment = f"{FIRST} + n", f"{FIRST} + n"
    texts = "(SELECT string_agg('word' || (n * 7 + k * k) % 2000, ' ') FROM generate_series(1, 20) AS k)"
    multiply(Tag, TAGS, name="'tag' || n + 1")
    multiply(Post, 12, id=number, source_id="'thread' || n", year="2025", month="n", posted_at=at)
    multiply(
        Comment, ROWS, id=comment, source_id="'many' || n", author="'author' || n % 4000", posted_at=at, text=texts,
        post_id=f"{FIRST} + 1 + n % 12",
        status="CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'processed' END",
    )  # fmt: skip
    multiply(
        Project, ROWS, id=number, title="'Project ' || n", description=texts,
        short_description="'Does thing ' || n % 2000",
        primary_url="'https://p' || n || '.example'", canonical_url="'p' || n || '.example'", urls="'{}'",
        first_seen_at=at, last_seen_at=at, idea_score="1 + n % 10", complexity_score="1 + n % 9",
        review_status="(ARRAY['pending', 'approved', 'rejected'])[1 + n % 3]",
        embedding="CASE WHEN n % 10 = 0 THEN ARRAY(SELECT random() + 0 * n FROM generate_series(1, 256))::vector END",
        embedding_model="CASE WHEN n % 10 = 0 THEN one.embedding_model ELSE '' END",
    )  # fmt: skip
    multiply(Submission, ROWS, project_id=number, comment_id=comment)
    multiply(
        Extraction,
        ROWS,
        comment_id=comment,
        started_at=at,
        finished_at=at,
        status="CASE WHEN n % 20 = 0 THEN 'failed' ELSE 'succeeded' END",
    )
    for place in range(3):
        multiply(
            Project.tags.through,
            ROWS,
            project_id=number,
            tag_id=f"(SELECT id FROM projects_tag WHERE name = 'tag' || 2 + {place}00 + n % 100)",
        )
    multiply(Page, ROWS, id=number, url="'https://p' || n || '.example'", fetched_at=at)
    multiply(Project.pages.through, ROWS, project_id=number, page_id=number)
    multiply(Dot, ROWS, project_id=number, x="n % 200 / 100.0 - 1", y="n / 200 / 100.0")
    multiply(Batch, 100, group_id="'group' || n", created_at=at)
    multiply(BatchTask, ROWS, task_id="'task' || n", position="n", batch_id="'group' || 1 + n % 100")
    multiply(ReviewAction, ROWS, id=number)
    multiply(ReviewChange, ROWS, action_id=number, project_id=number)
    multiply(HealthResult, ROWS, checked_at=at)
    from django_celery_results.models import TaskResult

    multiply(
        TaskResult,
        ROWS,
        task_id="'task' || n",
        date_created=at,
        date_done=at,
        status="CASE WHEN n % 20 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END",
    )
    ensure_index(Project.objects.exclude(embedding_model="").values_list("embedding_model", flat=True)[0], 256)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return known


def pages(known: dict[str, Any]) -> Iterator[str]:
    """Yield the address of each page, and of lists as their readers narrow them."""
    chance = random.Random(4)
    for pattern in PATTERNS:
        yield address(pattern, known)
    for of in (site_benchmark.PAGES, api_benchmark.PATHS):
        yield from (path(chance, ROWS) for path in of.values())
    post, comment = Comment.objects.values_list("post_id", "pk").get(pk=FIRST + 1)
    # Those of its paths that have other ids here.
    yield from (f"/api/{path}" for path in (
        f"posts/{post}", f"posts/{post}/comments", f"projects/{FIRST + 10}", f"projects/{FIRST + 10}/similar",
        f"batches/{Batch.objects.first().pk}",
    ))  # fmt: skip
    ids = {"comment": comment, "project": FIRST + 1, "embedded": FIRST + 10, "post": post, "result": 1, "schedule": 1}
    yield from (
        path.format(**ids)
        for path in admin_benchmark.PAGES.values()
        if "{result}" not in path and "{schedule}" not in path
    )
    for model in admin.site._registry:
        changelist = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        yield from (changelist, f"{changelist}?p={FAR}")


def read_from_end_to_end() -> dict[str, int]:
    """Return how many rows of each large table were read by sequential scans until now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT pg_class.relname, seq_tup_read FROM pg_stat_user_tables JOIN pg_class ON pg_class.oid = relid "
            "WHERE reltuples >= %s AND pg_class.relname <> ALL(%s)",
            [LARGE, NARROW],
        )
        return dict(cursor.fetchall())


def test_no_page_reads_a_large_table_from_end_to_end_or_asks_more_than_fifteen_queries(client, monkeypatch):
    monkeypatch.setattr("core.estimating.EXACT_UP_TO", COUNTED)
    known = fill_all()
    client.force_login(get_user_model().objects.create_superuser("the-operator"))
    wrong: dict[str, Any] = {}
    for url in dict.fromkeys(pages(known)):
        asks = client if url.startswith(("/admin", "/api/")) else Client()
        before = read_from_end_to_end()
        if url in KEPT:
            asks.get(url)
        with CaptureQueriesContext(connection) as queries:
            answer = asks.get(url)
            b"".join(answer) if answer.streaming else answer.content
        after = read_from_end_to_end()
        scanned = {table: rows - before[table] for table, rows in after.items() if rows - before[table] >= LARGE}
        if answer.status_code not in (200, 301, 302, 404) or scanned or len(queries) > MOST_QUERIES:
            wrong[url] = answer.status_code, len(queries), scanned
    assert {url: found for url, found in wrong.items() if url not in KNOWN} == {}
