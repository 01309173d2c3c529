"""The stretch that a project was found in, marked in the comment's HTML."""

import pytest

from comments.highlighting import marked_html
from comments.text import plain_text


def test_a_passage_is_marked_across_tags_and_shortened_links():
    html = (
        'Hi!<p>I make <i>Foo</i>, see <a href="https:&#x2F;&#x2F;foo.example&#x2F;a&#x2F;b">'
        "https:&#x2F;&#x2F;foo.ex...</a> &amp; more.<p>Bye."
    )
    passage = plain_text(html).split("\n\n")[1]
    marked = marked_html(html, [passage])
    assert "<mark>I make</mark>" in marked
    assert "<i><mark>Foo</mark>" in marked
    assert "<mark>https://foo.ex...</mark></a>" in marked
    assert "Hi!<p>" in marked
    assert marked.endswith("<p>Bye.</p>")


def test_two_passages_in_one_paragraph_are_marked_apart():
    marked = marked_html(
        "I make Foobar daily. I like tea. I make Bazqux weekly.", ["I make Foobar daily.", "I make Bazqux weekly."]
    )
    assert marked == "<mark>I make Foobar daily.</mark> I like tea. <mark>I make Bazqux weekly.</mark>"


def test_a_passage_that_was_put_together_of_sentences_is_marked_sentence_by_sentence():
    marked = marked_html(
        "First a sentence here. Something else. Then another sentence.",
        ["First a sentence here.\nThen another sentence."],
    )
    assert marked.count("<mark>") == 2
    assert "<mark>Something" not in marked


@pytest.mark.parametrize("passage", ["", "...", "not in there at all", "<script>"])
def test_what_does_not_stand_there_marks_nothing(passage):
    assert "<mark>" not in marked_html("I make <b>Foo</b>.", [passage])


def test_marking_lets_nothing_through_that_cleaning_stops():
    html = (
        "<script>alert(1)</script><p onclick=x>I make &lt;script&gt;alert(1)&lt;/script&gt; "
        "<img src=x onerror=alert(1)>now"
    )
    marked = marked_html(html, ["I make <script>alert(1)</script>"])
    assert "<script" not in marked
    assert "onclick" not in marked
    assert "<img" not in marked
    assert "<mark>I make &lt;script&gt;alert(1)" in marked
