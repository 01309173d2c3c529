"""Feeds are valid Atom whatever the texts hold; the sitemap and robots.txt lead machines."""

import xml.etree.ElementTree as ET
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.text import plain_text
from projects.site import sitemaps
from projects.site.atom import NOT_IN_XML
from tests.factories import make_project
from tests.projects.site.conftest import submit, tagged

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = [
    "/projects/feed",
    "/months/2026-09/feed",
    "/tags/rust/feed",
    "/tags/ci/cd/feed",
    "/authors/hn/ann/feed",
    "/digests/feed",
    "/projects/feed?tags=ci%2Fcd&link=none",
    "/search/feed?q=steady",
    "/search/feed?q=tag%3Arust",
]


def feed_at(client, url: str) -> ET.Element:
    """Return the feed at ``url``, with all that Atom demands of it checked (RFC 4287, 4.1)."""
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert root.tag == f"{ATOM}feed"
    for part in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(part.findall(f"{ATOM}{name}")) == 1, name
        datetime.fromisoformat(part.findtext(f"{ATOM}updated"))
        assert part.findtext(f"{ATOM}id").startswith("tag:testserver,2026-01-01:")
        for link in part.findall(f"{ATOM}link"):
            assert link.get("href").startswith("http://testserver/")
    assert root.find(f"{ATOM}author/{ATOM}name").text
    assert root.find(f"{ATOM}link[@rel='self']").get("href") == f"http://testserver{url}"
    ids = [entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry")]
    assert len(ids) == len(set(ids))
    return root


def titles(root: ET.Element) -> list[str]:
    return [entry.findtext(f"{ATOM}title") for entry in root.iter(f"{ATOM}entry")]


@pytest.mark.parametrize("url", FEEDS)
def test_each_feed_is_valid_and_takes_few_queries(client, index, url):
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    # Counting against the limit of searches is no part of the feed.
    assert sum("requestcount" not in query["sql"] for query in queries) <= 8
    assert titles(feed_at(client, url))


def test_a_feed_has_what_its_page_has(client, index):
    assert titles(feed_at(client, "/authors/hn/ann/feed")) == ["Steady <b>&"]
    assert set(titles(feed_at(client, "/tags/rust/feed"))) == {"Steady <b>&", "Other", "Third"}
    assert titles(feed_at(client, f"/threads/{index.july.pk}/feed")) == ["Steady <b>&"]
    assert "Refused" not in titles(feed_at(client, "/projects/feed"))


def test_a_digest_stands_in_the_feed_when_its_month_is_over(client, index):
    assert titles(feed_at(client, "/digests/feed")) == ["September 2026", "August 2026", "July 2026"]
    entry = next(feed_at(client, "/digests/feed").iter(f"{ATOM}entry"))
    assert "Back again: Steady &lt;b&gt;&amp;." in entry.findtext(f"{ATOM}summary")


# All that XML 1.0 has no place for, and what is special in it.
EVIL = "".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\ufffe\uffff ]]> <script>&amp; \U0001f980 \u202e"


def test_no_text_of_a_stranger_breaks_a_feed(client, index):
    project = tagged("a\x0bb", title=f"T{EVIL}", short_description=f"S{EVIL}", description=f"D{EVIL}")
    submit(index.september, "q\x08<&>", project)
    for url in ("/projects/feed", "/months/2026-09/feed", f"/threads/{index.september.pk}/feed"):
        root = feed_at(client, url)
        entry = next(each for each in root.iter(f"{ATOM}entry") if each.findtext(f"{ATOM}title").startswith("T"))
        summary = entry.findtext(f"{ATOM}summary")
        assert "<script" not in summary
        assert "🦀" in plain_text(summary)
        assert entry.findtext(f"{ATOM}author/{ATOM}name") == "q<&>"


def test_a_link_that_is_none_of_the_web_is_not_one_in_a_feed(client, index):
    submit(index.september, "zed", make_project(title="Zed", primary_url="javascript:alert(1)"))
    assert b"javascript" not in client.get("/authors/hn/zed/feed").content


def test_a_filtered_list_and_a_search_have_their_feeds(client, index):
    assert titles(feed_at(client, "/projects/feed?tags=rust&tags_not=ci%2Fcd")) == ["Other"]
    assert set(titles(feed_at(client, "/search/feed?q=tag%3Arust"))) == {"Steady <b>&", "Other", "Third"}
    assert 'href="/projects/feed?tags=rust"' in client.get("/projects/?tags=rust&page=1&view=cards").content.decode()
    assert 'href="/search/feed?q=a%26b"' in client.get("/search", {"q": "a&b"}).content.decode()


@pytest.mark.parametrize(
    "url", ["/search/feed", "/search/feed?q=", "/search/feed?q=a&mode=x", "/projects/feed?idea_score=12"]
)
def test_a_feed_of_nothing_that_can_be_is_refused(client, url):
    answer = client.get(url)
    assert answer.status_code == 400
    assert '<p class="kicker">400</p>' in answer.content.decode()


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\0b", "ab"), ("\t\n\r", "\t\n\r"), ("\ud800x", "x"), ("\uffff", ""), ("🦀é", "🦀é"), ("\x1f\x7f", "\x7f")],
)
def test_xml_gets_what_it_can_hold(text, kept):
    assert NOT_IN_XML.sub("", text) == kept


def test_pages_name_their_feeds(client, index):
    for page in ("/months/2026-09/", "/tags/ci/cd/", "/authors/hn/ann/", f"/threads/{index.july.pk}/", "/digests/"):
        text = client.get(page).content.decode()
        assert 'type="application/atom+xml" title="' in text
        assert f'href="{page}feed"' in text


def locations(client, url: str) -> list[str]:
    """Return the addresses that a sitemap names."""
    answer = client.get(url)
    assert answer.status_code == 200
    return [
        each.text for each in ET.fromstring(answer.content).iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    ]


def test_the_sitemap_leads_to_every_page_but_those_of_people(client, index, monkeypatch):
    monkeypatch.setattr(sitemaps.Projects, "limit", 2)
    parts = locations(client, "/sitemap.xml")
    assert "http://testserver/sitemap-projects.xml?p=2" in parts
    found = [url for part in parts for url in locations(client, part.removeprefix("http://testserver"))]
    assert len(found) == len(set(found))
    for path in ("/", "/months/2026-09/", "/digests/2026-07/", "/tags/ci/cd/", f"/threads/{index.july.pk}/"):
        assert f"http://testserver{path}" in found
    for project in (index.kept, index.other, index.third):
        assert f"http://testserver{project.get_absolute_url()}" in found
    assert not any("/authors/hn" in url or "secret" in url or "efused" in url for url in found)
    for url in found:
        assert client.get(url.removeprefix("http://testserver")).status_code == 200, url


def test_robots_are_told_where_the_sitemap_is(client):
    answer = client.get("/robots.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    text = answer.content.decode()
    assert "Sitemap: http://testserver/sitemap.xml" in text
    assert "Disallow: /admin/" in text
