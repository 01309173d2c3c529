from collections.abc import Iterator

import pytest

from tests.servers.web import Web


@pytest.fixture(scope="module")
def web(django_db_setup, tmp_path_factory) -> Iterator[Web]:
    """The real web server on the test database, one for all tests of a file; each test has its rows for itself."""
    with Web(tmp_path_factory.mktemp("web")) as server:
        yield server
