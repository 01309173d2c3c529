"""The threads: add one, see how far its comments are, have them collected and read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.decorators import display

from comments.admin.adding import AddThread
from comments.admin.sources import Sources
from comments.models import Comment, CommentQuerySet, Post, Source
from comments.signals import who_extracts
from comments.text import safe_html
from core.admin.listing import ReadOnlyAdmin, filtered_list_link, outside_link, require
from core.admin.sending import send_batch, send_task
from core.admin.task_values import page_of, task_link
from core.text import counted

READ = "process_waywo_comment"
EXTRACT = "process_waywo_thread"


@dataclass(frozen=True)
class Button:
    """A batch that one click starts: its name, what it says, and which comments of a thread it reads."""

    name: str
    label: str
    comments: Callable[[CommentQuerySet], CommentQuerySet]
    question: str = ""


READINGS = (
    Button("pending", "Read pending", lambda comments: comments.pending()),
    Button("failed", "Retry failed", lambda comments: comments.failed()),
    Button(
        "all",
        "Read all again",
        lambda comments: comments.visible(),
        "Read every comment of this thread again? What a person reviewed or edited stays.",
    ),
)


@dataclass(frozen=True)
class Part:
    """A part of the bar of a thread: how many comments have a status, and their share in percent."""

    status: str
    label: str
    count: int
    share: float
    start: float


def _task_at(post: Post) -> str | None:
    """Return the id of the task ``process_waywo_thread`` that is at a thread now, None where there is none."""
    return next((task_id for _, task_id in who_extracts.send(Post, post=post) if task_id), None)


def bar_of(post: Post) -> list[Part]:
    """Return the parts of a thread's bar in the order of the statuses; ``post`` has the counts."""
    parts, start = [], 0.0
    for status, label in Comment.Status.choices:
        count = getattr(post, f"{status}_count")
        share = 100 * count / post.comment_count if post.comment_count else 0
        parts.append(Part(status, label, count, share, start))
        start += share
    return parts


def progress_of(post: Post) -> dict[str, Any]:
    """Return how far a thread is, as static/waywo_site/progress.js takes it; ``post`` has the counts.

    What was set aside is not waited for.
    """
    counts = {part.status: part.count for part in bar_of(post)}
    unread = counts[Comment.Status.PENDING] - post.set_aside_count + counts[Comment.Status.PROCESSING]
    state = "running" if unread else "succeeded"
    total = post.comment_count
    return counts | {"total": total, "done": total - unread, "is_finished": not unread, "state": state}


