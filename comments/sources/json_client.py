"""Asks an HTTP API for JSON, tries again with backoff and jitter, and says in its errors if asking again helps.

One that is down is left alone for a minute (core/circuit.py), and how it answers is counted (tally.py).
"""

import asyncio
import json
import random
import time
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from comments.sources.tally import tally
from core.circuit import Circuit
from core.http import InvalidAnswer, OutsideError, Unavailable, build_session, in_short, status_error

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

LONGEST_BACKOFF = 10.0  # seconds
LONGEST_ASKED_PAUSE = 30.0  # seconds of Retry-After waited for here; a longer one is the caller's matter
REQUEST_DEADLINE = 30.0  # seconds for a whole request
REDIRECTS = (301, 302, 303, 307, 308)
# Requests in a row that failed with all their tries until it counts as down: a few comments may be broken.
FAILURES_IN_A_ROW = 10


class JsonClient:
    """A client of one JSON API, to be used as ``async with``.

    ``concurrency`` connections at most are open at once and kept. ``attempts`` counts all tries of one request;
    between them it waits ``backoff`` seconds, doubled each time up to 10, with full jitter, or what Retry-After asks.
    """

    source: ClassVar[str]  # the name of the source that it belongs to
    endpoint: ClassVar[str]  # what this interface of the source is called
    setting: ClassVar[str]  # the variable that holds its address
    largest_body: ClassVar[int] = 8_000_000  # bytes

    def __init__(self, base_url: str, concurrency: int = 20, attempts: int = 3, backoff: float = 0.5) -> None:
        for name, value in (("concurrency", concurrency), ("attempts", attempts)):
            if value < 1:
                raise ValueError(f"{name}={value} is invalid: it expects a whole number of 1 or more.")
        self.base_url = base_url.rstrip("/")
        self.concurrency = concurrency
        self._attempts = attempts
        self._backoff = backoff
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = build_session(connections=self.concurrency, deadline=REQUEST_DEADLINE)
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(self, path: str, parse: Callable[[Any], T]) -> T:
        """Return what ``parse`` makes of the decoded answer to ``path``, which begins with a slash.

        Raises Unavailable and InvalidAnswer (also where ``parse`` raises it) after all tries, Refused at once,
        Unavailable at once with ``retry_after`` when it asks for a pause of more than 30 s, and NotAsked while this
        address counts as down.
        """
        with circuit_of(self.base_url, self.endpoint).call():
            tries = 0
            while True:
                tries += 1
                try:
                    return await self._counted(path, parse)
                except (Unavailable, InvalidAnswer) as error:
                    if tries >= self._attempts or (error.retry_after or 0) > LONGEST_ASKED_PAUSE:
                        raise
                    await asyncio.sleep(self._pause(tries, error.retry_after))

    async def _counted(self, path: str, parse: Callable[[Any], T]) -> T:
        """Ask once, and count how that went."""
        began = time.monotonic()
        try:
            answer = parse(await self._ask(self.base_url + path))
        except OutsideError as error:
            tally.note(self.source, self.endpoint, time.monotonic() - began, error)
            raise
        tally.note(self.source, self.endpoint, time.monotonic() - began)
        return answer

    def _pause(self, tries: int, asked: float | None) -> float:
        jittered = random.uniform(0, min(LONGEST_BACKOFF, self._backoff * 2 ** (tries - 1)))  # noqa: S311 - no secret
        # Jitter on top of what was asked for: 20 workers must not come back in the same instant.
        return jittered if asked is None else asked + min(jittered, 1.0)

    async def _ask(self, url: str) -> Any:
        from aiohttp import ClientError

        if self._session is None:
            raise RuntimeError(f"{type(self).__name__} is used as 'async with {type(self).__name__}(…) as source'.")
        try:
            async with self._session.get(url, allow_redirects=False) as response:
                _check_status(url, response, self.setting)
                body = await _read(url, response, self.largest_body)
        except ClientError as error:
            raise Unavailable(f"{url}: {in_short(error)}.") from error
        except TimeoutError:
            raise Unavailable(f"{url}: no whole answer within {REQUEST_DEADLINE:g} s.") from None
        return _decoded(url, body)


@cache
def circuit_of(base_url: str, endpoint: str) -> Circuit:
    """Return the circuit of an address, one for all clients of this process."""
    return Circuit(f"{endpoint} ({base_url})", failures=FAILURES_IN_A_ROW)


def shown(value: object) -> str:
    """Return the start of a value for a message of one line."""
    if isinstance(value, str | bytes):
        value = value[:60]
    text = repr(value) if not isinstance(value, dict | list) else f"{type(value).__name__} of {len(value)}"
    return text if len(text) <= 80 else text[:77] + "..."


def _check_status(url: str, response: "aiohttp.ClientResponse", setting: str) -> None:
    status = response.status
    if status == HTTPStatus.OK:
        return
    came = f"{url}: answered {status} {response.reason or ''}".rstrip() + "."
    if status in REDIRECTS and "Location" in response.headers:
        came += f" It points to {shown(response.headers['Location'])}: check {setting}."
    raise status_error(status, came, response.headers)


async def _read(url: str, response: "aiohttp.ClientResponse", largest: int) -> bytes:
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > largest:
            raise InvalidAnswer(f"{url}: answered more than {largest:,} bytes.")
    return bytes(body)


def _decoded(url: str, body: bytes) -> object:
    if not body.strip():
        raise Unavailable(f"{url}: answered nothing.")
    try:
        return json.loads(body)
    # Deep nesting ends in RecursionError; half an answer, HTML, and what is not UTF-8 in ValueError.
    except (ValueError, RecursionError):
        raise Unavailable(f"{url}: answered no JSON but {shown(body)}.") from None
