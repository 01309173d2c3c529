"""Which sentences stand on the results that they name."""

import pytest

from projects.asking.grounding import NO_FIGURE, NO_NUMBER, NO_RESULT, NO_WORDS, figures, judged

RESULTS = [
    {
        "number": 1,
        "kind": "project",
        "label": "TideWatch",
        "text": "TideWatch: Tide forecasts for small harbours. 14 harbours so far. By tina. Posted in September 2026.",
    },
    {"number": 2, "kind": "project", "label": "Ledgerly", "text": "Ledgerly: Bookkeeping in plain text. 1,200 users."},
    {"number": 3, "kind": "count", "label": "Number of projects with the tag rust", "text": "Number: 4. By month: 4."},
    {"number": 4, "kind": "project", "label": "Testing", "text": "Testing: If this works. By bob."},
]
QUESTION = "Who makes tide forecasts, and how many use rust?"


@pytest.mark.parametrize(
    ("said", "citations"),
    [
        ("TideWatch makes tide forecasts for small harbours. [1]", [1]),
        ("It forecasts tides in 14 harbours. [1]", [1]),
        ("Fourteen harbours are covered by its forecasts. [1]", [1]),
        ("It was posted in 2026-09 by tina. [1]", [1]),
        ("There are four projects with the tag rust. [3]", [3]),
        ("Ledgerly has 1200 users. [2]", [2]),
        # A result that is called by its name counts, and one with which there is no word in common does not.
        ("TideWatch makes tide forecasts. [2]", [1]),
        ("TideWatch is for harbours and Ledgerly for bookkeeping. [1]", [1, 2]),
    ],
)
def test_what_stands_on_its_results_is_grounded(said, citations):
    sentence = judged(said, RESULTS, QUESTION)
    assert (sentence.grounded, sentence.citations, sentence.why) == (True, citations, "")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("TideWatch makes tide forecasts.", NO_NUMBER),
        ("TideWatch makes tide forecasts. [9]", NO_RESULT),
        ("TideWatch has 15 harbours. [1]", NO_FIGURE),
        ("TideWatch has a dozen harbours. [1]", NO_FIGURE),
        ("There are 5 projects with the tag rust. [3]", NO_FIGURE),
        ("Paris remains lovely during spring. [1]", NO_WORDS),
        ("Harbours of France were conquered by vikings sailing longships. [1]", NO_WORDS),
        # Nothing is called by a word that a sentence may begin with.
        ("Testing shows that pigs fly higher. [2]", NO_WORDS),
    ],
)
def test_what_does_not_is_marked_with_why(said, why):
    sentence = judged(said, RESULTS, QUESTION)
    assert (sentence.grounded, sentence.why) == (False, why)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,200 users, 3.5 stars, 09", {"1200", "3.5", "9"}),
        ("two or twenty", {"2", "20"}),
        ("one more", set()),
        ("1,2 and 3", {"1", "2", "3"}),
        ("v2.", {"2"}),
    ],
)
def test_figures_are_spelt_in_one_way(text, found):
    assert figures(text) == found
