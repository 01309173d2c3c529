"""What a person types, taken apart."""

import pytest

from projects.search.query import MOST_CHARACTERS, MOST_TERMS, SYNTAX, Filters, SearchQuery, clean, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("personal finance", {"words": ("personal", "finance")}),
        ('tiny "static site" maker', {"words": ("tiny", "maker"), "phrases": ("static site",)}),
        ("“curly quotes”", {"phrases": ("curly quotes",)}),
        ("maps -crypto", {"words": ("maps",), "excluded": ("crypto",)}),
        ('maps -"web 3"', {"words": ("maps",), "excluded": ("web 3",)}),
        ("c++ .NET F# node.js k8s", {"words": ("c++", ".NET", "F#", "node.js", "k8s")}),
        ("what is it?!", {"words": ("what", "is", "it")}),
        ("e-ink -- - –", {"words": ("e-ink",)}),
        ("--verbose", {"words": ("verbose",)}),
        ('27" screen', {"words": ("27", "screen")}),
        ("12:30 std::vector", {"words": ("12:30", "std::vector")}),
        ("https://a.example/x?q=1", {"words": ("https://a.example/x?q=1",)}),
        ("🚀", {"words": ("🚀",)}),
        ("()!:*<->&|\\", {}),
    ],
)
def test_words_exact_words_and_excluded_ones(text, expected):
    query = parse(text)
    found = {"words": query.words, "phrases": query.phrases, "excluded": query.excluded}
    assert {name: value for name, value in found.items() if value} == expected
    assert query.messages == ()


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("tag:Rust", Filters(tags=("rust",)), Filters()),
        ('tag:"Machine  Learning" TAG:go', Filters(tags=("machine learning", "go")), Filters()),
        ("-tag:crypto", Filters(), Filters(tags=("crypto",))),
        ("author:@Alice -author:bob", Filters(authors=("Alice",)), Filters(authors=("bob",))),
        ("month:2026-08 month:2025/9", Filters(months=("2026-08", "2025-09")), Filters()),
        ("month:2026", Filters(months=tuple(f"2026-{month:02}" for month in range(1, 13))), Filters()),
        ("site:GitHub.com", Filters(sites=("github.com",)), Filters()),
        ("site:https://www.example.org/a/", Filters(sites=("example.org/a",)), Filters()),
        ("site:*.example.org -site:x.com", Filters(sites=("example.org",)), Filters(sites=("x.com",))),
    ],
)
def test_conditions(text, wanted, unwanted):
    query = parse(text)
    assert (query.wanted, query.unwanted, query.words, query.messages) == (wanted, unwanted, (), ())


@pytest.mark.parametrize(
    ("text", "told", "words"),
    [
        ("tag: rust", "“tag:” needs a value", ("rust",)),
        ("month:august cats", "month:2026-08", ("cats",)),
        ("month:2026-13", "month:2026-08", ()),
        ("site:not/a//host?", "", ()),
        ("site:@", "site:github.com", ()),
        ("author:two\u00a0words x", "", ("words", "x")),
        ("lang:go", "the conditions are tag:, author:, month:, site:.", ("lang:go",)),
        ('"never closed', "not closed", ()),
        ("tag:" + "x" * 60, "was left out", ()),
        ("x" * 10_000, f"first {MOST_CHARACTERS} characters", ("x" * MOST_CHARACTERS,)),
        ("ab " * 100, f"first {MOST_TERMS} words", ("ab",)),
    ],
)
def test_what_is_not_understood_is_told_and_the_rest_is_looked_for(text, told, words):
    query = parse(text)
    assert told in " ".join(query.messages)
    assert query.words == words


def test_or_parts_alternatives():
    assert parse("rust or go").alternatives == (("rust",), ("go",))
    assert parse('big cats OR "small dogs" -fish').alternatives == (("big", "cats"), ('"small dogs"',))
    assert parse("or a or or b or").alternatives == (("a",), ("b",))
    assert parse('"or"').alternatives == (('"or"',),)


def test_without_conditions_they_are_words():
    query = parse("tag:rust x", conditions=False)
    assert (query.words, query.wanted) == (("tag:rust", "x"), Filters())


@pytest.mark.parametrize(
    "text",
    ["\0\0", "a\0b", "\ud800", "\u202eabc\u202c", "\ufeff", "\u2028x\u2029", "'; DROP TABLE x; --", "%s %(a)s {0}",
     "<script>alert(1)</script>", '"' * 99, "-" * 99, ":" * 99, "tag:" * 99, "שלום עולם", "日本語の検索",
     "👩‍👩‍👧‍👦", "\\", "'"],
)  # fmt: skip
def test_any_text_is_taken_and_comes_out_as_one_line_of_text(text):
    query = parse(text)
    assert isinstance(query, SearchQuery)
    assert "\0" not in query.text
    assert "\n" not in query.text
    query.text.encode()
    assert query.meant == parse(query.text).meant


def test_joined_emoji_and_letters_stay_whole():
    assert clean("👩\u200d💻 नमस्\u200dते") == "👩\u200d💻 नमस्\u200dते"


@pytest.mark.parametrize("example", [typed for typed, _ in SYNTAX])
def test_the_examples_that_are_shown_are_understood(example):
    query = parse(example)
    assert not query.is_empty
    assert query.messages == ()
