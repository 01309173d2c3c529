"""Where running sentences turn to another project."""

import pytest

from projects.extraction.rules.turns import split_by_turns


@pytest.mark.parametrize(
    ("text", "stretches"),
    [
        ("I'm building a plant diary. Also, I'm making a flute tuner.", 2),
        ("At work: moving our jobs to a new queue. At home: Bramble, a maze generator.", 2),
        ("Hardware: a drum machine.\n\nSoftware: a knitting editor.", 2),
        ("My main thing is a CI service. My other project is a board game.", 2),
        ("I'm building a plant diary. Also, I'm working on the docs for it.", 1),
        ("I'm building a plant diary. I'm also adding new features.", 1),
        ("Also, I'm building a tool.", 1),
    ],
)
def test_turns(text, stretches):
    assert len(split_by_turns(text, ())) == stretches
