"""Misconfiguration of collection, as system checks."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from comments.sources import SOURCES, enabled_sources


@register()
def sources_exist(**_: Any) -> list[CheckMessage]:
    """Return an error for a name in SOURCES that is not a source."""
    try:
        enabled_sources()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint=f"SOURCES takes names of {', '.join(SOURCES)}.", id="comments.E001")]
    return []
