"""The pages that projects link to: fetched once, kept, shared by all who link to them."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from projects.extraction.schemas import PageText
from projects.models import URL_LENGTH, Page

FRESH_FOR = timedelta(days=30)
FAILURE_FRESH_FOR = timedelta(days=1)


class PageReader:
    """Gives the texts of pages to one run of the workflow.

    It asks the database before the run and writes after it, so that the run itself needs no database: ``links``
    are all the URLs that the run may ask for.
    """

    def __init__(self, links: Iterable[str]) -> None:
        self._pages = _fresh_pages(links) if settings.FETCH_PAGES else {}
        self._fetched: list[Page] = []

    async def read(self, urls: list[str]) -> list[PageText]:
        """Return what the pages at ``urls`` say, in order, fetching those that are not fresh in the database.

        A page that fails comes back with its error; nothing is raised for what a stranger's server does. With
        ``FETCH_PAGES`` off the list is empty.
        """
        if not settings.FETCH_PAGES:
            return []
        urls = [url for url in dict.fromkeys(urls) if len(url) <= URL_LENGTH]
        for page in await asyncio.gather(*(_fetch(url) for url in urls if url not in self._pages)):
            self._pages[page.url] = page
            self._fetched.append(page)
        return [_page_text(self._pages[url]) for url in urls]

    def keep(self) -> None:
        """Write the pages that were fetched."""
        Page.objects.bulk_create(
            sorted(self._fetched, key=lambda page: page.url),
            update_conflicts=True,
            unique_fields=["url"],
            update_fields=["final_url", "status", "title", "text", "fetched_at", "error"],
        )
        self._fetched.clear()


def _fresh_pages(urls: Iterable[str]) -> dict[str, Page]:
    """Return the pages that need no new request: fetched 30 days ago at most, or 1 day for a failure."""
    now = timezone.now()
    return {
        page.url: page
        for page in Page.objects.filter(url__in=urls)
        if now - page.fetched_at < (FAILURE_FRESH_FOR if page.error else FRESH_FOR)
    }


def _page_text(page: Page) -> PageText:
    return PageText(url=page.url, final_url=page.final_url, title=page.title, text=page.text, error=page.error)


async def _fetch(url: str) -> Page:
    from projects.addresses import PublicOnlyTransport
    from projects.fetching import fetch

    async with PublicOnlyTransport(allowed_networks=settings.PAGES_ALLOWED_TEST_NETWORKS) as transport:
        fetched = await fetch(url, transport=transport)
    return Page(
        url=url,
        final_url=fetched.final_url[:URL_LENGTH],
        status=fetched.status,
        title=fetched.title[:500],
        text=fetched.text,
        fetched_at=timezone.now(),
        error=fetched.error[:500],
    )
