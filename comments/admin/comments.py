"""The comments: how far their reading is, what went wrong, and what came out."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.decorators import action, display

from comments.admin.threads import READ
from comments.export import FIELDS, export_rows
from comments.failures import failed_with, failure_groups
from comments.models import Comment, RemovedAuthor
from comments.search import find
from comments.text import plain_text, safe_html
from core.admin.exporting import Export, ExportAdmin
from core.admin.listing import ReadOnlyAdmin, filtered_list_link, outside_link, page_context, require
from core.admin.sending import send_batch

EXCERPT = 160
READINGS = 10
HEAVY = ("project__embedding", "project__search_vector", "project__description", "project__url_summaries")
STATUS_COLOURS = {
    Comment.Status.PENDING: "info",
    Comment.Status.PROCESSING: "warning",
    Comment.Status.PROCESSED: "success",
    Comment.Status.FAILED: "danger",
}


class FailureFilter(admin.SimpleListFilter):
    """One group of failures, where the page of failures leads to it."""

    title = "failure"
    parameter_name = "failure"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        """Offer the group that was asked for alone: to find all of them would cost every list a look at all errors."""
        key = request.GET.get(self.parameter_name, "")
        return [(key, "This one")] if key else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Comment]) -> QuerySet[Comment]:
        key = self.value()
        return queryset.filter(pk__in=failed_with(key).values("pk")) if key else queryset


@admin.register(Comment)
class CommentAdmin(ExportAdmin, ReadOnlyAdmin):
    """The comments, each with its state, its projects and its readings."""

    list_display = ("excerpt", "author", "thread", "shown_status", "projects", "posted_at")
    list_filter = (
        *("status", FailureFilter, "is_set_aside", "source", "dead", "deleted"),
        ("post", admin.RelatedOnlyFieldListFilter),
    )
    # Django shows the field for these; ``get_search_results`` looks for them.
    search_fields = ("=id", "=author", "text")
    search_help_text = "Beginnings of words, an author's name, or the id"
    bare_on_phones = ("author", "thread", "posted_at")
    empty_text = "They come with their threads: collect one."
    list_select_related = ("post",)
    actions = ("read_again",)
    fields = (
        *("shown_text", "author", "at_source", "thread", "posted_at", "status", "is_set_aside", "last_error"),
        *("attempts", "processed_at", "dead", "deleted"),
    )
    change_form_outer_before_template = "admin/comments/comment/before.html"
    exports = {"comments": Export("Comments", FIELDS, export_rows, "The text without its markup, status and error.")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        comments = super().get_queryset(request).with_project_count()
        if request.resolver_match and request.resolver_match.url_name == "comments_comment_changelist":
            # 8,000 characters a row would be sent for the 160 that are shown.
            comments = comments.annotate(beginning=Left("text", 4 * EXCERPT)).defer("text", "post__text", "post__kids")
        return comments

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Comment], search_term: str
    ) -> tuple[QuerySet[Comment], bool]:
        return find(queryset, search_term), False

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("failures/", wrap(self.failures_view), name="comments_comment_failures"),
            path("failures/retry/", wrap(require_POST(self.retry_view)), name="comments_comment_retry"),
            path("<int:pk>/read/", wrap(require_POST(self.read_view)), name="comments_comment_read"),
            *super().get_urls(),
        ]

    def has_read_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("comments.change_comment")

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        failures = (reverse("admin:comments_comment_failures"), "Failures by error", "error")
        return super().changelist_view(request, {"more_tools": [failures]} | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        comment = self.get_object(request, object_id)
        context = {}
        if comment is not None:
            context = {
                "comment": comment,
                "may_read": self.has_read_permission(request),
                "found": comment.submissions.select_related("project").defer(*HEAVY),
                "readings": comment.extractions.all()[:READINGS],
                "readings_url": reverse("admin:projects_extraction_changelist") + f"?comment={comment.pk}",
                **self._removal(request, comment),
            }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def _removal(self, request: HttpRequest, comment: Comment) -> dict[str, Any]:
        """Return the removal that hides the author, or else where they can be removed, for who may."""
        removed = RemovedAuthor.objects.active().filter(source=comment.source, name=comment.author).first()
        if removed is None and comment.author and request.user.has_perm("comments.add_removedauthor"):
            query = urlencode({"source": comment.source, "name": comment.author})
            return {"removal_url": f"{reverse('admin:comments_removedauthor_add')}?{query}"}
        return {"removed": removed}

    @action(description="Read again", permissions=["read"])
    def read_again(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        ids = queryset.order_by("posted_at").values_list("pk", flat=True)
        send_batch(request, READ, ({"comment_id": pk} for pk in ids), "Read again")

    def read_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        require(self.has_read_permission(request), "comments.change_comment")
        comment = Comment.objects.filter(pk=pk).first()
        if comment is None:
            messages.error(request, f"There is no comment {pk}.")
            return HttpResponseRedirect(reverse("admin:comments_comment_changelist"))
        send_batch(request, READ, [{"comment_id": pk}], "Read again")
        self.log_change(request, comment, "Had it read again.")
        return HttpResponseRedirect(reverse("admin:comments_comment_change", args=[pk]))

    def failures_view(self, request: HttpRequest) -> HttpResponse:
        """Show the comments that failed or were read in part, grouped by what went wrong."""
        require(self.has_view_permission(request), "comments.view_comment")
        groups = failure_groups()
        context = page_context(
            self,
            request,
            "Failures",
            groups=groups,
            total=sum(group.count for group in groups),
            may_read=self.has_read_permission(request),
        )
        return TemplateResponse(request, "admin/comments/comment/failures.html", context)

    def retry_view(self, request: HttpRequest) -> HttpResponse:
        """Have the comments of one group of failures read again; of all of them without a group."""
        require(self.has_read_permission(request), "comments.change_comment")
        key = request.POST.get("group", "")
        failed = failed_with(key) if key else Comment.objects.fell_short()
        ids = failed.order_by("posted_at").values_list("pk", flat=True)
        send_batch(request, READ, ({"comment_id": pk} for pk in ids), "Retry failed")
        return HttpResponseRedirect(reverse("admin:comments_comment_failures"))

    @display(description="comment")
    def excerpt(self, comment: Comment) -> str:
        text = " ".join(plain_text(comment.beginning).split())
        return (text[:EXCERPT] + "…" if len(text) > EXCERPT else text) or f"(no text) {comment.pk}"

    @display(description="thread", ordering="post")
    def thread(self, comment: Comment) -> SafeString:
        url = reverse("admin:comments_post_change", args=[comment.post_id])
        return format_html('<a href="{}">{}</a>', url, comment.post.month_name)

    @display(description="status", ordering="status", label=STATUS_COLOURS)
    def shown_status(self, comment: Comment) -> tuple[str, str]:
        is_pending = comment.status == Comment.Status.PENDING
        return comment.status, "Set aside" if is_pending and comment.is_set_aside else comment.get_status_display()

    @display(description="projects", ordering="project_count")
    def projects(self, comment: Comment) -> str | SafeString:
        if not comment.project_count:
            return "0"
        return filtered_list_link("projects_project_changelist", comment.project_count, submissions__comment=comment.pk)

    @display(description="at its source")
    def at_source(self, comment: Comment) -> str | SafeString:
        return outside_link(comment.source_url, comment.source_id)

    @display(description="text")
    def shown_text(self, comment: Comment) -> SafeString:
        return safe_html(comment.text)
