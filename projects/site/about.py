"""What this is, told honestly."""

from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comments.models import Comment
from core.caching import cached_by_version
from projects.asking.models import KEPT_FOR
from projects.models import Project
from projects.site.errors import reader_page


@cached_by_version
@reader_page
def about(request: HttpRequest) -> HttpResponse:
    """What this is, how comments are read, what is pending, and how to have something removed."""
    pending = Q(review_status=Project.ReviewStatus.PENDING)
    context = {
        "title": "About",
        "description": "What Waywo is, how comments are read, and how to have something removed.",
        "counted": Project.objects.published()
        .posted()
        .aggregate(total=Count("pk"), pending=Count("pk", filter=pending)),
        "unread": Comment.objects.visible().pending().filter(is_set_aside=False).count(),
        "language_model": settings.LLM_MODEL if settings.LLM_BASE_URL else "",
        "kept_days": KEPT_FOR.days,
        "contact": contact(settings.CONTACT),
    }
    return render(request, "projects/site/about.html", context)


def contact(text: str) -> dict[str, Any] | None:
    """Return the operator's address as it is shown and as a link leads there (empty for one that no link can)."""
    if not text:
        return None
    if text.startswith(("http://", "https://")):
        return {"text": text, "url": text}
    return {"text": text, "url": f"mailto:{text}" if "@" in text and " " not in text else ""}
