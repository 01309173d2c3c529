"""How fast the API reads: ``.venv/bin/python -m tests.benchmarks.api``.

Seeds 50,000 projects into a database of its own, serves them with gunicorn as ``manage.py up`` does, and prints p50 and
p95 with 10 clients at once, the processor time of a request (web server + PostgreSQL), its queries, and 200 requests a
second for 30 s. ``--data FOLDER`` keeps what was seeded for the next run.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.processor_time import Used, used
from tests.benchmarks.seeding import DATA, seeded_servers
from tests.benchmarks.seeding_machines import BATCHES
from tests.benchmarks.wording import KINDS, word

if TYPE_CHECKING:
    from tests.servers.web import Web

Address = Callable[[random.Random, int], str]
CLIENTS = 10
REQUESTS = 400
RATE, RATE_SECONDS = 200, 30

PATHS: dict[str, Address] = {
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
    "similar": lambda chance, most: f"/api/projects/{chance.randrange(1, most + 1)}/similar",
    "search": lambda chance, most: f"/api/search?q={word(chance)}+{chance.choice(KINDS).replace(' ', '+')}",
    "threads": lambda chance, most: "/api/posts",
    "thread": lambda chance, most: f"/api/posts/{chance.randrange(1, 13)}",
    "comments of a thread": lambda chance, most: f"/api/posts/{chance.randrange(1, 13)}/comments",
    "batch": lambda chance, most: f"/api/batches/group{chance.randrange(BATCHES)}",
    "task": lambda chance, most: f"/api/tasks/result{chance.randrange(most)}",
    "queues": lambda chance, most: "/api/queues",
    "workers": lambda chance, most: "/api/workers",
    "what reading costs": lambda chance, most: "/api/reading-costs",
    "sources": lambda chance, most: "/api/sources",
    "health": lambda chance, most: "/api/health",
}


def queries_of(path: str, user: Any = None) -> list[dict[str, str]]:
    """Return the ``sql`` and ``time`` (seconds) of each query of a GET of ``path`` by ``user``, a reader for None.

    Those of its transaction and of its limits are among them.
    """
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="localhost")
    if user:
        client.force_login(user)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
        b"".join(answer) if answer.streaming else answer.content
    return list(queries.captured_queries)


@dataclass(frozen=True)
class Load:
    """What CLIENTS at once saw: the seconds of each request, and what one used of the processors."""

    seconds: list[float]
    used: Used

    @property
    def processor(self) -> float:
        """Seconds of processor time of a request."""
        return self.used.web + self.used.database

    def __str__(self) -> str:
        return f"{shown(self.seconds)}   {self.used}"


def under_load(
    web: "Web", path: Address, most: int, requests: int = REQUESTS, cookies: dict[str, str] | None = None
) -> Load:
    """Ask ``web`` for what ``path`` names, by CLIENTS at once."""
    before = used(web.process.pid)
    seconds = asyncio.run(clients_at_once(web.url, path, most, requests, cookies))
    return Load(seconds, used(web.process.pid).since(before, len(seconds)))


async def clients_at_once(
    url: str, path: Address, most: int, requests: int = REQUESTS, cookies: dict[str, str] | None = None
) -> list[float]:
    """Return the seconds of each request, made by CLIENTS that each wait for their answer."""
    import httpx

    chance, seconds = random.Random(8), []

    async def client() -> None:
        limits = httpx.Limits(keepalive_expiry=1)
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits, cookies=cookies) as http:
            for _ in range(requests // CLIENTS):
                asked = path(chance, most)
                started = time.perf_counter()
                answer = await http.get(asked)
                seconds.append(time.perf_counter() - started)
                assert answer.status_code in (200, 404, 410), answer.text

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return seconds


async def steady(url: str) -> tuple[list[float], Counter[str], float]:
    """Send RATE requests a second for RATE_SECONDS; return latencies, how many ended in which way, and the seconds that
    all took."""
    import httpx

    seconds, ends = [], Counter()
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    # Who waits for one of our own connections is no failure of the server.
    async with httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(60, pool=None), limits=limits) as http:

        async def ask(number: int) -> None:
            started = time.perf_counter()
            try:
                answer = await http.get(
                    "/api/projects?limit=20" if number % 2 else f"/api/projects?limit=5&month=2026-0{number % 9 + 1}"
                )
            except httpx.TransportError as error:
                ends[type(error).__name__] += 1
                return
            seconds.append(time.perf_counter() - started)
            ends[f"{answer.status_code}{' to try again' if 'Retry-After' in answer.headers else ''}"] += 1

        began, tasks = time.perf_counter(), []
        for number in range(RATE * RATE_SECONDS):
            wait = began + number / RATE - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.ensure_future(ask(number)))
        await asyncio.gather(*tasks)
        return seconds, ends, time.perf_counter() - began


def shown(seconds: list[float]) -> str:
    """Return p50 and p95 in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:6.1f} ms   p95 {cuts[94] * 1000:6.1f} ms"


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=50_000)
    parser.add_argument("--data", **DATA)
    options = parser.parse_args()
    with seeded_servers(options.projects, options.data, API_READS_PER_MINUTE="1000000") as folder:
        measure(folder, options.projects)


def measure(folder: Path, rows: int) -> None:
    """Print the figures."""
    from tests.servers.web import Web
    from waywo_site.running.processes import WEB_PROCESSES

    chance = random.Random(1)
    with Web(folder, WEB_PROCESSES) as web:
        for name, path in PATHS.items():
            queries = len(queries_of(path(chance, rows)))
            print(f"{name:32} {under_load(web, path, rows)}   {queries} queries")
        seconds, ends, took = asyncio.run(steady(web.url))
        told = ", ".join(f"{count} × {end}" for end, count in ends.most_common())
        print(f"{RATE} requests a second for {RATE_SECONDS} s: {len(seconds) / took:.0f}/s, {told}   {shown(seconds)}")


if __name__ == "__main__":
    sys.exit(main())
