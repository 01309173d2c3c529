"""Which link is a project's own."""

import pytest

from projects.extraction.rules.bare_domains import bare_links
from projects.extraction.rules.links import Link, brand_of, is_borrowed, primary_link, read_links
from projects.extraction.rules.prose import read_prose
from projects.links import Kind, kind_of, project_key


def primary(text: str, title: str = "") -> str:
    return primary_link(read_links(read_prose(text)), title)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://fern.example", Kind.SITE),
        ("https://github.com/ada/fern", Kind.REPOSITORY),
        ("https://github.com/ada", Kind.PROFILE),
        ("https://apps.apple.com/app/id1", Kind.STORE),
        ("https://ada.itch.io/fern", Kind.STORE),
        ("https://fern.example/blog/2024/why", Kind.ARTICLE),
        ("https://youtu.be/abc", Kind.VIDEO),
        ("https://x.com/ada", Kind.SOCIAL),
        ("https://en.wikipedia.org/wiki/Fern", Kind.REFERENCE),
        ("https://[broken", Kind.REFERENCE),
    ],
)
def test_kinds(url, kind):
    assert kind_of(url) is kind


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("Fern: https://github.com/ada/fern and https://fern.example", "https://fern.example"),
        ("Video: https://youtu.be/abc Code: https://github.com/ada/fern", "https://github.com/ada/fern"),
        ("Follow https://x.com/ada, get it at https://apps.apple.com/app/id1", "https://apps.apple.com/app/id1"),
        ("A game like https://famous.example, mine is at https://fern.example", "https://fern.example"),
        ("An app inspired by https://famous.example", ""),
        ("Only a video so far: https://youtu.be/abc", "https://youtu.be/abc"),
        ("No link at all", ""),
    ],
)
def test_the_primary_link(text, url):
    assert primary(text) == url


def test_a_link_with_the_name_in_it_goes_first():
    text = "I used to write at https://ada.example and now make Fern. https://fern.example"
    assert primary(text, "Fern") == "https://fern.example"


def test_brands_and_keys():
    assert brand_of("https://www.fern.co.uk/about") == "fern"
    assert brand_of("https://fern.netlify.app") == "fern"
    assert brand_of("https://github.com/ada/fern.git") == "fern"
    assert project_key("https://github.com/Ada/Fern/issues/1") == project_key("https://github.com/ada/fern")
    assert project_key("https://fern.example/a") != project_key("https://moss.example/a")


def test_bare_domains_are_links_but_libraries_and_addresses_of_people_are_not():
    assert [link.url for link in bare_links("I'm building fern.app")] == ["https://fern.app"]
    assert bare_links("Built with Node.js and Next.js, write to ada@fern.app please") == []


@pytest.mark.parametrize("part", ["A.A.A.A", "Foo, ", "Foo and ", "A", "Foo  "])
def test_a_row_of_names_before_a_link_takes_no_long_time(part):
    link = read_links(read_prose(f"{(part * 60)[:119]}! https://fern.example"))[0]
    assert is_borrowed(Link(link.url, link.kind, (part * 60)[:119] + "!", 0)) is False


def test_a_comma_parts_a_name_from_a_link():
    assert primary("A course that uses Lean4, https://proofs.example/") == "https://proofs.example/"
    assert primary("We sell it to teams to help with QA https://fern.example") == "https://fern.example"
