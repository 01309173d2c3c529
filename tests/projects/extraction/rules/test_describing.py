"""Short and full descriptions, and what candidates for them a text holds."""

import pytest

from projects.extraction.rules.candidates import DEFINITE, THING, candidates
from projects.extraction.rules.describing import description, page_summary, short_description, shortened
from projects.extraction.rules.prose import read_prose
from projects.pages.page_text import PageText


@pytest.mark.parametrize(
    ("text", "title", "short"),
    [
        ("I'm building Fern, a diary for plants and their keepers.", "Fern", "Diary for plants and their keepers"),
        ("Fern is here. It's a diary for plants that sulk.", "Fern", "Diary for plants that sulk"),
        ("I'm working on Moss. It lets you swap seeds with neighbours.", "Moss", "Lets you swap seeds with neighbours"),
        ("A video game.", "", "Video game, a project by ada"),
    ],
)
def test_short_descriptions(text, title, short):
    assert (
        short_description(read_prose(text), title or "Video game", bool(title), "", "ada").removeprefix("A ") == short
    )


def test_what_stands_beside_the_name_comes_first():
    found = list(candidates(read_prose("I'm building Fern, a diary for plants. It's a forum, too."), "Fern", True, ""))
    assert found[0] == (THING, "a diary for plants.")
    assert DEFINITE in {kind for kind, _ in found}


def test_a_description_leaves_out_what_tells_nothing():
    text = "Hi HN! I'm building Fern, a diary for plants. Feedback is welcome. It reminds you to water them."
    assert description(read_prose(text), "Fern", "", "A diary") == (
        "I'm building Fern, a diary for plants. It reminds you to water them."
    )


def test_a_page_speaks_where_the_comment_does_not():
    page = PageText(url="https://fern.example", title="Fern", text="A diary   for plants.")
    assert page_summary(page) == "A diary for plants."
    assert description(read_prose("https://fern.example"), "Fern", "https://fern.example", "A diary", [page]) == (
        "A diary for plants."
    )


def test_long_texts_end_at_a_word():
    assert shortened("one two three four", 12) == "one two…"
