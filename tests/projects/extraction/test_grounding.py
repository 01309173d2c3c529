"""What a language model may write: names and words that it was given, and none of the examples'."""

import pytest

from projects.extraction import prompts
from projects.extraction.grounding import is_copied, is_grounded

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
        ("Open source platform", False),
        ("Recipe manager for families", False),
        ("—", False),
    ],
)
def test_a_title_is_grounded_in_what_was_given(title, expected):
    assert is_grounded(title, GIVEN) is expected


def test_a_title_in_english_of_a_text_in_another_script_passes():
    assert is_grounded("Weather map for sailors", ["船乗りのための天気図を作っています。"])


def test_a_reason_of_the_examples_is_found_out_unless_the_comment_has_its_words():
    assert is_copied("a snarg for frimmits that the author builds", "I write Rust.")
    assert not is_copied("a snarg that the author builds", "I build a snarg.")
    assert not is_copied("", "I write Rust.")


def test_each_reason_of_the_examples_can_be_found_out():
    reasons = [part["reason"] for _, *parts in prompts.EXAMPLES for part in parts]
    assert all(is_copied(reason, "I write Rust.") for reason in reasons)
