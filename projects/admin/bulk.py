"""What can be done with many projects of the list at once."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.listing import page_context
from core.admin.sending import send_batch
from core.text import counted
from projects.admin.undo_messages import tell_done
from projects.models import Project, ReviewAction, Submission
from projects.reviewing.history import lots
from projects.reviewing.many import review_many, tag_many
from projects.reviewing.rejections import REASONS

LIST = ReviewAction.Place.LIST


class ReasonForm(forms.Form):
    """Why many projects are rejected."""

    reason = forms.CharField(
        max_length=500,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"list": "reasons", "autofocus": True}),
        help_text="Kept as the note of each of them; empty leaves their notes as they are.",
    )
    suggestions = REASONS


class TagsForm(forms.Form):
    """Which tags many projects get."""

    tags = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        help_text="Names, separated by commas. They are added; those of a project stay.",
    )

    def clean_tags(self) -> list[str]:
        names = [name.strip() for name in self.cleaned_data["tags"].split(",") if name.strip()]
        if not names or any(len(name) > 50 for name in names):
            raise forms.ValidationError("It takes one name or more, each of 50 characters at most.")
        return names


class BulkActions(ModelAdmin):
    """Approve, reject, tag and read again what is chosen in the list."""

    actions: tuple[str, ...] = ("approve_selected", "reject_selected", "tag_selected", "read_again")

    @action(description="Approve", permissions=["change"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        act = review_many(queryset, Project.ReviewStatus.APPROVED, request.user, LIST)
        self._tell(request, act, "Approved in the list.", "approved")

    @action(description="Reject…", permissions=["change"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> HttpResponse | None:
        """Ask for a reason, then reject the chosen projects."""
        form = ReasonForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, form, "reject_selected", "Reject", "Reject projects")
        reason = form.cleaned_data["reason"].strip() or None
        act = review_many(queryset, Project.ReviewStatus.REJECTED, request.user, LIST, reason)
        self._tell(request, act, f"Rejected in the list. {reason or ''}".strip(), "rejected")
        return None

    @action(description="Add tags…", permissions=["change"])
    def tag_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> HttpResponse | None:
        """Ask for names, then tag the chosen projects."""
        form = TagsForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, queryset, form, "tag_selected", "Add tags", "Tag projects")
        names = form.cleaned_data["tags"]
        act = tag_many(queryset, names, request.user, LIST)
        self._tell(request, act, f"Tagged in the list: {', '.join(names)}.", "tagged")
        return None

    @action(description="Read again", permissions=["change"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        """Have the comments of the chosen projects read again."""
        submissions = Submission.objects.filter(project__in=queryset.order_by().values("pk"))
        ids = submissions.order_by("comment_id").values_list("comment_id", flat=True).distinct()
        send_batch(request, "process_waywo_comment", ({"comment_id": pk} for pk in ids), "Read again")

    def _ask(
        self, request: HttpRequest, queryset: QuerySet[Project], form: forms.Form, action: str, verb: str, title: str
    ) -> HttpResponse:
        context = page_context(self, request, title) | {
            "form": form,
            "action": action,
            "verb": verb,
            "count": queryset.count(),
            "some": list(queryset.only("pk", "title")[:5]),
            "chosen": request.POST.getlist("_selected_action"),
            "select_across": request.POST.get("select_across", "0"),
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/projects/project/bulk.html", context)

    def _tell(self, request: HttpRequest, act: ReviewAction | None, message: str, done: str) -> None:
        if act is None:
            messages.success(request, f"Nothing to do: all of them were {done} already.")
            return
        log_many(request.user, act.changes.values_list("project_id", flat=True), message)
        tell_done(request, f"{counted(act.count, 'project')} {done}.", act)


def log_many(user: Any, ids: Iterable[int], message: str) -> None:
    """Write one line of the history for each project."""
    for lot in lots(list(ids)):
        projects = Project.objects.filter(pk__in=lot).only("pk", "title")
        LogEntry.objects.log_actions(user.pk, projects, CHANGE, change_message=message)
