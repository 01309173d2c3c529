from collections.abc import Iterator

import pytest
from celery import current_app


@pytest.fixture
def empty_queues() -> Iterator[None]:
    """Give a test the broker for itself."""
    current_app.control.purge()
    yield
    current_app.control.purge()
