"""What the lists of the admin share."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from core.estimating import EstimatingPaginator


def outside_link(url: str, text: str) -> str | SafeString:
    """Return a link that tells the other side nothing about us; the bare text where there is no address."""
    if not url.startswith(("http://", "https://")):
        return text
    return format_html(
        '<a class="desk-link" href="{}" rel="noopener noreferrer nofollow" target="_blank">{} ↗</a>', url, text
    )


def filtered_list_link(view: str, text: object, **filters: Any) -> SafeString:
    """Return a link to an admin list with ``filters`` set."""
    return format_html('<a class="desk-link" href="{}?{}">{}</a>', reverse(f"admin:{view}"), urlencode(filters), text)


def require(allowed: bool, right: str = "") -> None:
    """Raise PermissionDenied unless ``allowed``; the page then says that ``right`` (comments.add_post) is missing."""
    if not allowed:
        raise PermissionDenied(right)


def page_context(model_admin: ModelAdmin, request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    """Return what the template of a page of ``model_admin`` needs; ``title`` ends the path at its top."""
    # Without "opts": with them Unfold would end that path at the list.
    return {
        **model_admin.admin_site.each_context(request),
        "model_admin": model_admin,
        "meta": model_admin.opts,
        "title": title,
        "content_title": title,
        **more,
    }


class ReadOnlyAdmin(ModelAdmin):
    """A list and a page of what machines wrote: to look at, not to edit."""

    show_full_result_count = False
    paginator = EstimatingPaginator
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted by hand: other rows hang on it, and clean-up removes what is old."""
        return False


class _OnlyFilters(ChangeList):
    """The filters of a list without its page of rows."""

    def get_results(self, request: HttpRequest) -> None:
        self.result_list, self.result_count, self.full_result_count = [], 0, None
        self.can_show_all, self.multi_page, self.show_admin_actions = False, False, False


def filtered_rows(model_admin: ModelAdmin, request: HttpRequest) -> Any:
    """Return all rows that the list of ``model_admin`` would show for the query of ``request``, without its order.

    Raises IncorrectLookupParameters for a filter that there is not.
    """
    request.offers_no_filters = True  # type: ignore[attr-defined]  # for filters that look up what they offer
    changelist = _OnlyFilters(
        request,
        model_admin.model,
        model_admin.get_list_display(request),
        model_admin.list_display_links,
        model_admin.get_list_filter(request),
        model_admin.date_hierarchy,
        model_admin.get_search_fields(request),
        model_admin.list_select_related,
        model_admin.list_per_page,
        model_admin.list_max_show_all,
        (),
        model_admin,
        model_admin.get_sortable_by(request),
        model_admin.search_help_text,
    )
    return changelist.get_queryset(request).order_by()
