import signal
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import TransactionTestCase

from comments.sources.json_client import circuit_of
from tests.environment import TOGETHER, together
from tests.servers import processes

# A shell lets what it starts in the background ignore Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Rows of migrate.
KEPT = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
# Markers of tests that take longer than code in this process does: `make test-fast` leaves them out.
SLOW = ("process", "browser", "faults", "model")
FOLDERS = {"tests/browser/": "browser", "tests/faults/": "faults"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folders and by what they run on; put the files with slow tests first, so that the two
    processes end at about the same time."""
    for item in items:
        for folder, marker in FOLDERS.items():
            if item.nodeid.startswith(folder):
                item.add_marker(marker)
        if "web" in item.fixturenames:
            item.add_marker("process")
    slow = {item.path for item in items if is_slow(item)}
    order = [*TOGETHER, None]
    items.sort(key=lambda item: (order.index(together(item.nodeid)), item.path not in slow))


def is_slow(item: pytest.Item) -> bool:
    """Whether ``make test-fast`` leaves a test out."""
    return any(item.get_closest_marker(marker) for marker in SLOW)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let only a test that is marked as slow start processes of Waywo."""
    processes.ALLOWED = is_slow(item)


@pytest.fixture(autouse=True)
def _menu_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test count what the menu shows once, for however long it takes: the queries of pages are compared."""
    from waywo_site import navigation

    cache.delete("menu-counts")
    monkeypatch.setattr(navigation, "COUNTS_KEPT_SECONDS", 3600)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Let the database not wait for the disk: what a power cut would cost is thrown away anyway."""
    server = settings.EMBEDDED_POSTGRESQL
    server.ensure_running()
    with psycopg.connect(server.url, autocommit=True) as session:
        session.execute("ALTER SYSTEM SET fsync = off")
        session.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Begin with empty tables, as the first test that is no transaction leaves them: which test comes first, and so
    whether rows of migrations are there, differs from run to run."""
    with django_db_blocker.unblock():
        _empty()


@pytest.fixture(scope="session", autouse=True)
def keeping_content_types() -> Iterator[None]:
    """Empty tables at a test's end in our way: Django's would make the content types again, under other ids than those
    that a running web server or worker remembers, and takes many times as long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_setup", classmethod(lambda cls: _renew_index()))
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: _empty())
        yield


def _renew_index() -> None:
    """Make the table of projects again. In an index of vectors full of rows that earlier tests deleted or rolled back,
    a living one may not be found."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('projects_project')")
        if cursor.fetchone()[0]:
            cursor.execute("TRUNCATE projects_project CASCADE")


def _empty() -> None:
    """Empty all tables but those that are part of what ``migrate`` makes, once nobody writes to them any more."""
    found = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    tables = sorted(map(connection.ops.quote_name, found))
    with transaction.atomic(), connection.cursor() as cursor:
        # A worker that holds a row for good fails the test instead of stopping the suite.
        cursor.execute("SET LOCAL lock_timeout = '3min'")
        cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables))
        filled = [table for (table,) in cursor]
        # Without foreign keys in the way; TRUNCATE takes five times as long.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled:
            cursor.execute(f"DELETE FROM {table}")


@pytest.fixture(autouse=True)
def closed_circuits() -> None:
    """Let no source count as down because a server failed in another test, whose port may be another's now."""
    circuit_of.cache_clear()


@pytest.fixture
def empty_queues() -> Iterator[None]:
    """Give a test the broker for itself."""
    processes.empty_broker()
    yield
    processes.empty_broker()
