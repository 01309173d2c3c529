"""How fast the readers' site is: ``.venv/bin/python -m tests.benchmarks.site``.

Seeds 50,000 projects into a database of its own, serves them with gunicorn as ``manage.py up`` does, and prints of each
page p50 and p95 with 10 visitors at once, its queries, and how it stands to the API's list, which is measured before
and after. Nobody sends an ETag, so each page is made. Facets are kept until the index changes: the pages that have them
are measured again while it changes. At last the bytes of the home page with all that it loads.
"""

import argparse
import asyncio
import random
import re
import statistics
import sys
import threading
import time
from pathlib import Path

from tests.benchmarks.api import clients_at_once, count_queries, seed, shown
from tests.benchmarks.own_servers import own_servers, vacuum

API = "/api/projects"
PAGES = {
    "home": lambda chance, most: "/",
    "projects": lambda chance, most: "/projects/",
    "projects, as cards": lambda chance, most: "/projects/?view=cards",
    "projects, a later page": lambda chance, most: f"/projects/?page={chance.randrange(2, 200)}",
    "projects, filtered": lambda chance, most: (
        f"/projects/?tags=tag{chance.randrange(40)}&month=2026-{chance.randrange(1, 13):02}"
        f"&idea_score_not={chance.randrange(1, 11)}"
    ),
    "project": lambda chance, most: f"/projects/{chance.randrange(1, most + 1)}/",
    "months": lambda chance, most: "/months/",
    "month": lambda chance, most: f"/months/2026-{chance.randrange(1, 13):02}/",
    "tags": lambda chance, most: "/tags/",
    "tag": lambda chance, most: f"/tags/tag{chance.randrange(300)}/",
    "authors": lambda chance, most: "/authors/",
    "author": lambda chance, most: f"/authors/hn/author{chance.randrange(20_000)}/",
    "thread": lambda chance, most: f"/threads/{chance.randrange(1, 13)}/",
    "trends": lambda chance, most: "/trends/",
    "months compared": lambda chance, most: f"/trends/months/?before=2026-{chance.randrange(1, 13):02}",
    "digest": lambda chance, most: f"/digests/2026-{chance.randrange(1, 13):02}/",
    "random": lambda chance, most: f"/random/?seed={chance.randrange(9999)}",
    "feed of a tag": lambda chance, most: f"/tags/tag{chance.randrange(300)}/feed",
    "search": lambda chance, most: f"/search?q=word{chance.randrange(2000)}+word{chance.randrange(2000)}",
    "search, a name": lambda chance, most: f"/search?q=Project+{chance.randrange(most)}",
    "about": lambda chance, most: "/about",
}
CHANGING = ("home", "projects", "projects, filtered")
# Seconds between two changes of the index: a worker that reads comments with a model is slower.
PAUSE = 0.5
ASSET = re.compile(r'(?:href|src)="(/static/[^"?#]+)')


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=50_000)
    rows = parser.parse_args().projects
    variables = {"API_READS_PER_MINUTE": "1000000", "SEARCHES_PER_MINUTE": "1000000"}
    with own_servers(**variables) as folder:
        from projects.analytics.computing import generate_analytics

        started = time.perf_counter()
        seed(rows)
        generate_analytics()
        vacuum()
        print(f"{rows} projects seeded in {time.perf_counter() - started:.0f} s")
        measure(folder, rows, variables)


def measure(folder: Path, rows: int, variables: dict[str, str]) -> None:
    """Print the figures."""
    from tests.servers.web import Web
    from waywo_site.running.processes import WEB_PROCESSES

    with Web(folder, WEB_PROCESSES, **variables) as web:
        api = asyncio.run(clients_at_once(web.url, lambda chance, most: API, rows))
        print(f"{'the API’s list':32} {shown(api)}   {count_queries(API)} queries")
        for name in PAGES:
            show_page(web.url, name, rows, api)
        again = asyncio.run(clients_at_once(web.url, lambda chance, most: API, rows))
        print(f"{'the API’s list again':32} {shown(again)}")
        with Changes():
            for name in CHANGING:
                show_page(web.url, name, rows, api, "while the index changes")
        show_bytes(web.url)


def show_page(url: str, name: str, rows: int, api: list[float], when: str = "") -> None:
    """Print the figures of one page, and its p50 as a multiple of the API's."""
    path = PAGES[name]
    seconds = asyncio.run(clients_at_once(url, path, rows))
    times = statistics.median(seconds) / statistics.median(api)
    queries = count_queries(path(random.Random(1), rows))
    print(f"{name + (when and f', {when}'):48} {shown(seconds)}   {times:4.1f} × the API   {queries} queries")


class Changes:
    """Change a project now and then, as a context manager."""

    def __enter__(self) -> None:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._change)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _change(self) -> None:
        from django.db import connection

        from projects.models import Project

        while not self._done.wait(PAUSE):
            Project.objects.filter(pk=1).update(review_note=str(time.time()))
        connection.close()


def show_bytes(url: str) -> None:
    """Print the bytes of the home page and of each file that it loads, compressed as they are sent."""
    import httpx

    with httpx.Client(base_url=url, headers={"Accept-Encoding": "gzip, br"}) as http:
        page = http.get("/")
        sizes = {"/": page.num_bytes_downloaded}
        for asset in dict.fromkeys(ASSET.findall(page.text)):
            sizes[asset] = http.get(asset).num_bytes_downloaded
    for name, size in sizes.items():
        print(f"{name:60} {size:8,} bytes")
    print(f"{'the home page with all of it':60} {sum(sizes.values()):8,} bytes")


if __name__ == "__main__":
    sys.exit(main())
