"""The history: what people did to projects and tags, with the old values, and the way back from each."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin.listing import ReadOnlyAdmin, require
from core.admin.sending import send_batch
from projects.admin.bulk import log_many
from projects.admin.filters import OfferedFilter, YesNoFilter
from projects.admin.removing import COMPUTE, FIGURES
from projects.models import Project, ReviewAction, ReviewChange
from projects.reviewing.history import NOTED, Kind
from projects.reviewing.undoing import UndoError, Undone, undo

SHOWN = 200
TAG_KINDS = (Kind.TAG_MERGE, Kind.TAG_RENAME, Kind.TAG_ALIAS, Kind.TAG_REMOVAL)
AUTHOR_KINDS = (Kind.REMOVAL, Kind.RESTORE)
STATES = {"undone": "info", "undone in part": "warning", "done": "success"}


class WhoFilter(OfferedFilter):
    title, parameter_name = "who", "who"

    def offers(self) -> list[tuple[str, str]]:
        users = get_user_model().objects.filter(pk__in=ReviewAction.objects.order_by().values("user").distinct())
        return [*((str(user.pk), user.get_username()) for user in users), ("none", "a program")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ReviewAction]) -> QuerySet[ReviewAction]:
        value = self.value() or ""
        if value == "none":
            return queryset.filter(user=None)
        return queryset.filter(user=int(value)) if value.isdecimal() and len(value) < 10 else queryset


class UndoneFilter(YesNoFilter):
    title, parameter_name = "undone", "undone"

    def answered(self, acts: Any, yes: bool) -> Any:
        return acts.exclude(undone_at=None) if yes else acts.filter(undone_at=None)


def right_to_undo(action: ReviewAction) -> str:
    """Return the right that taking ``action`` back takes: who may do such a thing may."""
    if action.kind in TAG_KINDS:
        return "projects.change_tag"
    if action.kind in AUTHOR_KINDS:
        return "comments.change_removedauthor"
    return "projects.change_project"


@admin.register(ReviewAction)
class HistoryAdmin(ReadOnlyAdmin):
    """The acts, newest first."""

    list_display = ("done_at", "who", "what", "where", "count", "state")
    list_display_links = None
    list_filter = (
        WhoFilter,
        ("kind", ChoicesDropdownFilter),
        ("place", ChoicesDropdownFilter),
        "done_at",
        UndoneFilter,
    )
    list_filter_submit = True
    list_select_related = ("user", "undone_by")
    search_fields = ("summary",)
    search_help_text = "Words of what was done, or a project's id"
    date_hierarchy = "done_at"
    fields = ("told", "who", "done_at", "where", "state")
    readonly_fields = fields
    change_form_outer_before_template = "admin/projects/reviewaction/undo.html"
    change_form_outer_after_template = "admin/projects/reviewaction/changes.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_POST(self.undo_view))
        return [path("<int:pk>/undo/", view, name="projects_reviewaction_undo"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewAction]:
        left = ReviewChange.objects.filter(action=OuterRef("pk")).exclude(left="")
        return super().get_queryset(request).defer("details").annotate(in_part=Exists(left))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ReviewAction], search_term: str
    ) -> tuple[QuerySet[ReviewAction], bool]:
        """Find the acts on a project by its id, those on many at once too; others by their words."""
        term = search_term.strip().removeprefix("#")
        if not (term.isdecimal() and len(term) < 19):
            return super().get_search_results(request, queryset, search_term)
        among = ReviewChange.objects.filter(project_id=int(term)).values("action")
        return queryset.filter(Q(project_id=int(term)) | Q(pk__in=among)), False

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Add the button, which depends on who looks."""

        @display(description="undo")
        def button(action: ReviewAction) -> str | SafeString:
            return undo_in_list(action) if can_undo(request.user, action) else ""

        return [*super().get_list_display(request), button]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show an act with the old and the new values, and the button that undoes it."""
        action = self.get_object(request, object_id)
        # Django's own history of this row would be empty.
        more: dict[str, Any] = {"show_history": False}
        if action is not None:
            changes = list(action.changes.all()[:SHOWN])
            there = set(Project.objects.filter(pk__in=[row.project_id for row in changes]).values_list("pk", flat=True))
            more |= {
                "act": action,
                "may_undo": can_undo(request.user, action),
                "changes": [(row, row.project_id in there, differences(row)) for row in changes],
                "more": max(action.changes.count() - SHOWN, 0),
                "left": action.changes.exclude(left="").count(),
            }
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take an act back and return to where the button was."""
        action = ReviewAction.objects.filter(pk=pk).first()
        if action is None:
            raise Http404(f"There is no act {pk} in the history.")
        require(request.user.has_perm(right_to_undo(action)), right_to_undo(action))
        try:
            undone = undo(pk, request.user)
        except UndoError as error:
            messages.error(request, str(error))
        else:
            log_undone(request.user, undone)
            if action.kind in AUTHOR_KINDS:
                send_batch(request, FIGURES, [{}], COMPUTE)
            (messages.warning if undone.left else messages.success)(request, undone.told)
        back = request.POST.get("next", "")
        if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
            back = reverse("admin:projects_reviewaction_change", args=[pk])
        return HttpResponseRedirect(back)

    @display(description="who", ordering="user__username")
    def who(self, action: ReviewAction) -> str:
        return action.user.get_username() if action.user else "a program"

    @display(description="what")
    def what(self, action: ReviewAction) -> SafeString:
        url = reverse("admin:projects_reviewaction_change", args=[action.pk])
        return format_html('<a class="desk-link" href="{}">{}</a>', url, action)

    @display(description="what")
    def told(self, action: ReviewAction) -> str:
        return str(action)

    @display(description="where", ordering="place")
    def where(self, action: ReviewAction) -> str:
        return action.get_place_display()

    @display(description="state", label=STATES)
    def state(self, action: ReviewAction) -> str:
        if action.undone_at is None:
            return "done"
        return "undone in part" if action.in_part else "undone"  # type: ignore[attr-defined]  # annotated


def undo_in_list(action: ReviewAction) -> SafeString:
    """Return a button of the list's own form, for there is no form in a form."""
    url = reverse("admin:projects_reviewaction_undo", args=[action.pk])
    text = '<button class="desk-button" formaction="{}" formmethod="post" formnovalidate aria-label="{}">Undo</button>'
    return format_html(text, url, f"Undo: {action}")


def can_undo(user: Any, action: ReviewAction) -> bool:
    """Tell whether a button that undoes ``action`` is shown to ``user``."""
    return action.undone_at is None and action.kind != Kind.READ and bool(user.has_perm(right_to_undo(action)))


def log_undone(user: Any, undone: Undone) -> None:
    """Write a line of the admin's log for each project that is as it was."""
    action = undone.action
    ids = list(action.changes.filter(left="").values_list("project_id", flat=True))
    ids += [action.project_id] if action.project_id and not ids else []
    log_many(user, ids, f"Undone: {action}.")


def differences(change: ReviewChange) -> list[tuple[str, Any, Any]]:
    """Return what differs in the fields that a person changed: name, old value, new value."""
    names = [name for name in change.before if name not in NOTED and change.before[name] != change.after[name]]
    return [(name.replace("_", " "), shown(change.before[name]), shown(change.after[name])) for name in names]


def shown(value: Any) -> str:
    """Return a value of a field as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "—"
    return "—" if value in (None, "") else str(value)
