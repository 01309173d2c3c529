"""What is mended in the fields of an answer, and what is left for the form to refuse."""

from collections import Counter

import pytest

from projects.extraction.given_addresses import same_address, unknown_addresses
from projects.extraction.mending.answers import mend_comment, mend_project
from projects.extraction.mending.links import tags
from projects.extraction.mending.numbers import score, whole
from projects.extraction.mending.segments import places
from projects.extraction.mending.texts import cut_at_word, description, line, short, words_in

LINKS = ["https://foo.example/app", "https://docs.example"]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *(
            (7, 7),
            (7.0, 7),
            (7.5, 8),
            (6.4, 6),
            ("7", 7),
            (" 7 ", 7),
            ("7.5", 8),
            ("7,5", 8),
            ("8/10", 8),
            ("8 / 10", 8),
        ),
        *(("8.5/10", 9), ("8/10 since 3 people asked", 8), ("6 out of 10", 6), ("4/5", 8), ("80/100", 8), ("80%", 8)),
        *(("Score: 8", 8), ("8 (good)", 8), ("eight", 8), ("Ten.", 10), ({"score": 8, "reason": "x"}, 8), ([8], 8)),
        *(("10", 10), ("1/10", 1)),
    ],
)
def test_a_score_is_read_in_any_spelling(value, number):
    assert score(value) == number


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, "", "high", "7 or 8", "7-8", 0, 11, -3, "11/10", "0", 0.8, 55, {}, [], [7, 8], "1e9", "½"),
        # As of a small model that cannot stop.
        *(10**400, -(10**400), float("inf"), float("nan"), "1" * 20_000, "11/" * 7_000, "12345/10"),
    ],
)
def test_what_is_no_score_from_1_to_10_is_none(value):
    assert score(value) not in range(1, 11) or isinstance(score(value), bool)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("rust, csv ,cli", ["rust", "csv", "cli"]),
        ("rust; csv | cli", ["rust", "csv", "cli"]),
        ("#rust #machine-learning", ["rust", "machine-learning"]),
        (["#Rust", None, "", "  ", "RUST", '"cli"', 3], ["rust", "cli", "3"]),
        (["C#", "F#", "C++", ".NET", "Node.js", "CI/CD"], ["c#", "f#", "c++", ".net", "node.js"]),
        ([["a"], ["b", "c"]], ["a", "b", "c"]),
        ({"technologies": ["rust"], "fields": ["maps"]}, ["rust", "maps"]),
        ({"rust": True, "maps": True}, ["rust", "maps"]),
        ([{"name": "rust"}, {"tag": "maps"}], ["rust", "maps"]),
        (["rust, csv, cli"], ["rust", "csv", "cli"]),
        (["x" * 51, "a", "b"], ["a", "b"]),
        (list("abcdefg"), list("abcde")),
        ("機械学習、地図", ["機械学習", "地図"]),
    ],
)
def test_tags_are_read_in_any_form(value, found):
    assert tags(value) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Foo", "Foo"),
        ('"Foo"', "Foo"),
        ("**Foo**", "Foo"),
        ("“Foo”", "Foo"),
        ('"Foo" and "Bar"', '"Foo" and "Bar"'),
        ("# Foo #", "Foo"),
        ("C#", "C#"),
        (" Foo\nBar ", "Foo Bar"),
        (["Foo", "Bar"], "Foo Bar"),
        ("word " * 60, ("word " * 40).strip()),
        ("字" * 300, "字" * 200),
        (None, ""),
    ],
)
def test_a_title_is_one_line_without_wrapping(value, text):
    assert line(value) == text


def test_a_long_short_description_is_cut_at_a_word_in_every_script():
    long = "A plain thing which one person makes on evenings and weekends because nobody else did"
    assert short(long) == "A plain thing which one person makes on evenings and weekends"
    assert short("five words are enough here") == "five words are enough here"
    assert 3 <= words_in(short("一人で夜と週末に作っている小さな道具でほかの誰も作らなかったから")) <= 14
    assert len(short("ก" * 100)) <= 24
    assert cut_at_word("x" * 50, 20) == "x" * 20


def test_a_description_may_come_in_sentences():
    assert description(["It scans jars", "It is an app.", ""]) == "It scans jars. It is an app."
    assert len(description("Word. " * 2_000)) <= 5_000


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *((1, 1), ("1", 1), ("[1]", 1), ("link 2", 2), (2.0, 2), ([2], 2), (None, 0), ("", 0), ("None", 0), ([], 0)),
        *((-1, 0), ("-1", 0), ({"link": 2}, 2), ({"url": "https://docs.example/"}, 2)),
        *(("https://foo.example/app", 1), ("http://www.foo.example/app/", 1), ("<https://docs.example>", 2)),
        *((3, 3), ("https://evil.example", "https://evil.example"), ("https://foo.example", "https://foo.example")),
        *((True, "True"), ("1 and 2", "1 and 2")),
    ],
)
def test_a_primary_link_is_named_by_number_or_address(value, number):
    assert mend_project({"primary_link": value}, Counter(), links=LINKS)["primary_link"] == number


