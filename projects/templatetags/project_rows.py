"""Rows of projects in the readers' pages: ``{% load project_rows %}``."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def project_rows(shown: Iterable[Any], level: int | str = 2, layout: str = "list") -> SafeString:
    """Show rows (projects/site/rows.py) in a ``layout``, "list" or "cards"; titles are headings of ``level``."""
    from projects.site.rows import rows_html

    return rows_html(shown, layout, int(level or 2))


@register.simple_tag
def project_facts(row: Any) -> SafeString:
    """Show the line below the title of a row."""
    from projects.site.rows import facts_html

    return facts_html(row)


@register.simple_tag
def marked(segments: Iterable[Any]) -> SafeString:
    """Show stretches of a text, with what was looked for marked."""
    from projects.site.rows import segments_html

    return segments_html(segments)
