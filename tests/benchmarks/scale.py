"""Every page and every read of the API at a size: ``.venv/bin/python -m tests.benchmarks.scale --projects 200000``.

Seeds so many projects and comments, and five times as many task results and batch tasks, into a database of its own
(``--data FOLDER`` keeps it for the next run). Each page is asked for as visitors do: what was kept of it is sent again
(``tests.benchmarks.site`` has each page made anew). Prints of each page p50 and p95 with 10 at once, what a request
uses of the processors (web server + PostgreSQL) and its queries, then the slowest by p95 and the plans of the slowest
queries. ``--only TEXT`` takes the pages whose names hold a text; ``--jobs`` measures what works through all rows
instead.
"""

import argparse
import random
import re
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import admin, api, site
from tests.benchmarks.figures import figure
from tests.benchmarks.processor_time import database_seconds
from tests.benchmarks.seeding import DATA, seeded_servers

REQUESTS, WARMING = 200, 20
P95_MILLISECONDS = 300
SLOWEST = 5
LONGEST_SQL, LONGEST_LINE = 700, 160
EMBEDDED_AGAIN = 10_000
ACCOUNTS = {"SECRET_KEY": "a key for the benchmark alone", "FLOWER_BASIC_AUTH": "admin:a password for it"}
UNLIMITED = {"API_READS_PER_MINUTE": "1000000", "SEARCHES_PER_MINUTE": "1000000", "DEBUG": "false"}


def pages() -> dict[str, api.Address]:
    """Return the address of each page and read by its name."""
    ids = admin.ids_of_some_rows()
    return (
        {f"site: {name}": path for name, path in site.PAGES.items()}
        | {f"API: {name}": path for name, path in api.PATHS.items()}
        | {f"admin: {name}": _always(path.format(**ids)) for name, path in admin.PAGES.items()}
    )


def _always(path: str) -> api.Address:
    return lambda chance, most: path


def measure(folder: Path, rows: int, only: str) -> None:
    """Print the figures of the pages whose names hold ``only``, then the plans of their slowest queries."""
    from django.conf import settings

    from tests.servers.web import Web
    from waywo_site.running.processes import WEB_PROCESSES

    settings.EMBEDDED_VALKEY.ensure_running()
    asked = {name: path for name, path in pages().items() if only in name}
    operator = admin.operator()
    found: list[tuple[float, str]] = []
    slowest: list[tuple[float, str, str]] = []
    with Web(folder, WEB_PROCESSES, **UNLIMITED) as web:
        cookies = {"sessionid": web.session_of(operator)}
        for name, path in asked.items():
            sent, user = ({}, None) if name.startswith("site") else (cookies, operator)
            api.under_load(web, path, rows, requests=WARMING, cookies=sent)
            load = api.under_load(web, path, rows, requests=REQUESTS, cookies=sent)
            queries = api.queries_of(path(random.Random(1), rows), user)
            slowest += [(float(query["time"]), name, query["sql"]) for query in queries]
            p95 = statistics.quantiles(load.seconds, n=20)[18] * 1000
            figure(f"{name}, p95 of 10 at once", p95, "ms")
            figure(f"{name}, processor time", load.processor * 1000, "ms")
            figure(f"{name}, queries", len(queries), "queries")
            notes = "   SLOW" * (p95 > P95_MILLISECONDS) + "   MANY" * (len(queries) > admin.MOST_QUERIES)
            found.append((p95, line := f"{name:44} {load}   {len(queries):3} queries{notes}"))
            print(line, flush=True)
    print("\nThe slowest first:")
    for _, line in sorted(found, reverse=True)[: 3 * SLOWEST]:
        print(line)
    show_plans(slowest)


def show_plans(queries: list[tuple[float, str, str]]) -> None:
    """Print the plans of the SLOWEST of ``queries``, each of a kind once: seconds, the page, the SQL."""
    from django.db import connection

    kinds: set[str] = set()
    for seconds, name, sql in sorted(queries, reverse=True):
        kind = re.sub(r"\d+", "0", sql)
        if kind in kinds or not sql.lstrip("( ").startswith(("SELECT", "WITH")):
            continue
        kinds.add(kind)
        print(f"\n{name}: {seconds * 1000:.0f} ms\n{sql[:LONGEST_SQL]}")
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING ON) " + sql.replace("%", "%%"), [])
            print("\n".join(f"    {line[:LONGEST_LINE]}" for (line,) in cursor.fetchall()))
        if len(kinds) == SLOWEST:
            return


def measure_jobs() -> None:
    """Print what each job takes that works through all rows: seconds, processor time of Python and PostgreSQL."""
    for name, work in jobs().items():
        python, database, started = time.process_time(), database_seconds(), time.perf_counter()
        said = work()
        seconds = time.perf_counter() - started
        used = f"{time.process_time() - python:7.1f} + {database_seconds() - database:7.1f} s of processor"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{name:36} {seconds:7.1f} s  {used}  peak so far {peak:5} MB   {str(said)[:120]}", flush=True)
        figure(name, seconds, "s")


def jobs() -> dict[str, Callable[[], Any]]:
    """Return what works through all rows, by name."""
    from django.core.management import call_command
    from django.db import connection

    from projects.analytics.computing import generate_analytics
    from projects.language.embedding_index import ensure_index, index_name
    from projects.language.embeddings import WordLlamaEmbedder
    from projects.models import Project
    from waywo_site.operations import backups, cleanup

    model = WordLlamaEmbedder().name

    def index_again() -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX {index_name(model)}")
            ensure_index(model, 256)
            cursor.execute("SELECT pg_size_pretty(pg_relation_size(%s::regclass))", [index_name(model)])
            return str(cursor.fetchone()[0])

    def embed_some() -> object:
        Project.objects.filter(pk__in=Project.objects.order_by("pk").values("pk")[:EMBEDDED_AGAIN]).update(
            embedding=None, embedding_model=""
        )
        return call_command("reembed")

    return {
        "figures of all months": generate_analytics,
        "index of embeddings": index_again,
        f"embedding {EMBEDDED_AGAIN:,} again": embed_some,
        "likely duplicates": lambda: call_command("find_duplicates"),
        "backup": backups.backup_database,
        "clean-up": cleanup.cleanup_old_data,
    }


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=50_000)
    parser.add_argument("--only", default="", metavar="TEXT", help="The pages alone whose names hold this.")
    parser.add_argument("--jobs", action="store_true", help="What works through all rows, instead of pages.")
    parser.add_argument("--data", **DATA)
    options = parser.parse_args()
    with seeded_servers(options.projects, options.data, **UNLIMITED, **ACCOUNTS) as folder:
        if options.jobs:
            measure_jobs()
        else:
            measure(folder, options.projects, options.only)


if __name__ == "__main__":
    sys.exit(main())
