import signal
from collections.abc import Iterator

import pytest
from celery import current_app
from django.db import connection
from django.test import TransactionTestCase

# A shell lets what it starts in the background ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Rows of migrate.
KEPT = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


@pytest.fixture(scope="session", autouse=True)
def keeping_content_types() -> Iterator[None]:
    """Empty tables at a test's end in our way: Django's would make the content types again, under other ids than those
    that a running web server or worker remembers, and takes five times as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: _empty())
        yield


def _empty() -> None:
    """Empty all tables but those that are part of what ``migrate`` makes."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(map(connection.ops.quote_name, sorted(tables)))} CASCADE")


@pytest.fixture
def empty_queues() -> Iterator[None]:
    """Give a test the broker for itself."""
    current_app.control.purge()
    yield
    current_app.control.purge()
