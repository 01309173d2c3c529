"""The figures of months and threads: to look at, not to edit."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin.listing import ReadOnlyAdmin
from projects.analytics.export import as_table
from projects.models import Analytics


@admin.register(Analytics)
class AnalyticsAdmin(ReadOnlyAdmin):
    list_display = ("period", "comments", "valid", "projects", "authors", "returning_authors", "computed_at")
    fields = readonly_fields = ("period", "post", "figures", "computed_at")
    list_filter = ("year", ("post", admin.EmptyFieldListFilter))
    list_select_related = ("post",)

    @display(description="valid", empty_value="—")
    def valid(self, row: Analytics) -> str | None:
        return None if row.valid_share is None else f"{row.valid_share:.0%}"

    @display(description="figures")
    def figures(self, row: Analytics) -> SafeString:
        """The ten first of each list; all of them: manage.py analytics --format json."""
        return format_html('<pre class="waywo-pre overflow-x-auto">{}</pre>', as_table(row))
