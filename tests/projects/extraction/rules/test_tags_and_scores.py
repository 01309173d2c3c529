"""Tags from the vocabulary, without false friends, and scores with their reasons."""

import pytest
import yaml

from projects.extraction.rules import scoring
from projects.extraction.rules.vocabulary import VOCABULARY_FILE, choose_tags, vocabulary


def found(text: str) -> set[str]:
    return {tag.name for tag in vocabulary().found_in(text)}


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


def test_three_to_five_tags_whatever_the_text():
    everything = " ".join(spelling for tag in vocabulary().tags for spelling in [tag.name])
    assert len(choose_tags({"text": everything}, [])) == 5
    assert len(choose_tags({"text": "hm"}, [])) == 3


def test_a_store_tells_its_platform():
    assert "ios" in choose_tags({"text": "my app"}, ["https://apps.apple.com/app/id1"])


def test_generic_tags_say_nothing_of_software_where_there_is_none():
    assert "software" not in choose_tags({"text": "I carve spoons."}, [])


def test_every_tag_of_the_vocabulary_fits_the_schema_and_is_spelt_once():
    data = yaml.safe_load(VOCABULARY_FILE.read_text())
    names = [*data["technologies"], *data["domains"]]
    assert len(names) == len(set(names))
    assert all(0 < len(name) <= 50 and name == name.lower() for name in names)
    assert set(data["links"].values()) <= set(names)


def test_scores_spread_and_give_their_reasons():
    thin, reason = scoring.idea_score("A video game.", 3, has_own_link=False)
    rich, rich_reason = scoring.idea_score(
        "Unlike existing tools, this helps doctors find problems early. We have 200 paying customers. Open source.",
        120,
        has_own_link=True,
    )
    assert (thin, rich) == (2, 10)
    assert "hardly described" in reason
    assert "has users or income" in rich_reason


def test_a_compiler_is_harder_than_a_blog():
    compiler, _ = scoring.complexity_score("A distributed JIT compiler in Rust with its own garbage collector", 1)
    blog, _ = scoring.complexity_score("A simple personal website, writing a blog on WordPress", 1)
    assert compiler >= 8
    assert blog <= 2


def test_scores_stay_between_one_and_ten():
    everything = " ".join(
        "compiler distributed encryption neural net PCB physics 3D Rust cross-platform platform years LLM".split() * 3
    )
    assert scoring.complexity_score(everything, 9)[0] == 10
    assert scoring.idea_score("yet another todo app just for fun, just an idea", 5, has_own_link=False)[0] == 1
    assert len(scoring.complexity_score(everything, 9)[1]) <= 500
