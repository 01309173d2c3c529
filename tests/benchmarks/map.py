"""What drawing the map takes: ``.venv/bin/python -m tests.benchmarks.map --projects 50000``.

Made-up projects with embeddings of 12 subjects, 250 themes among them, and tags of their theme, in a database of its
own. Draws them, adds ``--new`` projects and draws again. Prints for each drawing minutes, the processor time and peak
memory of the process that draws and of this one, areas, and how far the projects of before moved; then what the page is
sent. A dot's nearest dots of its own theme tell whether alike ones lie together.
"""

import argparse
import gzip
import resource
import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks.own_servers import vacuum
from tests.benchmarks.seeding import DATA, seeded_servers

SUBJECTS, THEMES, DIMENSIONS = 12, 250, 256
LOOKED_AT = 500


def give_structure(rows: list[int], seed: int) -> dict[int, int]:
    """Give the projects ``rows`` embeddings and a tag by subject and theme; return the theme of each."""
    import numpy as np
    from django.db import connection, transaction

    from projects.language.embeddings import WordLlamaEmbedder
    from projects.models import Project, Tag

    themes = np.random.default_rng(0)
    subjects = themes.normal(size=(SUBJECTS, DIMENSIONS))
    middles = subjects[themes.integers(SUBJECTS, size=THEMES)] + 0.8 * themes.normal(size=(THEMES, DIMENSIONS))
    share = themes.dirichlet(np.full(THEMES, 0.8))
    chance = np.random.default_rng(seed)
    theme = chance.choice(THEMES, size=len(rows), p=share)
    vectors = middles[theme] + 1.1 * chance.normal(size=(len(rows), DIMENSIONS))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tags = {one: Tag.objects.get_or_create(name=f"theme{one}")[0] for one in range(THEMES)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE vectors (id bigint PRIMARY KEY, embedding vector(256)) ON COMMIT DROP")
        with cursor.copy("COPY vectors FROM STDIN") as copy:
            for pk, vector in zip(rows, vectors, strict=True):
                copy.write_row((pk, str([round(float(one), 5) for one in vector])))
        cursor.execute(
            "UPDATE projects_project SET embedding = vectors.embedding, embedding_model = %s "
            "FROM vectors WHERE vectors.id = projects_project.id",
            [WordLlamaEmbedder().name],
        )
    through = Project.tags.through
    through.objects.bulk_create(
        [through(project_id=pk, tag=tags[int(one)]) for pk, one in zip(rows, theme, strict=True)], ignore_conflicts=True
    )
    return dict(zip(rows, map(int, theme), strict=True))


def add_projects(count: int) -> list[int]:
    """Save projects that came since the last drawing."""
    from projects.models import Project
    from tests.factories import POSTED_AT

    seen = {"first_seen_at": POSTED_AT, "last_seen_at": POSTED_AT + timedelta(days=1)}
    made = [Project(title=f"New {number}", created_by="rules", **seen) for number in range(count)]
    return [project.pk for project in Project.objects.bulk_create(made)]


def measure(what: str) -> dict[str, Any]:
    """Draw, and print what it took."""
    from projects.mapping.drawing import draw_map

    before, own, started = _spent(resource.RUSAGE_CHILDREN), _spent(resource.RUSAGE_SELF), time.perf_counter()
    done = draw_map()
    seconds = time.perf_counter() - started
    drawing, here = _spent(resource.RUSAGE_CHILDREN) - before, _spent(resource.RUSAGE_SELF) - own
    print(
        f"{what}: {done['projects']} projects in {seconds / 60:.1f} minutes; processor time {drawing:.0f} s in the "
        f"process that draws, {here:.0f} s here; peak {done['peak_megabytes']} MB there, {_peak()} MB here; "
        f"{done['clusters']} areas; moved {done['median_moved'] or 0:.3%} (median)",
        flush=True,
    )
    return done


def _spent(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measure_payload() -> None:
    """Print what the page is sent, and how long it takes to make."""
    from projects.mapping.payload import payload

    seconds = []
    for _ in range(3):
        started = time.process_time()
        content = payload()
        seconds.append(time.process_time() - started)
    print(
        f"payload: {len(content):,} bytes, {len(gzip.compress(content, 6)):,} by gzip; made in "
        f"{statistics.median(seconds):.2f} s of Python"
    )


def neighbours_of_one_theme(theme: dict[int, int]) -> float:
    """Return how often the nearest dot is of the same theme."""
    import numpy as np

    from projects.mapping.models import Dot

    dots = list(Dot.objects.values_list("project", "x", "y"))
    places = np.array([(x, y) for _, x, y in dots])
    right = 0
    chosen = np.random.default_rng(2).choice(len(dots), size=min(LOOKED_AT, len(dots)), replace=False)
    for at in chosen:
        away = ((places - places[at]) ** 2).sum(axis=1)
        away[at] = np.inf
        right += theme[dots[at][0]] == theme[dots[int(away.argmin())][0]]
    return right / len(chosen)


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=50_000)
    parser.add_argument("--new", type=int, default=500)
    parser.add_argument("--data", **DATA)
    options = parser.parse_args()
    # A quarter of what is seeded was rejected.
    with seeded_servers(round(options.projects * 4 / 3), options.data and Path(options.data)):
        from projects.models import Project

        rows = list(Project.objects.published().order_by("pk").values_list("pk", flat=True)[: options.projects])
        Project.objects.exclude(pk__in=rows).update(embedding=None, embedding_model="")
        theme = give_structure(rows, seed=1)
        vacuum()
        measure("first")
        print(f"nearest dot of the same theme: {neighbours_of_one_theme(theme):.1%}")
        measure("again, nothing new")
        theme |= give_structure(add_projects(options.new), seed=2)
        measure(f"after {options.new} new ones")
        print(f"nearest dot of the same theme: {neighbours_of_one_theme(theme):.1%}")
        measure_payload()


if __name__ == "__main__":
    main()
