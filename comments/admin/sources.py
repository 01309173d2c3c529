"""The page of the sources: how each endpoint answers, and a button that tries a source without saving anything."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from comments.models import Source
from comments.source_health import source_health
from comments.sources import SOURCES
from core.admin.listing import page_context, require
from core.admin.sending import send_task
from core.jobs import following


class Sources(ModelAdmin):
    """Adds the page of the sources to the admin of threads."""

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("sources/", wrap(self.sources_view), name="comments_post_sources"),
            path("sources/try/", wrap(require_POST(self.try_view)), name="comments_post_try"),
            *super().get_urls(),
        ]

    def _may_try(self, request: HttpRequest) -> bool:
        return request.user.has_perm("comments.change_post")

    def sources_view(self, request: HttpRequest) -> HttpResponse:
        """Show the sources, and with ``?task=`` how a try is or what it found."""
        require(self.has_view_permission(request), "comments.view_post")
        endpoints = source_health()
        sources = [
            {
                "name": name,
                "label": Source(name).label,
                "is_enabled": name in settings.SOURCES,
                "endpoints": [endpoint for endpoint in endpoints if endpoint.source == name],
            }
            for name in SOURCES
        ]
        context = page_context(
            self, request, "Sources", sources=sources, may_try=self._may_try(request), tried=_tried(request)
        )
        return TemplateResponse(request, "admin/comments/post/sources.html", context)

    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Send a try of the source that the form names, and show the page that waits for it."""
        require(self._may_try(request), "comments.change_post")
        name = request.POST.get("source", "")
        page = reverse("admin:comments_post_sources")
        if name not in SOURCES:
            messages.error(request, f"“{name[:50]}” is not a source: there are {', '.join(SOURCES)}.")
            return HttpResponseRedirect(page)
        task_id = send_task(request, "try_source", {"source": name})
        return HttpResponseRedirect(f"{page}?task={task_id}" if task_id else page)


def _tried(request: HttpRequest) -> following.TaskState | None:
    """Return the state of the try that the address names; None for no or another task."""
    task_id = request.GET.get("task", "")
    try:
        state = following.task_state(task_id) if task_id else None
    except following.TaskNotFound:
        messages.warning(request, "There is no such try any more: start another one.")
        return None
    return state if state and state.name == "try_source" else None
