"""Where an address in a text ends."""

import time

import pytest

from core.addresses import LONGEST_ADDRESS, addresses_in, cleaned_address

HOST = "https://tansyloop.example"


@pytest.mark.parametrize(
    "taken_along",
    [
        *(".", ",", ";", ":", "!", "?", "…", "...", ").", ")—", ")—a", "),", "]", "'", "’s", "*", "**", "·"),
        *(
            "|",
            "|Rust",
            "，",
            "。",
            "。见",
            "）一个",
            "」",
            "、",
            "！",
            "：",
            "】",
            "》",
            "～",
            "をみて",
            "给果园",
            "입니다",
        ),
        *("🚀", "✨", "❤️", "→", "\u200b", "\u200e", "\u200f", "\ufeff", "\u2060", "\u00ad", "\u202c", "¹", "²", "†"),
        *("(soon", "{x", "\\n", "`", '"', "”", "»", "<br>", ">", "=>", "<=", ".It's", ".It", "–a", "—a", "&gt", ".Now"),
    ],
)
def test_an_address_ends_before_what_is_glued_to_it(taken_along):
    assert [address for _, _, address in addresses_in(f"see {HOST}{taken_along}")] == [HOST]
    assert cleaned_address(HOST + taken_along) == (HOST, taken_along)


@pytest.mark.parametrize(
    "taken_along",
    [
        *(
            ".",
            ",",
            ")",
            ").",
            ")—",
            "—",
            "[2]",
            "[2]:",
            "[12].",
            "(3)",
            "|",
            "|Go",
            "，",
            "。",
            "）",
            "🎉",
            "\u200b",
            "³",
        ),
        *(
            ".It's",
            ".Then",
            "!Now",
            ",And",
            "…",
            ":",
            ";",
            "?",
            "'",
            "(beta",
            ")and",
            "给果园",
            "–",
            ",https://b.example",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/", "/a/b-c"])
def test_a_path_ends_before_what_is_glued_to_it(path, taken_along):
    if path == "/" and taken_along == "?":
        return  # An empty query.
    found = [address for _, _, address in addresses_in(f"({HOST}{path}{taken_along} x")]
    assert found[0] == HOST + path


@pytest.mark.parametrize(
    "address",
    [
        HOST,
        HOST + "/",
        HOST + "/it's/all,dark;now",
        HOST + "/desk/Nk7-",
        HOST + "/#/swap",
        HOST + "/Mire_(level)",
        HOST + "/Mire_%28level%29",
        HOST + "/a–b",
        HOST + "/~ann/@bo/+x=1",
        HOST + "/?a[0]=1&b[]=2",
        HOST + "?family=A|B",
        HOST + ":8080/x",
        HOST + "/v1.2/x.tar.gz",
        HOST + "/Newtonsoft.Json",
        HOST + "/org.tansy.App",
        HOST + "/details?id=org.tansy.App",
        HOST + "/web/2020/https://other.example/x",
        HOST + "/go?to=https://other.example",
        "https://ja.wiki.example/wiki/柿",
        "https://bücher.example/über",
        "https://例え.jp/x",
        "https://[2001:db8::1]:8000/x",
        "HTTPS://TansyLoop.Example/A",
        "http://localhost:3000",
    ],
)
def test_signs_that_belong_to_an_address_stay(address):
    assert [found for _, _, found in addresses_in(f"At {address} now.")] == [address]
    assert cleaned_address(address) == (address, "")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://a.example,https://b.example", ["https://a.example", "https://b.example"]),
        ("https://a.examplehttps://b.example/x", ["https://a.example", "https://b.example/x"]),
        ("https://a.example/x;http://b.example", ["https://a.example/x", "http://b.example"]),
        ("https://a.example/[1]https://b.example/[2]", ["https://a.example/", "https://b.example/"]),
        ("_https://a.example/x_ and https://a.example/x_", ["https://a.example/x", "https://a.example/x_"]),
        ("https://ann:secret@a.example/x https://ann@b.example", ["https://a.example/x", "https://b.example"]),
        ("https://a.ioAlso and https://b.app.It works", ["https://a.io", "https://b.app"]),
        ("https:// http://... https://) gemini://a.example", []),
    ],
)
def test_addresses_are_found_in_order(text, found):
    assert [address for _, _, address in addresses_in(text)] == found


def test_places_are_those_of_the_text():
    text = "See (https://me:pw@a.example/x), or 🚀https://b.example🚀."
    assert [text[start:end] for start, end, _ in addresses_in(text)] == [
        "https://me:pw@a.example/x",
        "https://b.example",
    ]


def test_what_is_longer_than_any_address_is_none():
    assert not list(addresses_in(HOST + "/" + "x" * LONGEST_ADDRESS + " b"))


@pytest.mark.parametrize(
    "part", ["https://", "https://a.b/(", "https://a.b/[1]", "https://a@", "https://a.b,", "https://x.A"]
)
def test_time_grows_with_the_length_alone(part):
    started = time.monotonic()
    list(addresses_in(part * 20_000))
    assert time.monotonic() - started < 20  # Quadratic patterns take minutes here.
