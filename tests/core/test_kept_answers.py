"""Answers kept in memory."""

from django.http import HttpResponse

from core.kept_answers import KeptAnswers


def test_those_that_nobody_asked_for_go_first():
    answers = KeptAnswers(most_bytes=100)
    for name in "abcdefghijklmnopqrst":
        answers.put(name, HttpResponse(name * 5))
    assert answers.get("a").content == b"aaaaa"
    answers.put("u", HttpResponse("uuuuu"))
    assert answers.get("b") is None
    assert answers.get("a").content == b"aaaaa"
    assert answers.get("u").content == b"uuuuu"


def test_an_answer_that_would_take_the_place_of_many_is_not_kept():
    answers = KeptAnswers(most_bytes=100)
    answers.put("large", HttpResponse("x" * 6))
    assert answers.get("large") is None


def test_what_is_kept_twice_is_counted_once():
    answers = KeptAnswers(most_bytes=100)
    for _ in range(30):
        answers.put("a", HttpResponse("aaaaa"))
    answers.put("b", HttpResponse("bbbbb"))
    assert answers.get("a").content == b"aaaaa"


def test_small_ones_are_bounded_by_their_number():
    answers = KeptAnswers(most_bytes=100, most=2)
    for name in "abc":
        answers.put(name, HttpResponse(name))
    assert [answers.get(name) is not None for name in "abc"] == [False, True, True]
