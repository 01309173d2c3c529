"""What of a host was registered."""

import pytest

from core.domains import has_public_suffix, registered_domain, registered_label


@pytest.mark.parametrize(
    ("host", "domain", "label"),
    [
        ("www.plumkit.com.au", "plumkit.com.au", "plumkit"),
        ("a.b.plumkit.co.nz", "plumkit.co.nz", "plumkit"),
        ("plumkit.ca", "plumkit.ca", "plumkit"),
        ("plumkit.com.br", "plumkit.com.br", "plumkit"),
        ("docs.plumkit.fly.dev", "plumkit.fly.dev", "plumkit"),
        ("ann.substack.com", "ann.substack.com", "ann"),
        ("www.plumkit.example", "plumkit.example", "plumkit"),
        ("com.au", "", ""),
        ("github.io", "", ""),
        ("localhost", "", ""),
    ],
)
def test_what_was_registered(host, domain, label):
    assert (registered_domain(host), registered_label(host)) == (domain, label)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("plumkit.fyi", True),
        ("plumkit.games", True),
        ("Plumkit.COM", True),
        ("bücher.de", True),
        ("plumkit.example", False),
        ("node.js", False),
        ("com", False),
        ("e.g", False),
        ("10.0.0.1", False),
        ("-x.com", False),
        ("a..com", False),
    ],
)
def test_a_domain_needs_an_ending_of_the_list(host, known):
    assert has_public_suffix(host) is known
