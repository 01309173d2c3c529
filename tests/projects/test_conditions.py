"""What an address asks for, and what of it cannot be."""

import pytest
from django.http import QueryDict

from projects.conditions import BadConditions, Conditions, parse

WELL_FORMED = [
    ("", {}),
    ("tags=rust&tags=web&tags_not=ai", {"tags": ["rust", "web"], "tags_not": ["ai"]}),
    ("month=2026-09&month=unknown", {"month": ["2026-09", "unknown"]}),
    (
        "idea_score=10&idea_score=unknown&min_complexity_score=3",
        {"idea_score": ["10", "unknown"], "min_complexity_score": 3},
    ),
    ("link=store&has_link=true", {"link": ["store"], "has_link": True}),
    ("seen_before=0", {"seen_before": False}),
    ("author=alice&author_source=lobsters", {"author": "alice", "author_source": "lobsters"}),
    ("source=hn&source_not=lobsters", {"source": ["hn"], "source_not": ["lobsters"]}),
    # A form sends what nobody filled in, and others add parameters of their own.
    ("tags=&month=+&min_idea_score=&q=&link=", {}),
    ("page=3&utm_source=mail&view=cards", {}),
    ("q=%F0%9F%A6%80+%22a+b%22", {"q": '🦀 "a b"'}),
    ("q=first&q=second", {"q": "second"}),
]
BAD = [
    ("min_idea_score=11", "min_idea_score=“11” is invalid: it expects a whole number from 1 to 10."),
    ("max_idea_score=many", "max_idea_score=“many”"),
    ("min_complexity_score=0", "min_complexity_score=“0”"),
    ("min_idea_score=" + "9" * 5000, "min_idea_score=“" + "9" * 60 + "…”"),
    ("idea_score=0", "idea_score=“0” is invalid: it expects 1 to 10, or unknown."),
    ("complexity_score_not=any", "complexity_score_not=“any”"),
    ("month=2026-13", "month=“2026-13” is invalid: it expects a month as 2026-09, or unknown."),
    ("month=1999-01", "month=“1999-01”"),
    ("month_not=September", "month_not=“September”"),
    ("source=reddit", "source=“reddit” is invalid: it expects hn, lobsters, nemo_data_designer."),
    ("link=video", "link=“video” is invalid: it expects repository, site, store, none."),
    ("has_link=perhaps", "has_link=“perhaps” is invalid: it expects true or false."),
    ("seen_before=2", "seen_before=“2”"),
    ("author=" + "a" * 10_000, "author=“" + "a" * 60 + "…” is invalid: it expects at most 200 characters."),
    ("author_source=nemo_data_designer", "author_source=“nemo_data_designer”"),
    ("tags=" + "x" * 51, "tags=“"),
    ("tags_not=a%00b", "tags_not=“a␀b”"),
    ("q=%00", "q=“␀”"),
    ("&".join(f"tags={number}" for number in range(21)), "tags has more than 20 values."),
    ("&".join("month=2026-01" for _ in range(61)), "month has more than 60 values."),
    ("link=<script>", "link=“<script>”"),
]
CONTRADICTIONS = [
    ("min_idea_score=8&max_idea_score=3", "min_idea_score=8 is above max_idea_score=3."),
    ("tags=Rust&tags_not=rust", "tags=rust and tags_not=rust exclude each other."),
    ("month=2026-09&month_not=2026-09", "month=2026-09 and month_not=2026-09 exclude each other."),
    ("link=none&has_link=1", "has_link=true and link=none exclude each other."),
    ("has_link=false&link=store&link=site", "has_link=false and link=store, site exclude each other."),
    ("has_tags=false&tags=ai", "has_tags=false excludes every tag."),
]
NO_CONTRADICTIONS = [
    "month=2026-09&month=2026-08&month_not=2026-09",
    "link=none&link=site&has_link=true",
    "min_idea_score=3&max_idea_score=3",
]


@pytest.mark.parametrize(("query", "given"), WELL_FORMED)
def test_a_query_is_read(query, given):
    assert parse(QueryDict(query)).given() == given


@pytest.mark.parametrize(("query", "sentence"), BAD)
def test_a_bad_value_is_named_with_what_is_expected(query, sentence):
    with pytest.raises(BadConditions) as caught:
        parse(QueryDict(query))
    assert any(problem.startswith(sentence) for problem in caught.value.problems)


@pytest.mark.parametrize(("query", "sentence"), CONTRADICTIONS)
def test_what_contradicts_itself_is_said(query, sentence):
    with pytest.raises(BadConditions) as caught:
        parse(QueryDict(query))
    assert caught.value.problems == [sentence]


@pytest.mark.parametrize("query", NO_CONTRADICTIONS)
def test_what_only_narrows_is_no_contradiction(query):
    parse(QueryDict(query))


@pytest.mark.parametrize("query", [query for query, given in WELL_FORMED if given])
def test_conditions_are_written_as_they_are_read(query):
    wanted = parse(QueryDict(query))
    assert parse(QueryDict(wanted.query(page=2))) == wanted


def test_values_are_added_and_taken_away():
    wanted = Conditions(tags=["rust"], author="alice")
    assert wanted.with_value("tags", "web").query() == "tags=rust&tags=web&author=alice"
    assert wanted.with_value("tags", "rust") == wanted
    assert wanted.with_value("seen_before", True).query() == "tags=rust&author=alice&seen_before=true"
    assert wanted.without_value("tags", "rust").query() == "author=alice"
    assert wanted.without_value("tags").without_value("author") == Conditions()
