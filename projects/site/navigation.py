"""What every page of the site has around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from core.caching import is_staff

# The menu: what it says and the name of the page.
MENU = (
    ("Ask", "site:ask"),
    ("Projects", "site:projects"),
    ("Months", "site:months"),
    ("Tags", "site:tags"),
    ("Authors", "site:authors"),
    ("Trends", "site:trends"),
    ("Map", "site:map"),
    ("Saved", "site:saved"),
    ("About", "site:about"),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """A context processor: ``menu`` with this page's entry marked, ``is_staff``, ``page_url`` without its query.

    Also ``some_wait`` to staff where readers see approved projects alone, and ``shows_waiting``.
    """
    entries = [(name, reverse(view)) for name, view in MENU]
    return {
        "menu": [(name, url, request.path.startswith(url)) for name, url in entries],
        "is_staff": is_staff(request),
        "some_wait": is_staff(request) and settings.PUBLIC_PROJECTS == "approved",
        "shows_waiting": shows_waiting(request),
        "page_url": request.build_absolute_uri(request.path),
    }


def shows_waiting(request: HttpRequest) -> bool:
    """Return whether staff asked, by ``?waiting=1``, for what readers see only once it is approved, too."""
    return request.GET.get("waiting") == "1" and settings.PUBLIC_PROJECTS == "approved" and is_staff(request)
