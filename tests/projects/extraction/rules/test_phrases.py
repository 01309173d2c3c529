"""Phrases that are cut out of sentences so that they stand alone."""

import pytest

from projects.extraction.rules.phrases import balanced, capitalised, noun_phrase, short_phrase, without_front


@pytest.mark.parametrize(
    ("thing", "phrase"),
    [
        ("a collaborative crossword editor that runs in the browser", "collaborative crossword editor"),
        ("the second edition of my book, with new chapters", "second edition of my book"),
        ("a tool to align two versions of a film", "tool to align two versions of a film"),
        ("an app", "app"),
        ("", ""),
    ],
)
def test_noun_phrases(thing, phrase):
    assert noun_phrase(thing) == phrase


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        (
            "a self-hosted photo archive for families and clubs, which runs on a Raspberry Pi",
            "Self-hosted photo archive for families and clubs",
        ),
        ("keep your photos in one place. More soon", "Keep your photos in one place"),
    ],
)
def test_short_phrases_end_where_a_phrase_ends(text, phrase):
    assert short_phrase(text) == phrase


def test_fronts_go():
    assert without_front("building a really cool synth") == "synth"


@pytest.mark.parametrize(("text", "result"), [('a "b', "a b"), ("(a", "a"), ('"a" (b)', '"a" (b)')])
def test_marks_without_their_partner_go(text, result):
    assert balanced(text) == result


@pytest.mark.parametrize(("text", "result"), [("moss", "Moss"), ("iOS app", "iOS app"), ("", "")])
def test_capitals(text, result):
    assert capitalised(text) == result
