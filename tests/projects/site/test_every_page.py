"""What holds for every page of the site, those that are added later too."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.datastructures import MultiValueDict

from projects.models import Project
from tests.projects.site.filling import PATTERNS, address, fill_site, name_of
from tests.projects.site.strange import STRANGE, as_sent

pytestmark = pytest.mark.django_db
# Of a page that reads many parameters each gets every third text, another third than the one before.
MANY = 8
every_page = pytest.mark.parametrize("pattern", PATTERNS, ids=name_of)


@every_page
def test_it_is_there_sets_no_cookie_and_asks_eight_queries_at_most(client, pattern, django_assert_max_num_queries):
    url = address(pattern, fill_site())
    answer = client.get(url, follow=True)
    url = answer.redirect_chain[-1][0] if answer.redirect_chain else url
    with django_assert_max_num_queries(8):
        answer = client.get(url)
    assert answer.status_code == 200
    assert not answer.cookies
    assert not client.cookies


@every_page
def test_it_is_there_when_the_index_is_empty(client, pattern):
    known = fill_site()
    Project.objects.all().delete()
    assert client.get(address(pattern, known), follow=True).status_code in (200, 404)


@every_page
def test_no_parameter_whatever_stands_in_it_breaks_it(client, pattern, monkeypatch):
    url = client.get(address(pattern, fill_site()), follow=True).request["PATH_INFO"]
    names = parameters_read(client, url, monkeypatch)
    for place, name in enumerate(names):
        for text in list(STRANGE.values())[place % 3 :: 3] if len(names) > MANY else STRANGE.values():
            answer = client.get(url, {name: as_sent(text)})
            assert answer.status_code in (200, 301, 302, 400, 404, 410), f"{name}={text[:30]!r}"
            assert b"<script>alert" not in answer.content, f"{name}={text[:30]!r}"


def parameters_read(client: Client, url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names that a page looks for in its query, and one that none does."""
    names = {"unknown": None}
    with monkeypatch.context() as patch:
        for method in ("__getitem__", "getlist", "__contains__"):
            real = getattr(QueryDict, method, None) or getattr(MultiValueDict, method)

            def noted(query: QueryDict, name: str, *more: object, real: Any = real) -> Any:
                names.setdefault(name)
                return real(query, name, *more)

            patch.setattr(QueryDict, method, noted, raising=False)
        client.get(url)
    return list(names)
