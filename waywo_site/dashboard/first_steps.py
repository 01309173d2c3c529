"""What an empty index is filled with by a click on the first page."""

from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_POST

from comments.collecting import collect_sample
from comments.sources.known_threads import ThreadsFileError
from core.admin.listing import require
from core.http import in_short
from core.jobs import sending
from projects.estimates import estimate_past_threads
from waywo_site.dashboard.live import BROKER_ERRORS

# How many threads of each source the first click collects.
NEWEST = 2


def may_start(user: Any) -> bool:
    """Tell whether a person may start work: who may schedule it."""
    return user.has_perm("django_celery_beat.add_periodictask")


@require_POST
def first_steps(request: HttpRequest, step: str) -> HttpResponse:
    """Discover threads, or read the sample thread, and go back to the first page."""
    require(may_start(request.user))
    if step == "discover":
        # Also where the search does not answer: then those that are known are collected.
        newest = current_app.tasks["process_waywo_posts"].si(limit_posts=NEWEST)
        then = newest.set(headers=dict[str, Any]({sending.STARTED_BY: request.user.pk}))
        _send(request, "discover_waywo_posts", {}, "Looking for threads: the newest are collected and read.", then)
    elif step == "sample":
        # From a file, in 0.1 s: no task, so that the page has its comments also where no worker runs.
        title = collect_sample().title
        _send(request, "process_waywo_comments", {}, f"Reading {title}.")
    return redirect("admin:index")


@require_http_methods(["GET", "POST"])
def past_threads(request: HttpRequest) -> HttpResponse:
    """Say what collecting and reading all past threads would take; start it when the form comes back."""
    require(may_start(request.user))
    if request.method == "POST":
        _send(request, "process_waywo_posts", {}, "All past threads are being collected, and then read.")
        return redirect("admin:index")
    try:
        estimate = estimate_past_threads()
    except ThreadsFileError as error:
        messages.error(request, str(error))
        return redirect("admin:index")
    reader = settings.LLM_MODEL if settings.LLM_BASE_URL else "rules, which cost nothing"
    context = {"title": "All past threads", "estimate": estimate, "reader": reader}
    return TemplateResponse(
        request, "waywo_site/dashboard/past_threads.html", admin.site.each_context(request) | context
    )


def _send(request: HttpRequest, task: str, arguments: dict[str, Any], said: str, then: Any = None) -> None:
    try:
        sending.send(task, arguments, started_by=request.user, then=then)
    except BROKER_ERRORS as error:
        messages.error(request, f"The broker does not answer, so nothing was started: {in_short(error)}.")
    else:
        messages.success(request, said)
