"""What is a name that somebody gave, and what is none."""

import pytest

from projects.extraction.rules import names
from projects.extraction.rules.prose import read_prose


def prose(text: str):
    return read_prose(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I made a puzzle game called Stone Garden.", "Stone Garden"),
        ('I named it "culprit".', "culprit"),
        ("Working title is Blue Hour.", "Blue Hour"),
        ("Name: Morrow", "Morrow"),
        ('It is free, search for "Signalroom".', "Signalroom"),
        ("My name is Max and I make chairs.", ""),
        ("I called my mother.", ""),
        ("The so-called Metaverse is back.", ""),
    ],
)
def test_names_that_are_said_to_be_one(text, name):
    assert names.called(prose(text)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tidewater - a tide calculator", "Tidewater"),
        ("Urchinbay, a tide pool simulator", "Urchinbay"),
        ("Vellum & Wire, a newsletter about binding books.", "Vellum & Wire"),
        ("Marlowe reads contracts.", "Marlowe"),
        ("Mostly Outpost: a soil dashboard.", "Outpost"),
        ("Currently working on a boat.", ""),
        ("Vertical tabs for browsers.", ""),
        ("Rust is a language that I learn.", ""),
        ("Life is a mess.", ""),
    ],
)
def test_names_that_head_a_sentence(text, name):
    assert names.heading(prose(text), frozenset({"rust"})) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I wrote a small Gopher server, Burrowd: it runs everywhere.", "Burrowd"),
        ("Still working on Kettle.", "Kettle"),
        ("Working on my game Sandustry, a sandbox.", "Sandustry"),
        ("I'm porting Doom to my dishwasher.", ""),
        ("I'm replacing Jenkins at work.", ""),
        ("I'm building a Prometheus exporter for old batteries.", ""),
        ("I'm building an NFL stats project.", ""),
    ],
)
def test_names_of_what_is_made(text, name):
    assert names.made_name(prose(text), frozenset()) == name


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("Kestrel (https://kestrel-sim.com), my flight simulator.", "https://kestrel-sim.com", "Kestrel"),
        (
            "I made one. Almanac shows the week as a garden. https://apps.apple.com/us/app/almanac-slow-calendar/id67",
            "https://apps.apple.com/us/app/almanac-slow-calendar/id67",
            "Almanac",
        ),
        ("Tree starts small: https://tree-of-lore.com", "https://tree-of-lore.com", ""),
        ("A game. https://fern-moss.com", "https://fern-moss.com", ""),
    ],
)
def test_names_that_begin_the_one_in_the_address(text, address, name):
    assert names.beside_address(prose(text), address) == name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://getstanza.app", "Stanza"),
        ("https://github.com/ada/moss", "moss"),
        ("https://addons.mozilla.org/en-US/firefox/addon/no-overviews/", "No Overviews"),
        ("https://marketplace.visualstudio.com/items?itemName=costlens.costlens", "Costlens"),
        ("https://play.google.com/store/apps/details?id=org.example.moss", "Moss"),
        ("", ""),
        ("https://github.com/annlabs/maps", "Maps"),
        ("https://github.com/ann/app", "ann/app"),
    ],
)
def test_names_that_only_the_address_tells(address, name):
    assert names.bare_brand(prose("An app."), address) == name
