"""How fast the pages of the admin are: ``.venv/bin/python -m tests.benchmarks.admin``.

Seeds 50,000 projects, 50,000 comments with as many readings, 250,000 task results and as many batch tasks into a
database of its own (``--data FOLDER`` keeps it for the next run), and prints for each page its queries, the
milliseconds of its first request, which fills caches, and the median of 5 more.
"""

import argparse
import statistics
import sys
import time
from typing import Any

from tests.benchmarks.seeding import DATA, seeded_servers

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
    "review, find": "/admin/projects/project/review/find/?q=kanban",
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


def operator() -> Any:
    """Return the superuser who looks at the pages."""
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get_or_create(username="operator", is_staff=True, is_superuser=True)[0]


def ids_of_some_rows() -> dict[str, int]:
    """Return what stands for ids in PAGES."""
    from django_celery_beat.models import PeriodicTask
    from django_celery_results.models import TaskResult

    from comments.models import Comment, Post
    from projects.models import Project

    return {
        "comment": Comment.objects.values_list("pk", flat=True)[100],
        "project": Project.objects.values_list("pk", flat=True)[100],
        "embedded": Project.objects.exclude(embedding_model="").values_list("pk", flat=True)[0],
        "post": Post.objects.values_list("pk", flat=True)[0],
        "result": TaskResult.objects.values_list("pk", flat=True)[100],
        "schedule": PeriodicTask.objects.values_list("pk", flat=True)[0],
    }


def measure() -> int:
    """Print queries and milliseconds of each page; return how many pages are over the limit of queries."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client, ids = Client(SERVER_NAME="localhost"), ids_of_some_rows()
    client.force_login(operator())
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
    parser.add_argument("--projects", type=int, default=50_000)
    parser.add_argument("--data", **DATA)
    options = parser.parse_args()
    passwords = {"SECRET_KEY": "a key for the benchmark alone", "FLOWER_BASIC_AUTH": "admin:a password for it"}
    with seeded_servers(options.projects, options.data, DEBUG="false", **passwords):
        return min(1, measure())


if __name__ == "__main__":
    sys.exit(main())
