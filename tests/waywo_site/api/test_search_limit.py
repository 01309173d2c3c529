"""How often an address may search."""

import pytest

from tests.factories import make_project

pytestmark = pytest.mark.django_db


def test_an_address_searches_so_often_a_minute_on_pages_and_in_the_api_together(client, settings):
    settings.SEARCHES_PER_MINUTE = 3
    make_project()
    # The form alone is no search.
    assert [client.get("/search").status_code for _ in range(5)] == [200] * 5
    assert client.get("/search", {"q": "foo"}).status_code == 200
    assert client.get("/search/feed", {"q": "foo"}).status_code == 200
    assert client.get("/api/search", {"q": "foo"}).status_code == 200
    refused = client.get("/search", {"q": "foo"})
    assert (refused.status_code, int(refused["Retry-After"]) > 0) == (429, True)
    assert "Too many searches" in refused.content.decode()
    refused = client.get("/api/search", {"q": "foo"})
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert client.get("/search", {"q": "foo"}, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_a_list_narrowed_by_words_is_a_search(client, settings):
    settings.SEARCHES_PER_MINUTE = 2
    make_project()
    assert [client.get("/projects/", {"tags": "rust"}).status_code for _ in range(3)] == [200] * 3
    assert client.get("/projects/", {"q": "foo"}).status_code == 200
    assert client.get("/projects/feed", {"q": "foo"}).status_code == 200
    assert client.get("/projects/", {"q": "bar"}).status_code == 429
