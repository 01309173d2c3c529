"""How fast the readers' site is: ``.venv/bin/python -m tests.benchmarks.site``.

Seeds 50,000 projects into a database of its own (``--data FOLDER`` keeps it for the next run), serves them with
gunicorn as ``manage.py up`` does, and prints of each page p50 and p95 with 10 visitors at once, what a request uses of
the processors (web server + PostgreSQL), its queries, and how p50 and processor time stand to those of the API's list,
which is measured before and after. Each request has an address of its own, so that its page is made; some are measured
once more as they are asked for, kept by each process until the index changes, and while it changes, when facets and
lists are counted anew. At last the bytes of the home page with all that it loads.
``--pages month search`` measures those alone.
"""

import argparse
import itertools
import random
import re
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.api import PATHS, Address, Load, queries_of, under_load
from tests.benchmarks.seeding import DATA, seeded_servers
from tests.benchmarks.wording import name

if TYPE_CHECKING:
    from tests.servers.web import Web

PAGES: dict[str, Address] = {
    "home": lambda chance, most: "/",
    "projects": lambda chance, most: "/projects/",
    "projects, as cards": lambda chance, most: "/projects/?view=cards",
    "projects, a later page": lambda chance, most: f"/projects/?page={chance.randrange(2, 200)}",
    "projects, filtered": lambda chance, most: (
        f"/projects/?tags=tag{chance.randrange(40)}&month=2026-{chance.randrange(1, 13):02}"
        f"&idea_score_not={chance.randrange(1, 11)}"
    ),
    "project": lambda chance, most: f"/projects/{(pk := chance.randrange(1, most + 1))}-{name(pk - 1).lower()}/",
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
    "search, a name": lambda chance, most: f"/search?q={name(chance.randrange(most))}",
    "about": lambda chance, most: "/about",
}
API = PATHS["list"]
NUMBERS = itertools.count()
ASKED_AGAIN = ("home", "projects", "month")
CHANGING = ("home", "projects", "projects, filtered")
# Seconds between two changes of the index: a worker that reads comments with a model is slower.
PAUSE = 0.5
ASSET = re.compile(r'(?:href|src)="(/static/[^"?#]+)')


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=50_000)
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=list(PAGES), help="These alone.")
    parser.add_argument("--data", **DATA)
    options = parser.parse_args()
    variables = {"API_READS_PER_MINUTE": "1000000", "SEARCHES_PER_MINUTE": "1000000"}
    with seeded_servers(options.projects, options.data, **variables) as folder:
        measure(folder, options.projects, options.pages, variables)


def measure(folder: Path, rows: int, names: list[str], variables: dict[str, str]) -> None:
    """Print the figures of the pages ``names``."""
    from tests.servers.web import Web
    from waywo_site.running.processes import WEB_PROCESSES

    with Web(folder, WEB_PROCESSES, **variables) as web:
        under_load(web, API, rows)  # Loads what is imported at the first use.
        api = under_load(web, API, rows)
        print(f"{'the API’s list':44} {api}")
        for name in names:
            show_page(web, name, made(PAGES[name]), rows, api)
        print(f"{'the API’s list again':44} {under_load(web, API, rows)}")
        for name in (name for name in ASKED_AGAIN if name in names):
            show_page(web, f"{name}, kept", PAGES[name], rows, api)
        with Changes():
            for name in (name for name in CHANGING if name in names):
                show_page(web, f"{name}, while the index changes", made(PAGES[name]), rows, api)
        show_bytes(web.url)


def made(path: Address) -> Address:
    """Return ``path`` with a parameter that no request had before, which the page does not read."""

    def one_more(chance: random.Random, most: int) -> str:
        address = path(chance, most)
        return f"{address}{'&' if '?' in address else '?'}n={next(NUMBERS)}"

    return one_more


def show_page(web: "Web", name: str, path: Address, rows: int, api: Load) -> None:
    """Print the figures of one page, and its p50 and processor time as multiples of the API's."""
    load = under_load(web, path, rows)
    times = statistics.median(load.seconds) / statistics.median(api.seconds)
    queries = len(queries_of(path(random.Random(1), rows)))
    print(
        f"{name:44} {load}   {times:4.1f} × its p50, {load.processor / api.processor:4.1f} × its processor time"
        f"   {queries} queries",
        flush=True,
    )


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
    for asset, size in sizes.items():
        print(f"{asset:60} {size:8,} bytes")
    print(f"{'the home page with all of it':60} {sum(sizes.values()):8,} bytes")


if __name__ == "__main__":
    sys.exit(main())
