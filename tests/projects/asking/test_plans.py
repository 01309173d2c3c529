"""What is kept of a model's plan."""

from collections import Counter

import pytest

from projects.asking.plans import MOST_TEXT, Call, PlanAnswer, checked, in_periods, mend_plan, period


def plan_of(*calls: object):
    value = mend_plan({"calls": list(calls)}, Counter())
    return checked(PlanAnswer.model_validate(value), "Who makes clocks?")


def test_a_plan_is_kept_as_far_as_there_are_such_tools_and_arguments():
    plan = plan_of(
        {"tool": "count", "text": "", "tags": "Rust, #Go", "months": ["September 2026", "2025", "soon"], "sql": "x"},
        {"tool": "drop_table", "text": "projects"},
        {"tool": "search", "text": ["a"], "tags": None},
    )
    assert plan.calls == [Call("count", "", ("rust", "go"), ("2026-09", "2025"))]
    assert plan.dropped == [
        "“soon” is no month.",
        "search: without text or tags or months there is nothing to look for.",
    ]


@pytest.mark.parametrize(
    "calls", [[{"tool": "project", "text": " "}], [{"tool": "compare", "tags": ["rust"]}], [{"tool": "months"}]]
)
def test_a_plan_that_looks_for_nothing_searches_for_the_question(calls):
    plan = plan_of(*calls)
    assert plan.calls == [Call("search", "Who makes clocks?")]
    assert plan.dropped


def test_texts_are_short_and_can_be_stored():
    [call] = plan_of({"tool": "search", "text": "\0clock  \ud800" + "x" * 500}).calls
    assert len(call.text) == MOST_TEXT
    assert "\0" not in call.text


def test_the_same_call_is_made_once():
    assert len(plan_of({"tool": "returned"}, {"tool": "returned"}).calls) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("2026-09", "2026-09"), ("2026/9", "2026-09"), ("sept. 2026", "2026-09"), ("May 2026", "2026-05")),
        *(("2026", "2026"), ("in the year 2026", "2026"), ("9", ""), ("yesterday", ""), ("2026-13", "2026")),
    ],
)
def test_months_are_read_as_people_write_them(text, found):
    assert period(text) == found


def test_a_year_has_its_months():
    assert in_periods(("2026", "2025-01"), ["2026-02", "2025-02", "2025-01"]) == ["2026-02", "2025-01"]
