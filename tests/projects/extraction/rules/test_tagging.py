"""Which tags a project gets: three to five that a person would search by."""

import pytest

from projects.extraction.rules.tagging import NearestTags, choose_tags
from projects.extraction.rules.vocabulary import vocabulary
from projects.language.embeddings import WordLlamaEmbedder


def test_three_to_five_tags_whatever_the_text():
    everything = " ".join(tag.name for tag in vocabulary().tags)
    assert len(choose_tags({"text": everything}, [])) == 5
    assert len(choose_tags({"text": "hm"}, [])) == 3


@pytest.mark.parametrize(
    ("url", "tag"),
    [
        ("https://apps.apple.com/app/id1", "ios"),
        ("https://play.google.com/store/apps/details?id=a", "android"),
        ("https://fern.itch.io/moss", "games"),
        ("https://crates.io/crates/moss", "rust"),
    ],
)
def test_a_store_tells_its_platform(url, tag):
    assert tag in choose_tags({"text": "my thing"}, [url])


def test_a_word_in_the_title_weighs_more_than_one_in_the_text():
    tags = choose_tags(
        {"title": "Chess clock", "text": "It was written in Rust, with music and maps in mind, in Zig and C++."}, []
    )
    assert "chess" in tags[:3]


def test_no_more_than_three_technologies():
    tags = choose_tags(
        {"text": "Rust, Zig, SQLite, Docker and Kubernetes for beekeeping and for choirs of musicians"}, []
    )
    technologies = vocabulary().technologies
    assert sum(tag in technologies for tag in tags) == 3
    assert {"nature", "music"} <= set(tags)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("A violin that tunes itself", "music"),
        ("swaps sick people's pills for cheaper ones", "health"),
        ("finds cheap flights for a family", "travel"),
    ],
)
def test_what_no_word_tells_the_nearest_domain_does(text, tag):
    assert tag in choose_tags({"lead": text, "text": text}, [], NearestTags(WordLlamaEmbedder().embed_now))
