from collections.abc import Iterator

import pytest

from tests.servers.hackernews import HackerNewsServer
from tests.servers.threads import generate_thread
from tests.servers.web import Web


@pytest.fixture(scope="package")
def hacker_news() -> Iterator[HackerNewsServer]:
    """The Hacker News that the web server asks: a thread of 30 comments."""
    with HackerNewsServer(generate_thread(30, seed=3)) as server:
        yield server


@pytest.fixture(scope="package")
def web(django_db_setup, tmp_path_factory, hacker_news) -> Iterator[Web]:
    """The real web server on the test database, one for all tests of this folder; each test has its rows for itself."""
    with Web(tmp_path_factory.mktemp("web"), HN_API_BASE_URL=hacker_news.item_api) as server:
        yield server
