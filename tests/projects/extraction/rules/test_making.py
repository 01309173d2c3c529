"""Which sentences say that somebody makes something, and what."""

import pytest

from projects.extraction.rules.making import is_fragment, names_a_link, statement, without_opener
from projects.extraction.rules.prose import LINK


@pytest.mark.parametrize(
    ("sentence", "thing"),
    [
        ("I'm building a flute tuner.", "a flute tuner."),
        ("Since last spring we've been restoring a canoe.", "a canoe."),
        ("After my own burnout I began Lanternlog, a mood diary.", "Lanternlog, a mood diary."),
        ("I quit my job and have been working on my own tea shop since.", "my own tea shop since."),
        ("Did not like the others, so made an app that lists them.", "an app that lists them."),
        ("The garden kept drying out, so now there's Dampstick, a sensor.", "Dampstick, a sensor."),
        ("I'm the solo dev behind Ledgerly.", "Ledgerly."),
        ("I restore old calculators.", "old calculators."),
        ("Update: the tea timer has shipped.", "tea timer"),
        ("At work: migrating 400 jobs to a new scheduler.", "400 jobs to a new scheduler."),
        ("Say hello to Bramble, a maze generator.", "Bramble, a maze generator."),
        ("My current project is a sundial for walls.", "a sundial for walls."),
        ("I'm learning CAD by making a fan shroud.", "a fan shroud."),
    ],
)
def test_somebody_makes_something(sentence, thing):
    made = statement(sentence)
    assert made is not None
    assert made.thing == thing


@pytest.mark.parametrize(
    "sentence",
    [
        "Next I will try to build one.",
        "I'd like to build something some day.",
        "I haven't been building much lately.",
        "I'm working on my health.",
        "I started writing letters.",
        "I was going to write a compiler.",
        "What a lovely chart you have there!",
        "The beans are doing well this year.",
        "I work at a bank.",
    ],
)
def test_nobody_makes_anything(sentence):
    assert statement(sentence) is None


@pytest.mark.parametrize(
    ("sentence", "rest"),
    [
        ("Hi all, lately I've been building a boat.", "I've been building a boat."),
        ("For the past few months I've been ill.", "I've been ill."),
        ("Night job: a game about bees.", "a game about bees."),
        ("A stock screener.", "A stock screener."),
    ],
)
def test_openers_go(sentence, rest):
    assert without_opener(sentence) == rest


@pytest.mark.parametrize(
    ("sentence", "fragment"),
    [
        ("A stock screener for small exchanges.", True),
        ("MCP server for my library's catalogue.", True),
        ("An app that can control the desktop.", True),
        ("I like stock screeners.", False),
        ("Is it a stock screener?", False),
        ("It has a dark theme.", False),
    ],
)
def test_answers_without_a_verb(sentence, fragment):
    assert is_fragment(sentence) is fragment


def test_what_is_made_may_be_given_by_its_address():
    assert names_a_link(f": {LINK}")
    assert not names_a_link(f"a tool like {LINK}")
