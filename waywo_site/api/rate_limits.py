"""How many requests a caller of the API may make.

Counted in PostgreSQL, which is always there and the same for every process and machine; a cache in a process would
count for itself alone, and the broker need not be Redis. One upsert into an unlogged table a request.
"""

import ipaddress
import random
import time

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from core.api.problems import Problem
from waywo_site.models import RequestCount

WINDOW_SECONDS = 60
SWEEP_SHARE = 0.001

COUNT = """
    INSERT INTO waywo_site_requestcount AS counted (key, "window", count) VALUES (%s, %s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN counted."window" = EXCLUDED."window" THEN counted.count + 1 ELSE 1 END,
        "window" = EXCLUDED."window"
    RETURNING count
"""


def count_request(kind: str, caller: str, most: int) -> None:
    """Count one request of ``kind`` by ``caller``; raise the problem 429 for more than ``most`` in a minute."""
    now = time.time()
    window = int(now // WINDOW_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [f"{kind}:{caller}"[:100], window])
        [count] = cursor.fetchone()
    if random.random() < SWEEP_SHARE:  # noqa: S311 - housekeeping, no secret
        RequestCount.objects.filter(window__lt=window - 1).delete()
    if count > most:
        pause = int(WINDOW_SECONDS - now % WINDOW_SECONDS) + 1
        raise Problem(
            429,
            f"More than {most} requests in {WINDOW_SECONDS} s. Try again in {pause} s.",
            headers={"Retry-After": str(pause)},
        )


def address_of(request: HttpRequest) -> str:
    """Return the caller's address; of IPv6 the /64 network, which is one household's or one server's.

    Behind a proxy (which ``CSRF_TRUSTED_ORIGINS`` tells, see settings) it is what the proxy added last.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.SECURE_PROXY_SSL_HEADER:
        address = request.headers.get("X-Forwarded-For", address).split(",")[-1].strip()
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # A unix socket has no address.
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)
