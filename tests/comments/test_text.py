"""Hacker News HTML as text, as links, and as HTML that is safe to show."""

import re
import time

import pytest
from django.utils.safestring import SafeString

from comments.text import links, plain_text, safe_html, without_quotations
from core.text import storable

LINK = (
    '<a href="https:&#x2F;&#x2F;example.com&#x2F;a&#x2F;very&#x2F;long?x=1&amp;y=2" rel="nofollow">'
    "https:&#x2F;&#x2F;example.com&#x2F;a&#x2F;ve...</a>"
)
MONSTERS = {
    "nested blocks": "<div>" * 200_000,
    "nested inline": "<b><i><p>" * 110_000,
    "just below the limit": "<div>" * 5_000,
    "attributes": "<a " + " ".join(f"a{i}" for i in range(150_000)) + ">x",
    "attributes below the limit": ("<a " + " ".join(f"a{i}" for i in range(20_000)))[:99_000] + ">x",
    "brackets": "<" * 1_000_000,
    "comments": "<!--" * 250_000,
    "entities": "&" * 1_000_000,
    "half an entity": "&#x27" * 200_000,
    "spaces": "<pre>" + " " * 90_000 + "x",
    "lines": "\n" * 1_000_000,
    "parentheses": "https://a.b/" + ")" * 90_000,
    "links in links": "http://" * 14_000,
    "a long word": "x" * 1_000_000,
    "a long link": '<a href="https://x.y/' + "z" * 90_000 + '">q</a>',
    "open tag": "<a href='" + "x" * 1_000_000,
    "tables": "<table><tr><td>" * 1_600,
    "svg": "<svg><title><p>" * 1_600,
}
# fmt: off
ODD = (
    "", " ", "\0", "\ud800", "\udfff\ud800", "<", ">", "<>", "</p>", "<p", "<a href=", "<a href>x</a>", "<a href=''>x",
    "&#0;", "&#xd800;", "&#99999999999;", "<![CDATA[x]]>", "<?php ?>", "<!DOCTYPE html>", "\u202etxt", "<plaintext>x",
)
# fmt: on


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("I&#x27;m on A&#x2F;B &amp; more", "I'm on A/B & more"),
        ("&amp;lt;b&amp;gt; &lt;b&gt;", "&lt;b&gt; <b>"),
        ("one<p>two<p>three", "one\n\ntwo\n\nthree"),
        ("<p>one</p>\n\n\n<p> two </p>", "one\n\ntwo"),
        ("<i>so</i> <b>bold</b>", "so bold"),
        ("a  b\t c\xa0d", "a b c d"),
        ("- one\n- two  \n  three", "- one\n- two\nthree"),
        ("<pre><code>  if x:\n      go()\n</code></pre>done", "  if x:\n      go()\n\ndone"),
        ("<p>a<pre><code>x = &lt;1&gt;</code></pre>", "a\n\nx = <1>"),
        (f"see {LINK}.", "see https://example.com/a/very/long?x=1&y=2."),
        ('<a href="https://e.com">e.com</a>', "https://e.com"),
        ('<a href="https://e.com/">my tool</a>', "my tool (https://e.com/)"),
        ('<a href="javascript:alert(1)">click</a> <a href="/x">here</a>', "click here"),
        ("a<br>b<ul><li>c<li>d</ul>", "a\nb\n\n- c\n- d"),
        ("x<script>alert(1)</script><style>p{}</style>y", "xy"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("Größe 你好 😀", "Größe 你好 😀"),
        ("a\0b", "ab"),
        ('<a href="https://a.com/[2]">https://a.com/[2]</a>: x', "https://a.com/ [2]: x"),
        ('(<a href="https://a.com)—">https://a.com)—</a> x', "(https://a.com)— x"),
        ("<a href=\"https://a.com/.It's\">https://a.com/.It's</a> on", "https://a.com/. It's on"),
        ('<a href="https://me:pw@a.com/x">https://me:pw@a.com/x</a>', "https://a.com/x"),
        ("git clone https://me:pw@a.com/x; me@a.com", "git clone https://a.com/x; me@a.com"),
        ("<i>What are you working on?</i><p>A loom.", "> What are you working on?\n\nA loom."),
        ("<p><i>What are you working on</i></p>A loom.", "> What are you working on\n\nA loom."),
        ("<i>Anything new?</i> A loom.", "> Anything new?\n\nA loom."),
        ("<i>Tarnbell</i><p>A loom. <i>Why?</i> Because.", "Tarnbell\n\nA loom. Why? Because."),
    ],
)
def test_html_becomes_text(html, text):
    assert plain_text(html) == text


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("none here", []),
        (LINK, ["https://example.com/a/very/long?x=1&y=2"]),
        (f"{LINK} again {LINK}", ["https://example.com/a/very/long?x=1&y=2"]),
        ('b <a href="http://b.com">b</a> then http://a.com', ["http://b.com", "http://a.com"]),
        ("see https:&#x2F;&#x2F;a.com&#x2F;x?y=1&amp;z=2.", ["https://a.com/x?y=1&z=2"]),
        ("(https://en.wikipedia.org/wiki/A_(b))", ["https://en.wikipedia.org/wiki/A_(b)"]),
        ("[x](https://a.com), <https://b.com>; 'https://c.com'!", ["https://a.com", "https://c.com"]),
        ("&lt;https://b.com&gt; and “https://c.com”...", ["https://b.com", "https://c.com"]),
        ("HTTPS://A.com/B", ["HTTPS://A.com/B"]),
        ("<pre><code>curl https://a.com/install.sh | sh</code></pre>", ["https://a.com/install.sh"]),
        ('<a href="mailto:a@b.c">m</a> <a href="/x">x</a> <a href="//e.com">y</a> ftp://z.com', []),
        ('<a href="javascript:alert(1)">j</a> https:// http://', []),
        ("https://a.com/" + "x" * 2_000, []),
        ('<a href="https://a.com/' + "x" * 2_000 + '">x</a>', []),
        ("https://a.com/" + "x" * 1_980 + "...", ["https://a.com/" + "x" * 1_980]),
        ('<a href="https://a.com/[2]">https://a.com/[2]</a>', ["https://a.com/"]),
        ('<a href="https://a.com,https://b.com">x</a>', ["https://a.com", "https://b.com"]),
        ('<a href="https://me:pw@a.com/x">x</a> https://me@b.com', ["https://a.com/x", "https://b.com"]),
        ('<a href="https://a.com/\u200b">https://a.com/\u200b</a> now', ["https://a.com/"]),
    ],
)
def test_links_are_found_in_order(html, found):
    assert links(html) == found


