"""Compresses what readers get: pages, feeds, style sheets and scripts."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import reverse

TYPES = (
    *("text/", "application/javascript", "application/json", "application/atom+xml", "application/xml"),
    "image/svg+xml",
)


class CompressionMiddleware(GZipMiddleware):
    """gzip for whole answers that are text, but for the admin and the API.

    Their pages hold tokens (CSRF) beside what a caller sends, which a compressed length could give away (BREACH); a
    page for readers holds no secret.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Return the answer, compressed where that helps."""
        is_text = response.get("Content-Type", "").startswith(TYPES)
        closed = (reverse("admin:index"), reverse("api:api-root"))
        if response.status_code != 200 or not is_text or request.path.startswith(closed):
            return response
        return super().process_response(request, response)
