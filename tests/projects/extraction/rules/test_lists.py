"""Which paragraphs and items of a list are projects of their own."""

import pytest

from projects.extraction.rules.lists import blocks_of, headed_starts, list_starts


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        (
            "A bunch of small stuff:\n\n- glint - a linter for mails\n- moss, a forum for gardeners\n- sleeping more",
            [1, 2, 3],
        ),
        ("- I'm writing a book on sailing.\n- An app to learn knots.", [0, 1]),
        ("- Finished: a camera for hedgehogs\n- Next: a frame for its pictures", [0, 1]),
        ("I'm building Fern. So far it can:\n\n- scan leaves\n- name plants", []),
        ("There are cases that are hard:\n\n- Creating a plan\n- Moving a plan", []),
    ],
)
def test_items(text, starts):
    assert list_starts(blocks_of(text, ())) == starts


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("Sparrow: search your shell history by meaning.\nThrenody: a synth that ages like tape.", [0, 1]),
        ("Fern (https://fern.example) is a diary for plants.\n\nBuilt on top of Moss (https://moss.example).", []),
        ("Website: https://fern.example\n\nCode: https://github.com/ada/fern", []),
    ],
)
def test_headings(text, starts):
    assert headed_starts(blocks_of(text, ())) == starts