def test_what_hacker_news_serves_is_shown_as_it_is():
    html = "<p>a <i>b</i> <em>c</em></p><pre><code>x &lt; y\n</code></pre>"
    assert safe_html(html) == html


def test_a_link_is_shown_without_trust():
    assert safe_html('<a href="https://e.com/?a=1&amp;b=2" onclick="x()" style="y" target="_top" rel="me">e</a>') == (
        '<a href="https://e.com/?a=1&amp;b=2" target="_blank" rel="nofollow noopener noreferrer">e</a>'
    )


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="JaVaScRiPt&colon;alert(1)">x</a>',
        '<a href=" &#14; javascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<a href="/admin/logout/">x</a>',
        '<a href="//evil.example/">x</a>',
        "<iframe src=https://evil.example></iframe>",
        "<p style='background:url(https://evil.example)' onclick=alert(1) id=a class=b>x</p>",
        "<form action=https://evil.example><input name=password></form>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=x()&gt;'>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<base href=https://evil.example><meta http-equiv=refresh content=0>",
        "<<script>script>alert(1)<</script>/script>",
        "<" * 6_000 + "<script>alert(1)</script>",
        "&lt;script&gt;alert(1)&lt;/script&gt;" + "<b>" * 6_000,
    ],
)
def test_an_attack_is_shown_harmless(attack):
    shown = safe_html(attack)
    tags = re.findall(r"<[^>]*>", shown)
    assert all(re.fullmatch(r"</?(p|i|em|pre|code|a)>|<a target=\"_blank\" rel=\"[a-z ]+\">", tag) for tag in tags)


def test_what_is_safe_may_go_into_a_template():
    assert isinstance(safe_html("<p>x"), SafeString)
    assert isinstance(safe_html("<div>" * 6_000), SafeString)


@pytest.mark.parametrize("function", [plain_text, links, safe_html])
@pytest.mark.parametrize("html", MONSTERS.values(), ids=MONSTERS)
def test_a_monster_is_read_quickly(function, html):
    started = time.monotonic()
    result = function(html)
    # Quadratic parsers take minutes here.
    assert time.monotonic() - started < 20
    assert isinstance(result, str | list)


@pytest.mark.parametrize("html", ODD, ids=ascii)
def test_odd_text_is_no_error(html):
    for result in (plain_text(html), safe_html(html), *links(html)):
        result.encode()
        assert "\0" not in result


def test_a_text_too_large_for_its_markup_keeps_its_words():
    html = "<p>first &amp; foremost<p>second" + "<b></b>" * 6_000
    assert plain_text(html) == "first & foremost\n\nsecond"
    assert safe_html("<p>a &amp; b" + "<b></b>" * 6_000).strip() == "a &amp; b"


def test_text_is_made_storable():
    assert storable("a\0b\ud83d\ude00\ud83d") == "ab😀\ufffd"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("> What are you working on?\n\nA loom.", "A loom."),
        ("> What are you\n> working on?\nA loom.\n\nIt weaves.", "A loom.\n\nIt weaves."),
        (">> older\n> newer\n\nA loom.", "A loom."),
        ("A loom.\n\n> Does it weave?\n\nYes.", "A loom.\n\nYes."),
        ("> What are you working on?", "> What are you working on?"),
        ("What are you working on?\n\nA loom.", "A loom."),
        ("Ask HN: What are you all working on right now?\n\nA loom.", "A loom."),
        ("“Any new ideas?”\n\nA loom.", "A loom."),
        ("Anyone here who weaves?\n\nA loom.",) * 2,
        ("A loom. What are you working on? Tell me.",) * 2,
        ("It answers like this:\n\n> warp 12", "It answers like this:\n\n> warp 12"),
        ("Two things:\n> Tarnbell, a doorbell\n> Oddlark, a bird\nBoth free.",) * 2,
        ("A shell:\n\n>>> weave()\n\nTry it.",) * 2,
        ("> 90 % of looms stand still.\n\nI count them.",) * 2,
        ("a => b\n>= 3 is fine",) * 2,
        ("", ""),
    ],
)
def test_what_an_author_quotes_is_not_what_he_says(text, said):
    assert without_quotations(text) == said
