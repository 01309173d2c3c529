"""What reading a comment by rules costs, workflow, embedding and saving included; and how many two processes read.

.venv/bin/python -m tests.benchmarks.reading [--comments 300]

The comments are those that the rules are tested with, each by an author of its own. Processor time is that of the
process that reads; what PostgreSQL takes for it comes on top and is told beside it.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.figures import figure
from tests.benchmarks.own_servers import own_servers
from tests.benchmarks.processor_time import database_seconds

ROOT = Path(__file__).resolve().parents[2]
WARM = 20  # comments that are read before it is measured: what is imported and compiled once is no cost of a comment


def main() -> None:
    """Print the figures; or, as one of two processes, read the comments of ``--part``."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.reading")
    parser.add_argument("--comments", type=int, default=300)
    parser.add_argument("--part", nargs="+", type=int, help="ids; used by the benchmark itself")
    options = parser.parse_args()
    if options.part:
        read_part(options.part)
        return
    with own_servers(DEBUG="true", FETCH_PAGES="false", LLM_BASE_URL="", EMBEDDING_BASE_URL=""):
        measure(options.comments)


def measure(count: int) -> None:
    """Read ``count`` comments in this process, then as many in two processes, and print what that took."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from projects.extraction.choosing import read_comments

    ids = made_comments(count + WARM)
    read_comments(comment_ids=ids[:WARM])
    with CaptureQueriesContext(connection) as captured:
        read_comments(comment_ids=ids[WARM : 2 * WARM])
    # The first two choose the comments.
    queries = sum(not query["sql"].startswith(("BEGIN", "COMMIT")) for query in captured.captured_queries) - 1
    measured = ids[2 * WARM :]
    database, began = database_seconds(), time.process_time()
    read_comments(comment_ids=measured)
    ours = (time.process_time() - began) / len(measured) * 1000
    theirs = (database_seconds() - database) / len(measured) * 1000
    print(f"{len(measured)} comments: {ours:.2f} ms of processor time a comment, {theirs:.2f} ms of PostgreSQL's")
    print(f"{queries / WARM:.1f} queries a comment")
    figure("reading by rules, processor time a comment", ours, "ms")
    figure("reading by rules, PostgreSQL's processor time a comment", theirs, "ms")
    figure("reading by rules, queries a comment", queries / WARM, "queries")
    connection.close()
    pace = of_two_processes(made_comments(count + 2 * WARM))
    print(f"two processes: {pace:.0f} comments a second")
    figure("reading by rules, two processes", pace, "a second")


def made_comments(count: int) -> list[int]:
    """Save pending comments and return their ids."""
    from tests.factories import make_comment, make_post
    from tests.projects.extraction.rules.test_comments import CASES, served

    post = make_post()
    texts = [served(case["text"]) for case in CASES]
    return [
        make_comment(texts[number % len(texts)], author=f"a{post.pk}-{number}", post=post).pk for number in range(count)
    ]


def of_two_processes(ids: list[int]) -> float:
    """Return how many comments a second two processes read that begin at the same moment, each warm."""
    half = len(ids) // 2
    readers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.reading", "--part", *map(str, part)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for part in (ids[:half], ids[half:])
    ]  # fmt: skip
    for reader in readers:
        reader.stdout.readline()
    began = time.monotonic()
    for reader in readers:
        reader.stdin.write("go\n")
        reader.stdin.flush()
    for reader in readers:
        reader.wait()
    return (len(ids) - 2 * WARM) / (time.monotonic() - began)


def read_part(ids: list[int]) -> None:
    """Read a few comments, say so, and read the others when the starter says so."""
    import django

    django.setup()
    from projects.extraction.choosing import read_comments

    read_comments(comment_ids=ids[:WARM])
    print("ready", flush=True)
    sys.stdin.readline()
    read_comments(comment_ids=ids[WARM:])


if __name__ == "__main__":
    main()
