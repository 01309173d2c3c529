"""The one place that builds an httpx client, and the base of every error an outside service can cause."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

USER_AGENT = "waywo/1.0 (index of what Hacker News is working on)"
TIMEOUT = httpx.Timeout(10.0, connect=5.0)


class OutsideError(Exception):
    """An outside service failed us.

    ``permanent`` is true when asking again cannot help; ``retry_after`` is the pause in seconds that the
    service asked for, None when it named none.
    """

    permanent = False

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotAsked(OutsideError):
    """A service that is known to be down was not asked; ``retry_after`` says in how many seconds it is.

    Nothing was tried, so it counts neither as a try of the task nor as an attempt of what it works on.
    """


def build_client(
    *,
    timeout: httpx.Timeout = TIMEOUT,
    limits: httpx.Limits | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    **options,
) -> httpx.AsyncClient:
    """Return an async client with Waywo's user agent and timeouts, deaf to proxy settings of the environment.

    Every request has a timeout (10 s a read, 5 s to connect): without one a client waits for ever on a dead
    peer.
    """
    return httpx.AsyncClient(
        headers={"User-Agent": USER_AGENT},
        timeout=timeout,
        limits=limits or httpx.Limits(),
        transport=transport,
        trust_env=False,
        **options,
    )


def asked_pause(response: httpx.Response) -> float | None:
    """Return the seconds that the answer's Retry-After asks for, None where it has none that can be read.

    Both forms of the header are read: seconds, and an HTTP date (0 when it has passed).
    """
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def in_short(error: BaseException) -> str:
    """Return one line of at most 200 characters that says what happened, for a message or a log.

    Several of httpx's timeouts have no text of their own: their kind stands in for it.
    """
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:200]
