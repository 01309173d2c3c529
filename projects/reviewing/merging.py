"""Makes two projects one, and parts them again; finds pairs that a person may want to merge."""

import json
from dataclasses import dataclass
from itertools import chain, combinations, islice
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.db.models import Field
from django.utils import timezone

from comments.models import Comment
from projects.links import identity
from projects.models import Project, ProjectMerge, Submission, Tag
from projects.reviewing import snoozing
from projects.search.meaning import similar_pairs
from projects.tags import resolve

# What stands in a row of its own kind or is made by the database.
NOT_KEPT = {"id", "search_vector", "created_at", "updated_at", "embedding"}
REVIEW = ("review_status", "reviewer_id", "reviewed_at", "review_note")
CHANGED_BY_A_MERGE = (
    *("urls", "url_summaries", "primary_url", "canonical_url", "is_bookmarked", "first_seen_at", "last_seen_at"),
    *REVIEW,
)


class MergeError(Exception):
    """The projects cannot be merged or parted; the message is one line."""


@dataclass(frozen=True)
class LikelyPair:
    """Two projects that may be one. ``similarity`` is a cosine, None where only the address is the same."""

    first_id: int
    second_id: int
    similarity: float | None
    same_url: bool

    @property
    def ids(self) -> tuple[int, int]:
        """Both projects."""
        return self.first_id, self.second_id

    @property
    def percent(self) -> int | None:
        """The similarity as people read it."""
        return None if self.similarity is None else round(100 * self.similarity)


@dataclass(frozen=True)
class Parted:
    """The project that is back, and which fields of the other were left, for they were changed since the merge."""

    project: Project
    left: list[str]


def merge(kept_id: int, absorbed_id: int, user: Any = None) -> ProjectMerge:
    """Make ``absorbed_id`` part of ``kept_id``, in one transaction.

    The kept one gets its submissions, tags, links and bookmark, and its review where it has none of its own. Raises
    MergeError for a project that is not there, the same one twice, or a generated idea.
    """
    if kept_id == absorbed_id:
        raise MergeError(f"Project {kept_id} cannot be merged with itself.")
    with transaction.atomic():
        rows = {
            row.pk: row
            for row in Project.objects.select_for_update().filter(pk__in=(kept_id, absorbed_id)).order_by("pk")
        }
        for pk in (kept_id, absorbed_id):
            if pk not in rows:
                raise MergeError(f"There is no project {pk}.")
            if rows[pk].source == Project.Source.NEMO_DATA_DESIGNER:
                raise MergeError(f"“{rows[pk].title}” is a generated idea, and nobody posted it: it cannot be merged.")
        kept, absorbed = rows[kept_id], rows[absorbed_id]
        before = _plain(kept, CHANGED_BY_A_MERGE)
        new_tags = set(absorbed.tags.values_list("name", flat=True)) - set(kept.tags.values_list("name", flat=True))
        record = ProjectMerge(
            kept=kept,
            absorbed_id=absorbed.pk,
            absorbed_title=absorbed.title,
            absorbed=_snapshot(absorbed),
            merged_by=user,
        )
        held = kept.submissions.values_list("comment_id", flat=True)
        absorbed.submissions.exclude(comment_id__in=list(held)).update(project=kept)
        _add(kept, absorbed)
        kept.save()
        kept.tags.add(*Tag.objects.filter(name__in=new_tags))
        kept.pages.add(*absorbed.pages.all())
        record.kept_before = {
            "fields": before,
            "after": _plain(kept, CHANGED_BY_A_MERGE),
            "new_tags": sorted(new_tags),
            "merges": list(absorbed.merges.values_list("pk", flat=True)),
            **_repoint_splits(kept, absorbed),
        }
        # What was merged into the absorbed one goes on to the kept one, so that it can still be undone.
        absorbed.merges.update(kept=kept)
        absorbed.delete()
        record.save()
    return record


def unmerge(merge_id: int) -> Parted:
    """Part what ``merge`` joined: the project is back under its old id, with its review, bookmark and snooze.

    What a person changed on the kept project since then stays. Raises MergeError where it was undone already, or
    another project has the id.
    """
    with transaction.atomic():
        record = ProjectMerge.objects.select_for_update().filter(pk=merge_id).first()
        if record is None:
            raise MergeError(f"There is no merge {merge_id}.")
        if record.undone_at is not None:
            raise MergeError(f"Merge {merge_id} was undone already.")
        if Project.objects.filter(pk=record.absorbed_id).exists():
            raise MergeError(f"There is a project {record.absorbed_id} again.")
        kept = Project.objects.select_for_update().get(pk=record.kept_id)
        back = _restore(record)
        now, after = _plain(kept, CHANGED_BY_A_MERGE), record.kept_before["after"]
        left = []
        for name, value in record.kept_before["fields"].items():
            if now[name] == after[name]:
                _put_back(kept, name, value)
            elif value not in (after[name], now[name]):
                left.append(name)
        kept.save()
        kept.tags.remove(*Tag.objects.filter(name__in=record.kept_before["new_tags"]))
        kept.merges.filter(pk__in=record.kept_before.get("merges", ())).update(kept=back)
        _point_splits_back(record.kept_before, kept, back)
        record.undone_at = timezone.now()
        record.save(update_fields=["undone_at"])
    return Parted(back, left)


