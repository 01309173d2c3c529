"""Measures an analyst on a labelled thread, in a scratch database, and compares two such measurements."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Sum

from comments.models import Comment, Post
from comments.sources.items import Item
from core.http import NotAsked, OutsideError
from core.jobs.retrying import RetryingTask
from core.progress import Progress, no_progress
from projects.duplicates import cosine
from projects.extraction.reading import ReadingError, get_analyst, read_comment
from projects.language.embeddings import WordLlamaEmbedder
from projects.links import canonical_url
from projects.models import Extraction, Project
from projects.scratch_database import scratch_database


class EvaluationError(Exception):
    """The files cannot be used; the message is one line with the file and, where known, the line."""


@dataclass(frozen=True)
class Label:
    """What is held to be true of a comment. ``links`` are canonical; ``stack`` in lower case; ``titles`` as given."""

    comment_id: int
    is_project: bool
    one_liner: str
    links: tuple[str, ...]
    stack: tuple[str, ...]
    industry: str = ""
    titles: tuple[str, ...] = ()


def read_labels(path: Path) -> dict[int, Label]:
    """Return the labels of a JSON Lines file by comment id.

    Each line has ``id`` and ``is_project``, and may have ``one_liner``, ``demo_link``, ``github_link``,
    ``tech_stack``, ``industry`` and ``title`` (or a list of them: those of its projects). Raises EvaluationError.
    """
    labels = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            row = json.loads(line)
            links = [canonical_url(row.get(name) or "") for name in ("demo_link", "github_link")]
            labels[row["id"]] = Label(
                row["id"],
                bool(row["is_project"]),
                row.get("one_liner") or "",
                tuple(link for link in links if link),
                tuple(word.lower() for word in row.get("tech_stack") or ()),
                _industry(row.get("industry") or ""),
                _titles(row.get("title") or ()),
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise EvaluationError(f"{path}, line {number}: is not a label: {error}.") from None
    if not labels:
        raise EvaluationError(f"{path}: holds no label.")
    return labels


def _industry(name: str) -> str:
    """Return an industry in words: ``DIGITAL_MEDIA`` as "digital media"; empty where it tells nothing."""
    return "" if name == "OTHER" else name.lower().replace("_and_", " ").replace("_", " ")


def _titles(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read: {error}.") from None


def evaluate(
    items: Path, labels: Path, *, analyst: str = "", limit: int | None = None, progress: Progress = no_progress
) -> dict[str, Any]:
    """Read the labelled comments of ``items`` (one thread, JSON Lines in the item format) and measure the result.

    The first ``limit`` labelled comments are read, by ``analyst`` (a name that ``get_analyst`` takes), into a scratch
    database; what was read before an interruption (Ctrl-C) is measured too. Returns
    ``{"analyst", "prompt_version", "summary": {…}, "comments": {id: {…}}}`` as JSON. Raises EvaluationError, and
    ValueError or Refused for an analyst that cannot be had.
    """
    known = read_labels(labels)
    chosen = get_analyst(analyst)
    with scratch_database():
        _load_thread(items)
        pending = Comment.objects.pending().filter(pk__in=known).order_by("posted_at", "id")
        ids = list(pending.values_list("pk", flat=True)[:limit])
        if not ids:
            raise EvaluationError(f"{labels}: labels no comment of {items}.")
        rows = {}
        try:
            for done, pk in enumerate(ids, 1):
                rows[str(pk)] = _read_one(known[pk], chosen)
                progress(f"comment {pk}", done, len(ids))
        except KeyboardInterrupt:
            if not rows:
                raise
    return {
        "analyst": chosen.name,
        "prompt_version": chosen.prompt_version,
        "summary": summarise(rows),
        "comments": rows,
    }


def _load_thread(path: Path) -> None:
    """Save the story and the comments of a file. Raises EvaluationError for a line that is not an item."""
    items = []
    for number, line in enumerate(_lines(path), 1):
        try:
            row = json.loads(line)
            items.append(Item.parse(row, row["id"]))
        except (OutsideError, ValueError, TypeError, KeyError) as error:
            raise EvaluationError(f"{path}, line {number}: is not an item: {error}.") from None
    story = items[0] if items else None
    if story is None or story.type != "story" or story.posted_at is None:
        raise EvaluationError(f"{path}, line 1: must be the story.")
    post = Post.objects.create(
        id=story.id,
        source_id=str(story.id),
        title=story.title,
        author=story.author,
        posted_at=story.posted_at,
        year=story.posted_at.year,
        month=story.posted_at.month,
    )
    Comment.objects.bulk_create(
        [
            Comment(
                id=item.id,
                source_id=str(item.id),
                post=post,
                author=item.author,
                text=item.text,
                posted_at=item.posted_at or story.posted_at,
                dead=item.dead,
                deleted=item.deleted,
            )
            for item in items[1:]
        ]
    )


def _read_one(label: Label, analyst: Any) -> dict[str, Any]:
    """Read one comment, as often as its task would, and return how the result stands to its label."""
    started = time.perf_counter()
    error, tries = "", 0
    while True:
        try:
            read_comment(label.comment_id, analyst=analyst)
        except NotAsked as caught:
            # The comment was not read, so it says nothing of the model: wait until the circuit lets it be.
            time.sleep(caught.retry_after or 1.0)
            started = time.perf_counter()
            continue
        except (ReadingError, OutsideError) as caught:
            error, tries = str(caught), tries + 1
            if isinstance(caught, OutsideError) and not caught.permanent and tries <= RetryingTask.max_retries:
                continue
        else:
            error = ""
        break
    seconds = time.perf_counter() - started
    runs = Extraction.objects.filter(comment_id=label.comment_id)
    spent = runs.aggregate(calls=Sum("llm_calls"), tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out"))
    submissions = Comment.objects.get(pk=label.comment_id).submissions.order_by("position")
    projects = [submission.project for submission in submissions.select_related("project")]
    tags = {name for project in projects for name in project.tags.values_list("name", flat=True)}
    texts = " ".join(f"{project.title}. {project.short_description}" for project in projects[:1])
    return {
        "labelled_project": label.is_project,
        "projects": len(projects),
        "titles": [project.title for project in projects],
        "primary_urls": [project.primary_url for project in projects],
        "tags": sorted(tags),
        "link": _hit(label.links, [canonical_url(project.primary_url) for project in projects]),
        "stack_found": sum(_is_tagged(word, tags) for word in label.stack),
        "stack": len(label.stack),
        "titles_labelled": len(label.titles),
        "titles_right": sum(_is_titled(title, projects) for title in label.titles),
        "industry": max((_similarity(tag, label.industry) for tag in tags), default=None) if label.industry else None,
        "similarity": _similarity(texts, label.one_liner) if projects and label.one_liner else None,
        "error": error,
        **{name: value or 0 for name, value in spent.items()},
        "seconds": round(seconds, 4),
    }


def _hit(labelled: tuple[str, ...], found: list[str]) -> bool | None:
    """Return whether a labelled link is a project's primary URL; None where none is labelled."""
    return any(link in found for link in labelled) if labelled else None


