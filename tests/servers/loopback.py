"""A real HTTP/1.1 server on loopback that keeps connections, answers as slowly as asked and misbehaves by rule.

One thread and one event loop serve all connections, so that thousands of slow answers cost little. What it answers
is said by a subclass (``answer``).
"""

import asyncio
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import ClassVar, Self

LARGEST_HEAD = 65_536  # bytes
JSON = "application/json; charset=utf-8"


class Request(str):
    """The path and query of one request, with its headers (lower-case names) and the moment (``time.monotonic()``)."""

    __slots__ = ("at", "headers")
    at: float
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """What goes out: status, body, and headers beside Content-Type and Content-Length."""

    body: bytes = b""
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """One way to misbehave: another answer in the place of the true one, or a way to send it badly.

    ``DROPPED`` closes the connection before the headers, ``RESET`` does so with a reset, ``CUT`` after half of the
    body. ``TRUNCATED`` is half a body with the right length: HTTP is well, the JSON is not. ``HANG`` answers nothing
    until ``release()``, then truly.
    """

    way: str
    instead: Answer | None = None
    piece: int = 0  # bytes
    pause: float = 0.0  # seconds

    SERVER_ERROR: ClassVar["Fault"]
    NOT_FOUND: ClassVar["Fault"]
    HTML: ClassVar["Fault"]
    GARBAGE: ClassVar["Fault"]
    EMPTY: ClassVar["Fault"]
    NULL: ClassVar["Fault"]
    TRUNCATED: ClassVar["Fault"]
    DROPPED: ClassVar["Fault"]
    RESET: ClassVar["Fault"]
    CUT: ClassVar["Fault"]
    HANG: ClassVar["Fault"]

    @classmethod
    def answer(cls, status: int = 200, body: bytes = b"", content_type: str = JSON, **headers: str) -> Self:
        """Return a fault that answers just this; an underscore in a header's name becomes a dash."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls("answer", Answer(body, status, content_type, named))

    @classmethod
    def too_many_requests(cls, retry_after: float | str | None = 1) -> Self:
        """Return a 429 with its Retry-After: seconds, an HTTP date, or None for no header."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return cls.answer(429, b'{"error":"Too many requests"}', **headers)

    @classmethod
    def drip(cls, piece: int = 1, pause: float = 0.05) -> Self:
        """Return a fault that sends the true body ``piece`` bytes at a time, ``pause`` seconds apart."""
        return cls("drip", piece=piece, pause=pause)


Fault.SERVER_ERROR = Fault.answer(500, b"Internal Server Error", "text/plain")
Fault.NOT_FOUND = Fault.answer(404, b'{"error":"Not Found"}')
Fault.HTML = Fault.answer(200, b"<!doctype html><title>Sorry</title><p>We are down for maintenance.", "text/html")
Fault.GARBAGE = Fault.answer(200, bytes(range(128, 256)) * 4)
Fault.EMPTY = Fault.answer(200, b"")
Fault.NULL = Fault.answer(200, b"null")
Fault.TRUNCATED = Fault("truncated")
Fault.DROPPED = Fault("dropped")
Fault.RESET = Fault("reset")
Fault.CUT = Fault("cut")
Fault.HANG = Fault("hang")

Matcher = None | int | str | re.Pattern | Collection | Callable[[str], bool]


class Rule:
    """A fault and the requests that it falls on; ``fired`` counts them. Made by ``LoopbackServer.fail``."""

    def __init__(self, matches: Callable[[str], bool], fault: Fault, times: int | None, each: int | None,
                 share: float, seed: int) -> None:  # fmt: skip
        self.fault = fault
        self.fired = 0
        self._matches, self._times, self._each, self._share, self._seed = matches, times, each, share, seed
        self._asked: Counter[str] = Counter()

    def falls_on(self, path: str) -> bool:
        """Say whether this request is hit, and count it."""
        if (self._times is not None and self.fired >= self._times) or not self._matches(path):
            return False
        self._asked[path] += 1
        nth = self._asked[path]
        if self._each is not None and nth > self._each:
            return False
        # Drawn for this path and this try: the same whatever the order in which parallel requests arrive.
        if self._share < 1 and random.Random(f"{self._seed} {path} {nth}").random() >= self._share:
            return False
        self.fired += 1
        return True

    def stop(self) -> None:
        """Let this fault fall on nothing more."""
        self._times = 0


