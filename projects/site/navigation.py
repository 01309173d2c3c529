"""What every page of the site has around its content."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

# The menu: what it says and the name of the page.
MENU = (
    ("Projects", "site:projects"),
    ("Months", "site:months"),
    ("Tags", "site:tags"),
    ("Authors", "site:authors"),
    ("Trends", "site:trends"),
    ("About", "site:about"),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """A context processor: ``menu`` with the entry of this page marked, ``is_staff``, ``page_url`` without its query.

    Readers have no session; only who sends its cookie is looked up.
    """
    entries = [(name, reverse(view)) for name, view in MENU]
    return {
        "menu": [(name, url, request.path.startswith(url)) for name, url in entries],
        "is_staff": settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_staff,  # type: ignore[union-attr]
        "page_url": request.build_absolute_uri(request.path),
    }
