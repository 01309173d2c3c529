"""The saved views above a list of the admin."""

from typing import Any

from django import template
from django.contrib.admin.views.main import ChangeList

register = template.Library()


@register.inclusion_tag("core/saved_views.html", takes_context=True)
def saved_views(context: dict[str, Any], cl: ChangeList) -> dict[str, Any]:
    """Show this person's views of the list ``cl``, and where there is something to keep, a button that does."""
    # Libraries of tags are imported while Unfold is, which what stands behind them builds on.
    from core.admin.saved_views import canonical, views_of

    query = canonical(context["request"].GET)
    views = [(view, address) for view, address in views_of(context["request"]) if view.model == cl.opts.label_lower]
    is_saved = any(view.query == query for view, _ in views)
    return {
        "views": views,
        "query": query,
        "list": cl.opts.label_lower,
        "is_new": bool(query) and not is_saved and not cl.is_popup,
        "csrf_token": context.get("csrf_token"),
    }
