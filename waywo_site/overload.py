"""What a web process does with more requests than it can serve: while too many wait, those whose turn it is, which
have waited longest, are told to come back, which takes no time.

Without it all would wait, longer than their callers do, and a process that ends would drop those it still holds.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from core.api.problems import MEDIA_TYPE, Problem

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# Of one process, beside those that its threads answer: some seconds of work.
MOST_WAITING = 200
RETRY_SECONDS = 5
# Whoever watches the server must not take a full one for a dead one.
ALWAYS_ANSWERED = ("/healthz", "/readyz")
TOLD = f"More is asked of this server than it can answer just now. Try again in {RETRY_SECONDS} s."


def shedding(application: Application, waiting: Callable[[], int]) -> Application:
    """Return ``application`` with the answer 503 and Retry-After while more than MOST_WAITING requests wait.

    ``waiting`` tells how many do.
    """

    def answer(asked: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = asked.get("PATH_INFO", "")
        if waiting() <= MOST_WAITING or path in ALWAYS_ANSWERED:
            return application(asked, start_response)
        kind, body = "text/plain; charset=utf-8", TOLD
        if path.startswith("/api/"):
            kind, body = MEDIA_TYPE, json.dumps(Problem(503, TOLD).as_dict())
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        start_response("503 Service Unavailable", [*headers.items(), ("Retry-After", str(RETRY_SECONDS))])
        return [body.encode()]

    return answer
