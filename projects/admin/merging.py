"""Merging two projects in the admin: the likely pairs, both side by side, and the way back."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from psycopg.errors import QueryCanceled
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from core.admin.listing import ReadOnlyAdmin
from core.api.listing import limited_query
from projects.models import Project, ProjectMerge
from projects.reviewing.merging import MergeError, find_likely_pairs, merge, unmerge

PAIRS = 100


class MergePages(ModelAdmin):
    """The pages and actions of merging, for the admin of projects."""

    actions: tuple[str, ...] = ("merge_selected",)
    actions_list = ("likely_duplicates",)

    def get_urls(self) -> list[URLPattern]:
        own = path("merge/", self.admin_site.admin_view(self.merge_page), name="projects_project_merge")
        return [own, *super().get_urls()]

    @admin.action(description="Merge two projects…", permissions=["change"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Project]) -> HttpResponse | None:
        """Lead to the page that shows both; nothing is merged yet."""
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[:3])
        if len(ids) != 2:
            messages.error(request, "Choose exactly two projects to merge.")
            return None
        return redirect(f"{reverse('admin:projects_project_merge')}?{urlencode({'ids': ids}, doseq=True)}")

    @action(description="Likely duplicates", url_path="duplicates", permissions=["change"], icon="join_inner")
    def likely_duplicates(self, request: HttpRequest) -> HttpResponse:
        """List the pairs that ``find_duplicates`` lists, where they are found within seconds."""
        try:
            with limited_query():
                pairs = find_likely_pairs(settings.DEDUP_SIMILARITY_THRESHOLD, PAIRS)
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            return self._page(request, "duplicates", "Likely duplicates", {"took_too_long": True})
        rows = Project.objects.without_heavy_fields().in_bulk([pk for pair in pairs for pk in pair.ids])
        shown = [(pair, rows[pair.first_id], rows[pair.second_id]) for pair in pairs if rows.keys() >= set(pair.ids)]
        context = {"pairs": shown, "threshold": settings.DEDUP_SIMILARITY_THRESHOLD}
        return self._page(request, "duplicates", "Likely duplicates", context)

    def merge_page(self, request: HttpRequest) -> HttpResponse:
        """Show two projects side by side; merge them when the form comes back."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        given = request.POST if request.method == "POST" else request.GET
        ids = sorted({int(value) for value in given.getlist("ids") if value.isdecimal() and len(value) < 19})
        projects = list(
            Project.objects.filter(pk__in=ids)
            .defer("embedding", "search_vector")
            .prefetch_related("tags", "submissions__comment")
            .order_by("pk")
        )
        if len(projects) != 2:
            messages.error(request, "It takes two projects to merge; one may have been merged or removed meanwhile.")
            return redirect("admin:projects_project_changelist")
        if request.method == "POST":
            return self._merge(request, projects)
        return self._page(request, "merge", "Merge two projects", {"projects": projects})

    def _merge(self, request: HttpRequest, projects: list[Project]) -> HttpResponse:
        kept = next((row for row in projects if str(row.pk) == request.POST.get("kept")), None)
        if kept is None:
            messages.error(request, "Choose which of the two stays.")
            return self._page(request, "merge", "Merge two projects", {"projects": projects})
        [absorbed] = [row for row in projects if row is not kept]
        try:
            record = merge(kept.pk, absorbed.pk, request.user)
        except MergeError as error:
            messages.error(request, str(error))
            return redirect("admin:projects_project_changelist")
        self.log_change(request, kept, f"Merged “{absorbed.title}” ({record.absorbed_id}) into it.")
        undo = f"{reverse('admin:projects_projectmerge_changelist')}?{urlencode({'q': record.absorbed_title})}"
        text = 'Merged “{}” into “{}”. <a class="underline" href="{}">It can be undone.</a>'
        messages.success(request, format_html(text, record.absorbed_title, kept.title, undo))
        return redirect("admin:projects_project_change", kept.pk)

    def _page(self, request: HttpRequest, name: str, title: str, context: dict[str, Any]) -> HttpResponse:
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": title,
            "merge_url": reverse("admin:projects_project_merge"),
        }
        return TemplateResponse(request, f"admin/projects/project/{name}.html", shared | context)


@admin.register(ProjectMerge)
class ProjectMergeAdmin(ReadOnlyAdmin):
    """What was merged into what, and by whom; each merge can be undone once."""

    list_display = ("absorbed_title", "into", "merged_by", "merged_at", "undone_at")
    list_filter = (("undone_at", admin.EmptyFieldListFilter),)
    search_fields = ("absorbed_title", "kept__title")
    list_select_related = ("merged_by",)
    fields = ("absorbed_title", "absorbed_id", "into", "merged_by", "merged_at", "undone_at")
    actions = ("undo",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProjectMerge]:
        heavy = ("absorbed", "kept_before", "kept__embedding", "kept__search_vector", "kept__description")
        return super().get_queryset(request).select_related("kept").defer(*heavy)

    def has_undo_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("projects.change_project")

    @display(description="into", ordering="kept__title")
    def into(self, record: ProjectMerge) -> SafeString:
        url = reverse("admin:projects_project_change", args=[record.kept_id])
        return format_html('<a href="{}">{}</a>', url, record.kept.title)

    @admin.action(description="Undo: bring the merged project back", permissions=["undo"])
    def undo(self, request: HttpRequest, queryset: QuerySet[ProjectMerge]) -> None:
        """Part what was merged, the latest first; what cannot be parted is said, and the others are."""
        for pk in queryset.order_by("-merged_at").values_list("pk", flat=True):
            try:
                back = unmerge(pk)
            except MergeError as error:
                messages.error(request, str(error))
            else:
                self.log_change(request, back, "Brought back: its merge was undone.")
                url = reverse("admin:projects_project_change", args=[back.pk])
                text = '<a class="underline" href="{}">“{}”</a> is back, with its review and bookmark.'
                messages.success(request, format_html(text, url, back.title))
