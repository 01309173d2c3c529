"""Where a comment is split into projects, and where it must not be."""

import pytest

from projects.extraction.rules.segmentation import pieces


def count(text: str) -> int:
    return sum(not piece.is_intro for piece in pieces(text))


@pytest.mark.parametrize(
    ("text", "projects"),
    [
        ("I work on three things:\n\n- Fern, a plant diary\n- Moss, a forum\n- Reed, a flute tuner", 3),
        ("Project A: a chess clock for phones.\n\nProject B: a sundial for walls.", 2),
        ("1. I'm writing a book on sailing.\n\n2. An app to learn knots.", 2),
        (
            "Fern - https://fern.example\n\nA diary for plants and their keepers.\n\n"
            "Moss - https://moss.example\n\nA forum for people who like moss.",
            2,
        ),
        ("My current projects:\n\nhttps://fern.example - plant diary\nhttps://moss.example - moss forum", 2),
        ("I'm working on a plant diary.\n\nAlso, I'm building a flute tuner for beginners.", 2),
        ("I'm building a search engine. Outside of that I'm also making a board game about bees.", 2),
        ("We build payroll software at work.\n\nOn the side, a small app for choir practice.", 2),
    ],
)
def test_several_projects_are_told_apart(text, projects):
    assert count(text) == projects


@pytest.mark.parametrize(
    "text",
    [
        "I'm working on Fern, a plant diary. Features:\n\n- photos\n- reminders\n- sharing\n- export to PDF",
        "Fern is a plant diary.\n\nWith Fern you can:\n\n- take photos\n\n- set reminders\n\n- share them",
        "I'm building Fern.\n\n- Website: https://fern.example\n- Code: https://github.com/ada/fern\n- Demo: https://youtu.be/x",
        "The goals are:\n\n- Develop an engine that is fast\n\n- Still emit events\n\n- Be easy to distribute",
        "I'm working on a plant diary. I'm also working on a mobile app for it.",
        "I'm building Fern. I'm also in the process of adding video tutorials.",
        "I'm making a game. Also working on a new version of the level editor.",
        "Fern, a plant diary.\n\nInspired by:\n\n- https://moss.example\n- https://reed.example",
        "A plant diary. It uses React. It has users. It is free.\n\nLet me know what you think!",
        "",
    ],
)
def test_what_belongs_to_one_project_stays_together(text):
    assert count(text) == 1


def test_one_project_keeps_its_text_as_it_was_written():
    text = "I'm building Fern [1].\n\nIt's a plant diary.\n\n[1] https://fern.example"
    assert [piece.text for piece in pieces(text)] == [text]


def test_a_piece_takes_along_the_notes_that_it_cites():
    text = "Two projects:\n\n- Fern [1], a plant diary\n- Moss [2], a forum\n\n[1] https://fern.example\n[2] https://moss.example"
    fern, moss = [piece.text for piece in pieces(text) if not piece.is_intro]
    assert "https://fern.example" in fern
    assert "https://moss.example" not in fern
    assert "https://moss.example" in moss


def test_there_are_never_more_than_twenty_pieces():
    text = "My projects:\n\n" + "\n".join(f"- Thing{n}: https://thing{n}.example - it does a thing" for n in range(60))
    found = pieces(text)
    assert len(found) <= 20
    assert "https://thing59.example" in found[-1].text
