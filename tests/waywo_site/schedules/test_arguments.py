"""Arguments of tasks, read from their signature."""

from typing import Annotated, Literal

import pytest
from celery import Celery
from pydantic import Field

from waywo_site.schedules import arguments

app = Celery("of tests", set_as_current=False)


@app.task(name="make_things", shared=False)
def make_things(
    *,
    number: Annotated[int, Field(ge=1, le=50)] = 5,
    heat: Annotated[float, Field(ge=0.1, le=1.5, description="The temperature.")] = 0.85,
    names: Annotated[list[str] | None, Field(description="Whose things; empty for all.")] = None,
    month: Annotated[int | None, Field(ge=1, le=12)] = None,
    since: Annotated[int, Field(ge=1)],
    by: Literal["rules", "llm"] | None = None,
    dry: bool = False,
) -> None:
    """Make things. It takes
    long.

    And more.
    """


def test_types_limits_defaults_and_help_come_from_the_signature():
    read = {argument.name: argument for argument in arguments.arguments(make_things)}
    assert {name: argument.expects for name, argument in read.items()} == {
        "number": "a whole number, 1 to 50",
        "heat": "a number, 0.1 to 1.5",
        "names": "a list of texts",
        "month": "a whole number, 1 to 12",
        "since": "a whole number, 1 or more",
        "by": "one of rules, llm",
        "dry": "true or false",
    }
    assert read["names"].help == "Whose things; empty for all."
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
        ({"heat": float("nan")}, {"heat"}),
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
    assert arguments.problems(make_things, {}) == {"since": "since is missing: it expects a whole number, 1 or more."}


def test_a_type_that_no_field_stands_for_is_refused():
    @app.task(name="odd", shared=False)
    def odd(*, where: dict) -> None:
        """Do something odd."""

    with pytest.raises(TypeError, match="where"):
        arguments.arguments(odd)
