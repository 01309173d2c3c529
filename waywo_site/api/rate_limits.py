"""How many requests a caller of the API may make.

Counted in PostgreSQL, which is always there and the same for every process and machine; a cache in a process would
count for itself alone, and the broker need not be Redis. One upsert into an unlogged table a request.
"""

import random
import time

from django.db import connection

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
