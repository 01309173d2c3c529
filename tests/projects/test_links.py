"""When two addresses are one, and which stand for a project."""

import pytest

from projects.links import canonical_url, identity

EXTENSION = "abcdefghijklmnopabcdefghijklmnop"


@pytest.mark.parametrize(
    ("address", "others"),
    [
        (
            "https://tansyloop.example",
            "http://www.tansyloop.example/ https://TansyLoop.example:443/?utm_source=hn#top "
            "https://tansyloop.example./ https://tansyloop.example/index.html https://tansyloop.example?ref=hn&fbclid=1",
        ),
        (
            "https://apps.apple.com/us/app/tansyloop/id190",
            "https://apps.apple.com/de/app/tansyloop-f%C3%BCr-alle/id190?l=en "
            "https://apps.apple.com/app/id190?pt=1&ct=hn https://itunes.apple.com/gb/app/tansyloop/id190?mt=8",
        ),
        (
            "https://play.google.com/store/apps/details?id=org.Tansy",
            "https://play.google.com/store/apps/details?id=org.Tansy&hl=de&gl=DE&pli=1 "
            "http://play.google.com/store/apps/details?hl=fr&id=org.Tansy",
        ),
        (
            "https://github.com/ann/loom",
            "https://github.com/Ann/Loom https://github.com/ann/loom.git https://github.com/ann/loom/tree/main "
            "https://github.com/ann/loom/tree/master/ https://github.com/ann/loom/blob/main/README.md "
            "https://github.com/ann/loom#readme https://github.com/ann/loom?tab=readme-ov-file "
            "https://github.com/ann/loom/issues https://www.github.com/ann/loom/releases/latest",
        ),
        ("https://gitlab.com/ann/loom", "https://gitlab.com/ann/Loom/-/tree/main https://gitlab.com/ann/loom/-/issues"),
        ("https://codeberg.org/ann/loom", "https://codeberg.org/Ann/loom/src/branch/main"),
        (
            f"https://chromewebstore.google.com/detail/tansy/{EXTENSION}",
            f"https://chrome.google.com/webstore/detail/tansy-loop/{EXTENSION}?hl=de",
        ),
        ("https://store.steampowered.com/app/12/Tansy_Loop/", "https://store.steampowered.com/app/12?l=german"),
        ("https://addons.mozilla.org/en-US/firefox/addon/Tansy/", "https://addons.mozilla.org/de/firefox/addon/tansy"),
        ("https://pypi.org/project/tansy_loop/", "https://pypi.org/project/Tansy-Loop https://pypi.org/p/tansy.loop"),
        ("https://www.npmjs.com/package/tansy", "https://npmjs.com/package/Tansy"),
        ("https://Ann.itch.io/tansy", "https://ann.itch.io/Tansy"),
        ("https://büchse.example/ä", "https://xn--bchse-kva.example/%C3%A4 https://BÜCHSE.example/%c3%a4"),
        ("https://tansyloop.example/~ann", "https://tansyloop.example/%7Eann"),
    ],
)
def test_the_same_thing_under_two_addresses_is_one(address, others):
    assert identity(address)
    assert {identity(other) for other in others.split()} == {identity(address)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://tansyloop.example/a", "https://tansyloop.example/A"),
        ("https://tansyloop.example/?id=1", "https://tansyloop.example/?id=2"),
        ("https://github.com/ann/loom", "https://github.com/ann/loom2"),
        ("https://github.com/ann/loom", "https://github.com/ann/loom/tree/main/packages/bobbin"),
        ("https://github.com/ann/tree", "https://github.com/ann/main"),
        ("https://apps.apple.com/app/id190", "https://apps.apple.com/app/id191"),
        ("https://play.google.com/store/apps/details?id=a.b", "https://play.google.com/store/apps/details?id=a.B"),
        ("https://ann.itch.io/tansy", "https://bob.itch.io/tansy"),
        ("https://ann.github.io", "https://bob.github.io"),
        ("https://a.example", "https://b.a.example"),
    ],
)
def test_two_things_have_two_addresses(one, other):
    assert canonical_url(one) != canonical_url(other)


@pytest.mark.parametrize(
    "address",
    "https://fly.io https://fly.dev http://github.io/ https://gmail.com https://proton.me/ https://itch.io "
    "https://ann.itch.io https://apps.apple.com/ https://play.google.com/?hl=de https://www.etsy.com "
    "https://vercel.app?ref=1 https://github.com/ann https://x.com/ann https://youtube.com/@ann https://substack.com "
    "https://co.uk https://localhost nonsense ftp://a.example https:// https://[".split(),
)
def test_what_many_share_stands_for_no_project(address):
    assert identity(address) == ""


@pytest.mark.parametrize(
    "address",
    "https://tansyloop.fly.dev https://ann.github.io https://ann.substack.com https://plumkit.com.au "
    "https://fly.io/docs/tansy https://sites.google.com/view/tansy".split(),
)
def test_what_one_has_there_stands_for_a_project(address):
    assert identity(address)


def test_half_a_surrogate_in_an_address_breaks_nothing():
    assert canonical_url("https://a.example/\ud800") == "a.example/%EF%BF%BD"
