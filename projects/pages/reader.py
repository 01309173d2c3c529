"""The pages that projects link to: fetched once, kept, shared by all who link to them."""

import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from core.http import in_short
from core.locks import NotFree
from projects.models import URL_LENGTH, Page
from projects.pages.host_turns import HostTurns
from projects.pages.page_text import PageText
from projects.pages.placeholders import telling

SAYS_NOTHING = "it says nothing of its subject: a block, an error, a parked domain, or a call for JavaScript or cookies"
# Pages of a run at once: a comment may name 100, each of up to 2 MB and read by a parser.
AT_ONCE = 10
FRESH_FOR = timedelta(days=30)
FAILURE_FRESH_FOR = timedelta(days=1)  # after the first; doubled with every failure in a row, up to FRESH_FOR


class PageReader:
    """Gives the texts of pages to one run of the workflow.

    It asks the database before the run and writes after it, so that the run itself needs no database: ``links``
    are all the URLs that the run may ask for.
    """

    def __init__(self, links: Iterable[str]) -> None:
        known = list(Page.objects.filter(url__in=links)) if settings.FETCH_PAGES else []
        self._known = {page.url: page for page in known}
        self._pages = {page.url: page for page in known if _is_fresh(page)}
        self._fetched: list[Page] = []
        self._turns = HostTurns() if settings.FETCH_PAGES else None
        self._until: float | None = None

    async def read(self, urls: list[str]) -> list[PageText]:
        """Return what the pages at ``urls`` say, in order, fetching those that are not fresh in the database.

        A page that fails comes back with what it said the last time, else with its error, and so does one that is not
        there ``PAGES_SECONDS`` seconds after the first call; nothing is raised for what a stranger's server does. With
        ``FETCH_PAGES`` off the list is empty.
        """
        if self._turns is None:
            return []
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + settings.PAGES_SECONDS
        urls = [url for url in dict.fromkeys(urls) if len(url) <= URL_LENGTH]
        missing = [url for url in urls if url not in self._pages]
        slots = asyncio.Semaphore(AT_ONCE)
        try:
            pages = await asyncio.gather(*(_fetch(url, self._turns, self._until, slots) for url in missing))
        finally:
            await self._turns.close()
        for page in pages:
            self._pages[page.url] = page
            if page.error:
                _keep_text(page, self._known.get(page.url))
            if page.fetched_at is not None:
                self._fetched.append(page)
        return [_page_text(self._pages[url]) for url in urls]

    def keep(self) -> None:
        """Write the pages that were fetched."""
        Page.objects.bulk_create(
            sorted(self._fetched, key=lambda page: page.url),
            update_conflicts=True,
            unique_fields=["url"],
            update_fields=["final_url", "status", "title", "text", "fetched_at", "error", "failures"],
        )
        self._fetched.clear()


def _is_fresh(page: Page) -> bool:
    """Return whether a page needs no new request yet: for 30 days, or for 1, 2, 4, … 30 after so many failures."""
    pause = FRESH_FOR
    if page.error:
        pause = min(FAILURE_FRESH_FOR * 2 ** min(max(page.failures, 1) - 1, 10), FRESH_FOR)
    return timezone.now() - page.fetched_at < pause


def _keep_text(failed: Page, before: Page | None) -> None:
    """Count the failure, and let it not erase what the page said before."""
    failed.failures = (before.failures if before else 0) + 1
    if before is not None and _says_something(before):
        failed.final_url, failed.title, failed.text = before.final_url, before.title, before.text


def _says_something(page: Page) -> bool:
    return bool(page.title or page.text)


def _page_text(page: Page) -> PageText:
    # What a page said the last time is read although the last request failed.
    title, text = telling(page.title, page.text)
    error = "" if title or text else page.error or (SAYS_NOTHING if _says_something(page) else "")
    return PageText(url=page.url, final_url=page.final_url, title=title, text=text, error=error)


async def _fetch(url: str, turns: HostTurns, until: float, slots: asyncio.Semaphore) -> Page:
    """Fetch a page when its host has a turn for us; without one it has an error, and is not to be kept.

    The same holds when it is not there ``until`` a moment of the loop's clock.
    """
    try:
        async with asyncio.timeout_at(until), slots:
            fetched = await _follow(url, turns)
    except TimeoutError:
        return Page(url=url, error="it was not there in the time that a comment's pages have")
    except (NotFree, ValueError) as error:
        return Page(url=url, error=in_short(error))
    title, text = telling(fetched.title, fetched.text)
    # Not what the page is for, so it does not take the place of what it said before, and is asked for again sooner.
    is_placeholder = bool(fetched.title or fetched.text) and not (title or text)
    return Page(
        url=url,
        final_url=fetched.final_url[:URL_LENGTH],
        status=fetched.status,
        title=title[:500],
        text=text,
        fetched_at=timezone.now(),
        error=SAYS_NOTHING if is_placeholder else fetched.error[:500],
    )


async def _follow(url: str, turns: HostTurns) -> Any:
    """Return what fetching ``url`` came to, with a turn at each host that the redirects lead to.

    The deadline is for all requests together; waiting for a turn does not count. Raises NotFree.
    """
    from projects.pages.addresses import PublicOnlyTransport
    from projects.pages.fetching import DEADLINE, fetch

    left, redirects = DEADLINE, 0
    async with PublicOnlyTransport(allowed_networks=settings.PAGES_ALLOWED_TEST_NETWORKS) as transport:
        while True:
            async with turns.at(urlsplit(url).netloc.lower()) as turn:
                started = time.monotonic()
                fetched = await fetch(url, transport=transport, deadline=left, leaves_host=False, redirects=redirects)
                turn.pause = fetched.retry_after or turn.pause
            if not fetched.moved_to:
                return fetched
            url = fetched.moved_to
            redirects = fetched.redirects
            left = max(left - (time.monotonic() - started), 0.1)
