"""How fast the pages of the admin are: ``.venv/bin/python -m tests.benchmarks.admin``.

Seeds 50,000 projects, 50,000 comments with as many readings and 100,000 task results into a database of its own, and
prints for each page its queries, the milliseconds of its first request, which fills caches, and the median of 5 more.
"""

import argparse
import random
import statistics
import sys
import time
from datetime import datetime, timedelta

from tests.benchmarks.own_servers import own_servers, vacuum

# Name of the page -> its path; {comment}, {project}, {post}, {result} and {schedule} stand for the ids of some rows.
PAGES = {
    "dashboard": "/admin/",
    "dashboard, what moves": "/admin/dashboard/live/",
    "dashboard, health": "/admin/dashboard/live/?part=health",
    "schedules": "/admin/django_celery_beat/periodictask/",
    "schedule": "/admin/django_celery_beat/periodictask/{schedule}/change/",
    "task results": "/admin/django_celery_results/taskresult/",
    "task results, failed": "/admin/django_celery_results/taskresult/?status=FAILURE",
    "task result": "/admin/django_celery_results/taskresult/{result}/change/",
    "threads": "/admin/comments/post/",
    "thread": "/admin/comments/post/{post}/change/",
    "comments": "/admin/comments/comment/",
    "comments, failed": "/admin/comments/comment/?status__exact=failed",
    "comments, searched": "/admin/comments/comment/?q=word12",
    "comment": "/admin/comments/comment/{comment}/change/",
    "failures": "/admin/comments/comment/failures/",
    "candidates": "/admin/comments/candidate/",
    "batches": "/admin/comments/batch/",
    "projects": "/admin/projects/project/",
    "projects, pending": "/admin/projects/project/?review_status__exact=pending",
    "projects, searched": "/admin/projects/project/?q=word12",
    "projects, of a thread": "/admin/projects/project/?thread={post}",
    "projects, by tag and score": "/admin/projects/project/?tags__id__exact=1&idea_score_from=5&idea_score_to=8",
    "projects, failed": "/admin/projects/project/?failed=yes",
    "projects, tag searched": "/admin/projects/project/?q=tag7",
    "project": "/admin/projects/project/{project}/change/",
    "review": "/admin/projects/project/review/",
    "review, of a thread": "/admin/projects/project/review/?thread={post}",
    "review, next one": "/admin/projects/project/review/item/?after=2026-09-13T16:00:00%2B00:00,1",
    "review, with similar ones": "/admin/projects/project/review/item/?project={embedded}",
    "review, find": "/admin/projects/project/review/find/?q=proj",
    "export": "/admin/projects/project/export/?review_status__exact=approved",
    "import": "/admin/projects/project/import/",
    "readings": "/admin/projects/extraction/",
    "tags": "/admin/projects/tag/",
    "tag": "/admin/projects/tag/1/change/",
    "likely duplicates": "/admin/projects/project/duplicates/",
    "history": "/admin/projects/reviewaction/",
    "idea runs": "/admin/ideas/idearun/",
    "health results": "/admin/waywo_site/healthresult/",
}
MOST_QUERIES = 15
REPEATS = 5


def seed_machines(rows: int) -> None:
    """Write what machines leave: a state of each comment, its reading, and two task results each."""
    from django.utils import timezone
    from django_celery_results.models import TaskResult

    from comments.models import Comment
    from projects.language.embedding_index import ensure_index
    from projects.models import Extraction
    from tests.benchmarks.seeding import seed

    seed(rows)
    ensure_index("wordllama", 256)
    chance, now = random.Random(6), timezone.now()
    states = ["processed"] * 17 + ["pending"] * 2 + ["failed"]
    comments = list(Comment.objects.defer("text"))
    for comment in comments:
        comment.status = chance.choice(states)
        comment.last_error = "The model did not answer in time." if comment.status == "failed" else ""
    Comment.objects.bulk_update(comments, ["status", "last_error"], batch_size=5000)
    Extraction.objects.bulk_create(
        (
            Extraction(
                comment=comment,
                analyst=chance.choice(["rules", "rules", "qwen3-8b"]),
                prompt_version=3,
                status="failed" if comment.status == "failed" else "succeeded",
                started_at=(began := now - timedelta(days=chance.betavariate(1, 3) * 40)),
                finished_at=began + timedelta(seconds=chance.uniform(0.1, 9)),
                steps=[{"step": "segment_and_judge", "seconds": 0.1, "outcome": "one project"}] * 5,
                segments=[{"text": "word " * 80, "rejection": "", "reason": ""}],
                llm_calls=2,
                tokens_in=chance.randrange(400, 4000),
                tokens_out=chance.randrange(50, 900),
            )
            for comment in comments
        ),
        batch_size=5000,
    )
    scheduled = (
        ("Collect live threads", "process_waywo_posts"),
        ("Check health", "health_check"),
        ("Read pending comments", "process_waywo_comments"),
    )
    TaskResult.objects.bulk_create(
        (
            TaskResult(
                task_id=f"{number:032x}",
                periodic_task_name=scheduled[number % 3][0] if number % 50 == 0 else None,
                task_name=scheduled[number % 3][1] if number % 50 == 0 else "process_waywo_comment",
                task_kwargs=f"\"{{'comment_id': {60_000_000 + number % rows}}}\"",
                status=chance.choice(["SUCCESS"] * 19 + ["FAILURE"]),
                result='{"status": "success", "valid_projects": 1, "project_ids": [1]}',
                date_started=now,
                date_done=now + timedelta(seconds=chance.uniform(0.1, 9)),
                content_type="application/json",
                content_encoding="utf-8",
            )
            for number in range(2 * rows)
        ),
        batch_size=5000,
    )
    seed_pages(rows, now)