@admin.register(Post)
class PostAdmin(AddThread, Sources, ReadOnlyAdmin):
    """The threads, each with how far its comments have been read."""

    list_display = (
        *("title", "month_of_thread", "bar"),
        *("collected", "read", "skipped", "waiting", "failed", "collected_at"),
    )
    list_filter = ("year", "source", "dead")
    search_fields = ("title", "author", "source_id")
    search_help_text = "Title, author or Hacker News id"
    hidden_on_phones = ("skipped", "collected_at")
    bare_on_phones = ("month_of_thread", "bar")
    empty_text = "A thread is found by discovery once a day, or added by its id or address."
    fields = (
        *("title", "source", "at_source", "author", "score", "posted_at", "year", "month", "shown_text"),
        *("descendants", "dead", "deleted", "collected_at"),
    )
    change_form_outer_before_template = "admin/comments/post/before.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        return super().get_queryset(request).with_comment_counts().defer("text", "kids")

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/progress.json", wrap(self.progress_view), name="comments_post_progress"),
            path("<int:pk>/collect/", wrap(require_POST(self.collect_view)), name="comments_post_collect"),
            path("<int:pk>/extract/", wrap(require_POST(self.extract_view)), name="comments_post_extract"),
            path("<int:pk>/read/<str:which>/", wrap(require_POST(self.read_view)), name="comments_post_read"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        post = self.get_object(request, object_id)
        context: dict[str, Any] = {}
        if post is not None:
            progress, url = progress_of(post), reverse("admin:comments_post_progress", args=[post.pk])
            context = {
                "bar": bar_of(post),
                "progress": progress,
                "progress_address": "" if progress["is_finished"] else format_html('data-progress-url="{}"', url),
                "post": post,
                "buttons": self._buttons(request, post),
                "may_extract": self._may_collect(request) and self._may_read(request) and post.source != Source.SAMPLE,
                "run_link": task_link(task_id) if (task_id := _task_at(post)) else "",
                "may_collect": self._may_collect(request),
                "comments_url": reverse("admin:comments_comment_changelist") + f"?post__id__exact={post.pk}",
            }
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def progress_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer how far the comments of a thread are, as JSON, for a bar and figures that move."""
        post = self.get_queryset(request).filter(pk=pk).first()
        if post is None or not self.has_view_permission(request, post):
            raise Http404(f"There is no thread {pk}.")
        return JsonResponse(progress_of(post))

    def _buttons(self, request: HttpRequest, post: Post) -> list[tuple[Button, int]]:
        if not self._may_read(request):
            return []
        comments = Comment.objects.filter(post=post)
        return [(button, button.comments(comments).count()) for button in READINGS]

    def _may_collect(self, request: HttpRequest) -> bool:
        return request.user.has_perm("comments.change_post")

    def _may_read(self, request: HttpRequest) -> bool:
        return request.user.has_perm("comments.change_comment")

    def collect_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        require(self._may_collect(request), "comments.change_post")
        post = Post.objects.filter(pk=pk).first()
        if post is None:
            messages.error(request, f"There is no thread {pk}.")
            return HttpResponseRedirect(reverse("admin:comments_post_changelist"))
        call = {"post_id": post.pk, "year": post.year, "month": post.month, "limit_comments": None}
        send_batch(request, "process_waywo_post", [call], f"Collect {post.month_name} again")
        self.log_change(request, post, "Had it collected again.")
        return HttpResponseRedirect(reverse("admin:comments_post_change", args=[pk]))

    def extract_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        require(self._may_collect(request), "comments.change_post")
        require(self._may_read(request), "comments.change_comment")
        post = Post.objects.exclude(source=Source.SAMPLE).filter(pk=pk).first()
        if post is None:
            messages.error(request, f"There is no thread {pk} that can be collected.")
            return HttpResponseRedirect(reverse("admin:comments_post_changelist"))
        if running := _task_at(post):
            messages.info(request, "This thread is being extracted already: this is the task that does it.")
            return HttpResponseRedirect(page_of(running))
        task_id = send_task(request, EXTRACT, {"post": pk, "year": post.year, "month": post.month})
        if task_id is None:
            return HttpResponseRedirect(reverse("admin:comments_post_change", args=[pk]))
        self.log_change(request, post, "Had it collected, read and counted.")
        messages.success(request, "The thread is on its way: it is collected, read and counted.")
        return HttpResponseRedirect(page_of(task_id))

    def read_view(self, request: HttpRequest, pk: int, which: str) -> HttpResponse:
        require(self._may_read(request), "comments.change_comment")
        post = Post.objects.filter(pk=pk).first()
        button = next((button for button in READINGS if button.name == which), None)
        if post is None or button is None:
            messages.error(request, f"There is no thread {pk}, or nothing called “{which}” to do with it.")
            return HttpResponseRedirect(reverse("admin:comments_post_changelist"))
        ids = button.comments(Comment.objects.filter(post=post)).order_by("posted_at").values_list("pk", flat=True)
        count = send_batch(request, READ, ({"comment_id": pk} for pk in ids), f"{button.label} of {post.month_name}")
        if count:
            self.log_change(request, post, f"{button.label}: {counted(count, 'comment')}.")
        return HttpResponseRedirect(reverse("admin:comments_post_change", args=[pk]))

    @display(description="month", ordering="posted_at")
    def month_of_thread(self, post: Post) -> str:
        return post.month_name

    @display(description="comments by status")
    def bar(self, post: Post) -> SafeString:
        """An image: widths in SVG attributes need no style, which a strict policy would refuse."""
        if not post.comment_count:
            return format_html('<span class="desk-muted">{}</span>', "none yet")
        parts = [part for part in bar_of(post) if part.count]
        rects = format_html_join(
            "",
            '<rect class="desk-bar-{}" x="{}" width="{}" height="8"></rect>',
            ((part.status, f"{part.start:.2f}", f"{part.share:.2f}") for part in parts),
        )
        words = ", ".join(f"{part.count} {part.label.lower()}" for part in parts)
        return format_html(
            '<svg class="desk-bar" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">'
            "<title>{}</title>{}</svg>",
            words,
            words,
            rects,
        )

    @display(description="comments", ordering="comment_count")
    def collected(self, post: Post) -> SafeString:
        return filtered_list_link("comments_comment_changelist", post.comment_count, post__id__exact=post.pk)

    @display(description="processed", ordering="processed_count")
    def read(self, post: Post) -> int:
        return post.processed_count

    @display(description="skipped", ordering="skipped_count")
    def skipped(self, post: Post) -> int:
        """How many had nothing to read: deleted, flagged or empty."""
        return post.skipped_count

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

    @display(description="at its source")
    def at_source(self, post: Post) -> str | SafeString:
        return outside_link(post.source_url, post.source_id)

    @display(description="text")
    def shown_text(self, post: Post) -> SafeString:
        return safe_html(post.text)
