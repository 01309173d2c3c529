"""Notes below a text belong to the places that bear their marks."""

import pytest

from projects.extraction.rules.footnotes import footnotes, inlined
from projects.extraction.rules.links import primary_link, read_links
from projects.extraction.rules.prose import read_prose

A, B, C = "https://loom.example", "https://bobbin.example", "https://warp.example/x"


@pytest.mark.parametrize(
    ("mark", "note"),
    [
        ("[1]", "[1] {}"),
        ("[1]", "[1]: {}"),
        ("[1]", "[1] - {}"),
        ("[1]", "[1]{}"),
        ("[1]", "[1]. {}"),
        ("[1]", "1. {}"),
        ("[1]", "1: {}"),
        ("[1]", "- [1] {}"),
        ("[1]", "[1] Source code: {}"),
        ("[1]", "[1] My site - {}"),
        ("[1]", "[1] {} (beta)"),
        (" [0]", "[0] {}"),
        ("[12]", "[12] {}"),
        ("[a]", "[a] {}"),
        ("[^1]", "[^1]: {}"),
        (" (1)", "(1) {}"),
        (" (1)", "(1): {}"),
        ("¹", "¹ {}"),
        ("²", "² {}"),
        ("¹", "¹: {}"),
        ("*", "* {}"),
        ("**", "** {}"),
        ("†", "† {}"),
    ],
)
def test_a_note_stands_where_its_mark_is(mark, note):
    for break_before in ("\n\n", "\n"):
        text = f"I'm building Loom{mark}, it weaves.{break_before}{note.format(A)}"
        assert inlined(text) == f"I'm building Loom ({A}), it weaves."
        assert footnotes(text) == {A}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (f"* Loom [1] weaves\n* Bobbin [2] winds\n\n[1] {A}\n[2] {B}", f"* Loom ({A}) weaves\n* Bobbin ({B}) winds"),
        (f"* Loom (1) weaves\n* Bobbin (2) winds\n\n(1) {A}\n(2) {B}", f"* Loom ({A}) weaves\n* Bobbin ({B}) winds"),
        (f"* Loom¹ weaves\n* Bobbin² winds\n\n¹ {A} ² {B}", f"* Loom ({A}) weaves\n* Bobbin ({B}) winds"),
        (f"Loom[1].\n\n[1] {A}\n\nAnd Bobbin[2].\n\n[2] {B}", f"Loom ({A}).\n\nAnd Bobbin ({B})."),
        (f"Loom[1][2], so[2,3]. [1] {A} [2] {B} [3] {C}", f"Loom ({A}) ({B}), so ({B}, {C})."),
        (f"Loom[1]. [1]: {A}, {B}", f"Loom ({A}, {B})."),
        (f"Loom[1] on Bobbin[2].\n[1]: {A} [2]: {B}", f"Loom ({A}) on Bobbin ({B})."),
        (
            f"Loom[1].\n[1] as told at length in what I wrote: {A}",
            f"Loom ({A}).\nas told at length in what I wrote {A}",
        ),
    ],
)
def test_each_place_gets_its_own(text, whole):
    assert inlined(text) == whole


@pytest.mark.parametrize(
    "text",
    [
        f"1. {A} - weaves\n2. {B} - winds",
        f"[1] {A}\n[2] {B}",
        f"Loom [1] {A} weaves.",
        f"* {A}\n* {B}\n*Loom* and *Bobbin* are mine",
        f"It does (1) weaving and (2) winding: {A}",
        "f(1) and a[1], no address at all",
        f"- Loom\n- Bobbin\n\n{A}",
    ],
)
def test_what_is_no_note_stays(text):
    assert inlined(text) == text
    assert footnotes(text) == frozenset()


@pytest.mark.parametrize(
    ("title", "address"), [("Loom", A), ("Bobbin", B), ("", A)], ids=["the first", "the second", "without a name"]
)
def test_the_note_whose_mark_the_name_bears_is_the_projects(title, address):
    text = f"Loom[1] and Bobbin[2] weave with Warp[3].\n\n[1] {A}\n[2] {B}\n[3] {C}"
    assert primary_link(read_links(read_prose(text), footnotes(text)), title) == address


def test_a_link_in_the_text_goes_before_a_note_to_something_else():
    text = f"While hand looms[1] are rare, mine is at {B}/guides/why now.\n\n[1] {A}"
    assert primary_link(read_links(read_prose(text), footnotes(text))) == f"{B}/guides/why"


@pytest.mark.parametrize(
    "said",
    [
        "A loom in the style of Bobbin[1], made with Warp[2].",
        "I'm making Loom with Bobbin[1] and Warp[2].",
        "Loom, an alternative to Bobbin[1] or Warp[2].",
        "A loom. It runs on Bobbin[1], Warp[2] and patience.",
    ],
)
def test_a_note_to_what_a_project_is_made_with_is_not_its_own(said):
    text = f"{said}\n\n[1] {B}\n[2] {C}"
    assert primary_link(read_links(read_prose(text), footnotes(text)), "Loom") == ""


@pytest.mark.parametrize("part", ["[1] ", "[1] https://a.b\n", "word* ", "¹", "(1) x ", "[1]"])
def test_a_long_text_takes_no_long_time(part):
    inlined((part * 20_000)[:60_000] + "\n[1] https://a.example")
