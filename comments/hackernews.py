"""Hacker News' item API: one request an item, many at once, and errors that say if asking again helps.

https://github.com/HackerNews/API names no rate limit; Waywo keeps ``HN_CONCURRENCY`` connections open.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import httpx

from comments.http import OutsideError, asked_pause, build_client, in_short
from comments.text import storable

LONGEST_TEXT = 1_000_000  # characters; the longest comments have some 60,000
LONGEST_FIELD = 5_000  # characters of an author, title, type or URL
LARGEST_ID = 2**63 - 1  # what PostgreSQL's bigint holds
LATEST_TIME = 4_102_444_800  # 2100-01-01, seconds since 1970
LARGEST_BODY = 8_000_000  # bytes; a text of LONGEST_TEXT, escaped, fits

LONGEST_BACKOFF = 10.0  # seconds
LONGEST_ASKED_PAUSE = 30.0  # seconds of Retry-After waited for here; a longer one is the caller's matter
REQUEST_DEADLINE = 30.0  # seconds for a whole request: httpx limits each read, and a drip never ends


class HackerNewsError(OutsideError):
    """Hacker News did not give an item; the message is one line with the URL and what came instead."""


class Unavailable(HackerNewsError):
    """It may pass: a time-out, a broken connection, 408, 429, 5xx, or an answer that is not JSON."""


class Refused(HackerNewsError):
    """Asking again cannot help: 403, 404, another 4xx, a redirect."""

    permanent = True


class InvalidAnswer(HackerNewsError):
    """The answer is JSON but no item: a field is missing or of the wrong kind."""

    permanent = True


@dataclass(frozen=True, slots=True)
class Item:
    """One story, comment, job or poll as the item API gives it; absent texts are empty.

    ``text`` is HTML as served, except NUL characters and half surrogates, which PostgreSQL refuses. A deleted
    item has no author and no text. ``kids`` are the direct answers in the order they are shown.
    """

    id: int
    type: str
    author: str
    posted_at: datetime | None
    title: str
    text: str
    url: str
    score: int | None
    descendants: int | None
    kids: tuple[int, ...]
    parent: int | None
    dead: bool
    deleted: bool

    @classmethod
    def parse(cls, data: object, expected_id: int) -> Self:
        """Return the item that the decoded JSON ``data`` holds.

        Raises InvalidAnswer, naming the field, when it is no object, has another id than ``expected_id``, or
        a field of the wrong type or out of range.
        """
        fields = _Fields(data, expected_id)
        if fields.number("id", LARGEST_ID) != expected_id:
            raise fields.fault("id", f"is {expected_id}")
        kind = fields.text("type", LONGEST_FIELD)
        if not kind:
            raise fields.fault("type", "is the kind of item")
        return cls(
            id=expected_id,
            type=kind,
            author=fields.text("by", LONGEST_FIELD),
            posted_at=fields.time("time"),
            title=fields.text("title", LONGEST_FIELD),
            text=fields.text("text", LONGEST_TEXT),
            url=fields.text("url", LONGEST_FIELD),
            # A score can fall below zero, and -1 descendants have been seen.
            score=fields.number("score", 2**31 - 1, least=-(2**31)),
            descendants=fields.number("descendants", 2**31 - 1, least=-(2**31)),
            kids=fields.ids("kids"),
            parent=fields.number("parent", LARGEST_ID),
            dead=fields.flag("dead"),
            deleted=fields.flag("deleted"),
        )


class _Fields:
    """The fields of one answer, each read with its type; null and absent are the same."""

    def __init__(self, data: object, item_id: int) -> None:
        self._item_id = item_id
        if not isinstance(data, dict):
            raise InvalidAnswer(f"Item {item_id}: the answer is {_shown(data)}, not an item.")
        self._data: dict[str, Any] = data

    def fault(self, name: str, wanted: str) -> InvalidAnswer:
        """Return the error for a field that is not what was wanted."""
        return InvalidAnswer(f"Item {self._item_id}: {name!r} {wanted}, got {_shown(self._data.get(name))}.")

    def text(self, name: str, longest: int) -> str:
        """Return a text that can be stored, "" when absent."""
        value = self._data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > longest:
            raise self.fault(name, f"is a text of {longest:,} characters at most")
        return storable(value)

    def number(self, name: str, most: int, least: int = 1) -> int | None:
        """Return a whole number from ``least`` to ``most``, None when absent."""
        value = self._data.get(name)
        if value is not None and not _is_whole(value, least, most):
            raise self.fault(name, f"is a whole number from {least} to {most}")
        return value

    def time(self, name: str) -> datetime | None:
        """Return a moment given in seconds since 1970, None when absent."""
        value = self.number(name, LATEST_TIME, least=0)
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def ids(self, name: str) -> tuple[int, ...]:
        """Return a list of ids, each once."""
        value = self._data.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(_is_whole(kid, 1, LARGEST_ID) for kid in value):
            raise self.fault(name, "is a list of item ids")
        return tuple(dict.fromkeys(value))

    def flag(self, name: str) -> bool:
        """Return a truth value, False when absent."""
        value = self._data.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.fault(name, "is true or false")
        return bool(value)


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _shown(value: object) -> str:
    """Return the start of a value for a message of one line."""
    if isinstance(value, str | bytes):
        value = value[:60]
    shown = repr(value) if not isinstance(value, dict | list) else f"{type(value).__name__} of {len(value)}"
    return shown if len(shown) <= 80 else shown[:77] + "..."


# What comes of asking for one id: the item, nothing (yet), or why it could not be had.
Answer = Item | HackerNewsError | None


class HackerNews:
    """A client of the item API, to be used as ``async with``.

    ``concurrency`` connections at most are open at once and kept; above some 20 httpx grows slower, not
    faster (measured: 431 items/s with 20, 131 with 100). ``attempts`` counts all tries of one item; between
    them it waits ``backoff`` seconds, doubled each time up to 10, with full jitter, or what Retry-After asks.
    """

    source = "hn"

    def __init__(self, base_url: str, concurrency: int = 20, attempts: int = 3, backoff: float = 0.5) -> None:
        for name, value in (("concurrency", concurrency), ("attempts", attempts)):
            if value < 1:
                raise ValueError(f"{name}={value} is not valid: it takes a whole number of 1 or more.")
        self._base_url = base_url.rstrip("/")
        self._concurrency = concurrency
        self._attempts = attempts
        self._backoff = backoff
        self._client: httpx.AsyncClient | None = None

    @classmethod
    def from_settings(cls) -> Self:
        """Return a client as HN_API_BASE_URL and HN_CONCURRENCY say."""
        from django.conf import settings

        return cls(settings.HN_API_BASE_URL, settings.HN_CONCURRENCY)

    async def __aenter__(self) -> Self:
        most = self._concurrency
        limits = httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=30)
        self._client = build_client(limits=limits)
        return self

    async def __aexit__(self, *_: object) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def item(self, item_id: int) -> Item | None:
        """Return one item, None where Hacker News answers null: there is no such item, or not yet.

        Raises Unavailable and InvalidAnswer after ``attempts`` tries, Refused at once, and Unavailable at
        once with ``retry_after`` when it asks for a pause of more than 30 s.
        """
        tries = 0
        while True:
            tries += 1
            try:
                return await self._ask(item_id)
            except (Unavailable, InvalidAnswer) as error:
                if tries >= self._attempts or (error.retry_after or 0) > LONGEST_ASKED_PAUSE:
                    raise
                await asyncio.sleep(self._pause(tries, error.retry_after))

    async def items(self, item_ids: Iterable[int]) -> AsyncIterator[tuple[int, Answer]]:
        """Yield each id with its item, None, or the error that kept it back, as they come.

        ``concurrency`` requests run at once and wait for a slow reader, so that memory does not grow with the
        number of ids. Closing the iterator ends the requests under way.
        """
        waiting = iter(item_ids)
        answers: asyncio.Queue = asyncio.Queue(maxsize=self._concurrency)
        workers = [asyncio.create_task(self._work(waiting, answers)) for _ in range(self._concurrency)]
        running = len(workers)
        try:
            while running:
                item_id, answer = await answers.get()
                if item_id is not None:
                    yield item_id, answer
                    continue
                running -= 1
                if answer is not None:
                    raise answer
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, waiting: Iterable[int], answers: asyncio.Queue) -> None:
        """Take ids until none is left. Put (None, None) last, or (None, error) where the code is wrong."""
        try:
            for item_id in waiting:
                try:
                    answer = await self.item(item_id)
                except HackerNewsError as error:
                    answer = error
                await answers.put((item_id, answer))
        except Exception as error:  # noqa: BLE001 - raised by items(), whose caller would wait for ever else
            await answers.put((None, error))
        else:
            await answers.put((None, None))

    def _pause(self, tries: int, asked: float | None) -> float:
        jittered = random.uniform(0, min(LONGEST_BACKOFF, self._backoff * 2 ** (tries - 1)))  # noqa: S311 - no secret
        # Jitter on top of what was asked for: 20 workers must not come back in the same instant.
        return jittered if asked is None else asked + min(jittered, 1.0)

    async def _ask(self, item_id: int) -> Item | None:
        if self._client is None:
            raise RuntimeError("HackerNews is used as 'async with HackerNews(…) as source'.")
        url = f"{self._base_url}/item/{item_id}.json"
        try:
            async with asyncio.timeout(REQUEST_DEADLINE), self._client.stream("GET", url) as response:
                _check_status(url, response)
                body = await _read(url, response)
        except TimeoutError:
            raise Unavailable(f"{url}: no whole answer within {REQUEST_DEADLINE:g} s.") from None
        except httpx.RequestError as error:
            raise Unavailable(f"{url}: {in_short(error)}.") from error
        data = _decoded(url, body)
        return None if data is None else Item.parse(data, item_id)


def _check_status(url: str, response: httpx.Response) -> None:
    status = response.status_code
    if status == httpx.codes.OK:
        return
    came = f"{url}: answered {status} {response.reason_phrase}".rstrip() + "."
    if status in (408, 425, 429) or status >= 500:
        raise Unavailable(came, retry_after=asked_pause(response))
    if response.has_redirect_location:
        raise Refused(f"{came} It points to {_shown(response.headers['Location'])}: check HN_API_BASE_URL.")
    raise Refused(came)


async def _read(url: str, response: httpx.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > LARGEST_BODY:
            raise InvalidAnswer(f"{url}: answered more than {LARGEST_BODY:,} bytes.")
    return bytes(body)


def _decoded(url: str, body: bytes) -> object:
    if not body.strip():
        raise Unavailable(f"{url}: answered nothing.")
    try:
        return json.loads(body)
    # Deep nesting ends in RecursionError; half an answer, HTML, and what is no UTF-8 in ValueError.
    except (ValueError, RecursionError):
        raise Unavailable(f"{url}: answered no JSON but {_shown(body)}.") from None