def seed_pages(rows: int, now: datetime) -> None:
    """Write a page or more of batches and their tasks, health results, acts and idea runs."""
    from core.models import Batch, BatchTask
    from ideas.models import IdeaRun
    from projects.models import Project, ReviewAction, ReviewChange
    from waywo_site.models import HealthResult

    batches = Batch.objects.bulk_create(
        Batch(group_id=f"group{number}", task_name="process_waywo_comment", total=rows // 100) for number in range(100)
    )
    BatchTask.objects.bulk_create(
        (
            BatchTask(
                task_id=f"{batch.pk}-{position}",
                batch=batch,
                position=position,
                status="FAILURE" if position % 20 == 0 else "SUCCESS",
                started_at=now,
                finished_at=now,
            )
            for batch in batches
            for position in range(rows // 100)
        ),
        batch_size=5000,
    )
    HealthResult.objects.bulk_create(
        (
            HealthResult(
                name=f"part{number % 16}",
                state="ok" if number % 50 else "failed",
                seconds=0.1,
                checked_at=now - timedelta(minutes=number // 16),
            )
            for number in range(4 * rows)
        ),
        batch_size=5000,
    )
    acts = ReviewAction.objects.bulk_create(
        ReviewAction(kind="review", summary=f"Approved “{project.title}”", project_id=project.pk)
        for project in Project.objects.all()[:rows]
    )
    ReviewChange.objects.bulk_create(
        ReviewChange(action=act, project_id=act.project_id, title="One", before={}, after={}) for act in acts
    )
    IdeaRun.objects.bulk_create(IdeaRun(num_ideas=5, status="success") for _ in range(200))


def measure() -> int:
    """Print queries and milliseconds of each page; return how many pages are over the limit of queries."""
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django_celery_beat.models import PeriodicTask
    from django_celery_results.models import TaskResult

    from comments.models import Comment, Post
    from projects.models import Project

    client = Client(SERVER_NAME="localhost")
    client.force_login(get_user_model().objects.create_superuser("operator"))
    ids = {
        "comment": Comment.objects.values_list("pk", flat=True)[100],
        "project": Project.objects.values_list("pk", flat=True)[100],
        "embedded": Project.objects.exclude(embedding_model="").values_list("pk", flat=True)[0],
        "post": Post.objects.values_list("pk", flat=True)[0],
        "result": TaskResult.objects.values_list("pk", flat=True)[100],
        "schedule": PeriodicTask.objects.values_list("pk", flat=True)[0],
    }
    over = 0
    for name, path in PAGES.items():
        started = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path.format(**ids))
        first = (time.perf_counter() - started) * 1000
        assert answer.status_code == 200, (name, answer.status_code)
        # Read at once: the next request empties the log.
        spent = [float(query["time"]) * 1000 for query in queries]
        seconds = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            client.get(path.format(**ids))
            seconds.append(time.perf_counter() - started)
        over += len(spent) > MOST_QUERIES
        verdict = "   TOO MANY" if len(spent) > MOST_QUERIES else ""
        slowest, took = max(spent, default=0), statistics.median(seconds) * 1000
        print(f"{name:28} {len(spent):3} queries (slowest {slowest:5.0f} ms)   first {first:6.0f} ms", end="")
        print(f"   then {took:6.0f} ms{verdict}", flush=True)
    return over


def main() -> int:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=50_000)
    rows = parser.parse_args().rows
    passwords = {"SECRET_KEY": "a key for the benchmark alone", "FLOWER_BASIC_AUTH": "admin:a password for it"}
    with own_servers(DEBUG="false", **passwords):
        started = time.perf_counter()
        seed_machines(rows)
        vacuum()
        print(f"{rows} projects and comments seeded in {time.perf_counter() - started:.0f} s")
        return min(1, measure())


if __name__ == "__main__":
    sys.exit(main())
