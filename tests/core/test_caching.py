"""Pages that may be kept until the index changes."""

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse, HttpResponseGone, HttpResponseNotFound
from django.test import Client, RequestFactory
from django.utils.http import http_date, parse_http_date

from core.caching import cached_by_version
from projects.models import Project
from tests.factories import make_project

factory = RequestFactory()


class Page:
    """A page that counts how often it is made."""

    def __init__(self, status=200):
        self.made, self.status = 0, status

    def __call__(self, request):
        self.made += 1
        return HttpResponse(f"page {self.made}", status=self.status)


def get(view, path="/projects/", **headers):
    request = factory.get(path, headers=headers)
    request.user = None
    return view(request)


@pytest.fixture
def page(db):
    make_project()
    return Page()


def test_who_has_the_page_gets_304_until_the_index_changes(page):
    view = cached_by_version(page)
    first = get(view)
    assert first["Cache-Control"] == "public, max-age=0, s-maxage=60"
    assert first["Vary"] == "Cookie"
    assert parse_http_date(first["Last-Modified"])
    again = get(view, if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"], page.made) == (304, b"", first["ETag"], 1)
    Project.objects.update(title="Another")
    changed = get(view, if_none_match=first["ETag"])
    assert (changed.status_code, page.made) == (200, 2)
    assert changed["ETag"] != first["ETag"]


def test_a_page_is_made_once_until_the_index_changes(page):
    view = cached_by_version(page)
    first = get(view)
    again = get(view)
    assert (again.content, dict(again.items()), page.made) == (first.content, dict(first.items()), 1)
    again["X-Added"] = "outside"
    assert "X-Added" not in get(view)
    Project.objects.update(title="Another")
    assert (get(view).content, page.made) == (b"page 2", 2)


def test_a_kept_page_is_that_of_its_host(page, settings):
    settings.ALLOWED_HOSTS = ["*"]
    view = cached_by_version(page)
    assert get(view).content == b"page 1"
    assert get(view, host="other.example").content == b"page 2"


def test_no_page_is_kept_while_templates_are_edited(page, settings):
    settings.DEBUG = True
    view = cached_by_version(page)
    assert [get(view).content, get(view).content] == [b"page 1", b"page 2"]


def test_if_modified_since_is_answered_too(page):
    view = cached_by_version(page)
    first = get(view)
    assert get(view, if_modified_since=first["Last-Modified"]).status_code == 304
    earlier = http_date(parse_http_date(first["Last-Modified"]) - 1)
    assert get(view, if_modified_since=earlier).status_code == 200


@pytest.mark.parametrize("other", ["/projects/?tags=rust", "/projects/?", "/tags/"])
def test_another_address_has_another_tag(page, other):
    view = cached_by_version(page)
    tags = {get(view, path)["ETag"] for path in ("/projects/", "/projects/?tags=go", other)}
    assert len(tags) == (2 if other == "/projects/?" else 3)


@pytest.mark.parametrize(("setting", "value"), [("PUBLIC_PROJECTS", "approved"), ("CONTACT", "me@waywo.example")])
def test_what_a_setting_shows_belongs_to_the_tag(page, settings, setting, value):
    view = cached_by_version(page)
    before = get(view)["ETag"]
    setattr(settings, setting, value)
    assert get(view, if_none_match=before).status_code == 200


def test_a_part_for_htmx_is_not_the_page(page):
    view = cached_by_version(page, vary=("HX-Request",))
    whole, part = get(view), get(view, hx_request="true")
    assert whole["ETag"] != part["ETag"]
    assert part["Vary"] == "Cookie, HX-Request"


@pytest.mark.parametrize(
    ("status", "is_kept"), [(200, True), (301, True), (410, True), (302, False), (400, False), (404, False)]
)
def test_only_what_the_index_says_is_kept(db, status, is_kept):
    response = get(cached_by_version(Page(status)))
    assert ("ETag" in response) is is_kept
    assert ("public" in response["Cache-Control"]) is is_kept


@pytest.mark.parametrize("own", ["no-store", "private"])
def test_an_answer_that_says_for_how_long_it_holds_is_not_kept_longer(db, own):
    response = get(cached_by_version(lambda request: HttpResponse("so far", headers={"Cache-Control": own})))
    assert "ETag" not in response
    assert response["Cache-Control"] == own


def test_what_acts_is_not_touched(page):
    response = cached_by_version(page)(factory.post("/projects/"))
    assert "ETag" not in response


@pytest.mark.parametrize(
    ("is_staff", "control"), [(True, "private, no-store"), (False, "public, max-age=0, s-maxage=60")]
)
def test_staff_get_pages_that_nobody_keeps(db, is_staff, control):
    user = get_user_model().objects.create_user("ann", password="x", is_staff=is_staff)
    client = Client()
    client.force_login(user)
    request = factory.get("/", headers={"cookie": "; ".join(f"{k}={v.value}" for k, v in client.cookies.items())})
    request.user = user
    response = cached_by_version(Page())(request)
    assert response["Cache-Control"] == control
    assert ("ETag" in response) is (not is_staff)


def test_the_version_costs_one_query(page, django_assert_num_queries):
    with django_assert_num_queries(1):
        get(cached_by_version(page))


@pytest.mark.parametrize("response", [HttpResponseGone, HttpResponseNotFound])
def test_answers_without_a_page_vary_too(db, response):
    assert get(cached_by_version(lambda request: response("gone")))["Vary"] == "Cookie"
