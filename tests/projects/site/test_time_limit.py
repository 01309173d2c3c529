"""What is narrowed down by filters has a limit of time."""

import pytest
from django.db import connection, connections

from core.api import listing
from projects.site.errors import TooSlow


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/projects/?tags=rust", "/projects/feed?tags=rust"])
def test_a_list_that_takes_too_long_is_a_page_that_says_so(client, monkeypatch, path):
    monkeypatch.setattr(listing, "QUERY_SECONDS", 0.2)
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            # Nobody reads the table while it is held.
            cursor.execute("LOCK TABLE projects_project IN ACCESS EXCLUSIVE MODE")
        answer = client.get(path)
    finally:
        other.rollback()
        other.close()
    assert (answer.status_code, TooSlow.heading in answer.content.decode()) == (503, True)
    assert "ETag" not in answer
    # Nothing of the limit is left behind.
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)
    assert client.get(path).status_code == 200
