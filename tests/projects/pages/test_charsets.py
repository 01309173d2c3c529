"""The character sets of pages, decided as browsers decide them."""

import codecs
import os
import time

import pytest

from projects.pages.charsets import decoded

HTML = "text/html"
RUSSIAN = "Карта живых изгородей для тех, кто ходит пешком. Она знает, где перелаз и где собака."
JAPANESE = "これは生け垣の地図です。歩く人のために毎日作っています。とても便利です。"


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        # A byte order mark goes before the header, the header before the page, XML before <meta>.
        (codecs.BOM_UTF8 + "é".encode(), "text/html; charset=iso-8859-1", "é"),
        (codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), "text/html; charset=utf-8", "é"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), HTML, "é"),
        ("<meta charset=koi8-r>да".encode("cp1251"), "text/html; charset=windows-1251", "<meta charset=koi8-r>да"),
        ("я".encode("koi8-r"), 'text/html; Charset="KOI8-R"', "я"),
        ("<meta charset='windows-1251'>да".encode("cp1251"), HTML, "<meta charset='windows-1251'>да"),
        (
            '<meta http-equiv=Content-Type content="text/html; charset=koi8-r">да'.encode("koi8-r"),
            HTML,
            '<meta http-equiv=Content-Type content="text/html; charset=koi8-r">да',
        ),
        (
            '<?xml version="1.0" encoding="koi8-r"?>да'.encode("koi8-r"),
            HTML,
            '<?xml version="1.0" encoding="koi8-r"?>да',
        ),
        (b"<!-- <meta charset=koi8-r> -->" + "да".encode(), HTML, "<!-- <meta charset=koi8-r> -->да"),
        ("<meta charset=utf-16>é".encode(), HTML, "<meta charset=utf-16>é"),
        ("<meta charset=nonsense>é".encode(), HTML, "<meta charset=nonsense>é"),
        ("é".encode(), "text/html; charset=nonsense", "é"),
        ("é".encode(), "text/html; charset=punycode", "é"),
        # Names as browsers understand them.
        ("“€”".encode("cp1252"), "text/html; charset=iso-8859-1", "“€”"),
        ("“€”".encode("cp1252"), "text/html; charset=us-ascii", "“€”"),
        ("髙①～".encode("cp932"), "text/html; charset=x-sjis", "髙①～"),
        ("髙①".encode("cp932"), "text/html; charset=Shift_JIS", "髙①"),
        ("镕€".encode("gb18030"), "text/html; charset=gb2312", "镕€"),
        ("똠".encode("cp949"), "text/html; charset=ks_c_5601-1987", "똠"),
        ("ö".encode("cp1254"), "text/html; charset=latin5", "ö"),
        # Where nothing names it.
        ("Größe".encode(), HTML, "Größe"),
        ("Größe".encode()[:-1] + "ß".encode()[:1], HTML, "Größ\ufffd"),
        ((RUSSIAN * 3).encode("cp1251"), HTML, RUSSIAN * 3),
        ((RUSSIAN * 3).encode("koi8-r"), HTML, RUSSIAN * 3),
        ((JAPANESE * 5).encode("cp932"), HTML, JAPANESE * 5),
        ((JAPANESE * 5).encode("euc-jp"), HTML, JAPANESE * 5),
        ((JAPANESE * 5).encode("iso-2022-jp"), HTML, JAPANESE * 5),
        ("Größe für Bäche, schön erklärt. ".encode("cp1252") * 5, HTML, "Größe für Bäche, schön erklärt. " * 5),
        (
            "La carte des haies, déjà très complète. ".encode("cp1252") * 5,
            HTML,
            "La carte des haies, déjà très complète. " * 5,
        ),
        (b"\xff", HTML, "ÿ"),
        (b"", HTML, ""),
    ],
)
def test_a_page_is_read_in_its_set(body, content_type, text):
    assert decoded(body, content_type) == text


def test_a_plain_text_declares_nothing_in_itself():
    body = "<meta charset=koi8-r>да".encode()
    assert decoded(body, "text/plain", is_html=False) == "<meta charset=koi8-r>да"


@pytest.mark.parametrize(
    "body", [os.urandom(2_000_000), b"<meta " * 300_000, b"<!--" * 500_000, b"<?xml " * 300_000, b"\xe9 " * 1_000_000]
)
def test_a_hostile_page_takes_no_long_time(body):
    started = time.monotonic()
    decoded(body, HTML)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("label", ["iso-2022-kr", "hz-gb-2312", "replacement"])
def test_sets_of_which_browsers_show_nothing_are_as_if_none_was_named(label):
    assert decoded("é".encode(), f"text/html; charset={label}") == "é"
    page = f"<meta charset={label}>é"
    assert decoded(page.encode(), HTML) == page
