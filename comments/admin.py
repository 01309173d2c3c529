from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.db.models.functions import Left
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from comments.models import Comment, Post
from comments.text import plain_text, safe_html

EXCERPT = 160
STATUS_COLOURS = {
    Comment.Status.PENDING: "info",
    Comment.Status.PROCESSING: "warning",
    Comment.Status.PROCESSED: "success",
    Comment.Status.FAILED: "danger",
}


def outside_link(url: str, text: str) -> str | SafeString:
    """Return a link that tells the other side nothing about us; the bare text where there is no address."""
    if not url.startswith(("http://", "https://")):
        return text
    return format_html('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{} ↗</a>', url, text)


def filtered_list_link(view: str, text: str, **filters: Any) -> SafeString:
    """Return a link to an admin list with ``filters`` set."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return format_html('<a href="{}?{}">{}</a>', reverse(f"admin:{view}"), query, text)


class ReadOnlyAdmin(ModelAdmin):
    """A list and a page of what machines wrote: to look at, not to edit."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is edited by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted by hand: projects and reviews hang on it."""
        return False


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    """The threads, each with how far its comments have been read."""

    list_display = (
        "title",
        "month_of_thread",
        "author",
        "collected",
        "read",
        "waiting",
        "failed",
        "collected_at",
    )
    list_filter = ("year", "source", "dead")
    search_fields = ("title", "author", "source_id")
    fields = (
        *("title", "source", "at_source", "author", "score", "posted_at", "year", "month", "shown_text"),
        *("descendants", "dead", "deleted", "collected_at", "all_comments"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        return super().get_queryset(request).with_comment_counts().defer("text", "kids")

    @display(description="month", ordering="posted_at")
    def month_of_thread(self, post: Post) -> str:
        return post.month_name

    @display(description="comments", ordering="comment_count")
    def collected(self, post: Post) -> SafeString:
        return filtered_list_link("comments_comment_changelist", post.comment_count, post__id__exact=post.pk)

    @display(description="read", ordering="processed_count")
    def read(self, post: Post) -> int:
        return post.processed_count

    @display(description="pending", ordering="pending_count")
    def waiting(self, post: Post) -> int:
        return post.pending_count

    @display(description="failed", ordering="failed_count")
    def failed(self, post: Post) -> str | SafeString:
        if not post.failed_count:
            return "0"
        return filtered_list_link(
            "comments_comment_changelist", post.failed_count, post__id__exact=post.pk, status__exact="failed"
        )

    @display(description="comments")
    def all_comments(self, post: Post) -> SafeString:
        return self.collected(post)

    @display(description="at its source")
    def at_source(self, post: Post) -> str | SafeString:
        return outside_link(post.source_url, post.source_id)

    @display(description="text")
    def shown_text(self, post: Post) -> SafeString:
        return safe_html(post.text)


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    """The comments, each with its state, its projects and its readings."""

    list_display = ("excerpt", "author", "thread", "shown_status", "projects", "posted_at")
    list_filter = ("status", "source", "dead", "deleted", ("post", admin.RelatedOnlyFieldListFilter))
    search_fields = ("=id", "author", "text")
    search_help_text = "Text, author or id"
    date_hierarchy = "posted_at"
    list_select_related = ("post",)
    fields = (
        *(
            "shown_text",
            "author",
            "at_source",
            "thread",
            "posted_at",
            "shown_status",
            "last_error",
            "attempts",
        ),
        *("processed_at", "dead", "deleted", "found_projects", "readings"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        comments = super().get_queryset(request).with_project_count()
        if request.resolver_match and request.resolver_match.url_name == "comments_comment_changelist":
            # 8,000 characters a row would be sent for the 160 that are shown.
            comments = comments.annotate(beginning=Left("text", 4 * EXCERPT)).defer("text", "post__text", "post__kids")
        return comments

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
        return comment.status, comment.get_status_display()

    @display(description="projects", ordering="project_count")
    def projects(self, comment: Comment) -> str | SafeString:
        if not comment.project_count:
            return "0"
        return filtered_list_link("projects_project_changelist", comment.project_count, submissions__comment=comment.pk)

    @display(description="projects")
    def found_projects(self, comment: Comment) -> str | SafeString:
        return self.projects(comment)

    @display(description="readings")
    def readings(self, comment: Comment) -> SafeString:
        return filtered_list_link("projects_extraction_changelist", "Show its readings", comment=comment.pk)

    @display(description="at its source")
    def at_source(self, comment: Comment) -> str | SafeString:
        return outside_link(comment.source_url, comment.source_id)

    @display(description="text")
    def shown_text(self, comment: Comment) -> SafeString:
        return safe_html(comment.text)
