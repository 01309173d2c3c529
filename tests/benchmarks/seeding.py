"""Made-up projects for benchmarks of pages, API and search, seeded once where their data is kept."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks.own_servers import own_servers, vacuum
from tests.benchmarks.wording import NUMBERED, description, name, one_liner

TAGS, COMMON = 300, 40
FIRST_COMMENT = 60_000_000

# The option of a benchmark that keeps its data.
DATA: dict[str, Any] = {
    "type": Path,
    "metavar": "FOLDER",
    "help": "Keep what was seeded in this folder, and start from it where it holds as many projects.",
}


@contextmanager
def seeded_servers(rows: int, kept: Path | None = None, **variables: str) -> Iterator[Path]:
    """Run servers with ``rows`` projects, their embeddings with an index, the figures of their months, and what
    machines leave beside them (``seeding_machines``).

    The data goes at the end, or stays in the folder ``kept``, from which the next run with as many rows starts.
    """
    with own_servers(kept and kept / str(rows), **variables) as folder:
        seeded = folder / "seeded"
        if not seeded.exists():
            started = time.perf_counter()
            _seed_all(rows)
            seeded.touch()
            print(f"{rows} projects seeded in {time.perf_counter() - started:.0f} s", flush=True)
        yield folder


def threads(rows: int) -> int:
    """Return of how many threads, one a month, so many projects are: of a thousand each, as the large ones have."""
    return max(12, rows // 1000)


def _seed_all(rows: int) -> None:
    from projects.analytics.computing import generate_analytics
    from projects.language.embedding_index import drop_other_indexes, ensure_index
    from projects.language.embeddings import WordLlamaEmbedder
    from tests.benchmarks.seeding_machines import seed_machines

    # One that grows with each row takes many times longer than one that is built at the end.
    drop_other_indexes("")
    seed(rows)
    ensure_index(WordLlamaEmbedder().name, 256)
    generate_analytics()
    seed_machines(rows)
    vacuum()


def seed(rows: int) -> None:
    """Write ``rows`` projects, each with its comment, four tags and its embedding by WordLlama.

    The numbered words are not embedded: they would be noise that no text has, and its likeness mere chance.
    """
    from comments.models import Comment, Post
    from projects.embedding import embedding_text
    from projects.language.embeddings import WordLlamaEmbedder
    from projects.models import Project, Submission, Tag
    from tests.factories import POSTED_AT

    chance, embedder = random.Random(8), WordLlamaEmbedder()
    Tag.objects.bulk_create([Tag(name=f"tag{number}") for number in range(TAGS)])
    posts = Post.objects.bulk_create(
        [
            Post(
                id=number,
                source_id=str(number),
                title="Ask HN",
                posted_at=POSTED_AT,
                year=2026 - (number - 1) // 12,
                month=(number - 1) % 12 + 1,
            )
            for number in range(1, threads(rows) + 1)
        ]
    )
    states = ["processed"] * 17 + ["pending"] * 2 + ["failed"]
    for start in range(0, rows, 5000):
        numbers = range(start, min(start + 5000, rows))
        liners = [one_liner(chance) for _ in numbers]
        descriptions = [description(chance) for _ in numbers]
        comments = Comment.objects.bulk_create(
            [
                Comment(
                    id=FIRST_COMMENT + number,
                    source_id=str(FIRST_COMMENT + number),
                    post=posts[number % len(posts)],
                    author=f"author{number % 20_000}",
                    text=f"{name(number)}: {liner}. {text}",
                    posted_at=POSTED_AT + timedelta(minutes=number),
                    status=(status := chance.choice(states)),
                    last_error="The model did not answer in time." if status == "failed" else "",
                )
                for number, liner, text in zip(numbers, liners, descriptions, strict=True)
            ]
        )
        projects = [
            Project(
                title=name(number),
                short_description=liner,
                description=text,
                primary_url=f"https://p{number}.example" if number % 3 else "",
                canonical_url=f"p{number}.example" if number % 3 else "",
                urls=[f"https://p{number}.example"],
                idea_score=chance.randrange(1, 11),
                complexity_score=chance.randrange(1, 11),
                review_status=chance.choice(["pending", "pending", "approved", "rejected"]),
                created_by="rules",
                first_seen_at=POSTED_AT + timedelta(minutes=number),
                last_seen_at=POSTED_AT + timedelta(minutes=number),
                embedding_model=embedder.name,
            )
            for number, liner, text in zip(numbers, liners, descriptions, strict=True)
        ]
        vectors = embedder.embed_now([NUMBERED.sub("", embedding_text(project)) for project in projects])
        for project, vector in zip(projects, vectors, strict=True):
            project.embedding = vector
        Project.objects.bulk_create(projects)
        Submission.objects.bulk_create(
            [
                Submission(project=project, comment=comment, text=comment.text)
                for project, comment in zip(projects, comments, strict=True)
            ]
        )
    _tag_all()


def _tag_all() -> None:
    """Give each project two of the 40 common tags and two of the others; by chance fewer."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO projects_project_tags (project_id, tag_id)
            SELECT p.id, t.id FROM projects_project p CROSS JOIN generate_series(0, 3) AS place
            JOIN projects_tag t ON t.name = 'tag' || CASE WHEN place < 2 THEN abs(hashint8(p.id * 4 + place)) % {COMMON}
                ELSE {COMMON} + abs(hashint8(p.id * 4 + place)) % {TAGS - COMMON} END
            ON CONFLICT DO NOTHING
            """
        )
