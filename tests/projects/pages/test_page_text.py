"""The text of strangers' HTML, and that no page can hold the reader up or take it along."""

import os
import time

import pytest

from projects.pages import page_text
from projects.pages.page_text import extract_text

URL = "https://example.com/"


def test_a_page_gives_its_main_text_without_what_is_around_it():
    html = (
        "<title>  Mail\n sorter </title><nav><a href='/'>Home</a></nav><article><h1>Mail sorter</h1><p>"
        + "It sorts your mail by how urgent it is. " * 20
        + "</p></article><footer>Cookies</footer>"
    )
    title, text = extract_text(html, URL)
    assert title == "Mail sorter"
    assert "sorts your mail" in text
    assert "Cookies" not in text


def test_a_page_of_few_words_is_led_by_its_description():
    html = (
        "<title>Home</title><meta property='og:title' content='Mail sorter'>"
        "<meta property='og:description' content='Sorts mail &amp; more.'><div id=app></div>"
    )
    assert extract_text(html, URL) == ("Mail sorter", "Sorts mail & more.")


def test_a_repository_gives_its_readme():
    html = (
        "<title>GitHub - a/b</title><meta name=description content='A sorter of mail'><div>Files 12</div>"
        "<article class='markdown-body entry-content'><h1>sorter</h1>\n<p>Sorts <b>mail</b>.</p>\n"
        "<pre>pip install sorter</pre></article><p>" + "Other words of the site. " * 50 + "</p>"
    )
    title, text = extract_text(html, "https://github.com/a/b")
    assert title == "GitHub - a/b"
    assert text == "A sorter of mail\n\nsorter\nSorts mail.\npip install sorter"


def test_what_is_stored_has_no_nul_and_an_end():
    title, text = extract_text(f"<title>{'t' * 2000}\0</title><article><p>{'word&#0; ' * 9000}</p></article>", URL)
    assert len(title) <= 500
    assert 0 < len(text) <= 20_000
    assert "\0" not in title + text


@pytest.mark.parametrize(
    "html",
    ["", " ", "<", "plain", "<!--" * 100_000, "<div>" * 100_000, "\ud800", "<?xml version='1.0' encoding='x'?><p>a"],
)
def test_odd_html_is_no_error(html):
    title, text = extract_text(html, URL)
    assert isinstance(title, str)
    assert isinstance(text, str)


def test_a_page_that_hangs_the_parser_costs_seconds_and_gives_its_head(monkeypatch):
    monkeypatch.setattr(page_text, "PAGE_SECONDS", 2.0)
    # A tag of 250,000 attributes: more seconds of libxml2 than it is given.
    html = (
        "<title>Trap</title><meta name='description' content='A &lt;trap&gt;'><p "
        + " ".join(f"a{i}" for i in range(250_000))
        + ">"
    )
    started = time.monotonic()
    assert extract_text(html, URL) == ("Trap", "A <trap>")
    assert time.monotonic() - started >= 2
    assert extract_text("<title>Next</title>", URL)[0] == "Next"


def test_a_reader_that_ended_while_idle_is_started_again():
    extract_text("<title>one</title>", URL)
    first = page_text._process._running
    first.stdin.close()
    first.wait(timeout=5)
    # As it looks to the asker when the reader ends by itself: the pipe is there, nobody at its other end.
    first.stdin = os.fdopen(os.open(os.devnull, os.O_WRONLY), "wb")
    assert extract_text("<title>two</title>", URL)[0] == "two"
    assert page_text._process._running.pid != first.pid


def test_one_reader_serves_many_pages_and_sees_no_secret(monkeypatch):
    monkeypatch.setenv("LLM_API_KEY", "secret")
    page_text._process._end()
    extract_text("<title>one</title>", URL)
    pid = page_text._process._running.pid
    for _ in range(5):
        extract_text("<title>again</title>", URL)
    assert page_text._process._running.pid == pid
    with open(f"/proc/{pid}/environ") as environment:
        assert "secret" not in environment.read()


def test_a_forked_process_has_a_reader_of_its_own():
    extract_text("<title>parent</title>", URL)
    theirs = page_text._process._running.pid
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        title = extract_text("<title>child</title>", URL)[0]
        os.write(writing, f"{title} {page_text._process._running.pid != theirs}".encode())
        page_text._process._end()
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b"child True"
    os.close(reading)
    assert extract_text("<title>parent</title>", URL)[0] == "parent"
    assert page_text._process._running.pid == theirs
