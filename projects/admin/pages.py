"""The pages that projects link to."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin.filters import ValuesFilter
from core.admin.listing import ReadOnlyAdmin, outside_link
from projects.models import Page


@admin.register(Page)
class PageAdmin(ReadOnlyAdmin):
    list_display = ("url", "title", "status", "error", "fetched_at")
    bare_on_phones = ("title", "error", "fetched_at")
    list_filter = (("status", ValuesFilter), ("error", admin.EmptyFieldListFilter))
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