def _add(kept: Project, absorbed: Project) -> None:
    kept.urls = list(dict.fromkeys([*kept.urls, *absorbed.urls]))
    kept.url_summaries = absorbed.url_summaries | kept.url_summaries
    if not kept.primary_url:
        kept.primary_url, kept.canonical_url = absorbed.primary_url, absorbed.canonical_url
    kept.is_bookmarked = kept.is_bookmarked or absorbed.is_bookmarked
    kept.first_seen_at = min(kept.first_seen_at, absorbed.first_seen_at)
    kept.last_seen_at = max(kept.last_seen_at, absorbed.last_seen_at)
    if kept.review_status == Project.ReviewStatus.PENDING:
        for name in REVIEW:
            setattr(kept, name, getattr(absorbed, name))


def _repoint_splits(kept: Project, absorbed: Project) -> dict[str, Any]:
    """Let what was split off from the absorbed project be split off from the kept one; return what undoes that.

    Nothing is split off from the project that it is in: where the two had been parted the mark goes.
    """
    marked = Submission.objects.filter(split_off_from__in=(kept, absorbed))
    inside = marked.filter(project=kept)
    cleared = list(inside.values_list("pk", "split_off_from_id"))
    inside.update(split_off_from=None)
    moved = marked.filter(split_off_from=absorbed)
    repointed = list(moved.values_list("pk", flat=True))
    moved.update(split_off_from=kept)
    return {"splits_repointed": repointed, "splits_cleared": cleared}


def _point_splits_back(noted: dict[str, Any], kept: Project, back: Project) -> None:
    # Merges made before this was noted have neither.
    repointed = noted.get("splits_repointed", ())
    Submission.objects.filter(pk__in=repointed, split_off_from=kept).update(split_off_from=back)
    for pk, former in noted.get("splits_cleared", ()):
        unmarked = Submission.objects.filter(pk=pk, split_off_from=None, project__in=(kept, back))
        unmarked.exclude(project=former).update(split_off_from=former)


def _plain(row: Any, names: Any) -> dict[str, Any]:
    return json.loads(json.dumps({name: getattr(row, name) for name in names}, default=_written))


def _written(value: Any) -> str:
    # Django's own encoder cuts microseconds off.
    return value.isoformat()


def _snapshot(project: Project) -> dict[str, Any]:
    names = [field.attname for field in Project._meta.concrete_fields if field.attname not in NOT_KEPT]
    columns = [field.attname for field in Submission._meta.concrete_fields if field.attname != "project_id"]
    return {
        "fields": _plain(project, names),
        "embedding": None if project.embedding is None else [float(number) for number in project.embedding],
        "tags": sorted(project.tags.values_list("name", flat=True)),
        "pages": list(project.pages.values_list("pk", flat=True)),
        "submissions": [_plain(row, columns) for row in project.submissions.all()],
        "snooze": snoozing.noted(project.pk),
    }


def _put_back(project: Project, name: str, value: Any) -> None:
    """Set a field of ``project`` to what ``_plain`` made of it. A reviewer whose account is gone is nobody."""
    if name == "reviewer_id" and not get_user_model().objects.filter(pk=value).exists():
        value = None
    setattr(project, name, cast("Field[Any, Any]", Project._meta.get_field(name.removesuffix("_id"))).to_python(value))


def _restore(record: ProjectMerge) -> Project:
    snapshot = record.absorbed
    back = Project(id=record.absorbed_id, embedding=snapshot["embedding"])
    for name, value in snapshot["fields"].items():
        _put_back(back, name, value)
    back.save(force_insert=True)
    back.tags.set(resolve(snapshot["tags"]))
    if snooze := snapshot.get("snooze"):  # Merges made before there were any have none.
        snoozing.restore(back.pk, snooze)
    back.pages.set(back.pages.model.objects.filter(pk__in=snapshot["pages"]))
    there = set(
        Comment.objects.filter(pk__in=[row["comment_id"] for row in snapshot["submissions"]]).values_list(
            "pk", flat=True
        )
    )
    origins = {row.get("split_off_from_id") for row in snapshot["submissions"]}
    origins = set(Project.objects.filter(pk__in=origins).values_list("pk", flat=True))
    for row in snapshot["submissions"]:
        moved = Submission.objects.filter(pk=row["id"], project_id=record.kept_id)
        if not moved.update(project=back) and row["comment_id"] in there:
            Submission.objects.create(
                project=back,
                comment_id=row["comment_id"],
                text=row["text"],
                position=row["position"],
                similarity=row["similarity"],
                split_off_from_id=origin if (origin := row.get("split_off_from_id")) in origins else None,
            )
    return back


def find_likely_pairs(threshold: float, limit: int = 100) -> list[LikelyPair]:
    """Return pairs of projects that may be one, across authors: the same address first, then the most similar.

    ``threshold`` is the cosine similarity from which on two are alike; vectors of different models are not compared.
    Rejected projects and generated ideas are left out.
    """
    candidates = Project.objects.not_rejected().posted().order_by()
    shared = candidates.exclude(canonical_url="").values("canonical_url").annotate(ids=ArrayAgg("pk", order_by="pk"))
    by_url = (
        islice(combinations(ids, 2), limit)
        for url, ids in shared.filter(ids__len__gt=1).values_list("canonical_url", "ids")
        if identity(f"https://{url}")  # The front page of a host of many tells nothing.
    )
    same_url = sorted(chain.from_iterable(by_url))[:limit]
    found = {pair: LikelyPair(*pair, None, True) for pair in same_url}
    for model in candidates.exclude(embedding_model="").values_list("embedding_model", flat=True).distinct():
        for similarity, first, second in similar_pairs(candidates, model, threshold, limit):
            found[first, second] = LikelyPair(first, second, round(similarity, 4), (first, second) in found)
    return sorted(found.values(), key=lambda pair: (not pair.same_url, -(pair.similarity or 0), pair.first_id))[:limit]
