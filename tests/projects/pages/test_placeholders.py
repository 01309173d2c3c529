"""Pages that say nothing of what they are the page of."""

import time

import pytest

from projects.pages.placeholders import telling

OWN = "Hazelwick is a map of hedges for walkers. It knows where a stile is, and which dog barks. Free for everyone."


@pytest.mark.parametrize(
    "text",
    [
        "You need to enable JavaScript to run this app.",
        "Please enable JavaScript to continue using this application.",
        "JavaScript is required to view this page.",
        "This app works best with JavaScript enabled.",
        "We're sorry but hazelwick doesn't work properly without JavaScript enabled. Please enable it to continue.",
        "JavaScript is disabled in your browser.\nTurn on JavaScript and reload.",
        "Bitte aktivieren Sie JavaScript.",
        "We use cookies to improve your experience.\nAccept all\nReject all\nManage preferences",
        "We value your privacy. We and our 812 partners store cookies. Accept all cookies",
        "This website uses cookies. By clicking Accept you agree. Cookie policy",
        "Before you continue to Hazelwick",
        "Loading...",
    ],
)
def test_a_notice_is_no_text_of_the_page(text):
    assert telling("Hazelwick", text) == ("Hazelwick", "")


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Just a moment...", "Checking your browser before accessing hazelwick.example."),
        ("Attention Required! | Cloudflare", "Sorry, you have been blocked. Ray ID: 12ab"),
        ("hazelwick.example", "Verifying you are human. This may take a few seconds."),
        ("Access denied", ""),
        ("Hazelwick", "Access to this page has been denied because we believe you are using automation tools."),
        ("Are you a robot?", "Solve the captcha to go on."),
        ("hazelwick.example is for sale", "Buy this domain. Make an offer."),
        ("hazelwick.example", "This domain is parked free, courtesy of a registrar. Related searches: hedges"),
        ("Hazelwick", "The domain name hazelwick.example has expired."),
        ("404 Not Found", "nginx"),
        ("Page not found", "Sorry."),
        ("Site not found · GitHub Pages", "There isn't a GitHub Pages site here."),
        ("Welcome to nginx!", "If you see this page, the server runs."),
        ("Index of /", "Parent Directory"),
        ("Hazelwick", "Application error\nAn error occurred in the application."),
        ("Sign in", "Please log in to continue."),
        ("429", "Too many requests, slow down."),
    ],
)
def test_a_page_in_place_of_the_page_says_nothing(title, text):
    assert telling(title, text) == ("", "")


@pytest.mark.parametrize(
    "title",
    ["React App", "Vite + React + TS", "Create Next App", "Untitled", "Document", "Home", "Loading…", "My Site"],
)
def test_a_title_that_a_tool_wrote_is_none(title):
    assert telling(title, OWN) == ("", OWN)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Hazelwick", OWN),
        (
            "Cookie Clicker for bakers",
            "Bake cookies, sell cookies, and hire a grandmother who bakes more of them for you.",
        ),
        ("Homebrew", OWN),
        ("Hazelwick", OWN + " It runs in the browser."),
        ("A test of hedges", OWN),
        ("Hazelwick", OWN * 12 + " You need to enable JavaScript. Access denied."),
        ("404 Media", "News by four people who left a magazine, about what machines do to people, twice a week."),
        (
            "Pages without JavaScript",
            "An editor that supports JavaScript and Python, and draws pages without JavaScript.",
        ),
        ("500 words", "It takes just a moment: write 500 words a day. Each is a security check of your patience."),
        ("Hazelwick", "It finds every application error and page not found on your site, with too many requests."),
        ("Domains", "A search for domains for sale, with prices of each registrar side by side. No parked ones."),
        ("", ""),
    ],
)
def test_what_a_page_says_stays(title, text):
    assert telling(title, text) == (title, text)


def test_beside_a_notice_the_pages_own_words_stay():
    title, text = telling("Hazelwick", f"{OWN}\nYou need to enable JavaScript to run this app.")
    assert (title, text) == ("Hazelwick", OWN)


@pytest.mark.parametrize("part", ["cookies ", "a. ", "we use ", "domain ", "accept all and ", "verify "])
def test_a_long_text_takes_no_long_time(part):
    started = time.monotonic()
    telling((part * 9_000)[:500], (part * 9_000)[:20_000])
    telling(part, (part * 900)[:1_200])
    assert time.monotonic() - started < 5
