"""What areas are called, and when one keeps its name."""

from projects.mapping.keeping import numbers, same_areas
from projects.mapping.naming import Told, distinctive_terms, name_of

GAMES = [
    Told("Blastix", "A space game for LLM fans", ["games", "godot"]),
    Told("Snorf", "Puzzle games with frogs", ["games", "puzzles"]),
    Told("Wumble", "A game about LLM frogs https://wumble.example/frogs", ["games", "llm"]),
]
MONEY = [
    Told("Pennix", "Budgeting for couples", ["finance"]),
    Told("Coinly", "A budgeting app", ["finance"]),
    Told("Ledgerz", "Shared budgeting made easy", ["finance", "open-source"]),
]


def test_an_area_is_called_by_what_the_others_do_not_speak_of():
    terms = distinctive_terms([*GAMES, *MONEY], [0, 0, 0, 1, 1, 1])
    assert terms[0][0] == "games"
    assert terms[1][:2] == ["finance", "budgeting"]
    assert name_of(terms[1]).startswith("Finance, budgeting")


def test_a_tag_and_a_word_are_one_term_in_the_form_that_people_write():
    terms = distinctive_terms([*GAMES, *MONEY], [0, 0, 0, 1, 1, 1])
    assert not {"game", "llm"} & set(terms[0])
    told = [Told("A", "An LLM thing", ["llm"]), Told("B", "LLM for cats", ["llm"]), *MONEY]
    assert distinctive_terms(told, [0, 0, 1, 1, 1])[0] == ["LLM"]


def test_names_of_single_projects_and_addresses_name_nothing():
    found = " ".join(" ".join(terms) for terms in distinctive_terms([*GAMES, *MONEY], [0, 0, 0, 1, 1, 1]).values())
    assert "wumble" not in found.lower()
    assert "blastix" not in found.lower()


def test_an_area_that_nothing_tells_has_no_term():
    assert distinctive_terms([Told("One", "", []), Told("Two", "", [])], [0, 0]) == {0: []}
    assert name_of([]) == ""


def test_no_two_areas_have_one_name():
    assert name_of(["a1", "b1", "c1", "d1"], ["A1, b1, c1"]) == "A1, b1, d1"
    assert name_of(["a1"], ["A1"]) == ""


def test_a_name_has_room():
    assert len(name_of(["x" * 50, "y" * 50, "z" * 50])) <= 80


def test_an_area_that_is_mostly_the_same_keeps_its_number():
    before = [7, 7, 7, 7, 3, 3, None, None]
    now = [0, 0, 0, 1, 1, 2, 2, -1]
    kept = same_areas(now, before)
    assert kept == {0: 7}
    assert numbers([0, 1, 2], kept) == {0: 7, 1: 0, 2: 1}


def test_two_halves_are_not_both_what_they_were():
    kept = same_areas([0, 0, 1, 1], [5, 5, 5, 5])
    assert list(kept.values()) == [5]
