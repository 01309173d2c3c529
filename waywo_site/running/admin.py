"""What tasks came to, readable: arguments and results as tables with links, the traceback folded."""

import ast
import json
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_celery_results.models import TaskResult
from unfold.decorators import display

from core.admin.listing import ReadOnlyAdmin, filtered_list_link
from core.estimating import EstimatingPaginator

TASK_COLOURS = {
    "SUCCESS": "success",
    "FAILURE": "danger",
    "REVOKED": "danger",
    "STARTED": "warning",
    "PROGRESS": "warning",
    "RETRY": "warning",
}
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
    "comment_id": "comments_comment",
    "comment_ids": "comments_comment",
    "project_ids": "projects_project",
    "project_id": "projects_project",
}
SHOWN_LINKS = 20
LIST_TEXT = 100


def outcome(result: TaskResult) -> str:
    """Return how a task stands in a word or two."""
    return OUTCOMES.get(result.status, result.status.lower())


def duration(result: TaskResult) -> str:
    """Return how long a task took; empty while that is not known."""
    if not result.date_done or not result.date_started or result.status not in ("SUCCESS", "FAILURE"):
        return ""
    seconds = (result.date_done - result.date_started).total_seconds()
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def result_link(pk: int, text: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', reverse("admin:django_celery_results_taskresult_change", args=[pk]), text)


def keywords_of(result: TaskResult) -> dict[str, Any] | str:
    """Return the arguments that a task was called with; the stored text where it cannot be read."""
    try:
        text = json.loads(result.task_kwargs or '"{}"')
        read = ast.literal_eval(text) if isinstance(text, str) else text
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return str(result.task_kwargs)
    return read if isinstance(read, dict) else str(read)


def content_of(result: TaskResult) -> Any:
    """Return what a task returned, or the text that is stored."""
    try:
        return json.loads(result.result or "null")
    except ValueError:
        return result.result


def _linked(name: str, value: Any) -> str | SafeString:
    """Return a value as text, with links where it names objects of ours."""
    if isinstance(value, list) and len(value) > SHOWN_LINKS:
        more = f" … and {len(value) - SHOWN_LINKS} more"
        return format_html("{}{}", _linked(name, value[:SHOWN_LINKS]), more)
    if isinstance(value, list):
        return format_html_join(", ", "{}", ((_linked(name, one),) for one in value)) or "none"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)[:2000]
    if name in PAGES and isinstance(value, int):
        return format_html('<a href="{}">{}</a>', reverse(f"admin:{PAGES[name]}_change", args=[value]), value)
    if name in ("task_ids", "task_id") and isinstance(value, str):
        return filtered_list_link("django_celery_results_taskresult_changelist", value[:8], task_id=value)
    if name == "group_id" and isinstance(value, str):
        try:
            return filtered_list_link("core_batch_changelist", value[:8], group_id=value)
        except NoReverseMatch:
            return value
    return "—" if value is None else str(value)[:2000]


def _table(values: Any) -> SafeString | str:
    """Return names and values as a table; anything else as text."""
    if not isinstance(values, dict):
        return "—" if values in (None, "") else str(values)[:4000]
    rows = ((name, _linked(str(name), value)) for name, value in values.items())
    body = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td></tr>', rows)
    return format_html('<table class="waywo-table">{}</table>', body) if values else "none"


@admin.register(TaskResult)
class TaskResultAdmin(ReadOnlyAdmin):
    list_display = ("shown_task", "shown_status", "arguments", "came_to", "seconds", "date_created")
    list_filter = ("status", "task_name", "worker")
    search_fields = ("=task_id", "task_name")
    search_help_text = "Task id or name"
    date_hierarchy = "date_created"
    paginator = EstimatingPaginator
    ordering = ("-id",)
    fields = (
        *("task_id", "task_name", "state", "schedule", "shown_arguments", "shown_result", "folded_traceback"),
        *("worker", "date_created", "date_started", "date_done", "seconds", "in_flower"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskResult]:
        results = super().get_queryset(request)
        if request.resolver_match and str(request.resolver_match.url_name).endswith("_changelist"):
            return results.defer("traceback", "meta", "task_args")
        return results

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let schedules link to their runs, and results to the tasks that they sent."""
        return lookup in ("periodic_task_name", "task_id") or super().lookup_allowed(lookup, value, request)

    @display(description="task", ordering="task_name")
    def shown_task(self, result: TaskResult) -> SafeString:
        return format_html(
            '{}<br><span class="waywo-quiet">{}</span>', result.task_name, result.periodic_task_name or ""
        )

    @display(description="status", ordering="status", label=TASK_COLOURS)
    def shown_status(self, result: TaskResult) -> tuple[str, str]:
        return result.status, outcome(result)

    @display(description="status")
    def state(self, result: TaskResult) -> str:
        return outcome(result)

    @display(description="arguments")
    def arguments(self, result: TaskResult) -> str:
        given = keywords_of(result)
        if isinstance(given, dict):
            given = ", ".join(f"{name} {value}" for name, value in given.items() if value is not None) or "none"
        return given[:LIST_TEXT]

    @display(description="result")
    def came_to(self, result: TaskResult) -> str:
        content = content_of(result)
        if not isinstance(content, dict):
            return "—" if content is None else str(content)[:LIST_TEXT]
        if "exc_type" in content:
            message = content.get("exc_message")
            words = " ".join(map(str, message)) if isinstance(message, list) else str(message)
            return f"{content['exc_type']}: {words}"[:LIST_TEXT]
        shown = (f"{name} {value}" for name, value in content.items() if isinstance(value, str | int | float))
        return ", ".join(shown)[:LIST_TEXT] or "—"

    @display(description="took")
    def seconds(self, result: TaskResult) -> str:
        return duration(result) or "—"

    @display(description="schedule")
    def schedule(self, result: TaskResult) -> SafeString | str:
        if not result.periodic_task_name:
            return "none: it was sent by a person or by another task"
        return filtered_list_link(
            "django_celery_beat_periodictask_changelist",
            result.periodic_task_name,
            name=quote(result.periodic_task_name),
        )

    @display(description="arguments")
    def shown_arguments(self, result: TaskResult) -> SafeString | str:
        return _table(keywords_of(result))

    @display(description="result")
    def shown_result(self, result: TaskResult) -> SafeString | str:
        return _table(content_of(result))

    @display(description="traceback")
    def folded_traceback(self, result: TaskResult) -> SafeString | str:
        if not result.traceback:
            return "—"
        return format_html(
            '<details><summary>Show the traceback</summary><pre class="waywo-pre">{}</pre></details>', result.traceback
        )

    @display(description="in Flower")
    def in_flower(self, result: TaskResult) -> SafeString:
        url = f"{settings.FLOWER_PUBLIC_URL}/task/{result.task_id}"
        return format_html('<a href="{}" rel="noopener noreferrer" target="_blank">{} ↗</a>', url, "Open")
