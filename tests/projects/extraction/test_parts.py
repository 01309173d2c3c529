"""What a model said of a comment's sentences becomes segments, beside what the rules say."""

import pytest

from projects.extraction.parts import Part, segments_of
from projects.extraction.rejections import Rejection
from projects.extraction.schemas import Segment
from projects.models import UNSURE_BELOW

SAID = [
    "I'm building Gridlet, a spreadsheet.",
    "It does plain CSV.",
    "It has a dark theme.",
    "Also a book on bees.",
    "I read it all on lobsters.example every day.",
    "Gridlet is free.",
]
ONE_BY_RULES = [Segment(text=" ".join(SAID[:4])), Segment(text=SAID[4], rejection=Rejection.CHAT)]


def part(first: int, last: int, verdict: str = "project", *, name="", made_by="author", reason="", more=()) -> Part:
    return Part.of([(first, last), *more], verdict, made_by, name, reason)


def shown(segments: list[Segment]) -> list[tuple[str, str]]:
    return [("none" if segment.rejection else segment.name or "?", segment.text) for segment in segments]


@pytest.mark.parametrize(
    ("parts", "rules", "expected"),
    [
        # All places that speak of it, in the comment's order.
        ([part(1, 2, name="Gridlet", more=[(6, 6)])], [], [("Gridlet", " ".join([*SAID[:2], SAID[5]]))]),
        # One name is one project, however it is written.
        ([part(1, 1, name="Gridlet"), part(6, 6, name="GRIDLET.")], [], [("Gridlet", f"{SAID[0]} {SAID[5]}")]),
        # The same place told twice, and one inside another.
        ([part(1, 3), part(1, 3), part(2, 2)], [], [("?", " ".join(SAID[:3]))]),
        # The announcement and the list of features.
        ([part(1, 1, name="Gridlet"), part(2, 3)], ONE_BY_RULES, [("Gridlet", " ".join(SAID[:3]))]),
        # The model says the same of both.
        ([part(1, 1, reason="a tool"), part(2, 2, reason="a tool")], [], [("?", " ".join(SAID[:2]))]),
        ([part(1, 1, reason="a tool"), part(3, 3, reason="a tool")], [], [("?", SAID[0]), ("?", SAID[2])]),
        # A word for the thing, of which the model and the rules say the same as of its name.
        (
            [part(1, 1, name="Gridlet", reason="a tool"), part(2, 3, name="dark theme", reason="a tool")],
            ONE_BY_RULES,
            [("Gridlet", " ".join(SAID[:3]))],
        ),
        (
            [part(1, 1, name="Gridlet", reason="a tool"), part(2, 3, name="CSV", reason="a tool")],
            ONE_BY_RULES,
            [("Gridlet", " ".join(SAID[:3]))],
        ),
        # Nobody says that these are one.
        ([part(1, 3, name="Gridlet"), part(4, 4)], [], [("Gridlet", " ".join(SAID[:3])), ("?", SAID[3])]),
        ([part(1, 3, name="Gridlet"), part(4, 4, name="book")], ONE_BY_RULES, None),
        # A name that the comment does not have is none.
        ([part(1, 1, name="Sheetly")], [], [("?", SAID[0])]),
        ([part(1, 1, name="none")], [], [("?", SAID[0])]),
        ([part(2, 2, name=SAID[1])], [], [("?", SAID[1])]),
        # A small model makes an entry of each sentence.
        ([part(place, place, name=SAID[place - 1]) for place in (1, 2, 3)], ONE_BY_RULES, [("?", " ".join(SAID[:3]))]),
        # By the order of the comment, not of the answer.
        ([part(5, 5, "chat"), part(1, 1)], [], [("?", SAID[0]), ("none", SAID[4])]),
        # What the author only reads is not the author's.
        ([part(5, 5, made_by="others")], ONE_BY_RULES, [("none", SAID[4])]),
        ([part(1, 1, made_by="others")], ONE_BY_RULES, [("?", SAID[0])]),
    ],
)
def test_what_is_said_of_one_project_becomes_one_segment(parts, rules, expected):
    found = shown(segments_of(parts, SAID, rules))
    assert found == expected if expected is not None else len(found) == 2


# What a model of 1.5 billion parameters said of comments of the shared thread, in other words.
SPLIT = [
    (["I'm working on Relay, a plugin for Obsidian.", "I think how it takes edits from Obsidian and yjs."],
     [part(1, 1, name="Relay"), part(2, 2, name="yjs"), part(2, 2, name="Obsidian")], ["Relay"]),
    (["Building a transcription app.", "I do a lot of exploratory work.", "By now it's a simple macos app."],
     [part(1, 1, name="transcription app"), part(2, 2, name="exploratory work"), part(3, 3, name="macos app")],
     ["transcription app"]),
    (["A board for accounts on X.", "BigBoard.example"],
     [part(1, 1, name="board for accounts"), part(1, 1, name="X"), part(2, 2, name="BigBoard.example")],
     ["BigBoard.example"]),
    (["I made MyApps [1].", "It only has a clone of PureRef.", "It runs Gundb: [1] https://apps.example"],
     [part(1, 1, name="MyApps"), part(2, 2, name="PureRef"), part(3, 3, name="Gundb")], ["MyApps"]),
    # What is presented beside it stays, in whichever words.
    (["I'm building Relay.", "Gridlet is a sheet."], [part(1, 1, name="Relay"), part(2, 2, name="Gridlet")], None),
    (["I'm building Relay.", "I am now trying a parser."], [part(1, 1, name="Relay"), part(2, 2, name="parser")], None),
    (["I run Relay and Gridlet."], [part(1, 1, name="Relay"), part(1, 1, name="Gridlet")], None),
    (["I'm building Relay.", "Then I wrote Gridlet."], [part(1, 1, name="Relay"), part(2, 2, name="Gridlet")], None),
    (["Relay: https://relay.example", "Gridlet https://gridlet.example"],
     [part(1, 1, name="Relay"), part(2, 2, name="Gridlet")], None),
]  # fmt: skip


@pytest.mark.parametrize(("said", "parts", "names"), SPLIT)
def test_a_thing_that_was_split_is_joined_and_two_that_are_presented_stay(said, parts, names):
    one_by_rules = [Segment(text=" ".join(said))]
    found = [segment.name for segment in segments_of(parts, said, one_by_rules)]
    assert found == (names or [each.name for each in parts])


@pytest.mark.parametrize(
    ("parts", "rules", "unsure"),
    [
        ([part(1, 4)], [], False),
        ([part(1, 4), part(5, 5, "chat")], ONE_BY_RULES, False),
        ([part(1, 4, "chat")], ONE_BY_RULES, True),
        ([part(1, 4), part(5, 5)], ONE_BY_RULES, True),
        ([part(5, 5)], ONE_BY_RULES, True),
        ([part(1, 4, made_by="others")], ONE_BY_RULES, True),
        # The rules hold for one project what the model gives two names.
        ([part(1, 1, name="Gridlet"), part(2, 4, name="bees")], ONE_BY_RULES, True),
        ([part(1, 1, name="Gridlet"), part(2, 4, name="bees")], [], False),
        # The rest of what the rules hold for one project may be talk.
        ([part(1, 2), part(3, 3, "chat")], ONE_BY_RULES, False),
    ],
)
def test_where_the_rules_judge_otherwise_the_reading_is_unsure(parts, rules, unsure):
    assert (min(each.confidence for each in segments_of(parts, SAID, rules)) < UNSURE_BELOW) is unsure
