"""Fetches a stranger's URL: public addresses, text types, a deadline for all of it, decoded bytes counted.

Nothing that a stranger's server does is raised; it is told in ``FetchedPage.error``.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from core.http import asked_pause, build_client, in_short
from core.text import storable
from projects.pages.addresses import PublicOnlyTransport
from projects.pages.charsets import decoded
from projects.pages.page_text import LONGEST_TEXT, LONGEST_TITLE, extract_text
from projects.pages.robots import LARGEST_FILE as LARGEST_ROBOTS
from projects.pages.robots import RobotsCache

__all__ = ["FetchedPage", "extract_text", "fetch"]

LONGEST_URL = 2_000  # characters
DEADLINE = 10.0  # seconds
MOST_REDIRECTS = 5
HTML_TYPES = ("text/html", "application/xhtml+xml")
TEXT_TYPES = (*HTML_TYPES, "text/plain", "text/markdown")
HEADERS = {
    "Accept": "text/html,application/xhtml+xml,text/markdown;q=0.9,text/plain;q=0.8",
    # Those that can be decoded a piece at a time, so that a bomb is stopped before it is in memory.
    "Accept-Encoding": "gzip, deflate",
}
PIECE = 64 * 1024  # decoded bytes held beside the body

_robots = RobotsCache()


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """What came of one URL.

    ``final_url`` is where the redirects led, as far as they were followed; ``status`` the last answer's, None
    when there was none. ``error`` is "" for a page that could be read, else one line of 300 characters.
    """

    url: str
    final_url: str
    status: int | None
    content_type: str
    title: str
    text: str
    error: str
    retry_after: float | None = None
    """The seconds for which the host asked to be left alone."""
    moved_to: str = ""
    """Where on another host the page is, for a caller that goes there itself."""
    redirects: int = 0
    """How many led here, or to ``moved_to``."""


class _PageError(Exception):
    """The page cannot be had; the message says why."""


class _Visit:
    """One fetch under way: what is known of it so far, whatever ends it."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, max_bytes: int, max_redirects: int, leaves_host: bool
    ) -> None:
        self._client = client
        self._leaves_host = leaves_host
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self.final_url = url
        self.status: int | None = None
        self.content_type = ""
        self.retry_after: float | None = None
        self.moved_to = ""
        self.redirects = 0

    async def body(self) -> str:
        """Follow the URL to its page and return the page decoded; each hop is checked like the first.

        The body of a page that is on a host where the visit may not go is "".
        """
        url = httpx.URL(self.final_url)
        while self.redirects <= self._max_redirects:
            self.final_url = str(url)
            if len(self.final_url) > LONGEST_URL:
                raise _PageError(f"the URL is longer than {LONGEST_URL} characters")
            refusal = await _robots.refusal(url, self._ask_robots)
            if refusal:
                raise _PageError(refusal)
            async with self._client.stream("GET", url, headers=HEADERS) as response:
                self.status = response.status_code
                if response.status_code in (429, 503):
                    self.retry_after = asked_pause(response.headers)
                if response.next_request is None:
                    return await self._page(response)
                here, url = url, response.next_request.url
                self.redirects += 1
            if not self._leaves_host and url.netloc != here.netloc and self.redirects <= self._max_redirects:
                self.moved_to = self.final_url = str(url)
                return ""
        raise _PageError(f"more than {self._max_redirects} redirects")

    async def _page(self, response: httpx.Response) -> str:
        if response.status_code != httpx.codes.OK:
            raise _PageError(f"answered {response.status_code} {response.reason_phrase}".rstrip())
        content_type = response.headers.get("Content-Type", "")
        self.content_type = content_type.partition(";")[0].strip().lower()[:100]
        if self.content_type not in TEXT_TYPES:
            raise _PageError(f"is {self.content_type or 'of no type'}, not a text")
        body = bytearray()
        async for piece in _decoded(response, self._max_bytes):
            body += piece
            if len(body) > self._max_bytes:
                raise _PageError(f"too large: more than {self._max_bytes:,} bytes")
        return decoded(bytes(body), content_type, is_html=self.content_type in HTML_TYPES)

    async def _ask_robots(self, url: httpx.URL) -> tuple[int, str]:
        for _ in range(self._max_redirects + 1):
            async with self._client.stream("GET", url, headers=HEADERS) as response:
                if response.next_request is None:
                    return response.status_code, await _robots_text(response)
                url = response.next_request.url
        # RFC 9309: too many redirects are as good as no file.
        return 404, ""


