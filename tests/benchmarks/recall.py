"""How much of what is nearest the index finds: ``.venv/bin/python -m tests.benchmarks.recall --projects 200000``.

For several settings of ``hnsw.ef_search``, and for filters that many and few projects fit, prints recall@10 against the
exact answer, and p50 and p95 of the statement in milliseconds. Looked for are sentences that a person could type, and
what is like a project. ``--compare`` builds the index in full precision and with pgvector's own graph first, then as
Waywo does, and prints the seconds and memory of each build and its size. ``--data FOLDER`` keeps what was seeded for
the next run.
"""

import argparse
import random
import statistics
import threading
import time
from typing import Any

import psutil

from tests.benchmarks.figures import figure
from tests.benchmarks.seeding import DATA, seeded_servers
from tests.benchmarks.wording import one_liner

QUERIES, LOOKED_AT = 100, 10
DIMENSIONS = 256
PLAIN = "m = 16, ef_construction = 64"
KINDS = {
    "full precision, pgvector's graph": (f"vector({DIMENSIONS})", PLAIN),
    "half precision, pgvector's graph": (f"halfvec({DIMENSIONS})", PLAIN),
    "as Waywo makes it": (f"halfvec({DIMENSIONS})", ""),
}


def vectors() -> list[list[float]]:
    """Return what is looked for: one half typed, the other the embeddings of some projects."""
    from projects.language.embeddings import WordLlamaEmbedder
    from projects.models import Project

    chance = random.Random(17)
    typed = WordLlamaEmbedder().embed_now([one_liner(chance) for _ in range(QUERIES // 2)])
    ids = list(Project.objects.order_by("pk").values_list("pk", flat=True)[: QUERIES * 50])
    chosen = chance.sample(ids, QUERIES - len(typed))
    return typed + [list(one) for one in Project.objects.filter(pk__in=chosen).values_list("embedding", flat=True)]


def among() -> dict[str, Any]:
    """Return what is looked in, by how many fit; each as it is, and with its ids listed first."""
    from projects.models import Project
    from projects.search.narrowing import narrowed
    from projects.search.query import parse

    published = Project.objects.published()
    asked = {
        "all that are published": "",
        "a common tag": "tag:tag3",
        "a rare tag": "tag:tag200",
        "a month": "month:2026-03",
        "two tags": "tag:tag3 tag:tag4",
        "an author": "author:author77",
    }
    return {
        name: (narrowed(published, parse(text)), narrowed(published, parse(text), listed=True))
        for name, text in asked.items()
    }


def exact_answers(looked_for: list[list[float]]) -> dict[str, list[list[int]]]:
    """Return the ids that are nearest to each vector of those that ``among`` names, all compared by numpy."""
    import numpy as np

    from projects.models import Project

    rows = list(Project.objects.order_by("pk").values_list("pk", "embedding"))
    ids, matrix = np.array([pk for pk, _ in rows]), np.array([vector for _, vector in rows], dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    found = {}
    for name, (projects, _) in among().items():
        places = np.searchsorted(ids, np.array(sorted(projects.order_by().values_list("pk", flat=True))))
        likeness = matrix[places] @ np.array(looked_for, dtype=np.float32).T
        nearest = np.argsort(-likeness, axis=0)[:LOOKED_AT].T
        found[name] = [ids[places[each]].tolist() for each in nearest]
        print(f"{name}: {len(places)} projects", flush=True)
    return found


def answers(projects: Any, looked_for: list[list[float]], before: str) -> tuple[list[list[int]], list[float]]:
    """Return the ids of the nearest and the seconds of each statement."""
    from django.db import transaction

    from core.round_trips import asked_together
    from projects.language.embeddings import WordLlamaEmbedder
    from projects.search.meaning import nearest_asked
    from projects.search.searching import CANDIDATES

    found, seconds = [], []
    for vector in looked_for:
        with transaction.atomic():
            started = time.perf_counter()
            statement = nearest_asked(*projects, vector, WordLlamaEmbedder.name, CANDIDATES)
            [rows] = asked_together([statement], before=before)
            seconds.append(time.perf_counter() - started)
        found.append([pk for pk, _ in rows[:LOOKED_AT]])
    return found, seconds


def build(kind: str, graph: str) -> None:
    """Make the index over ``kind`` with ``graph`` anew and print what that takes."""
    from django.db import connection

    from projects.language import embedding_index
    from projects.language.embeddings import WordLlamaEmbedder

    name, graph = embedding_index.index_name(WordLlamaEmbedder.name), graph or embedding_index.GRAPH
    operators = f"{kind.partition('(')[0]}_cosine_ops"
    embedding_index.drop_other_indexes("")
    with Peak() as peak, connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(embedding_index.BUILD_SETTINGS)
        cursor.execute(
            f"CREATE INDEX {name} ON projects_project USING hnsw ((embedding::{kind}) {operators}) WITH ({graph}) "
            f"WHERE embedding_model = '{WordLlamaEmbedder.name}'"
        )
        seconds = time.perf_counter() - started
        cursor.execute("SELECT pg_relation_size(%s::regclass)", [name])
        size = cursor.fetchone()[0] / 1e6
    took = f"built in {seconds:.0f} s, with {peak.megabytes:.0f} MB of memory at most"
    print(f"\n{kind}, {graph}: {took}; {size:.0f} MB large", flush=True)
    figure("index of embeddings, build", seconds, "s")
    figure("index of embeddings, size", size, "MB")


class Peak:
    """Looks at the memory of its own that the connection's process of PostgreSQL has, as a context manager."""

    def __enter__(self) -> "Peak":
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._process = psutil.Process(cursor.fetchone()[0])
        self.megabytes, self._done = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.1):
            used = self._process.memory_info()
            self.megabytes = max(self.megabytes, (used.rss - used.shared) / 1e6)


def measure(compare: bool) -> None:
    """Print the figures of the index as it is, or with ``compare`` of each kind, built for it."""
    from projects.search import meaning
    from projects.search.searching import LIMITS

    looked_for = vectors()
    exact = exact_answers(looked_for)
    # As it is, it is what was seeded with.
    for told, (kind, graph) in (KINDS if compare else {"as Waywo makes it": KINDS["as Waywo makes it"]}).items():
        if compare:
            build(kind, graph)
        meaning.vector_type = lambda dimensions, kind=kind: kind
        for name, projects in among().items():
            for in_view in sorted({40, meaning.IN_VIEW, 400}):
                before = f"{LIMITS} SET LOCAL hnsw.ef_search = {in_view};"
                answers(projects, looked_for[:20], before)
                found, seconds = answers(projects, looked_for, before)
                if not any(exact[name]):
                    continue  # Nothing fits.
                recall = recall_of(found, exact[name])
                print(f"{told}, {name:24} {in_view:3} in view: recall@10 {recall:.4f}   {shown(seconds)}", flush=True)
                if in_view == meaning.IN_VIEW:
                    figure(f"recall@10, {name}", recall, "of 1")
                    figure(f"nearest, {name}, p95", statistics.quantiles(seconds, n=20)[18] * 1000, "ms")


def recall_of(found: list[list[int]], right: list[list[int]]) -> float:
    """Return which share of the ``right`` ids was found, of all queries together."""
    wanted = sum(len(each) for each in right)
    return sum(len({*one} & {*other}) for one, other in zip(found, right, strict=True)) / max(wanted, 1)


def shown(seconds: list[float]) -> str:
    """Return p50 and p95 in milliseconds."""
    cuts = statistics.quantiles(seconds, n=20)
    return f"p50 {cuts[9] * 1000:6.1f} ms   p95 {cuts[18] * 1000:6.1f} ms"


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=20_000)
    parser.add_argument("--compare", action="store_true", help="Build other kinds of the index, too.")
    parser.add_argument("--data", **DATA)
    options = parser.parse_args()
    with seeded_servers(options.projects, options.data):
        measure(options.compare)


if __name__ == "__main__":
    main()