class LoopbackServer:
    """The server, to be used as ``with …Server(…) as server``; a subclass says what it answers.

    ``latency`` (seconds before each answer) and the rules may be changed while it runs. ``requests`` holds all that
    was asked in order of arrival, ``connections`` counts the TCP connections accepted, ``most_at_once`` is the
    largest number of requests that were under way together.
    """

    def __init__(self, *, latency: float = 0.0, port: int = 0) -> None:
        self.latency = latency
        self.requests: list[Request] = []
        self.connections = 0
        self.most_at_once = 0
        self.url = ""
        self._port = port
        self._under_way = 0
        self._rules: list[Rule] = []
        self._talks: set[asyncio.Task] = set()
        self._started = threading.Event()
        self._error: OSError | None = None

    def answer(self, path: str) -> Answer:
        """Return the true answer to a GET of ``path``, which has its query."""
        raise NotImplementedError

    def matches_id(self, path: str, item_id: int) -> bool:
        """Say whether ``path`` asks for this item: what a rule with a number falls on."""
        raise NotImplementedError

    def fail(
        self,
        matcher: Matcher,
        fault: Fault,
        *,
        times: int | None = None,
        each: int | None = None,
        share: float = 1.0,
        seed: int = 0,
    ) -> Rule:
        """Misbehave from now on, and return the rule.

        ``matcher`` is None (every request), an item's id or several, a path without its query, a pattern searched
        in path and query, or a function of them. ``times`` ends it after so many hits in all, ``each`` after the first
        so many requests of each path, ``share`` hits only that share of the requests: which ones follows from
        ``seed``, the path and how often it was asked. Of several rules the oldest that hits counts.
        """
        rule = Rule(self._matching(matcher), fault, times, each, share, seed)
        self._rules = [*self._rules, rule]
        return rule

    def heal(self) -> None:
        """Drop all rules, and let the answers that hang go out."""
        self._rules = []
        self.release()

    def release(self) -> None:
        """Let the answers that hang go out; later ones hang again."""
        self._loop.call_soon_threadsafe(self._release)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="loopback server", daemon=True)
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            raise self._error
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _matching(self, matcher: Matcher) -> Callable[[str], bool]:
        if matcher is None:
            return lambda path: True
        if isinstance(matcher, int):
            return lambda path: self.matches_id(path, matcher)
        if isinstance(matcher, str):
            return lambda path: path.partition("?")[0] == matcher
        if isinstance(matcher, re.Pattern):
            return lambda path: matcher.search(path) is not None
        if callable(matcher):
            return matcher
        each = [self._matching(one) for one in matcher]
        return lambda path: any(matches(path) for matches in each)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop, self._released = asyncio.Event(), asyncio.Event()
        try:
            listener = await asyncio.start_server(self._talk, "127.0.0.1", self._port, limit=LARGEST_HEAD, backlog=1024)
        except OSError as error:
            self._error = error
            self._started.set()
            return
        self.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        self._started.set()
        await self._stop.wait()
        listener.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until its end."""
        self.connections += 1
        task = asyncio.current_task()
        self._talks.add(task)
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the client is gone, talks nonsense without end, or the server stops
        finally:
            self._talks.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request. Return whether the connection may carry another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        words = head[0].split(" ")
        keep = len(words) == 3 and words[2] == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        if len(words) != 3 or not words[1].startswith("/") or words[0] != "GET" or "content-length" in headers:
            # Such a request may have a body, which nobody reads here: the connection ends with it.
            status = 405 if len(words) == 3 else 400
            await self._send(writer, Answer(b'{"error":"GET only"}', status), keep=False)
            return False
        request = Request(words[1])
        request.at, request.headers = time.monotonic(), headers
        self.requests.append(request)
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            return await self._respond(writer, words[1], keep)
        finally:
            self._under_way -= 1

    async def _respond(self, writer: asyncio.StreamWriter, path: str, keep: bool) -> bool:
        fault = next((rule.fault for rule in self._rules if rule.falls_on(path)), None)
        if self.latency:
            await asyncio.sleep(self.latency)
        if fault is None:
            await self._send(writer, self.answer(path), keep)
            return keep
        if fault.instead is not None:
            await self._send(writer, fault.instead, keep)
            return keep
        return await self._misbehave(writer, path, keep, fault)

    async def _misbehave(self, writer: asyncio.StreamWriter, path: str, keep: bool, fault: Fault) -> bool:
        if fault.way == "dropped":
            return False
        if fault.way == "reset":
            # Lingering for 0 seconds makes the kernel send a reset instead of an orderly end.
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        if fault.way == "hang":
            await self._released.wait()
        true = self.answer(path)
        half = true.body[: len(true.body) // 2]
        if fault.way == "truncated":
            true = Answer(half, true.status, true.content_type, true.headers)
        if fault.way == "cut":
            writer.write(_head(true, keep) + half)
            await writer.drain()
            return False
        if fault.way == "drip":
            await self._drip(writer, true, keep, fault)
        else:
            await self._send(writer, true, keep)
        return keep

    async def _drip(self, writer: asyncio.StreamWriter, answer: Answer, keep: bool, fault: Fault) -> None:
        writer.write(_head(answer, keep))
        for start in range(0, len(answer.body), fault.piece):
            await writer.drain()
            await asyncio.sleep(fault.pause)
            writer.write(answer.body[start : start + fault.piece])
        await writer.drain()

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer, keep: bool) -> None:
        writer.write(_head(answer, keep) + answer.body)
        await writer.drain()


def _head(answer: Answer, keep: bool) -> bytes:
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = ""
    headers = {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        "Connection": "keep-alive" if keep else "close",
    } | answer.headers
    lines = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
