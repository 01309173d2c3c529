"""Arguments of tasks, read from their signature and docstring."""

from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Interval
from celery import Celery

from waywo_site.schedules import arguments

app = Celery("of tests", set_as_current=False)


@app.task(name="make_things", shared=False)
def make_things(
    *,
    number: int = 5,
    heat: float = 0.85,
    names: list[str] | None = None,
    month: Annotated[int, Interval(ge=1, le=12)] | None = None,
    since: Annotated[int, Ge(1)],
    by: Literal["rules", "llm"] | None = None,
    dry: bool = False,
) -> None:
    """Make things. It takes long.

    number: 1 to 50. names: whose things; empty for all. heat: the
    temperature of it, 0.1 to 1.5. month, since: when it began. by: who makes them. dry: only says what it would do.
    """


def test_types_limits_defaults_and_help_come_from_signature_and_docstring():
    read = {argument.name: argument for argument in arguments.arguments(make_things)}
    assert {name: argument.takes for name, argument in read.items()} == {
        "number": "a whole number, 1 to 50",
        "heat": "a number, 0.1 to 1.5",
        "names": "a list of texts",
        "month": "a whole number, 1 to 12",
        "since": "a whole number, 1 or more",
        "by": "one of rules, llm",
        "dry": "true or false",
    }
    assert read["names"].help == "whose things; empty for all"
    assert read["month"].help == read["since"].help == "when it began"
    assert read["heat"].default == 0.85
    assert [name for name, argument in read.items() if argument.is_required] == ["since"]
    assert arguments.summary(make_things) == "Make things. It takes long."


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, set()),
        ({"number": 50, "heat": 1, "names": ["a"], "month": None, "by": "llm", "dry": True}, set()),
        ({"number": 51}, {"number"}),
        ({"number": True}, {"number"}),
        ({"number": 1.5}, {"number"}),
        ({"number": None}, {"number"}),
        ({"heat": 0.05, "names": "a", "month": 13, "by": "me", "dry": 1}, {"heat", "names", "month", "by", "dry"}),
        ({"names": [1]}, {"names"}),
        ({"colour": "red"}, {"colour"}),
        ({"since": 0}, {"since"}),
        ({"since": "1"}, {"since"}),
    ],
)
def test_a_value_that_does_not_fit_is_named(given, wrong):
    problems = arguments.problems(make_things, {"since": 1} | given)
    assert set(problems) == wrong
    for name, words in problems.items():
        assert name in words


@pytest.mark.parametrize(("name", "argument"), [("discover_waywo_posts", "since_days"), ("cleanup_old_data", "days")])
def test_a_number_of_days_that_the_task_would_refuse_cannot_be_scheduled(name, argument):
    task = arguments.registered()[name]
    for days in (-5, 0, 10_001):
        assert set(arguments.problems(task, {argument: days})) == {argument}
    assert arguments.problems(task, {argument: 1}) == {}


def test_what_is_missing_is_named():
    assert arguments.problems(make_things, {}) == {"since": "since is missing: it takes a whole number, 1 or more."}


def test_a_type_that_no_field_stands_for_is_refused():
    @app.task(name="odd", shared=False)
    def odd(*, where: dict) -> None:
        """Do something odd."""

    with pytest.raises(TypeError, match="where"):
        arguments.arguments(odd)
