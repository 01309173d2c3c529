"""Threads that discovery found and was not sure of."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import action, display

from comments.discovery import accept, refuse
from comments.models import Candidate
from core.admin.listing import ReadOnlyAdmin, outside_link
from core.admin.sending import send_batch

COLOURS = {
    Candidate.Status.WAITING: "warning",
    Candidate.Status.ACCEPTED: "success",
    Candidate.Status.REFUSED: "danger",
}


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyAdmin):
    """The candidates: accept one and it is collected, refuse it and it does not come back."""

    list_display = ("title", "at_source", "author", "comments", "posted_at", "reason", "shown_status", "decided_by")
    list_filter = ("status",)
    search_fields = ("title", "author", "=id")
    list_select_related = ("decided_by",)
    actions = ("accept_selected", "refuse_selected")
    hidden_on_phones = ("decided_by", "comments")
    bare_on_phones = ("author", "reason", "posted_at")
    empty_text = "What discovery finds and is not sure of waits here for you."

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may add threads may decide."""
        return request.user.has_perm("comments.add_post")

    @action(description="Accept and collect", permissions=["decide"])
    def accept_selected(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> None:
        """Add the chosen threads and have them collected."""
        calls = []
        for candidate in queryset.exclude(status=Candidate.Status.ACCEPTED):
            post = accept(candidate, request.user)
            self.log_change(request, candidate, "Accepted.")
            calls.append({"post_id": post.pk, "year": post.year, "month": post.month, "limit_comments": None})
        send_batch(request, "process_waywo_post", calls, "Collect accepted threads")

    @action(description="Refuse", permissions=["decide"])
    def refuse_selected(self, request: HttpRequest, queryset: QuerySet[Candidate]) -> None:
        """Leave the chosen threads aside."""
        waiting = list(queryset.filter(status=Candidate.Status.WAITING))
        for candidate in waiting:
            refuse(candidate, request.user)
            self.log_change(request, candidate, "Refused.")
        messages.success(request, f"{len(waiting)} refused.")

    @display(description="at its source")
    def at_source(self, candidate: Candidate) -> str | SafeString:
        return outside_link(candidate.source_url, str(candidate.pk))

    @display(description="status", ordering="status", label=COLOURS)
    def shown_status(self, candidate: Candidate) -> tuple[str, str]:
        return candidate.status, candidate.get_status_display()
