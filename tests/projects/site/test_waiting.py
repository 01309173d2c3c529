"""What staff see of projects that wait for a review, where readers see approved ones alone."""

import re
from types import SimpleNamespace

import pytest

from projects.analytics.computing import generate_analytics
from tests.projects.site.conftest import make_thread, submit, tagged

pytestmark = pytest.mark.django_db


@pytest.fixture
def kettles() -> SimpleNamespace:
    """Save a project that waits and one that is approved, by one author in one thread."""
    thread = make_thread(9)
    waits = tagged("kitchen", "steel", title="Kettle that waits")
    approved = tagged("kitchen", title="Kettle on show", review_status="approved")
    for project in (waits, approved):
        submit(thread, "ann", project)
    generate_analytics()
    return SimpleNamespace(waits=waits, approved=approved, thread=thread)


def test_staff_see_on_every_page_what_readers_see_and_read_so(admin_client, kettles, settings):
    settings.PUBLIC_PROJECTS = "approved"
    pages = ("/", "/projects/", "/search?q=kettle", "/authors/hn/ann/", "/months/2026-09/", "/tags/kitchen/")
    for url in (*pages, f"/threads/{kettles.thread.pk}/", "/random/?seed=1"):
        page = admin_client.get(url).content.decode()
        assert "on show" in page, url
        assert "that waits" not in page, url
        assert "You see what readers see" in page, url


def test_a_link_adds_what_waits_for_staff_alone_and_marks_it(client, admin_client, kettles, settings):
    settings.PUBLIC_PROJECTS = "approved"
    for url in ("/projects/?waiting=1", "/projects/?waiting=1&tags=kitchen&view=cards", "/search?q=kettle&waiting=1"):
        page = admin_client.get(url).content.decode()
        assert "that waits" in page, url
        assert page.count("waits for a review</li>") == 1, url
        assert "Show what readers see" in page, url
        page = client.get(url).content.decode()
        assert "that waits" not in page, url
        assert "staff-line" not in page, url
    page = admin_client.get("/projects/?waiting=1").content.decode()
    assert "tags=steel" in page  # The filters count what waits, and keep the switch.
    assert all("waiting=1" in address for address in re.findall(r'href="(\?[^"]*tags=[^"]*)"', page))


def test_the_page_of_one_that_waits_says_that_readers_do_not_see_it(client, admin_client, kettles, settings):
    settings.PUBLIC_PROJECTS = "approved"
    url = kettles.waits.get_absolute_url()
    assert "Readers do not see this project" in admin_client.get(url).content.decode()
    assert client.get(url).status_code == 404
    assert "Readers see this project" in admin_client.get(kettles.approved.get_absolute_url()).content.decode()


def test_nothing_is_said_where_readers_see_what_waits(admin_client, kettles):
    for url in ("/", "/projects/?waiting=1", kettles.waits.get_absolute_url()):
        page = admin_client.get(url).content.decode()
        assert "staff-line" not in page, url
        assert "waits for a review" not in page, url
