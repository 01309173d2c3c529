"""What a robots.txt says to us (RFC 9309), whatever it is made of."""

import time

import pytest

from projects.pages.robots import parse


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("Disallow: /", "/a", True),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Waywo/1.0\nAllow: /", "/a", True),
        ("User-agent: waywo\nDisallow: /x\nUser-agent: *\nDisallow: /", "/a", True),
        ("User-agent: other\nUser-agent: waywo\nDisallow: /x", "/x", False),
        ("User-agent: waywo\nDisallow: /x\nUser-agent: waywo\nDisallow: /y", "/y", False),
        ("User-agent: waywoo\nDisallow: /", "/a", True),
        ("user-AGENT : *  # all\n  disallow : /a b # no", "/a%20b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nDisallow: /a/b\nAllow: /a", "/a/b", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?z", True),
        ("User-agent: *\nDisallow: /a*b*c", "/a1b2c3", False),
        ("User-agent: *\nDisallow: /a*b*c", "/a1c2b3", True),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /a$", "/a", False),
        ("User-agent: *\nDisallow: /ab*b$", "/ab", True),
        ("User-agent: *\nDisallow: /ö", "/%C3%B6", False),
        ("User-agent: *\nDisallow: /%7ejoe", "/~joe", False),
        ("User-agent: *\nDisallow: /?q=", "/?q=1", False),
        ("User-agent: *\r\nDisallow: /a\r\nSitemap: http://x/\r\nDisallow: /b", "/b", False),
        ("\ufeffUser-agent: *\nDisallow: /", "/a", False),
        ("<html>User-agent: *</html>", "/a", True),
    ],
)
def test_the_rules_are_read(text, path, allowed):
    assert parse(text).allow(path) is allowed


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"User-agent: a{i}\n" for i in range(15_000)) + "Allow: /\n" * 27_000,
        "User-agent: waywo\n" * 15_000 + "Disallow: /a*b\n" * 20_000,
        "User-agent: *\n" + "".join(f"Disallow: /{i}*a*a*a*b\n" for i in range(20_000)),
        "User-agent: *\nDisallow: /" + "*a" * 250_000,
        ":" * 500_000,
        "a" * 500_000,
        "Disallow" + " " * 500_000,
    ],
    ids=["many agents", "many rules", "many patterns", "a long pattern", "colons", "a word", "spaces"],
)
def test_a_hostile_file_is_read_quickly(text):
    started = time.monotonic()
    rules = parse(text)
    assert rules.allow("/x" + "a" * 1_900) in (True, False)
    # Quadratic parsers take minutes here.
    assert time.monotonic() - started < 20
