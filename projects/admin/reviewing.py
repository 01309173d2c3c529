"""The review page: one project at a time, by key and by button."""

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST
from kombu.exceptions import OperationalError
from unfold.admin import ModelAdmin

from comments.highlighting import marked_html
from comments.models import Comment
from core.admin.listing import filtered_rows, page_context, require
from core.jobs.following import TaskNotFound, task_state
from projects.admin.forms import ReviewEditForm, seen_at
from projects.admin.history import log_undone
from projects.admin.review_actions import ACTS, Refused, as_id, by_id
from projects.models import Project, ProjectQuerySet, ReviewAction
from projects.reviewing import queue
from projects.reviewing.fields import ReviewConflict
from projects.reviewing.merging import MergeError
from projects.reviewing.rejections import REASONS
from projects.reviewing.snoozing import CHOICES, LONGEST_NOTE
from projects.reviewing.splitting import SplitError
from projects.reviewing.undoing import DoneElsewhere, UndoError, undo_last
from projects.search.words import typed

TARGETS = 8
WRONG_FILTERS = "These filters are none of the list's: choose them again there."
UNSURE_FIRST = "first=unsure"
Answer = dict[str, Any]


class ReviewPages(ModelAdmin):
    """The page, and what its script asks for."""

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("review/", wrap(self.review_view), name="projects_project_review"),
            path("review/item/", wrap(self.review_item_view), name="projects_project_review_item"),
            path("review/act/", wrap(require_POST(self.review_act_view)), name="projects_project_review_act"),
            path("review/undo/", wrap(require_POST(self.review_undo_view)), name="projects_project_review_undo"),
            path("review/task/<str:task_id>/", wrap(self.review_task_view), name="projects_project_review_task"),
            path("review/find/", wrap(self.review_find_view), name="projects_project_review_find"),
            *super().get_urls(),
        ]

    def review_view(self, request: HttpRequest) -> HttpResponse:
        """Show the page with the first project of the queue, or with the one that ``project`` names."""
        require(self.has_view_permission(request), "projects.view_project")
        try:
            everything = self._filtered(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:projects_project_review"))
        context = page_context(self, request, "Review", is_fullwidth="1") | {
            "item_html": self._fragment(request, self._wanted(request, everything)),
            "progress": queue.progress(everything, request.user),
            "may_review": self.has_change_permission(request),
            "unsure_first": _unsure_first(request),
            "other_order": self._other_order(request),
            "is_filtered": bool(self._conditions(request)),
            "list_url": f"{reverse('admin:projects_project_changelist')}?{self._conditions(request)}",
            "reasons": list(enumerate(REASONS, 1)),
            "snoozes": [(number, *choice) for number, choice in enumerate(CHOICES.items(), 1)],
            "shows_snoozed": request.GET.get("snoozed") == "yes",
            "longest_note": LONGEST_NOTE,
        }
        return TemplateResponse(request, "admin/projects/project/review.html", context)

    def review_item_view(self, request: HttpRequest) -> HttpResponse:
        """Return a project as HTML: the one named, or the one after ``after``."""
        require(self.has_view_permission(request), "projects.view_project")
        try:
            everything = self._filtered(request)
        except IncorrectLookupParameters:
            return HttpResponse(WRONG_FILTERS, status=400, content_type="text/plain")
        return HttpResponse(self._fragment(request, self._wanted(request, everything)))

    def review_task_view(self, request: HttpRequest, task_id: str) -> JsonResponse:
        """Tell whether the task of a second reading has ended, and why it failed where it did."""
        require(self.has_view_permission(request), "projects.view_project")
        try:
            state = task_state(task_id)
        except TaskNotFound as error:
            return JsonResponse({"message": str(error)}, status=404)
        return JsonResponse({"finished": state.is_finished, "error": state.error})

    def review_find_view(self, request: HttpRequest) -> JsonResponse:
        """Return projects that the current one may be merged into, for what a person typed."""
        require(self.has_view_permission(request), "projects.view_project")
        found = typed(Project.objects.not_rejected().posted(), request.GET.get("q", ""))
        without = as_id(request.GET.get("without", ""))
        if without is not None:
            found = found.exclude(pk=without)
        rows = found.order_by("-last_seen_at", "-id").only("pk", "title", "short_description", "review_status")[
            :TARGETS
        ]
        return JsonResponse(
            {
                "projects": [
                    {
                        "id": row.pk,
                        "title": row.title,
                        "short_description": row.short_description,
                        "status": row.get_review_status_display(),
                    }
                    for row in rows
                ]
            }
        )

    def review_act_view(self, request: HttpRequest) -> JsonResponse:
        """Do what a reviewer chose with one project."""
        require(self.has_change_permission(request), "projects.change_project")
        pk, seen = as_id(request.POST.get("project", "")), seen_at(request.POST.get("seen", ""))
        act = ACTS.get(request.POST.get("action", ""))
        if act is None or seen is None or pk is None:
            return JsonResponse({"message": "This page is out of date: load it again."}, status=400)
        try:
            # Before anything is done, for the answer tells how far the review of these is.
            everything = self._filtered(request)
        except IncorrectLookupParameters:
            return JsonResponse({"message": WRONG_FILTERS}, status=400)
        try:
            with transaction.atomic():
                project = Project.objects.without_heavy_fields().get(pk=pk)
                message, advance, *task_ids = act(self, request, project, seen)
        except Project.DoesNotExist:
            return JsonResponse(
                {"message": "The project is gone: somebody merged it into another one.", "gone": True}, status=409
            )
        except (ReviewConflict, MergeError, SplitError) as conflict:
            answer: dict[str, Any] = {"message": str(conflict), "item": self._fragment(request, by_id(pk))}
            return JsonResponse(answer, status=409)
        except Refused as refused:
            return JsonResponse({"message": str(refused), "errors": refused.errors}, status=422)
        except OperationalError:
            return JsonResponse({"message": "The broker does not answer: nothing was sent."}, status=503)
        answer = {"message": message, "progress": self._shown_progress(request, everything)}
        if not advance:
            answer["item"] = self._fragment(request, by_id(pk))
        if task_ids:
            answer["task_url"] = reverse("admin:projects_project_review_task", args=task_ids)
        return JsonResponse(answer)

    def review_undo_view(self, request: HttpRequest) -> JsonResponse:
        """Take back the reviewer's last act and return the project that it was done to."""
        require(self.has_change_permission(request), "projects.change_project")
        try:
            everything = self._filtered(request)
        except IncorrectLookupParameters:
            return JsonResponse({"message": WRONG_FILTERS}, status=400)
        try:
            undone = undo_last(request.user, ReviewAction.Place.REVIEW)
        except UndoError as error:
            return JsonResponse({"message": str(error), "link": _way_to_undo(request, error)}, status=409)
        log_undone(request.user, undone)
        return JsonResponse(
            {
                "message": undone.told,
                "progress": self._shown_progress(request, everything),
                "item": self._fragment(request, by_id(undone.action.project_id)),
            }
        )

    def _conditions(self, request: HttpRequest) -> str:
        conditions = request.GET.copy()
        for name in ("after", "project", "first", "p", "o", "_facets"):
            conditions.pop(name, None)
        return conditions.urlencode()

    def _other_order(self, request: HttpRequest) -> str:
        order = "" if _unsure_first(request) else UNSURE_FIRST
        return "&".join(filter(None, (self._conditions(request), order)))

    def _filtered(self, request: HttpRequest) -> ProjectQuerySet:
        """Return the projects that the filters in the address leave, reviewed or not. Costs a query for each filter."""
        asked, conditions = request.GET, request.GET.copy()
        for name in ("after", "project", "first"):
            conditions.pop(name, None)
        if not conditions:
            return Project.objects.order_by()
        request.GET = conditions  # type: ignore[assignment]  # where the list reads its filters
        try:
            rows: ProjectQuerySet = filtered_rows(self, request)
            return rows
        finally:
            request.GET = asked

    def _wanted(self, request: HttpRequest, everything: ProjectQuerySet) -> Project | None:
        pk = as_id(request.GET.get("project", ""))
        if pk is not None:
            return by_id(pk)
        waiting = everything.snoozed() if request.GET.get("snoozed") == "yes" else everything.awake()
        after = request.GET.get("after", "")
        return queue.next_after(waiting, after, unsure_first=_unsure_first(request))

    def _shown_progress(self, request: HttpRequest, everything: ProjectQuerySet) -> Answer:
        progress = queue.progress(everything, request.user)
        return {
            "waiting": progress.waiting,
            "unsure": progress.unsure,
            "snoozed": progress.snoozed,
            "reviewed": progress.reviewed,
            "total": progress.total,
            "ideas": progress.ideas,
            "mine": progress.mine_today,
        }

    def _empty(self, request: HttpRequest) -> dict[str, Any]:
        """Return what an empty queue says: what else there is to do."""
        everything, posted = Project.objects.order_by(), Project.objects.posted()
        return {
            "shows_snoozed": request.GET.get("snoozed") == "yes",
            "elsewhere": everything.awake().exists() if self._conditions(request) else False,
            "snoozed": posted.snoozed().count(),
            "ideas": everything.generated().awake().count(),
            "flagged": posted.not_rejected().flagged().count(),
            "unread": Comment.objects.filter(status=Comment.Status.PENDING, is_set_aside=False).count(),
            "has_projects": posted.exists(),
        }

    def _fragment(self, request: HttpRequest, project: Project | None) -> str:
        context: dict[str, Any] = {"may_review": self.has_change_permission(request)}
        if project is None:
            context |= self._empty(request)
        else:
            item = queue.item(project)
            context |= {
                "item": item,
                "project": project,
                "is_back": queue.is_back(project),
                "form": ReviewEditForm(instance=project, initial={"tags": ", ".join(map(str, item.tags))}),
                "comments": [
                    (submission, marked_html(submission.comment.text, [submission.text]))
                    for submission in item.submissions
                ],
            }
        return render_to_string("admin/projects/project/review_item.html", context, request)


def _way_to_undo(request: HttpRequest, error: UndoError) -> dict[str, str]:
    """Return where the act stands that is not undone here; else the person's history."""
    if isinstance(error, DoneElsewhere):
        return {"url": reverse("admin:projects_reviewaction_change", args=[error.action.pk]), "text": "Undo it there"}
    url = f"{reverse('admin:projects_reviewaction_changelist')}?who={request.user.pk}"
    return {"url": url, "text": "Your history"}


def _unsure_first(request: HttpRequest) -> bool:
    return request.GET.get("first") == "unsure"
