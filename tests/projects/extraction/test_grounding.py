"""What a language model may write: names and words that it was given, and none of the examples'."""

import pytest

from projects.extraction import prompts
from projects.extraction.grounding import WORD, example_words, is_copied, is_grounded

GIVEN = [
    "I'm building Gridlet, a spreadsheet for the terminal. I track budgets in it. https://gridlet.example/plain-csv"
]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Gridlet", True),
        ("grid-let", True),
        ("Gridlet: a terminal spreadsheet", True),
        ("Terminal spreadsheet tool", True),
        ("Budgeting in a terminal", True),
        ("Plain CSV", True),
        ("Sheetmaster Pro", False),
        ("Vruntle", False),
        ("Vruntle spreadsheet", False),
        ("Open source platform", False),
        ("Recipe manager for families", False),
        ("—", False),
    ],
)
def test_a_title_is_grounded_in_what_was_given(title, expected):
    assert is_grounded(title, GIVEN) is expected


def test_a_title_in_english_of_a_text_in_another_script_passes():
    assert is_grounded("Weather map for sailors", ["船乗りのための天気図を作っています。"])
    assert not is_grounded("Vruntle", ["船乗りのための天気図を作っています。"])


def test_words_of_the_examples_are_found_out_unless_the_comment_has_them():
    assert example_words(["Tags: Zibblet, rust", "snargs"], "a thing in Rust") == ["snargs", "zibblet"]
    assert example_words(["Tags: Zibblet, rust"], "I write Zibblet.") == []


def test_every_word_of_the_examples_that_could_name_a_thing_is_known():
    examples = "\n".join(text for text, *_ in prompts.EXAMPLES)
    names = {part["name"].casefold() for _, *parts in prompts.EXAMPLES for part in parts if part["name"]}
    assert names | set(prompts.EXAMPLE_OF_A_DESCRIPTION["tags"]) <= prompts.EXAMPLE_WORDS
    assert names <= set(WORD.findall(examples.casefold()))


def test_a_reason_of_the_examples_is_found_out():
    reasons = [part["reason"] for _, *parts in prompts.EXAMPLES for part in parts]
    assert all(is_copied(f"{reason}.", "I write Rust.") for reason in reasons)
    assert is_copied("a snarg that the author sells", "I write Rust.")
    assert not is_copied("a snarg that the author sells", "I sell a snarg.")
    assert not is_copied("", "I write Rust.")
