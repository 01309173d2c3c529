"""The one place that builds HTTP clients, the one family of errors that outside services cause, and its one rule."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx

from core.text import storable

if TYPE_CHECKING:
    import aiohttp

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 10.0  # seconds
TIMEOUT = httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT)


def user_agent() -> str:
    """Return what Waywo calls itself, with the ``CONTACT`` of who runs it, if one is set."""
    from django.conf import settings

    contact = f"; +{settings.CONTACT}" if settings.CONTACT else ""
    return f"waywo/1.0 (index of what Hacker News is working on{contact})"


class OutsideError(Exception):
    """An outside service failed us.

    ``permanent`` is true when asking again cannot help; ``retry_after`` is the pause in seconds that the
    service asked for, None when it named none.
    """

    permanent = False
    status: int | None = None
    """The HTTP status that it came as, where it did."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(storable(message))
        self.retry_after = retry_after

    @property
    def is_forbidden(self) -> bool:
        """True for a 403: it may be there, and is not for us. Work goes on without it, and names what is missing."""
        return self.status == HTTPStatus.FORBIDDEN


class Unavailable(OutsideError):
    """It may pass: a time-out, a broken connection, a status that ``may_pass``, an answer that is not JSON."""


class Unreachable(Unavailable):
    """Nobody took the question: no connection was made, or a gateway said that nothing is behind it (502, 503).

    So it says nothing of what was asked.
    """


class Refused(OutsideError):
    """Asking again cannot help: another status, a setting that is missing or wrong."""

    permanent = True


class InvalidAnswer(OutsideError):
    """The service answered, and not what was asked for: a field is missing or wrong, or it declined."""

    permanent = True


class NotAsked(OutsideError):
    """A service that is known to be down was not asked; ``retry_after`` says in how many seconds it is.

    Nothing was tried, so it counts neither as a try of the task nor as an attempt of what it works on.
    """


class Down(NotAsked):
    """A service was asked, and is down: that is no fault of what it was asked, and costs it as little."""


def may_pass(status: int) -> bool:
    """Return whether the same request may succeed later, by the status (RFC 9110) that it was answered with now.

    408 Request Timeout, 409 Conflict (model servers answer so while they load), 425 Too Early, 429 Too Many Requests,
    and every 5xx.
    """
    return status in (408, 409, 425, 429) or status >= 500


def status_error(status: int, message: str, headers: Mapping[str, str]) -> OutsideError:
    """Return the error that a status means: Unavailable, with the pause it asks for, or Refused."""
    error = Unavailable(message, retry_after=asked_pause(headers)) if may_pass(status) else Refused(message)
    error.status = status
    return error


# What services call their errors where they give no status: words of a code or type -> the status that they mean.
NAMED_ERRORS = (
    (r"rate.?limit|quota|exhausted|too.?many", 429),
    (r"overload|unavailable|capacity|loading", 503),
    (r"auth|api.?key|permission", 401),
    (r"not.?found", 404),
    (r"invalid|context.?length|bad.?request|unsupported", 400),
)
UNNAMED_ERROR = 502  # a gateway that tells of a failure behind it


def told_error(answer: Any) -> tuple[int, str] | None:
    """Return the status and message of an error that stands in the JSON of an answer with status 200; None for none.

    Gateways answer so when what is behind them failed. Without a status of its own it counts as what its name says,
    else as 502.
    """
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, dict):
        return None
    error = answer if answer.get("object") == "error" else answer.get("error")
    if not error:
        return None
    if not isinstance(error, dict):
        return UNNAMED_ERROR, str(error)
    codes = [str(error.get(name) or "") for name in ("code", "status", "status_code", "type")]
    message = str(error.get("message") or error.get("detail") or error)
    for code in codes:
        if re.fullmatch(r"[45]\d\d", code):
            return int(code), message
    for words, status in NAMED_ERRORS:
        if re.search(words, " ".join(codes), re.IGNORECASE):
            return status, message
    return UNNAMED_ERROR, message


def build_client(
    *,
    timeout: httpx.Timeout = TIMEOUT,
    limits: httpx.Limits | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    **options: Any,
) -> httpx.AsyncClient:
    """Return an async client with Waywo's user agent and timeouts, which ignores the environment's proxy settings.

    Every request has a timeout (10 s a read, 5 s to connect): without one a client waits for ever on a dead
    peer.
    """
    return httpx.AsyncClient(
        headers={"User-Agent": user_agent()},
        timeout=timeout,
        limits=limits or httpx.Limits(),
        transport=transport,
        trust_env=False,
        **options,
    )


def build_session(*, connections: int, deadline: float) -> "aiohttp.ClientSession":
    """Return a session for thousands of small requests to one host, otherwise like ``build_client``'s.

    aiohttp takes 0.3 ms of processor a request where httpx takes 2 (measured: 20 connections, 50 ms an answer), and
    that is what bounds a collection. ``deadline`` is in seconds and for a whole request: a drip never ends else.
    Cookies are not kept. To be called inside of the loop that it is for.
    """
    import aiohttp

    return aiohttp.ClientSession(
        headers={"User-Agent": user_agent()},
        timeout=aiohttp.ClientTimeout(total=deadline, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT),
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that Retry-After asks for, None where it is not there or cannot be read.

    Both forms of the header are read: seconds, and an HTTP date (0 when it has passed).
    """
    value = headers.get("Retry-After", "").strip()
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
    text = " ".join(storable(str(error)).split())
    return (text or type(error).__name__)[:200]
