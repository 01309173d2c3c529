"""What the page of a task shows and offers, be it one of a batch or not: its step, ending it, running it again."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError

from core.admin.listing import require
from core.admin.steering import Steering
from core.admin.task_values import page_of, task_link
from core.jobs import cancelling, following, repeating

QUESTIONS = {
    True: "End this task now? What it had begun is taken back; what it had saved stays.",
    False: "Cancel this task? It is not run.",
}


class TaskActs(Steering):
    """The acts of a task on its page, for who may schedule work, and its step, which moves."""

    change_form_outer_before_template = "admin/core/task_acts.html"

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        views = {"cancel": require_POST(self.cancel_view), "again": require_POST(self.again_view)}
        views["progress.json"] = self.progress_view
        acts = [
            path(f"of/<str:task_id>/{name}", wrap(view), name=self._name(name.partition(".")[0]))
            for name, view in views.items()
        ]
        return [*acts, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if row is not None and self.has_steer_permission(request):
            task = following.task_state(row.task_id)
            context = {
                "task": task,
                "question": QUESTIONS[task.is_under_way],
                "may_run_again": task.is_finished and task.status in ("FAILURE", "REVOKED"),
                "runs_again_as": task_link(again) if (again := repeating.runs_again_as(row.task_id)) else "",
                "cancel_url": reverse(f"admin:{self._name('cancel')}", args=[row.task_id]),
                "again_url": reverse(f"admin:{self._name('again')}", args=[row.task_id]),
            }
        page: HttpResponse = super().change_view(request, object_id, form_url, context | (extra_context or {}))
        return page

    def progress_view(self, request: HttpRequest, task_id: str) -> HttpResponse:
        """Answer what a task is at, as JSON, for words that move."""
        require(self.has_view_permission(request))
        try:
            task = following.task_state(task_id)
        except following.TaskNotFound as error:
            raise Http404(str(error)) from error
        return JsonResponse(task.as_dict() | {"is_finished": task.is_finished, "words": _words(task)})

    def cancel_view(self, request: HttpRequest, task_id: str) -> HttpResponse:
        self.require_steering(request)
        try:
            cancelling.cancel(task_id, running=True)
        except following.TaskNotFound as error:
            raise Http404(str(error)) from error
        except cancelling.NotCancellable as error:
            messages.warning(request, str(error))
        except OperationalError:
            messages.error(request, "The broker does not answer, so no worker could be told: nothing was cancelled.")
        else:
            messages.success(request, "The task is cancelled. What it had saved stays.")
        return redirect(page_of(task_id))

    def again_view(self, request: HttpRequest, task_id: str) -> HttpResponse:
        self.require_steering(request)
        try:
            again = repeating.run_again(task_id, started_by=request.user)
        except following.TaskNotFound as error:
            raise Http404(str(error)) from error
        except repeating.NotRepeatable as error:
            messages.warning(request, str(error))
            return redirect(page_of(task_id))
        except OperationalError:
            messages.error(request, "The broker does not answer: nothing was sent.")
            return redirect(page_of(task_id))
        messages.success(request, "It runs again, as this task.")
        return redirect(page_of(again))

    def shown_step(self, task_id: str) -> SafeString:
        """Return what a task is at; it moves by itself until the task has ended."""
        task = following.task_state(task_id)
        if task.is_finished:
            return format_html("{}", "—")
        url = reverse(f"admin:{self._name('progress')}", args=[task_id])
        return format_html('<span data-progress-url="{}" data-figure="words">{}</span>', url, _words(task))

    def _name(self, act: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act}"


def _words(task: following.TaskState) -> str:
    return following.told(task.progress) if task.progress else "—"