async def fetch(
    url: str,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    deadline: float = DEADLINE,
    max_bytes: int = 2 * 1024 * 1024,
    max_redirects: int = MOST_REDIRECTS,
    leaves_host: bool = True,
    redirects: int = 0,
) -> FetchedPage:
    """Fetch ``url`` and return what it says, or why it could not be had.

    ``deadline`` is in seconds, for robots.txt, redirects and the page together (reading its text then takes
    5 s at most); ``max_bytes`` counts decoded bytes. Without ``transport`` public addresses alone are in
    reach; one that is given stays open. Without ``leaves_host`` a redirect to another host ends in ``moved_to``;
    ``redirects`` is how many led to ``url`` then.
    """
    own_transport = PublicOnlyTransport() if transport is None else None
    client = build_client(
        transport=transport or own_transport,
        timeout=httpx.Timeout(deadline),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )
    visit = _Visit(client, url, max_bytes, max_redirects, leaves_host)
    visit.redirects = redirects
    body = error = ""
    try:
        async with asyncio.timeout(deadline):
            body = await visit.body()
    except TimeoutError:
        error = f"no whole answer within {deadline:g} s"
    except httpx.InvalidURL as caught:
        error = f"is or leads to what is not a URL: {in_short(caught)}"
    # OSError: TLS errors in the middle of an answer come through as they are.
    except (_PageError, httpx.RequestError, OSError) as caught:
        error = in_short(caught)
    finally:
        if own_transport is not None:
            await own_transport.aclose()
    title, text = await _title_and_text(body, visit.content_type, visit.final_url)
    return FetchedPage(
        url=url,
        final_url=storable(visit.final_url)[:LONGEST_URL],
        status=visit.status,
        content_type=storable(visit.content_type),
        title=title,
        text=text,
        error=storable(error)[:300],
        retry_after=visit.retry_after,
        moved_to=visit.moved_to if not error else "",
        redirects=visit.redirects,
    )


async def _title_and_text(body: str, content_type: str, url: str) -> tuple[str, str]:
    if not body.strip():
        return "", ""
    if content_type in HTML_TYPES:
        return await asyncio.to_thread(extract_text, body, url)
    text = storable(body).strip()
    heading = re.match(r"#\s+([^\n]+)", text) if content_type == "text/markdown" else None
    return heading[1].strip()[:LONGEST_TITLE] if heading else "", text[:LONGEST_TEXT].rstrip()


async def _robots_text(response: httpx.Response) -> str:
    """Return as much of a robots.txt as is looked at."""
    body = bytearray()
    if response.status_code == httpx.codes.OK:
        async for piece in _decoded(response, 4 * LARGEST_ROBOTS):
            body += piece
            if len(body) > LARGEST_ROBOTS:
                break
    return bytes(body[:LARGEST_ROBOTS]).decode("utf-8", "replace")


async def _decoded(response: httpx.Response, max_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body in decoded pieces of 64 KiB at most.

    httpx decodes all that one read brought at once: 64 KiB of gzip are 64 MiB then, before anyone can count.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise _PageError(f"is encoded as {encoding[:50]!r}, which was not asked for")
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding not in ("", "identity") else None
    received = 0
    async for raw in response.aiter_raw():
        received += len(raw)
        if received > max_bytes:
            raise _PageError(f"too large: more than {max_bytes:,} bytes")
        if decoder is None:
            yield raw
            continue
        if received == len(raw) and encoding == "deflate" and not _has_zlib_header(raw):
            decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        while raw and not decoder.eof:
            try:
                yield decoder.decompress(raw, PIECE)
            except zlib.error as error:
                raise _PageError(f"its {encoding} cannot be decoded: {error}") from None
            raw = decoder.unconsumed_tail


def _has_zlib_header(raw: bytes) -> bool:
    """Return whether a deflate body starts as RFC 1950 says; many servers send the bare one of RFC 1951."""
    return len(raw) < 2 or (raw[0] & 0x0F == 8 and int.from_bytes(raw[:2]) % 31 == 0)
