"""What tasks came to, readable: arguments and results as tables with links, the traceback folded."""

import ast
import json
from collections.abc import Iterator
from typing import Any

from celery.states import FAILURE
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_results.models import TaskResult
from unfold.decorators import display
from unfold.views import ChangeList as UnfoldChangeList

from core.admin.batch_bars import bar
from core.admin.filters import ValuesFilter
from core.admin.listing import ReadOnlyAdmin, filtered_list_link
from core.admin.outcomes import Outcome, outcomes
from core.admin.task_acts import TaskActs
from core.admin.task_values import LIST_TEXT, as_table, error_in, in_flower, in_words, subject_of, took
from waywo_site.logs import HOUSEKEEPING, MONITORING

KEPT_OUTCOME = "_outcome"  # beside the fields of a row of the list
# Whoever asks for one of these asks for housekeeping, too.
NAMING = ("task_name", "task_name__exact", "periodic_task_name", "task_id", "q")


def duration(result: TaskResult) -> str:
    """Return how long a task took; empty while that is not known."""
    return took(result.status, result.date_started, result.date_done)


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


class Housekeeping(admin.SimpleListFilter):
    """Hides what keeps Waywo going and watches it, unless it failed: it runs several times a minute."""

    title = "housekeeping"
    parameter_name = "housekeeping"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.is_named = any(request.GET.get(name) for name in NAMING)
        return [("shown", "Shown"), ("only", "Only this")]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        first, *others = super().choices(changelist)
        yield first | {"display": "Hidden unless it failed"}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[TaskResult]) -> QuerySet[TaskResult]:
        names = (*HOUSEKEEPING, *MONITORING)
        if self.value() == "only":
            return queryset.filter(task_name__in=names)
        if self.value() == "shown" or self.is_named:
            return queryset
        return queryset.filter(~Q(task_name__in=names) | Q(status=FAILURE))


class ResultList(UnfoldChangeList):
    """Looks up how the tasks of one page ended all at once."""

    result_list: list[TaskResult]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        found = outcomes(rows)
        for row in rows:
            vars(row)[KEPT_OUTCOME] = found[row.task_id]
        self.result_list = rows


@admin.register(TaskResult)
class TaskResultAdmin(TaskActs, ReadOnlyAdmin):
    list_display = ("shown_task", "shown_status", "arguments", "came_to", "seconds", "date_created")
    bare_on_phones = ("arguments", "came_to", "date_created")
    list_filter = (Housekeeping, "status", ("task_name", ValuesFilter), ("worker", ValuesFilter))
    search_fields = ("=task_id", "task_name")
    search_help_text = "Task id or name"
    date_hierarchy = "date_created"
    ordering = ("-id",)
    fields = (
        *(
            "task_name",
            "state",
            "at_step",
            "its_batch",
            "schedule",
            "shown_arguments",
            "shown_result",
            "folded_traceback",
        ),
        *("worker", "date_created", "date_started", "date_done", "seconds", "task_id", "in_flower"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaskResult]:
        results = super().get_queryset(request)
        if request.resolver_match and str(request.resolver_match.url_name).endswith("_changelist"):
            return results.defer("traceback", "meta", "task_args")
        return results

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[UnfoldChangeList]:
        return ResultList

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let schedules link to their runs, and results to the tasks that they sent."""
        return lookup in ("periodic_task_name", "task_id") or super().lookup_allowed(lookup, value, request)

    def _outcome(self, result: TaskResult) -> Outcome:
        kept = vars(result)
        if KEPT_OUTCOME not in kept:
            kept[KEPT_OUTCOME] = outcomes([result])[result.task_id]
        found: Outcome = kept[KEPT_OUTCOME]
        return found

    @display(description="task", ordering="task_name")
    def shown_task(self, result: TaskResult) -> SafeString:
        return format_html(
            '{}<br><span class="waywo-quiet">{}</span>', result.task_name, result.periodic_task_name or ""
        )

    @display(description="status", ordering="status")
    def shown_status(self, result: TaskResult) -> SafeString:
        return self._outcome(result).badge()

    @display(description="status")
    def state(self, result: TaskResult) -> SafeString:
        return self._outcome(result).badge()

    @display(description="at")
    def at_step(self, result: TaskResult) -> SafeString:
        return self.shown_step(result.task_id)

    @display(description="its batch")
    def its_batch(self, result: TaskResult) -> SafeString | str:
        """The batch that it started: what it is for, how far it is, and the way to it."""
        batch = self._outcome(result).batch
        if batch is None:
            return "—"
        url = reverse("admin:core_batch_change", args=[batch.group_id])
        return format_html('<a class="desk-link" href="{}">{}</a>{}', url, batch.label, bar(batch))

    @display(description="arguments")
    def arguments(self, result: TaskResult) -> SafeString | str:
        given = keywords_of(result)
        return subject_of(given) if isinstance(given, dict) else given[:LIST_TEXT]

    @display(description="result")
    def came_to(self, result: TaskResult) -> str:
        content = content_of(result)
        if not isinstance(content, dict):
            return "—" if content is None else str(content)[:LIST_TEXT]
        return error_in(content)[:LIST_TEXT] or in_words(content) or "—"

    @display(description="took")
    def seconds(self, result: TaskResult) -> str:
        return duration(result) or "—"

    @display(description="schedule")
    def schedule(self, result: TaskResult) -> SafeString | str:
        if not result.periodic_task_name:
            return "none: it was sent by a person or by another task"
        return filtered_list_link(
            "django_celery_beat_periodictask_changelist", result.periodic_task_name, name=result.periodic_task_name
        )

    @display(description="arguments")
    def shown_arguments(self, result: TaskResult) -> SafeString | str:
        return as_table(keywords_of(result))

    @display(description="result")
    def shown_result(self, result: TaskResult) -> SafeString | str:
        return as_table(content_of(result))

    @display(description="traceback")
    def folded_traceback(self, result: TaskResult) -> SafeString | str:
        if not result.traceback:
            return "—"
        return format_html(
            '<details><summary>Show the traceback</summary><pre class="waywo-pre">{}</pre></details>', result.traceback
        )

    @display(description="in Flower")
    def in_flower(self, result: TaskResult) -> SafeString:
        return in_flower(result.task_id)
