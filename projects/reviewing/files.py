"""Reviews back from a file: what it would change, and changing it.

To be imported inside functions: tablib, on which django-import-export stands, loads numpy where it is installed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import tablib
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from import_export import fields, resources, widgets
from import_export.instance_loaders import BaseInstanceLoader

from core.tables import FORMULA_STARTS
from projects.models import Project
from projects.reviewing.fields import NOTED_FIELDS, REVIEW_FIELDS, note_changes


class Status(widgets.CharWidget):
    """One of the review statuses."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """Return the status in lower case. Raises ValueError for another word."""
        status = (super().clean(value, row, **kwargs) or "").strip().lower()
        if status not in Project.ReviewStatus.values:
            raise ValueError(f"{status!r} is no review status: it takes {', '.join(Project.ReviewStatus.values)}.")
        return status


class Note(widgets.CharWidget):
    """A text whose cell may have got an apostrophe on the way out."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        """Return the note as it was before it was exported."""
        text = super().clean(value, row, **kwargs) or ""
        return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


class Truth(widgets.BooleanWidget):
    """Yes or no, in the spellings of CSV, JSON and Excel."""

    TRUE_VALUES = ["1", 1, True, "true", "TRUE", "True", "yes", "Yes"]
    FALSE_VALUES = ["0", 0, False, "false", "FALSE", "False", "no", "No", ""]

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        """Return the truth value. Raises ValueError for another word."""
        if value not in self.TRUE_VALUES and value not in self.FALSE_VALUES and value is not None:
            raise ValueError(f"{value!r} is neither true nor false.")
        return value in self.TRUE_VALUES


class AllAtOnce(BaseInstanceLoader):
    """Fetches the projects of all rows with one query, locked until the import has ended."""

    def __init__(self, resource: "ReviewResource", dataset: Any = None) -> None:
        super().__init__(resource, dataset)
        told = dataset["id"] if dataset is not None and "id" in (dataset.headers or ()) else []
        ids = {int(value) for value in map(str, told) if value.strip().isdecimal() and len(value) < 19}
        self._projects = resource.get_queryset().in_bulk(ids)

    def get_instance(self, row: Any) -> Project | None:
        """Return the project of a row."""
        return self._projects.get(int(row["id"]))


class ReviewResource(resources.ModelResource):
    """Reads status, note and bookmark of projects that are there already; the other columns are for people.

    A project that a person reviewed after the file was written (column ``reviewed_at``) is refused, so that an old
    file cannot overwrite a newer review.
    """

    review_status = fields.Field("review_status", "review_status", Status())
    review_note = fields.Field("review_note", "review_note", Note())
    is_bookmarked = fields.Field("is_bookmarked", "is_bookmarked", Truth())

    class Meta:
        model = Project
        fields = ("id", "review_status", "review_note", "is_bookmarked")
        import_id_fields = ("id",)
        skip_unchanged = True
        report_skipped = False
        use_transactions = True
        skip_html_diff = True
        store_instance = True
        instance_loader_class = AllAtOnce

    def __init__(self, user: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user = user

    def get_queryset(self) -> QuerySet[Project]:
        """Fetch no more than a review needs, and keep others from reviewing meanwhile."""
        needed = ("title", "primary_url", *REVIEW_FIELDS, *NOTED_FIELDS, "reviewer__username")
        return Project.objects.select_for_update(of=("self",)).select_related("reviewer").only(*needed)

    def init_instance(self, row: Any = None) -> Project:
        """Refuse a row whose project is not there."""
        raise ValueError(f"There is no project {row.get('id')!r}.")

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Refuse a row without the id of a project."""
        if not str(row.get("id") or "").strip().isdecimal():
            raise ValueError(f"{row.get('id')!r} is no id of a project.")

    def after_init_instance(self, instance: Project, new: bool, row: Any, **kwargs: Any) -> None:
        """Remember the review as it is now."""
        instance.before_import = {name: getattr(instance, name) for name in REVIEW_FIELDS}

    def before_save_instance(self, instance: Project, row: Any, **kwargs: Any) -> None:
        """Refuse to overwrite a newer review; note who reviewed."""
        told = row.get("reviewed_at")
        known = parse_datetime(str(told)) if told else None
        if "reviewed_at" in row and instance.reviewed_at is not None and instance.reviewed_at != known:
            who = instance.reviewer.get_username() if instance.reviewer else "somebody"
            raise ValueError(
                f"“{instance.title}” was reviewed by {who} at {instance.reviewed_at:%Y-%m-%d %H:%M}, "
                "after this file was written or looked at: it stays as it is."
            )
        before = instance.before_import
        note_changes(instance, {name for name in REVIEW_FIELDS if getattr(instance, name) != before[name]}, self.user)


@dataclass(frozen=True)
class Change:
    """One project whose review changes: ``before`` and ``after`` have the fields of a review; ``row`` is its row."""

    project_id: int
    title: str
    before: dict[str, Any]
    after: dict[str, Any]
    row: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a file does: the changes, how many rows change nothing, and what is wrong with it, a line each.

    With an error nothing is changed at all.
    """

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    errors: list[str] = field(default_factory=list)


def import_reviews(rows: Iterable[dict[str, Any]], user: Any, *, dry_run: bool) -> Outcome:
    """Set status, note and bookmark of projects from ``rows`` (as of COLUMNS; others are ignored), all or none.

    ``dry_run`` only tells what would change. A column that is not there changes nothing.
    """
    wanted = [name for name in ("id", *REVIEW_FIELDS, "reviewed_at") if any(name in row for row in rows)]
    if "id" not in wanted:
        return Outcome(errors=["There is no column “id”, or the file has no rows."])
    dataset = tablib.Dataset(*([row.get(name) for name in wanted] for row in rows), headers=wanted)
    result = ReviewResource(user).import_data(dataset, dry_run=dry_run)
    errors = [f"{error.error}" for error in result.base_errors]
    errors += [f"Row {row.number + 1}: {error.error}" for row in result.error_rows for error in row.errors]
    errors += [f"Row {row.number + 1}: {row.error}" for row in result.invalid_rows]
    changes = [_change(row_result, wanted) for row_result in result.rows if row_result.instance is not None]
    return Outcome(changes, result.totals["skip"], errors)


def _change(result: Any, wanted: list[str]) -> Change:
    after = {name: getattr(result.instance, name) for name in REVIEW_FIELDS}
    row = {"id": result.instance.pk, **{name: after[name] for name in REVIEW_FIELDS if name in wanted}}
    # Also where the file has no such column: the row is compared again when the preview is confirmed.
    known = result.original.reviewed_at
    row["reviewed_at"] = known.isoformat() if known else None
    before = {name: getattr(result.original, name) for name in REVIEW_FIELDS}
    return Change(result.instance.pk, result.instance.title, before, after, row)
