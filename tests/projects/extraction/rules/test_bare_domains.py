"""Domains that a text names without a scheme, and whose they are."""

import pytest

from projects.extraction.rules.bare_domains import bare_links


def addresses(text: str, title: str = "") -> list[str]:
    return [link.url for link in bare_links(text, title)]


@pytest.mark.parametrize(
    "host",
    "hazelwick.com hazelwick.ca hazelwick.nl hazelwick.ch hazelwick.se hazelwick.page hazelwick.fyi hazelwick.games "
    "hazelwick.rs hazelwick.co.nz hazelwick.com.br hazelwick.com.au hazelwick.co.uk hazelwick.io hazelwick.wiki "
    "hazelwick.museum hazelwick.sh my-hazelwick.example.org hazelwick.github.io hazelwick.fly.dev haselnuß.de "
    "Hazelwick.App HAZELWICK.COM app.hazelwick.co.jp".split(),
)
@pytest.mark.parametrize("text", ["I'm working on {}, a map of hedges.", "{} - a map of hedges that I'm building."])
def test_a_domain_has_a_public_suffix_and_is_taken_whole(host, text):
    assert addresses(text.format(host)) == [f"https://{host}"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Hazelwick maps hedges. Find it at hazelwick.com/map?ref=hn.", "https://hazelwick.com/map?ref=hn"),
        ("Hazelwick (hazelwick.com), a map of hedges.", "https://hazelwick.com"),
        ("Hazelwick: hazelwick.com/", "https://hazelwick.com"),
        ("A map of hedges for walkers – hazelwick.com", "https://hazelwick.com"),
        ("A map of hedges. www.hazelwick.com", "https://www.hazelwick.com"),
        ("hazelwick.com", "https://hazelwick.com"),
        ("hazelwick.com is a map of hedges.", "https://hazelwick.com"),
        ("I run hazelwick.com with my wife.", "https://hazelwick.com"),
        ("We just launched hazelwick.com!", "https://hazelwick.com"),
        ("It is live at hazelwick.com, tell me what you think.", "https://hazelwick.com"),
        ("You can try it on hazelwick.com.", "https://hazelwick.com"),
        ("It is available on hazelwick.com.", "https://hazelwick.com"),
        ("Looking for the first customers for Hazelwick (hazelwick.com).", "https://hazelwick.com"),
        ("I missed a map of hedges, so I make one:hazelwick.com", "https://hazelwick.com"),
        ("It shows where you stand.\nHazelwick.eu (Android alone)", "https://Hazelwick.eu"),
        ("Site: hazelwick.com Code: none", "https://hazelwick.com"),
        ("Sign up via hazelwick.com/beta.", "https://hazelwick.com/beta"),
        ("A new version of hazelwick.com is what I'm building: hazelwick.com", "https://hazelwick.com"),
    ],
)
def test_words_that_claim_a_domain(text, address):
    assert addresses(text)[:1] == [address]


@pytest.mark.parametrize(
    "said",
    [
        "It is hosted on {}.",
        "It runs on {}.",
        "We deploy to {}.",
        "It is deployed via {} for now.",
        "It is built with {}.",
        "Powered by {}.",
        "The data comes from {}.",
        "It reads its data from {} each night.",
        "It scrapes {}.",
        "It imports from {}.",
        "It uses {}.",
        "It syncs with {}.",
        "It integrates with {} and works with {}.",
        "It posts to {}.",
        "A client for {}.",
        "A browser extension for {}.",
        "It replaces {}!",
        "It beats {}.",
        "It is cheaper than {}.",
        "It is like {} for bees.",
        "Think of it as an alternative to {}.",
        "A self-hosted version of {}.",
        "A clone of {}.",
        "It competes with {}.",
        "Unlike {}, it is free.",
        "Inspired by {}.",
        "It's not {}.",
        "{} is too slow, so I began anew.",
        "A {} alternative.",
        "It started as a {}-like board.",
        "I was tired of {}.",
        "I left {} for this.",
        "I bought the domain at {}.",
        "I registered it through {}.",
        "I used to work at {}.",
        "After ten years at a job at {} I quit.",
        "I moved from {} to my own server.",
        "We sell on {}.",
        "Featured on {}.",
        "I saw it on {}.",
        "It compares prices from {}, {} and {}.",
        "Feedback to ida.hoop (at) {}",
        "ida [at] {}",
        "ida AT {}",
        "Reach me: my HN username at {}.",
        "Mail: ida at {}.",
        "Write to ida at {}.",
        "ida@{}",
        "see ida@mail.{}",
    ],
)
def test_somebody_elses_domain_is_no_link(said):
    assert addresses(f"I'm building Hazelwick. {said.replace('{}', 'brackenhall.com')}") == []


@pytest.mark.parametrize("host", ["gmail.com", "proton.me", "fly.io", "notion.so"])
@pytest.mark.parametrize("text", ["Find me at {}.", "{}", "I'm building Hazelwick (ida at {})."])
def test_hosts_of_many_are_never_a_projects_own(host, text):
    assert addresses(text.format(host)) == []


@pytest.mark.parametrize(
    "text",
    [
        "To try it, run install.sh.",
        "See readme.md for more.",
        "It lives in main.py and lib.rs.",
        "Get release.zip and open demo.mov.",
        "It works.So does the other. I made it.It is fun.",
        "Built with Node.js, Socket.IO and ASP.NET.",
        "It costs 3.50, e.g. for bees, i.e. at 5.pm",
        "v2.0.is out, hazelwick.invalid and hazelwick.internal are not",
        "Call hazelwick.com() or obj.name.id(x).",
        "Open /srv/hazelwick.com/x or ./hazelwick.sh",
    ],
)
def test_files_libraries_and_ends_of_sentences_are_no_domains(text):
    assert addresses(text) == []


def test_a_domain_in_passing_counts_when_it_bears_the_name():
    text = "Some friends of mine grow hazel near hazelwick-farm.com every year."
    assert addresses(text) == []
    assert addresses(text, "Hazelwick") == ["https://hazelwick-farm.com"]
    assert addresses("It replaces hazelwick.com.", "Hazelwick") == []


def test_each_domain_is_named_once():
    assert addresses("hazelwick.com - a map. Find it at hazelwick.com") == ["https://hazelwick.com"]
