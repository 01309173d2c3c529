"""Saved views of the lists: a person names the search, filters and order of the moment, and finds them again.

They stand above their list and in the menu, are that person's own, and are deleted where they stand.
"""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin.listing import require
from core.models import SavedView

# What of the query of a list is of the moment, and no choice.
PASSING = ("p", "e", "all", "_popup", "_to_field", "_changelist_filters")
LONGEST_QUERY = 2000  # as the column takes


def canonical(query: QueryDict) -> str:
    """Return the search, filters and order of a list's query, always in the same words; empty where there are none."""
    chosen = [(name, value) for name, values in query.lists() for value in values if name not in PASSING and value]
    return urlencode(sorted(chosen))


def list_address(model: type[models.Model]) -> str:
    """Return the address of the admin's list of ``model``."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def views_of(request: HttpRequest) -> list[tuple[SavedView, str]]:
    """Return the views of this person with their addresses, of the lists that they may still see; one query a page."""
    kept: list[tuple[SavedView, str]] | None = getattr(request, "saved_views", None)
    if kept is None:
        lists = {model._meta.label_lower: model for model in admin.site._registry}
        views = SavedView.objects.filter(user=request.user.pk, model__in=lists)
        kept = [
            (view, f"{list_address(lists[view.model])}?{view.query}")
            for view in views
            if admin.site._registry[lists[view.model]].has_view_permission(request)
        ]
        request.saved_views = kept  # type: ignore[attr-defined]
    return kept


class SavedViewForm(forms.Form):
    """The name of a view of ``user``, whose list and query stand in ``view``."""

    name = forms.CharField(
        max_length=60,
        help_text="As it shall stand above the list and in the menu.",
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )

    def __init__(self, view: SavedView, data: Any = None) -> None:
        super().__init__(data)
        self.view = view

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if SavedView.objects.filter(user=self.view.user_id, model=self.view.model, name=name).exists():
            raise forms.ValidationError(f"You have a view “{name}” of this list: choose another name, or delete that.")
        return name

    def clean(self) -> dict[str, Any]:
        if not self.view.query:
            raise forms.ValidationError("There is nothing to keep: choose a filter, an order or words first.")
        if len(self.view.query) > LONGEST_QUERY:
            raise forms.ValidationError(
                f"These filters take {len(self.view.query)} characters, and {LONGEST_QUERY} can be kept: choose fewer."
            )
        return super().clean() or {}


def save(request: HttpRequest) -> HttpResponse:
    """Ask for the name of the view that ``list`` and ``query`` tell of, and keep it."""
    given = request.POST if request.method == "POST" else request.GET
    model = next((one for one in admin.site._registry if one._meta.label_lower == given.get("list")), None)
    if model is None:
        raise Http404("There is no such list.")
    require(admin.site._registry[model].has_view_permission(request))
    view = SavedView(model=model._meta.label_lower)
    view.user = request.user  # type: ignore[assignment]  # the admin lets in who is signed in
    view.query = canonical(QueryDict(given.get("query", "")))
    form = SavedViewForm(view, request.POST if request.method == "POST" else None)
    address = f"{list_address(model)}?{view.query}"
    if form.is_valid():
        view.name = form.cleaned_data["name"]
        view.save()
        messages.success(request, f"Saved as “{view.name}”: it stands above this list and in the menu.")
        return HttpResponseRedirect(address)
    context = admin.site.each_context(request) | {
        "title": "Save this view",
        "content_title": "Save this view",
        "form": form,
        "view": view,
        "names": capfirst(str(model._meta.verbose_name_plural)),
        "chosen": _in_words(QueryDict(view.query)),
        "list_url": address,
    }
    return TemplateResponse(request, "core/save_view.html", context)


def _in_words(query: QueryDict) -> list[tuple[str, str]]:
    """Return the names and values of a query as people read them. An order is columns by number, which say nothing."""
    names = {"q": "words", "o": "order"}
    return [
        (names.get(name, name.replace("__", " ").replace("_", " ")), "as it is now" if name == "o" else value)
        for name, values in query.lists()
        for value in values
    ]


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a view of the person who asks, and go back to its list."""
    view = SavedView.objects.filter(pk=pk, user=request.user.pk).first()
    if view is None:
        messages.info(request, "That view was deleted already.")
        return HttpResponseRedirect(reverse("admin:index"))
    view.delete()
    messages.success(request, f"The view “{view.name}” was deleted; what it showed stays.")
    model = next(one for one in admin.site._registry if one._meta.label_lower == view.model)
    return HttpResponseRedirect(f"{list_address(model)}?{view.query}")