def _is_tagged(word: str, tags: set[str]) -> bool:
    """Return whether a labelled technology is among the tags, whatever its spelling ("Next.js", "nextjs")."""
    return _squashed(word) in {_squashed(tag) for tag in tags}


def _is_titled(title: str, projects: list[Project]) -> bool:
    return title.casefold() in {project.title.casefold() for project in projects}


def _squashed(word: str) -> str:
    return re.sub(r"[\s._-]+|js$", "", word.lower())


def _similarity(one: str, other: str) -> float:
    a, b = WordLlamaEmbedder().embed_now([one, other])
    return round(cosine(a, b), 4)


def summarise(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of a whole run. A comment that failed counts as neither project nor none."""
    read = [row for row in rows.values() if not row["error"]]
    said_none = [row for row in read if row["projects"] == 0]
    is_none = [row for row in read if not row["labelled_project"]]
    right = sum(not row["labelled_project"] for row in said_none)
    precision, recall = _share(right, len(said_none)), _share(right, len(is_none))
    linked = [row["link"] for row in read if row["link"] is not None]
    stacked = [row for row in read if row["stack"] and row["projects"]]
    industries = [row["industry"] for row in read if row["industry"] is not None]
    titles = sum(row["titles_labelled"] for row in read)
    alike = [row["similarity"] for row in read if row["similarity"] is not None]
    total = {name: sum(row[name] for row in rows.values()) for name in ("calls", "tokens_in", "tokens_out", "seconds")}
    return {
        "comments": len(rows),
        "failed": len(rows) - len(read),
        "projects": sum(row["projects"] for row in read),
        "none_precision": precision,
        "none_recall": recall,
        "none_f1": _share(2 * (precision or 0) * (recall or 0), (precision or 0) + (recall or 0)),
        "labelled_links": len(linked),
        "links_found": _share(sum(linked), len(linked)),
        "stack_found": _share(sum(row["stack_found"] for row in stacked), sum(row["stack"] for row in stacked)),
        "titles_found": _share(sum(row["titles_right"] for row in read), titles),
        "industry": _share(sum(industries), len(industries)),
        "similarity": _share(sum(alike), len(alike)),
        **{f"{name}_per_comment": _share(value, len(rows)) for name, value in total.items()},
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def compare(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return what changed from one evaluation to the other: each figure, and each comment that differs.

    Raises EvaluationError where one of them is not a result of ``evaluate``.
    """
    try:
        figures = {
            name: [value, other["summary"].get(name)]
            for name, value in one["summary"].items()
            if value != other["summary"].get(name)
        }
        shared = [pk for pk in one["comments"] if pk in other["comments"]]
        compared = ("projects", "titles", "primary_urls", "tags", "link", "error")
        comments = {}
        for pk in shared:
            before, after = one["comments"][pk], other["comments"][pk]
            changed = {name: [before[name], after[name]] for name in compared if before[name] != after[name]}
            if changed:
                comments[pk] = changed
    except (KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(f"This is not a result of evaluate_extraction --json: {error!r} is missing.") from None
    return {"summary": figures, "compared": len(shared), "comments": comments}
