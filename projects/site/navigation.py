"""What every page of the site has around its content."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.caching import is_staff

# The menu: what it says and the name of the page.
MENU = (
    ("Projects", "site:projects"),
    ("Months", "site:months"),
    ("Tags", "site:tags"),
    ("Authors", "site:authors"),
    ("Trends", "site:trends"),
    ("Saved", "site:saved"),
    ("About", "site:about"),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """A context processor: ``menu`` with this page's entry marked, ``is_staff``, ``page_url`` without its query."""
    entries = [(name, reverse(view)) for name, view in MENU]
    return {
        "menu": [(name, url, request.path.startswith(url)) for name, url in entries],
        "is_staff": is_staff(request),
        "page_url": request.build_absolute_uri(request.path),
    }
