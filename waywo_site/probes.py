"""/healthz, /readyz and /metrics: for balancers, containers and Prometheus."""

import hmac
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from waywo_site.api.tokens import bootstrap_token
from waywo_site.embedded import EmbeddedError
from waywo_site.operations import metrics
from waywo_site.operations.health import looking, watch
from waywo_site.operations.health.findings import FAILED, OK
from waywo_site.operations.health.looking import TooSlow, within

# Together below the 2 seconds that /readyz promises.
LOOK_SECONDS = 1.2
SESSION_SECONDS = 0.4


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; nothing else is asked."""
    return JsonResponse({"status": OK})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Say within 2 seconds whether database, broker and schema are there: 200, or 503.

    Why not is for staff, and for a token of API_TOKENS, which is known without a database.
    """
    found = watch.checks(looking.READINESS, seconds=LOOK_SECONDS)
    state = looking.worst(found)
    body: dict[str, Any] = {"status": state}
    has_database = any(check.name == "database" and check.state != FAILED for check in found)
    if _may_see_details(request, has_database):
        body["checks"] = [check.as_dict() for check in found]
    return JsonResponse(body, status=503 if state == FAILED else 200)


def _may_see_details(request: HttpRequest, has_database: bool) -> bool:
    if bootstrap_token(_bearer(request)) is not None:
        return True
    if not has_database or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    try:
        return within(SESSION_SECONDS, lambda: request.user.is_active and request.user.is_staff)
    except (TooSlow, DatabaseError, EmbeddedError):
        return False


@require_safe
@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Return the metrics to who has METRICS_TOKEN; without that variable there is no such page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not hmac.compare_digest(_bearer(request).encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="metrics"'})
    try:
        return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)
    except (DatabaseError, EmbeddedError):
        return HttpResponse("The database cannot be reached.\n", status=503, content_type="text/plain")


def _bearer(request: HttpRequest) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""
