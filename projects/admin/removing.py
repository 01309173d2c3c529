"""An author's wish to be removed: one form, a page that says what it takes away, and the way back."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from comments.models import AUTHOR_LENGTH, RemovedAuthor, Source
from comments.removing import RemovalError
from core.admin.listing import ReadOnlyAdmin, filtered_list_link, page_context, require
from core.admin.sending import send_batch
from core.text import counted
from projects.admin.undo_messages import tell_done
from projects.removal import reach_of
from projects.reviewing import author_acts

# The figures of the months, which pages show, know the index as it was when they were computed.
FIGURES, COMPUTE = "generate_analytics", "Compute the figures of the months"


class RemovalForm(forms.Form):
    source = forms.ChoiceField(choices=Source.choices, widget=UnfoldAdminSelectWidget)
    name = forms.CharField(
        max_length=AUTHOR_LENGTH,
        label="Author",
        help_text="The name on that source, as it is written there: capitals count.",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )
    reason = forms.CharField(
        max_length=500,
        help_text="Who asked, when and how. Strangers never see it.",
        widget=UnfoldAdminTextInputWidget,
        validators=[ProhibitNullCharactersValidator()],
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        hidden = RemovedAuthor.objects.active().filter(source=given.get("source"), name=given.get("name"))
        if hidden.exists():
            self.add_error("name", f"{given['name']} is hidden already.")
        return given


@admin.register(RemovedAuthor)
class RemovedAuthorAdmin(ReadOnlyAdmin):
    """Who asked to be removed. Their comments and projects are hidden from everybody but the admin."""

    list_display = ("name", "source", "reason", "state", "removed_by", "removed_at", "restored_at")
    hidden_on_phones = ("source",)
    bare_on_phones = ("reason",)
    list_filter = ("source", ("restored_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "reason")
    list_select_related = ("removed_by", "restored_by")
    fields = (
        *("name", "source", "reason", "state", "takes_away", "its_comments"),
        *("removed_by", "removed_at", "restored_by", "restored_at"),
    )
    actions = ("show_again",)
    actions_detail = ("show_this_again",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("comments.add_removedauthor")

    def has_restore_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("comments.change_removedauthor")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        require(self.has_add_permission(request))
        form = RemovalForm(request.POST or None, initial=request.GET.dict())
        reach = None
        if form.is_bound and form.is_valid():
            given = form.cleaned_data
            if "confirmed" in request.POST:
                return self._remove(request, given)
            reach = reach_of(given["source"], given["name"])
        context = page_context(self, request, "Remove an author", form=form, reach=reach) | (extra_context or {})
        return TemplateResponse(request, "admin/projects/removal.html", context)

    def _remove(self, request: HttpRequest, given: dict[str, str]) -> HttpResponse:
        reach = reach_of(given["source"], given["name"])
        try:
            removed, act = author_acts.hide(**given, user=request.user)
        except RemovalError as error:
            messages.error(request, str(error))
            return redirect("admin:comments_removedauthor_changelist")
        send_batch(request, FIGURES, [{}], COMPUTE)
        reached = f"{counted(reach.comments, 'comment')} and {counted(reach.projects, 'project')}"
        self.log_addition(request, removed, f"Hidden: {reached}.")
        page = reverse("admin:comments_removedauthor_change", args=[removed.pk])
        tell_done(request, f"{removed} is hidden: {reached}. “Show again” takes it back.", act, page)
        return redirect(page)

    @admin.action(description="Show again", permissions=["restore"])
    def show_again(self, request: HttpRequest, queryset: QuerySet[RemovedAuthor]) -> None:
        """Take the removals back; those that were already are said."""
        for pk in queryset.values_list("pk", flat=True):
            self._restore(request, pk)

    @action(description="Show again", permissions=["restore"], icon="undo", url_path="show-again")
    def show_this_again(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Take the removal back when the form comes back; a link alone changes nothing."""
        found = RemovedAuthor.objects.filter(pk=object_id).first() if str(object_id).isdecimal() else None
        if found is None:
            messages.error(request, "There is no such removal.")
            return redirect("admin:comments_removedauthor_changelist")
        if request.method == "POST" or found.restored_at:
            self._restore(request, found.pk)
            return redirect("admin:comments_removedauthor_change", found.pk)
        reach = reach_of(found.source, found.name)
        context = page_context(self, request, f"Show {found} again", removed=found, reach=reach)
        return TemplateResponse(request, "admin/projects/removal_undone.html", context)

    def _restore(self, request: HttpRequest, pk: int) -> None:
        try:
            restored, act = author_acts.show(pk, request.user)
        except RemovalError as error:
            messages.error(request, str(error))
        else:
            send_batch(request, FIGURES, [{}], COMPUTE)
            self.log_change(request, restored, "Shown again.")
            tell_done(
                request, f"{restored} is shown again.", act, reverse("admin:comments_removedauthor_change", args=[pk])
            )

    @display(description="state", label={"hidden": "warning", "shown again": "success"})
    def state(self, removed: RemovedAuthor) -> str:
        return "shown again" if removed.restored_at else "hidden"

    @display(description="takes away")
    def takes_away(self, removed: RemovedAuthor) -> str:
        reach = reach_of(removed.source, removed.name)
        shared = f"; {counted(reach.shared, 'project')} of others stay without their part" if reach.shared else ""
        return f"{counted(reach.comments, 'comment')}, {counted(reach.projects, 'project')}{shared}"

    @display(description="comments")
    def its_comments(self, removed: RemovedAuthor) -> str:
        return filtered_list_link("comments_comment_changelist", "Their comments", q=removed.name)
