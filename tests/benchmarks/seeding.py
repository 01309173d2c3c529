"""Made-up projects for benchmarks of pages, API and search, seeded once where their data is kept."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.benchmarks.own_servers import own_servers, vacuum

# The option of a benchmark that keeps its data.
DATA: dict[str, Any] = {
    "type": Path,
    "metavar": "FOLDER",
    "help": "Keep what was seeded in this folder, and start from it where it holds as many projects.",
}


@contextmanager
def seeded_servers(rows: int, kept: Path | None = None, **variables: str) -> Iterator[Path]:
    """Run servers with ``rows`` projects, their embeddings with an index, and the figures of their months.

    The data goes at the end, or stays in the folder ``kept``, from which the next run with as many rows starts.
    """
    with own_servers(kept and kept / str(rows), **variables) as folder:
        seeded = folder / "seeded"
        if not seeded.exists():
            started = time.perf_counter()
            _seed_all(rows)
            seeded.touch()
            print(f"{rows} projects seeded in {time.perf_counter() - started:.0f} s")
        yield folder


def _seed_all(rows: int) -> None:
    from projects.analytics.computing import generate_analytics

    seed(rows)
    embed_all()
    generate_analytics()
    vacuum()


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


def embed_all() -> None:
    """Give each project the embedding of its texts by WordLlama, and its address."""
    from django.db import connection, transaction

    from projects.embedding import embedding_text
    from projects.language.embedding_index import ensure_index
    from projects.language.embeddings import WordLlamaEmbedder
    from projects.models import Project

    embedder = WordLlamaEmbedder()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE vectors (id bigint PRIMARY KEY, embedding vector(256)) ON COMMIT DROP")
        rows = list(Project.objects.only("title", "short_description", "description"))
        with cursor.copy("COPY vectors FROM STDIN") as copy:
            for start in range(0, len(rows), 1000):
                batch = rows[start : start + 1000]
                vectors = embedder.embed_now([embedding_text(row) for row in batch])
                for row, vector in zip(batch, vectors, strict=True):
                    copy.write_row((row.pk, str(vector)))
        cursor.execute(
            "UPDATE projects_project SET embedding = vectors.embedding, embedding_model = %s, "
            "canonical_url = replace(primary_url, 'https://', '') FROM vectors WHERE vectors.id = projects_project.id",
            [embedder.name],
        )
    ensure_index(embedder.name, 256)
