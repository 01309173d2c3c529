"""The projects: the list, the page of one, and the ways to review them."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeNumericFilter
from unfold.decorators import action, display

from core.admin.exporting import Export, ExportAdmin
from core.admin.listing import outside_link
from core.estimating import EstimatingPaginator
from projects.admin.bulk import BulkActions
from projects.admin.filters import (
    AnalystFilter,
    FailedFilter,
    FlaggedFilter,
    HasLinkFilter,
    MonthFilter,
    SnoozedFilter,
    ThreadFilter,
    UnsureFilter,
)
from projects.admin.forms import ProjectForm, TagsWidget
from projects.admin.importing import ReviewImport
from projects.admin.merging import MergePages
from projects.admin.reviewing import ReviewPages
from projects.admin.undo_messages import UndoMessages
from projects.embedding import TEXTS, embed_anew
from projects.export import FIELDS, export_rows
from projects.models import Project, Submission
from projects.reviewing.acts import keep_change
from projects.reviewing.fields import NOTED_FIELDS, note_changes
from projects.reviewing.files import COLUMNS as REVIEW_COLUMNS
from projects.reviewing.files import review_rows
from projects.reviewing.history import Place, state
from projects.search.words import typed

REVIEW_COLOURS = {
    Project.ReviewStatus.PENDING: "info",
    Project.ReviewStatus.APPROVED: "success",
    Project.ReviewStatus.REJECTED: "danger",
}
SOURCE_COLOURS = {
    Project.Source.HACKER_NEWS: "info",
    Project.Source.LOBSTERS: "info",
    Project.Source.NEMO_DATA_DESIGNER: "warning",
}
SHORT_SOURCES: dict[str, str] = {Project.Source.HACKER_NEWS: "HN", Project.Source.NEMO_DATA_DESIGNER: "Idea"}


class SubmissionInline(TabularInline):
    """Where the project was posted."""

    model = Submission
    fields = readonly_fields = ("where", "author", "text", "likeness")
    fk_name = "project"
    extra = 0
    can_delete = False
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        return super().get_queryset(request).select_related("comment", "comment__post")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="comment")
    def where(self, submission: Submission) -> SafeString:
        url = reverse("admin:comments_comment_change", args=[submission.comment_id])
        posted = formats.date_format(timezone.localtime(submission.comment.posted_at), "DATE_FORMAT")
        return format_html('<a class="desk-link" href="{}">{}</a>', url, posted)

    @display(description="likeness")
    def likeness(self, submission: Submission) -> str:
        """How alike it was to the project that it was found to be; empty where that was new then."""
        return "" if submission.similarity is None else f"{submission.similarity:.0%}"

    @display(description="author")
    def author(self, submission: Submission) -> str:
        return submission.comment.author


@admin.register(Project)
class ProjectAdmin(UndoMessages, ReviewPages, ReviewImport, MergePages, BulkActions, ExportAdmin):
    """The projects. What a person changes here, a later reading leaves alone."""

    list_display = (
        *("title", "short_description", "shown_tags", "shown_source", "idea", "complexity", "shown_review", "star"),
        *("last_seen", "short_link"),
    )
    list_filter = (
        "review_status",
        ThreadFilter,
        MonthFilter,
        ("tags", AutocompleteSelectFilter),
        ("idea_score", RangeNumericFilter),
        ("complexity_score", RangeNumericFilter),
        *(
            "source",
            AnalystFilter,
            "is_bookmarked",
            HasLinkFilter,
            FailedFilter,
            UnsureFilter,
            FlaggedFilter,
            SnoozedFilter,
        ),
    )
    list_filter_submit = True
    # Django shows the field for these; ``get_search_results`` looks for them.
    search_fields = ("title", "short_description", "tags__name", "primary_url")
    search_help_text = "Beginnings of words, a tag, part of the URL, or the id"
    hidden_on_phones = ("shown_source", "complexity", "star")
    bare_on_phones = ("short_description", "shown_tags", "last_seen", "short_link")
    empty_text = "They come from comments: collect a thread, and have its comments read."
    list_per_page = 50
    show_full_result_count = False
    paginator = EstimatingPaginator
    autocomplete_fields = ("tags",)
    inlines = (SubmissionInline,)
    actions_detail = ("review_this",)
    actions = (*BulkActions.actions, *MergePages.actions)
    form = ProjectForm
    exports = {
        "projects": Export("Projects", list(FIELDS), export_rows, "What the index is; as export_projects writes it."),
        "reviews": Export("Reviews", REVIEW_COLUMNS, review_rows, "Status, note and bookmark: can be imported back."),
    }
    readonly_fields = (
        *("source", "created_by", "sureness", "link", "linked_pages", "shown_summaries", "reviewer", "reviewed_at"),
        *("first_seen_at", "last_seen_at", "flag_reason", "embedding_model", "idea_reason", "complexity_reason"),
    )
    fieldsets = tuple(
        (title, {"fields": fields})
        for title, fields in (
            (None, ("title", "short_description", "description", "tags", "primary_url", "link", "urls", "seen")),
            ("Review", ("review_status", "review_note", "is_bookmarked", "reviewer", "reviewed_at", "flag_reason")),
            ("Scores", (("idea_score", "idea_reason"), ("complexity_score", "complexity_reason"))),
            (
                "Where it comes from",
                (
                    *("source", "created_by", "sureness", "embedding_model", "first_seen_at", "last_seen_at"),
                    *("linked_pages", "shown_summaries"),
                ),
            ),
        )
    )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "tags":
            kwargs["widget"] = TagsWidget(db_field.remote_field, self.admin_site)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Project]:
        projects = super().get_queryset(request).defer("embedding", "search_vector")
        if request.resolver_match and request.resolver_match.url_name == "projects_project_changelist":
            projects = projects.without_heavy_fields().prefetch_related("tags")
        return projects

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup == "submissions__comment" or super().lookup_allowed(lookup, value, request)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what was done to this project in the one history, which has the old values and the way back."""
        return redirect(f"{reverse('admin:projects_reviewaction_changelist')}?{urlencode({'q': object_id})}")

    def save_model(self, request: HttpRequest, obj: Project, form: ModelForm, change: bool) -> None:
        changed = set(form.changed_data) - {"seen"}
        form.state_before = state(Project.objects.get(pk=obj.pk), changed)  # type: ignore[attr-defined]
        note_changes(obj, changed, request.user)
        # Only what this person changed: a reading may have written the rest since the page was opened.
        obj.save(update_fields=[*(changed - {"tags"}), *NOTED_FIELDS])
        if changed & TEXTS:
            embed_anew(obj.pk)

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Keep what was changed, tags included, in the history."""
        super().save_related(request, form, formsets, change)
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name != "seen"}
        if changes:
            before = form.state_before  # type: ignore[attr-defined]  # of save_model
            self.keep_act(request, keep_change(form.instance, changes, before, request.user, Place.PROJECT))

    @action(description="Review", url_path="review", permissions=["view"], icon="rate_review")
    def review_this(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Lead to the review of this project, where it is merged, split and read again too."""
        return redirect(f"{reverse('admin:projects_project_review')}?{urlencode({'project': object_id})}")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Project], search_term: str
    ) -> tuple[QuerySet[Project], bool]:
        return typed(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        tools = [
            (f"{reverse('admin:projects_project_review')}?{request.GET.urlencode()}", "Review these", "rate_review")
        ]
        if self.has_change_permission(request):
            tools.append((reverse("admin:projects_project_import"), "Import reviews", "upload"))
        return super().changelist_view(request, {"more_tools": tools} | (extra_context or {}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def view_on_site(self, project: Project) -> str | None:
        """Return where readers find it; None while the site is closed."""
        return project.get_absolute_url() if settings.PUBLIC_SITE else None

    @display(description="tags")
    def shown_tags(self, project: Project) -> str:
        return ", ".join(tag.name for tag in project.tags.all())

    @display(description="source", ordering="source", label=SOURCE_COLOURS)
    def shown_source(self, project: Project) -> tuple[str, str]:
        return project.source, SHORT_SOURCES.get(project.source) or project.get_source_display()

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

    @display(description="★", ordering="is_bookmarked")
    def star(self, project: Project) -> str:
        """A star alone: a red cross at all others would look like a fault."""
        return "★" if project.is_bookmarked else ""

    @display(description="link")
    def short_link(self, project: Project) -> str | SafeString:
        return outside_link(project.primary_url, Truncator(shown_address(project)).chars(28) or "—")

    @display(description="link")
    def link(self, project: Project) -> str | SafeString:
        return outside_link(project.primary_url, shown_address(project) or "—")

    @display(description="confidence")
    def sureness(self, project: Project) -> str:
        if project.confidence is None:
            return "—"
        return f"{project.confidence:.0%}{', unsure' if project.is_unsure else ''}"

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


def shown_address(project: Project) -> str:
    """Return the primary URL in short."""
    return project.canonical_url or project.primary_url.partition("://")[2]
