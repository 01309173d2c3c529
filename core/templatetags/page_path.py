"""The path at the top of a page of the admin, in the words of its menu."""

from typing import Any

from django import template
from django.contrib.admin.utils import quote
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def page_path(context: template.RequestContext) -> SafeString:
    """Show section and entry of the menu, then what the page is of.

    Unfold's own names app and model instead, which people who know the menu do not look for; it stands where the menu
    has no entry.
    """
    from unfold.templatetags.unfold import header_title

    opts = context.get("opts") or getattr(context.get("model_admin"), "opts", None)
    entry = _entry(context, reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")) if opts else None
    if opts is None or entry is None:
        theirs: SafeString = header_title(context)
        return theirs
    section, name, address = entry
    parts = [{"title": section}, {"title": name, "link": address}]
    row = next((row for row in map(context.get, ("original", "object")) if row and not isinstance(row, str)), None)
    if row is not None:
        link = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[quote(row.pk)])
        parts.append({"title": row, "link": link})
    elif not context.get("opts") and context.get("content_title"):
        parts.append({"title": context["content_title"]})
    return render_to_string("unfold/helpers/header_title.html", {"parts": parts})


def _entry(context: template.RequestContext, address: str) -> tuple[Any, Any, str] | None:
    """Return section, name and address of the menu's entry for the list at ``address``."""
    for section in context.get("sidebar_navigation") or ():
        for item in section.get("items", ()):
            if item["link"] == address and section.get("title"):
                return section["title"], item["title"], address
    return None
