"""Downloads of what a list shows, whatever its filters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin

from core.admin.listing import filtered_rows, page_context, require
from core.api.problems import Problem
from core.api.streams import stream
from core.tables import LABELS, MEDIA_TYPES, table_file


@dataclass(frozen=True)
class Export:
    """A kind of file: its columns and how rows of the list become rows of the file."""

    label: str
    fields: Sequence[str]
    rows: Callable[[Any], Iterator[dict[str, Any]]]
    help_text: str = ""


class ExportAdmin(ModelAdmin):
    """A list whose rows, as filtered, can be downloaded. Who may look at them may download them."""

    exports: dict[str, Export] = {}
    list_before_template = "core/list_tools.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list with its tools above: those of ``more_tools`` (address, label, icon), and the downloads."""
        context = dict(extra_context or {})
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_export"
        export = (f"{reverse(name)}?{request.GET.urlencode()}", "Export", "download")
        context["list_tools"] = [*context.pop("more_tools", []), export]
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export_view), name=name), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Show which files there are; with ``what`` and ``format`` in the query send one."""
        require(self.has_view_permission(request))
        conditions = request.GET.copy()
        what, wanted = conditions.pop("what", [""])[-1], conditions.pop("format", [""])[-1]
        request.GET = conditions  # type: ignore[assignment]  # where the list reads its filters
        list_url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        try:
            rows = filtered_rows(self, request)
        except IncorrectLookupParameters:
            messages.error(request, "This list has no such filters: choose them again.")
            return HttpResponseRedirect(list_url)
        if what in self.exports and wanted in MEDIA_TYPES:
            return self._file(request, self.exports[what], what, wanted, rows)
        exports = [
            (export, [(label, f"?{_query(conditions, name, key)}") for key, label in LABELS.items()])
            for name, export in self.exports.items()
        ]
        context = page_context(
            self,
            request,
            "Export",
            count=rows.count(),
            is_filtered=bool(conditions),
            list_url=f"{list_url}?{conditions.urlencode()}",
            exports=exports,
        )
        return TemplateResponse(request, "core/export.html", context)

    def _file(
        self, request: HttpRequest, export: Export, what: str, format: str, rows: QuerySet[Any]
    ) -> HttpResponseBase:
        name = f"waywo-{what}-{timezone.localdate():%Y-%m-%d}.{format}"
        try:
            return stream(
                table_file(export.rows(rows), export.fields, format),
                MEDIA_TYPES[format],
                **{"Content-Disposition": f'attachment; filename="{name}"'},
            )
        except Problem as problem:
            messages.warning(request, str(problem.detail))
            return HttpResponseRedirect(f"{request.path}?{request.GET.urlencode()}")


def _query(conditions: QueryDict, what: str, format: str) -> str:
    query = conditions.copy()
    query["what"], query["format"] = what, format
    return query.urlencode()
