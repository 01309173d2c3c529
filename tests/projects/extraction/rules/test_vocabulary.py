"""What of the vocabulary a text spells, without false friends."""

import pytest
import yaml

from projects.extraction.rules.vocabulary import FILES, vocabulary


def found(text: str) -> set[str]:
    return set(vocabulary().count(text))


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("a backend written in Go", "go"),
        ("a golang library", "go"),
        ("the tool uses Rust under the hood", "rust"),
        ("a C-based parser", "c"),
        ("mostly in C++.", "c++"),
        ("an ASP.NET service", "c#"),
        ("plots made in R and Python", "r"),
        ("a SwiftUI app", "swift"),
        ("an open-source thing", "open-source"),
        ("runs on k8s", "kubernetes"),
        ("for language models like Claude", "llm"),
        ("a React frontend", "react"),
        ("a front-end for tide tables", "web development"),
        ("two frontends", "web development"),
        ("many web scrapers", "web scraping"),
        ("an MCP server", "mcp"),
        ("a harness for coding agents", "ai agents"),
        ("it fills in job applications", "careers"),
        ("firmware for an STM32", "embedded"),
    ],
)
def test_spellings(text, tag):
    assert tag in found(text)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("let's go to the park and have a go at it", "go"),
        ("removing rust from an old bike", "rust"),
        ("a swift response from the team", "swift"),
        ("plan C and vitamin C", "c"),
        ("R and D work", "r"),
        ("I will react to comments", "react"),
        ("written in React Native", "react"),
        ("express delivery of spring flowers", "java"),
        ("I said that it's fair", "ai"),
        ("booking courts and book the flights", "books"),
    ],
)
def test_false_friends(text, tag):
    assert tag not in found(text)


def test_every_tag_of_the_vocabulary_fits_the_schema_and_is_spelt_once():
    data = {key: value for file in FILES.values() for key, value in yaml.safe_load(file.read_text()).items()}
    names = [*data["technologies"], *data["domains"]]
    assert len(names) == len(set(names))
    assert all(0 < len(name) <= 50 and name == name.lower() for name in names)
    assert set(data["links"].values()) <= set(names)
    assert set(data["never_by_likeness"]) <= set(names)
    assert {*data["broader"], *(tag for tags in data["broader"].values() for tag in tags)} <= set(names)


@pytest.mark.parametrize("name", ["side-project", "software", "app", "web", "web app", "startup", "project", "tool"])
def test_what_is_true_of_nearly_everything_is_no_tag(name):
    assert name not in {tag.name for tag in vocabulary().tags}


def test_a_tag_is_counted_in_one_pass_and_four_times_at_most():
    assert vocabulary().count("Rust, Rust and Rust: rustlang, Rust, Rust.") == {"rust": 4}