ONE = [{"link": 1, "summary": "Its site."}]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, []),
        ("", []),
        ([], []),
        (ONE, ONE),
        (ONE[0], ONE),
        ({"1": "Its site."}, ONE),
        ({"1": {"summary": "Its site."}}, ONE),
        ({"https://foo.example/app": "Its site."}, ONE),
        (["Its site."], ONE),
        ([{"link": "1", "summary": "Its site."}], ONE),
        ([{"url": "https://foo.example/app", "text": "Its site."}], ONE),
        ([*ONE, {"link": 1, "summary": "Again."}], ONE),
        ([*ONE, {"link": 9, "summary": "A manual."}], ONE),
        ([*ONE, {"link": 2, "summary": None}, {"link": 2, "summary": ""}, None], ONE),
        ([{"link": 1, "summary": ["Its", "site."]}], [{"link": 1, "summary": "Its. site."}]),
        (["a", "b", "c"], []),
    ],
)
def test_summaries_are_read_in_any_form_and_dropped_for_links_that_are_not_there(value, found):
    assert mend_project({"link_summaries": value}, Counter(), links=LINKS)["link_summaries"] == found


def segments(*parts, sentences: int = 4) -> list[tuple]:
    answer = {"segments": [{"verdict": "project", **part} for part in parts]}
    found = mend_comment(answer, Counter(), sentences=sentences)["segments"]
    return [(part["first"], part["last"], part["verdict"]) for part in found]


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([{"first": "1", "last": "[4]"}], [(1, 4, "project")]),
        ([{"first": 0, "last": 3}], [(1, 4, "project")]),
        ([{"first": 0, "last": 1}, {"first": 2, "last": 3}], [(1, 2, "project"), (3, 4, "project")]),
        ([{"first": 0, "last": 4}], [(1, 4, "project")]),
        ([{"first": 4, "last": 1}], [(1, 4, "project")]),
        ([{"first": 1, "last": 5}], [(1, 4, "project")]),
        ([{"first": 1, "last": 6}], [(1, 6, "project")]),
        ([{"first": 71, "last": 79}], [(71, 79, "project")]),
        ([{"first": 2}], [(2, 2, "project")]),
        ([{"first": 1, "last": 4}] * 3, [(1, 4, "project")]),
        (
            [
                {"first": 1, "last": 4},
                *({"first": 4, "last": 4, "verdict": "chat", "reason": str(n)} for n in range(6)),
            ],
            [(1, 4, "project"), *[(4, 4, "chat")] * 3],
        ),
    ],
)
def test_sentence_numbers_are_set_right_where_they_are_plain(parts, found):
    assert segments(*parts) == found


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        *(("Project", "project"), (" PROJECT. ", "project"), ("projects", "project"), ("a project", "project")),
        *(("project (software)", "project"), ("Job Hunting", "job_hunting"), ("job-hunting", "job_hunting")),
        *(("jobHunting", "job_hunting"), (["chat"], "chat"), ("not a project", "not a project"), (None, None), (1, 1)),
    ],
)
def test_a_verdict_is_read_in_other_spelling(value, verdict):
    assert segments({"first": 1, "last": 4, "verdict": value}) == [(1, 4, verdict)]


def test_what_was_mended_is_counted_by_kind_and_what_is_right_is_not():
    noted: Counter[str] = Counter()
    right = {"title": "Foo", "tags": ["a", "b", "c"], "idea_score": 5, "primary_link": 1, "link_summaries": ONE}
    right |= {"idea_reason": "It is.", "complexity_reason": ""}
    assert mend_project(right, noted, links=LINKS) == right
    assert noted.total() == 0
    mend_project(right | {"idea_score": "8/10", "tags": "a, b"}, noted, links=LINKS)
    assert +noted == Counter({"idea_score": 1, "tags": 1})


GIVEN = "Foo: https://foo.example/app?x=1 and www.bar.example, see [docs](https://docs.example/a_(b))."


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("See http://foo.example/app?x=1.", []),
        ("See `https://www.foo.example/app?x=1`!", []),
        ("[docs](https://docs.example/a_(b))", []),
        ("At www.bar.example or https://bar.example/.", []),
        ("foo.example/app?x=1", []),
        ("https://foo.example/app", ["https://foo.example/app"]),
        ("https://foo.example.evil.example/app?x=1", ["https://foo.example.evil.example/app?x=1"]),
        ("https://evil.example", ["https://evil.example"]),
        ("www.evil.example", ["www.evil.example"]),
        ("evil.example/win", ["evil.example/win"]),
        ("ftp://evil.example/x", ["ftp://evil.example/x"]),
        ("Made with Vue.js/React, ASP.NET/Blazor, CI/CD and index.html/css; i.e. 3.5/10.", []),
        ("https://[half", []),
    ],
)
def test_an_address_counts_as_given_in_any_spelling_and_no_other_does(text, unknown):
    assert list(unknown_addresses([text], GIVEN)) == unknown


def test_whole_numbers_and_addresses_of_odd_forms():
    assert [whole(value) for value in ("-1", "3.5", "[2]", True, 2.5)] == ["-1", "3.5", 2, "True", 2.5]
    assert not same_address("", "")
    assert not same_address("foo", "foo")


def test_ranges_with_numbers_that_never_end_are_none():
    assert places(["1-2", f"{'1' * 5000}-{'2' * 5000}"]) == [{"first": 1, "last": 2}]
