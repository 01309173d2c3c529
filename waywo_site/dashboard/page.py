"""The admin's first page, and the endpoint that keeps it up to date."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from comments.models import Comment
from comments.source_health import source_health
from core.http import in_short
from projects.filling import filling, states
from projects.models import Project
from waywo_site.dashboard import figures, live, queue_history
from waywo_site.dashboard.first_steps import may_start
from waywo_site.running import queues
from waywo_site.running.admin import duration

COMMENT_COLOURS = {
    Comment.Status.PENDING: "info",
    Comment.Status.PROCESSING: "warn",
    Comment.Status.PROCESSED: "good",
    Comment.Status.FAILED: "bad",
    Comment.Status.SKIPPED: "none",
}
PROJECT_COLOURS = {
    Project.ReviewStatus.PENDING: "info",
    Project.ReviewStatus.APPROVED: "good",
    Project.ReviewStatus.REJECTED: "bad",
}
# The figures leave the generator's ideas out, so the lists that they lead to do.
POSTED = f"source__in={Project.Source.HACKER_NEWS},{Project.Source.LOBSTERS}"
# What a person must be allowed to see of each part.
PARTS = {
    "comments": "comments.view_comment",
    "projects": "projects.view_project",
    "readings": "projects.view_extraction",
    "runs": "django_celery_results.view_taskresult",
    "schedules": "django_celery_beat.view_periodictask",
}


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    may = seen_by(request.user)
    shown, counted = figures.figures(), states()
    return context | {
        "may": may,
        "figures": shown,
        "filling": filling(counted),
        "needs_first_steps": not counted.real or not any(counted.projects.values()),
        "comments": _shares(counted.comments, Comment.Status, COMMENT_COLOURS, "comments_comment", "status"),
        "projects": _shares(
            counted.projects, *(Project.ReviewStatus, PROJECT_COLOURS, "projects_project", "review_status", POSTED)
        ),
        "queues_over_time": queue_history.charts(request.GET.get("span", "")) if may["runs"] else None,
        "charts": _charts(shown),
        "top_tags": _top_tags(shown),
        "growing": [(name, uses, f"{growth:+.0%}") for name, uses, growth in shown.growing],
        "last_runs": _last_runs() if may["runs"] else [],
        "sources": source_health() if may["comments"] else [],
        "live_url": reverse("waywo_dashboard_live"),
        "may_start": may_start(request.user),
        "queue_url": reverse("waywo_dashboard_queue") if may_start(request.user) else "",
        "taken_at": timezone.localtime(),
    }


def seen_by(user: User | AnonymousUser) -> dict[str, bool]:
    """Return which parts of the page a person may see."""
    return {part: user.has_perm(right) for part, right in PARTS.items()}


def _shares(
    counts: dict[str, int], choices: Any, colours: dict[str, str], view: str, field: str, counted: str = ""
) -> dict[str, Any]:
    """Return a bar: its total, and each part with its share in percent and the list that it leads to.

    ``counted`` is the condition, as the list takes it, under which rows are counted.
    """
    total = sum(counts.values())
    changelist = reverse(f"admin:{view}_changelist")
    return {
        "total": total,
        "url": f"{changelist}?{counted}" if counted else changelist,
        "parts": [
            {
                "name": name,
                "label": choices(name).label,
                "count": count,
                "share": f"{100 * count / total if total else 0:.2f}",
                "colour": colours[name],
                "url": "&".join(filter(None, (f"{changelist}?{field}__exact={name}", counted))),
            }
            for name, count in counts.items()
        ],
    }


def _charts(shown: figures.Figures) -> dict[str, Any]:
    return {
        "threads": {
            "labels": [f"{month:%b %Y}" for month, *_ in shown.thread_months],
            "series": [
                {"label": "Projects", "colour": "info", "values": [number for _, number, _ in shown.thread_months]},
                {
                    "label": "% of read comments with a project",
                    "colour": "good",
                    "share": True,
                    "values": [None if share is None else round(100 * share) for *_, share in shown.thread_months],
                },
            ],
        },
        "months": {
            "labels": [f"{month:%b %Y}" for month, _ in shown.months],
            "series": [{"label": "Projects", "colour": "info", "values": [number for _, number in shown.months]}],
        },
        "days": {
            "labels": [f"{day:%d %b}" for day, *_ in shown.days],
            "series": [
                {"label": "Read", "colour": "good", "values": [good for _, good, _ in shown.days]},
                {"label": "Failed", "colour": "bad", "values": [bad for *_, bad in shown.days]},
            ],
        },
    }


def _top_tags(shown: figures.Figures) -> list[dict[str, Any]]:
    most = max((uses for *_, uses in shown.tags), default=1)
    changelist = reverse("admin:projects_project_changelist")
    return [
        {
            "name": name,
            "uses": uses,
            "share": f"{100 * uses / most:.1f}",
            "url": f"{changelist}?tags__id__exact={pk}&{POSTED}",
        }
        for pk, name, uses in shown.tags
    ]


def _last_runs() -> list[dict[str, Any]]:
    return [
        {
            "name": run.periodic_task_name or run.task_name,
            "task": run.task_name,
            "outcome": outcome.badge(),
            "took": duration(run),
            "at": run.date_created,
            "url": reverse("admin:django_celery_results_taskresult_change", args=[run.pk]),
        }
        for run, outcome in figures.last_runs()
    ]


@require_POST
def steer_queue(request: HttpRequest) -> JsonResponse:
    """Pause or resume the queue ``name``, as ``paused`` (yes or no) says, and return what moves."""
    if not admin.site.has_permission(request) or not may_start(request.user):
        return JsonResponse({"error": "Sign in as somebody who may add schedules."}, status=403)
    name = request.POST.get("name", "")
    try:
        if request.POST.get("paused") == "yes":
            queues.pause(name, by=request.user.get_username())
        else:
            queues.resume(name)
    except queues.UnknownQueue as error:
        return JsonResponse({"error": str(error)}, status=404)
    except live.BROKER_ERRORS as error:
        return JsonResponse({"error": f"The broker does not answer: {in_short(error)}."}, status=503)
    return JsonResponse(live.running())


def live_view(request: HttpRequest) -> JsonResponse:
    """Return as JSON what moves by itself, or with ``?part=health`` how each part is; only to who may see tasks."""
    if not admin.site.has_permission(request) or not seen_by(request.user)["runs"]:
        return JsonResponse({"error": "Sign in as somebody who may see task results."}, status=403)
    return JsonResponse(live.health_of_parts() if request.GET.get("part") == "health" else live.running())
