"""What is compressed, and how much a reader loads."""

import gzip
import re

import pytest
from django.contrib.auth import get_user_model

from tests.projects.site.filling import fill_site

pytestmark = pytest.mark.django_db
GZIP = {"Accept-Encoding": "gzip, br"}


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_first_page_with_all_that_it_loads_has_under_100_kb(client):
    fill_site()
    page = client.get("/", headers=GZIP)
    sizes = {"/": len(page.content)}
    assert page["Content-Encoding"] == "gzip"
    text = gzip.decompress(page.content).decode()
    for url in re.findall(r'<(?:link rel="(?:stylesheet|icon)"[^>]* href|script src|img src)="([^"]+)"', text):
        answer = client.get(url, headers=GZIP)
        assert answer.status_code == 200, url
        sizes[url] = len(body(answer))
    assert len(sizes) >= 4
    assert sum(sizes.values()) < 100_000, sizes


def test_a_static_file_arrives_whole_with_and_without_compression(client):
    url = "/static/projects/site/site.css"
    plain = client.get(url)
    assert "Content-Encoding" not in plain
    packed = client.get(url, headers=GZIP)
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(body(packed)) == body(plain)
    part = client.get(url, headers=GZIP | {"Range": "bytes=0-99"})
    assert (part.status_code, len(body(part)), "Content-Encoding" in part) == (206, 100, False)


@pytest.mark.parametrize("url", ["/admin/", "/api/projects", "/api/openapi.json"])
def test_the_admin_and_the_api_are_not_compressed(client, url):
    client.force_login(get_user_model().objects.create_superuser("owner"))
    answer = client.get(url, headers=GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer
