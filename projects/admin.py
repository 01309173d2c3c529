from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from comments.admin import ReadOnlyAdmin, filtered_list_link, outside_link
from projects.models import Extraction, Page, Project, Submission, Tag
from projects.review import NOTED_FIELDS, note_changes

REVIEW_COLOURS = {
    Project.ReviewStatus.PENDING: "info",
    Project.ReviewStatus.APPROVED: "success",
    Project.ReviewStatus.REJECTED: "danger",
}
EXTRACTION_COLOURS = {
    Extraction.Status.RUNNING: "warning",
    Extraction.Status.SUCCEEDED: "success",
    Extraction.Status.FAILED: "danger",
    Extraction.Status.SUPERSEDED: "info",
}


class SubmissionInline(TabularInline):
    """Where the project was posted."""

    model = Submission
    fields = readonly_fields = ("where", "author", "text", "similarity")
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        return super().get_queryset(request).select_related("comment", "comment__post")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="comment")
    def where(self, submission: Submission) -> SafeString:
        url = reverse("admin:comments_comment_change", args=[submission.comment_id])
        return format_html('<a href="{}">{}</a>', url, submission.comment.posted_at.date())

    @display(description="author")
    def author(self, submission: Submission) -> str:
        return submission.comment.author


@admin.register(Project)
class ProjectAdmin(ModelAdmin):
    """The projects. What a person changes here, a later reading leaves alone."""

    list_display = (
        *("title", "short_description", "shown_tags", "idea", "complexity", "shown_review", "is_bookmarked"),
        *("last_seen", "short_link"),
    )
    list_filter = ("review_status", "is_bookmarked", "source", "created_by", "idea_score", "complexity_score")
    search_fields = ("title", "short_description", "tags__name", "primary_url")
    search_help_text = "Title, short description, tag or URL"
    date_hierarchy = "last_seen_at"
    list_per_page = 50
    show_full_result_count = False
    autocomplete_fields = ("tags",)
    inlines = (SubmissionInline,)
    readonly_fields = (
        *("source", "created_by", "link", "linked_pages", "shown_summaries", "reviewer", "reviewed_at"),
        *(
            "first_seen_at",
            "last_seen_at",
            "flag_reason",
            "embedding_model",
            "idea_reason",
            "complexity_reason",
        ),
    )
    fieldsets = (
        (
            None,
            {"fields": ("title", "short_description", "description", "tags", "primary_url", "link", "urls")},
        ),
        (
            "Review",
            {
                "fields": (
                    "review_status",
                    "review_note",
                    "is_bookmarked",
                    "reviewer",
                    "reviewed_at",
                    "flag_reason",
                )
            },
        ),
        ("Scores", {"fields": (("idea_score", "idea_reason"), ("complexity_score", "complexity_reason"))}),
        (
            "Where it comes from",
            {
                "fields": (
                    *("source", "created_by", "embedding_model", "first_seen_at", "last_seen_at"),
                    *("linked_pages", "shown_summaries"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        projects = super().get_queryset(request).defer("embedding", "search_vector")
        if request.resolver_match and request.resolver_match.url_name == "projects_project_changelist":
            projects = projects.without_heavy_fields().prefetch_related("tags")
        return projects

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let other pages link to the projects of a comment."""
        return lookup == "submissions__comment" or super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: Project, form: ModelForm, change: bool) -> None:
        """Note who reviewed it, and which fields are a person's from now on."""
        changed = set(form.changed_data)
        note_changes(obj, changed, request.user)
        # Only what this person changed: a reading may have written the rest since the page was opened.
        obj.save(update_fields=[*(changed - {"tags"}), *NOTED_FIELDS])

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Projects come out of comments."""
        return False

    @display(description="tags")
    def shown_tags(self, project: Project) -> str:
        return ", ".join(tag.name for tag in project.tags.all())

    @display(description="review", ordering="review_status", label=REVIEW_COLOURS)
    def shown_review(self, project: Project) -> tuple[str, str]:
        return project.review_status, project.get_review_status_display()

    @display(description="idea", ordering="idea_score")
    def idea(self, project: Project) -> int | None:
        return project.idea_score

    @display(description="complexity", ordering="complexity_score")
    def complexity(self, project: Project) -> int | None:
        return project.complexity_score

    @display(description="last seen", ordering="last_seen_at")
    def last_seen(self, project: Project) -> date:
        return timezone.localdate(project.last_seen_at)

    @display(description="link")
    def short_link(self, project: Project) -> str | SafeString:
        return outside_link(project.primary_url, Truncator(project.canonical_url).chars(28) or "—")

    @display(description="link")
    def link(self, project: Project) -> str | SafeString:
        return outside_link(project.primary_url, project.canonical_url or "—")

    @display(description="pages")
    def linked_pages(self, project: Project) -> str | SafeString:
        pages = [
            (reverse("admin:projects_page_change", args=[page.pk]), page.title or page.url)
            for page in project.pages.defer("text")
        ]
        return format_html_join(" · ", '<a href="{}">{}</a>', pages) or "—"

    @display(description="what pages say")
    def shown_summaries(self, project: Project) -> str | SafeString:
        return format_html_join("", "<p>{}: {}</p>", project.url_summaries.items()) or "—"


@admin.register(Tag)
class TagAdmin(ModelAdmin):
    """The tags and how often each is used."""

    list_display = ("name", "uses")
    search_fields = ("name",)
    list_per_page = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return super().get_queryset(request).annotate(project_count=Count("projects"))

    @display(description="projects", ordering="project_count")
    def uses(self, tag: Tag) -> SafeString:
        return filtered_list_link("projects_project_changelist", tag.project_count, tags__id__exact=tag.pk)


@admin.register(Page)
class PageAdmin(ReadOnlyAdmin):
    """The pages that projects link to."""

    list_display = ("url", "title", "status", "error", "fetched_at")
    list_filter = ("status", ("error", admin.EmptyFieldListFilter))
    search_fields = ("url", "title")
    fields = ("at_source", "final_url", "status", "title", "text", "fetched_at", "error", "its_projects")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Page]:
        pages = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "projects_page_changelist":
            pages = pages.defer("text")
        return pages

    @display(description="URL")
    def at_source(self, page: Page) -> str | SafeString:
        return outside_link(page.url, page.url)

    @display(description="projects")
    def its_projects(self, page: Page) -> str | SafeString:
        projects = [
            (reverse("admin:projects_project_change", args=[pk]), title)
            for pk, title in page.projects.values_list("pk", "title")
        ]
        return format_html_join(" · ", '<a href="{}">{}</a>', projects) or "—"


@admin.register(Extraction)
class ExtractionAdmin(ReadOnlyAdmin):
    """The readings: what each step did, what was dropped and why, what it cost."""

    list_display = (
        "read_comment",
        "analyst",
        "shown_status",
        "kept",
        "dropped",
        "seconds",
        "started_at",
        "error",
    )
    list_filter = ("status", "analyst", "prompt_version")
    search_fields = ("=comment__id", "comment__author", "error", "=task_id")
    date_hierarchy = "started_at"
    list_select_related = ("comment",)
    fields = (
        *("read_comment", "analyst", "prompt_version", "status", "started_at", "finished_at", "error"),
        *("shown_steps", "shown_segments", "llm_calls", "tokens_in", "tokens_out", "task_id"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Extraction]:
        return super().get_queryset(request).defer("comment__text")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let a comment link to its readings."""
        return lookup == "comment" or super().lookup_allowed(lookup, value, request)

    @display(description="comment", ordering="comment")
    def read_comment(self, extraction: Extraction) -> SafeString:
        url = reverse("admin:comments_comment_change", args=[extraction.comment_id])
        return format_html('<a href="{}">{}</a>', url, extraction.comment)

    @display(description="status", ordering="status", label=EXTRACTION_COLOURS)
    def shown_status(self, extraction: Extraction) -> tuple[str, str]:
        return extraction.status, extraction.get_status_display()

    @display(description="kept")
    def kept(self, extraction: Extraction) -> int:
        return sum(not segment.get("rejection") for segment in extraction.segments)

    @display(description="dropped")
    def dropped(self, extraction: Extraction) -> int:
        return sum(bool(segment.get("rejection")) for segment in extraction.segments)

    @display(description="seconds")
    def seconds(self, extraction: Extraction) -> str:
        if extraction.finished_at is None:
            return "—"
        return f"{(extraction.finished_at - extraction.started_at).total_seconds():.2f}"

    @display(description="steps")
    def shown_steps(self, extraction: Extraction) -> SafeString:
        rows = [(step["step"], f"{step['seconds']:.3f} s", step["outcome"]) for step in extraction.steps]
        return format_html_join("", "<p><b>{}</b> {} {}</p>", rows)

    @display(description="segments")
    def shown_segments(self, extraction: Extraction) -> SafeString:
        rows = [
            (segment.get("rejection") or "project", segment.get("reason", ""), segment["text"])
            for segment in extraction.segments
        ]
        return format_html_join("", '<p><b>{}</b> {}</p><p style="white-space: pre-line">{}</p>', rows)
