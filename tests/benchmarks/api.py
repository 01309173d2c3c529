"""How fast the API reads: ``.venv/bin/python -m tests.benchmarks.api``.

Seeds 50,000 projects into a database of its own, serves them with gunicorn as ``manage.py up`` does, and prints p50 and
p95 with 10 clients at once, the queries of a request, and 200 requests a second for 30 s.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tests.benchmarks.own_servers import own_servers, vacuum

CLIENTS = 10
REQUESTS = 400
RATE, RATE_SECONDS = 200, 30

PATHS = {
    "list": lambda chance, most: "/api/projects",
    "list, 20 rows": lambda chance, most: "/api/projects?limit=20",
    "filtered: 2 tags, score, order": lambda chance, most: (
        f"/api/projects?tags=tag{chance.randrange(5)}&tags=tag{chance.randrange(5, 40)}"
        "&min_idea_score=5&order=-idea_score"
    ),
    "filtered: month, has link": lambda chance, most: (
        f"/api/projects?month=2026-{chance.randrange(1, 13):02}&has_link=true"
    ),
    "filtered: text": lambda chance, most: f"/api/projects?q=word{chance.randrange(2000)}",
    "one project": lambda chance, most: f"/api/projects/{chance.randrange(1, most + 1)}",
    "tags": lambda chance, most: "/api/tags?limit=50",
    "months": lambda chance, most: "/api/months",
}


def seed(rows: int) -> None:
    """Write ``rows`` projects, each with its comment and four tags."""
    from comments.models import Comment, Post
    from projects.models import Project, Submission, Tag
    from tests.factories import POSTED_AT

    chance = random.Random(8)
    tags = Tag.objects.bulk_create([Tag(name=f"tag{number}") for number in range(300)])
    posts = Post.objects.bulk_create(
        [
            Post(id=month, source_id=str(month), title="Ask HN", posted_at=POSTED_AT, year=2026, month=month)
            for month in range(1, 13)
        ]
    )
    text = " ".join(f"word{chance.randrange(2000)}" for _ in range(40))
    for start in range(0, rows, 5000):
        numbers = range(start, min(start + 5000, rows))
        comments = Comment.objects.bulk_create(
            [
                Comment(
                    id=60_000_000 + number,
                    source_id=str(60_000_000 + number),
                    post=posts[number % 12],
                    author=f"author{number % 20_000}",
                    text=text,
                    posted_at=POSTED_AT + timedelta(minutes=number),
                    status="skipped",
                )
                for number in numbers
            ]
        )
        projects = Project.objects.bulk_create(
            [
                Project(
                    title=f"Project {number}",
                    short_description=f"word{chance.randrange(2000)} that does things",
                    description=" ".join(f"word{chance.randrange(2000)}" for _ in range(60)),
                    primary_url=f"https://p{number}.example" if number % 3 else "",
                    urls=[f"https://p{number}.example"],
                    idea_score=chance.randrange(1, 11),
                    complexity_score=chance.randrange(1, 11),
                    review_status=chance.choice(["pending", "pending", "approved", "rejected"]),
                    created_by="rules",
                    embedding=[chance.random() for _ in range(256)] if number % 50 == 0 else None,
                    embedding_model="wordllama" if number % 50 == 0 else "",
                    first_seen_at=POSTED_AT + timedelta(minutes=number),
                    last_seen_at=POSTED_AT + timedelta(minutes=number),
                )
                for number in numbers
            ]
        )
        Submission.objects.bulk_create(
            [
                Submission(project=project, comment=comment, text=text)
                for project, comment in zip(projects, comments, strict=True)
            ]
        )
        through = Project.tags.through
        through.objects.bulk_create(
            [
                through(project=project, tag=tag)
                for project in projects
                for tag in chance.sample(tags[:40], 2) + chance.sample(tags[40:], 2)
            ]
        )


def count_queries(path: str) -> int:
    """Return how many queries a GET of ``path`` makes, its transaction and its limits included."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = Client().get(path, SERVER_NAME="localhost")
        b"".join(answer) if answer.streaming else answer.content
    return len(queries)


async def clients_at_once(url: str, path: Callable[[random.Random, int], str], most: int) -> list[float]:
    """Return the seconds of each request, made by CLIENTS that each wait for their answer."""
    import httpx

    chance, seconds = random.Random(8), []

    async def client() -> None:
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=httpx.Limits(keepalive_expiry=1)) as http:
            for _ in range(REQUESTS // CLIENTS):
                asked = path(chance, most)
                started = time.perf_counter()
                answer = await http.get(asked)
                seconds.append(time.perf_counter() - started)
                assert answer.status_code in (200, 404, 410), answer.text

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return seconds


async def steady(url: str) -> tuple[list[float], int, float]:
    """Send RATE requests a second for RATE_SECONDS; return latencies, failures and the seconds that all took."""
    import httpx

    seconds, failures = [], 0
    # gunicorn ends a connection that was idle for 2 s; one that is ended while we write to it is no failure of ours.
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=1)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as http:

        async def ask(number: int) -> None:
            nonlocal failures
            started = time.perf_counter()
            answer = await http.get(
                "/api/projects?limit=20" if number % 2 else f"/api/projects?limit=5&month=2026-0{number % 9 + 1}"
            )
            seconds.append(time.perf_counter() - started)
            failures += answer.status_code != 200

        began, tasks = time.perf_counter(), []
        for number in range(RATE * RATE_SECONDS):
            wait = began + number / RATE - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.ensure_future(ask(number)))
        await asyncio.gather(*tasks)
        return seconds, failures, time.perf_counter() - began


def shown(seconds: list[float]) -> str:
    """Return p50 and p95 in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:6.1f} ms   p95 {cuts[94] * 1000:6.1f} ms"


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=50_000)
    rows = parser.parse_args().projects
    with own_servers(API_READS_PER_MINUTE="1000000") as folder:
        started = time.perf_counter()
        seed(rows)
        vacuum()
        print(f"{rows} projects seeded in {time.perf_counter() - started:.0f} s")
        measure(folder, rows)


def measure(folder: Path, rows: int) -> None:
    """Print the figures."""
    from tests.servers.web import Web
    from waywo_site.running.processes import WEB_PROCESSES

    chance = random.Random(1)
    with Web(folder, WEB_PROCESSES) as web:
        for name, path in PATHS.items():
            queries = count_queries(path(chance, rows))
            seconds = asyncio.run(clients_at_once(web.url, path, rows))
            print(f"{name:32} {shown(seconds)}   {queries} queries")
        seconds, failures, took = asyncio.run(steady(web.url))
        rate = len(seconds) / took
        print(f"{RATE} requests a second for {RATE_SECONDS} s: {rate:.0f}/s, {failures} failures   {shown(seconds)}")


if __name__ == "__main__":
    sys.exit(main())
