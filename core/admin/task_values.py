"""How a task stands, and what it was given and came to, readable: a word for its state, tables with links."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_celery_results.models import TaskResult

from core.admin.listing import filtered_list_link
from core.models import BatchTask

TASK_COLOURS = {"SUCCESS": "success", "FAILURE": "danger", "STARTED": "info", "PROGRESS": "info", "RETRY": "warning"}
OUTCOMES = {
    "PENDING": "waits",
    "RECEIVED": "waits",
    "STARTED": "under way",
    "PROGRESS": "under way",
    "RETRY": "tries again",
    "SUCCESS": "succeeded",
    "FAILURE": "failed",
    "REVOKED": "cancelled",
}
# Which page shows the object that an argument or a part of a result names.
PAGES = {
    "post_id": "comments_post",
    "post": "comments_post",
    "comment_id": "comments_comment",
    "comment_ids": "comments_comment",
    "project_ids": "projects_project",
    "project_id": "projects_project",
}
# What of a result a list leaves out: it stands in other columns, or behind a link.
SAID_ELSEWHERE = ("status", "group_id", "comment_id", "post_id")
SHOWN_LINKS = 20
LIST_TEXT = 100


def outcome_of(status: str) -> str:
    """Return how a task of this state of Celery's stands, in a word or two."""
    return OUTCOMES.get(status, status.lower())


def took(status: str, started_at: datetime | None, ended_at: datetime | None) -> str:
    """Return how long a task took; empty while that is not known."""
    if not ended_at or not started_at or status not in ("SUCCESS", "FAILURE"):
        return ""
    seconds = (ended_at - started_at).total_seconds()
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def error_in(content: Any) -> str:
    """Return the error in what a task came to, as its kind and message; empty where there is none."""
    if not isinstance(content, dict) or "exc_type" not in content:
        return ""
    message = content.get("exc_message")
    words = " ".join(map(str, message)) if isinstance(message, list) else str(message)
    return f"{content['exc_type']}: {words}"


def in_words(values: dict[str, Any]) -> str:
    """Return names and values in a line, without what is empty, is long, or says no more than the rest."""
    said = {name: value for name, value in values.items() if name not in SAID_ELSEWHERE}
    shown = (f"{name} {_plain(value)}" for name, value in said.items() if isinstance(value, str | int | float))
    return ", ".join(shown)[:LIST_TEXT]


def as_table(values: Any) -> SafeString | str:
    """Return names and values as a table with links to what they name; anything else as text."""
    if not isinstance(values, dict):
        return "—" if values in (None, "") else str(values)[:4000]
    rows = ((name, _linked(str(name), value, values)) for name, value in values.items())
    body = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td></tr>', rows)
    return format_html('<table class="waywo-table waywo-values">{}</table>', body) if values else "none"


def subject_of(values: dict[str, Any]) -> SafeString | str:
    """Return what a task works on: a link to the comment, thread or project that its arguments name, else all of them.

    As it stands in a list, where a row is a link already, the name of the thing is part of the link.
    """
    for name, value in values.items():
        if name in PAGES and isinstance(value, int):
            return _page_link(name, value, f"{name.removesuffix('_id').replace('post', 'thread')} {value}")
    return in_words(values) or "none"


def task_link(task_id: str) -> SafeString | str:
    """Return a link to the page of a task, whether it is one of a batch or not; its id where there is no row of it."""
    return next(iter(_task_links([task_id])))


def in_flower(task_id: str) -> SafeString:
    """Return a link to what Flower shows of a task."""
    url = f"{settings.FLOWER_PUBLIC_URL}/task/{task_id}"
    return format_html('<a class="desk-link" href="{}" rel="noopener noreferrer" target="_blank">{} ↗</a>', url, "Open")


def batch_tasks_link(group_id: str, text: object, **filters: Any) -> SafeString:
    """Return a link to the tasks of a batch."""
    return filtered_list_link("core_batchtask_changelist", text, batch__group_id__exact=group_id, **filters)


def _linked(name: str, value: Any, beside: dict[str, Any]) -> str | SafeString:
    """Return a value as text, with links where it names objects of ours; ``beside`` is all that it stands among."""
    if name == "task_ids" and isinstance(value, list) and isinstance(beside.get("group_id"), str):
        count = f"{len(value):,} task{'' if len(value) == 1 else 's'}"
        return batch_tasks_link(beside["group_id"], count) if value else "none"
    if isinstance(value, list) and len(value) > SHOWN_LINKS:
        more = f" … and {len(value) - SHOWN_LINKS:,} more"
        return format_html("{}{}", _linked(name, value[:SHOWN_LINKS], beside), more)
    if name in ("task_ids", "task_id") and isinstance(value, list | str):
        return format_html_join(
            ", ", "{}", ((link,) for link in _task_links([value] if isinstance(value, str) else value))
        )
    if isinstance(value, list):
        return format_html_join(", ", "{}", ((_linked(name, one, beside),) for one in value)) or "none"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)[:2000]
    if name in PAGES and isinstance(value, int):
        return _page_link(name, value, str(value))
    if name == "group_id" and isinstance(value, str):
        return format_html(
            '<a class="desk-link" href="{}">{}</a>', reverse("admin:core_batch_change", args=[value]), value[:8]
        )
    return "—" if value is None else _plain(value)[:2000]


def _plain(value: Any) -> str:
    """Return a value as people write it: yes and no, figures of three digits after the point at most."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _page_link(name: str, pk: int, text: str) -> SafeString | str:
    try:
        url = reverse(f"admin:{PAGES[name]}_change", args=[pk])
    except NoReverseMatch:
        return text
    return format_html('<a class="desk-link" href="{}">{}</a>', url, text)


def page_of(task_id: str) -> str:
    """Return the address of the page of a task; of the list of results where there is no row of it."""
    return _pages([task_id]).get(task_id) or reverse("admin:django_celery_results_taskresult_changelist")


def _task_links(task_ids: Iterable[Any]) -> list[SafeString | str]:
    ids = [str(task_id) for task_id in task_ids]
    pages = _pages(ids)
    # One whose row was cleaned up, or that has none, has no page.
    return [
        format_html('<a class="desk-link" href="{}">{}</a>', pages[task_id], task_id[:8])
        if task_id in pages
        else task_id[:8]
        for task_id in ids
    ]


def _pages(ids: list[str]) -> dict[str, str]:
    """Return the addresses of those of these tasks that have a row."""
    in_batches = set(BatchTask.objects.filter(pk__in=ids).values_list("pk", flat=True))
    results = dict(TaskResult.objects.filter(task_id__in=ids).values_list("task_id", "pk"))
    return {
        task_id: reverse("admin:django_celery_results_taskresult_change", args=[pk]) for task_id, pk in results.items()
    } | {task_id: reverse("admin:core_batchtask_change", args=[task_id]) for task_id in in_batches}
