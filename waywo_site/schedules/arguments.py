"""What a task takes, read by pydantic from its signature, and whether given values fit."""

import inspect
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any

from celery import Task, current_app
from django.conf import settings
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

# Beat's clean-up of task results is Celery's own.
CELERYS_OWN = ("celery.backend_cleanup",)
# A canary means something only when send_canaries notes that it was sent; what is tried or asked, to who looks.
SENT_BY_OTHERS = ("canary", "try_reading", "answer_question")
KINDS = {"integer": int, "number": float, "boolean": bool, "string": str}
NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


@dataclass(frozen=True)
class Argument:
    """One argument. ``kind`` is int, float, bool or str; ``is_list`` says several; limits are included values."""

    name: str
    kind: type
    is_list: bool
    is_required: bool
    default: Any
    least: float | None
    most: float | None
    choices: tuple[Any, ...]
    help: str

    @property
    def expects(self) -> str:
        """Return what it expects, in words, as: a whole number, 1 to 50."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        words = f"a list of {NAMES[self.kind].removeprefix('a ')}s" if self.is_list else NAMES[self.kind]
        if self.least is not None and self.most is not None:
            return f"{words}, {self.least:.10g} to {self.most:.10g}"
        if self.least is not None:
            return f"{words}, {self.least:.10g} or more"
        return words if self.most is None else f"{words}, {self.most:.10g} or less"


def registered() -> dict[str, Task]:
    """Return the tasks that may be scheduled, by name."""
    tasks = current_app.tasks
    offered = {*settings.TASK_QUEUES, *CELERYS_OWN}.difference(SENT_BY_OTHERS)
    return {name: tasks[name] for name in sorted(offered) if name in tasks}


def summary(task: Task) -> str:
    """Return what the task does: the first paragraph of its docstring."""
    return " ".join((inspect.getdoc(task.run) or "").split("\n\n")[0].split())


@cache
def arguments(task: Task) -> tuple[Argument, ...]:
    """Return what the task takes. Raises TypeError for a type that no form field stands for."""
    schema = _model(task).model_json_schema()
    required = schema.get("required", ())
    return tuple(_argument(name, field, name in required) for name, field in schema["properties"].items())


def problems(task: Task, keywords: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with ``keywords`` for the task: a sentence for each name."""
    try:
        _model(task).model_validate(keywords)
    except ValidationError as error:
        wrong = [str(each["loc"][0]) for each in error.errors()]
    else:
        return {}
    expected = {argument.name: argument.expects for argument in arguments(task)}
    found = {}
    for name in wrong:
        if name not in expected:
            found[name] = f"{name} is not an argument of {task.name}: it expects {', '.join(expected) or 'none'}."
        else:
            what = f"{name}={keywords[name]!r} is invalid" if name in keywords else f"{name} is missing"
            found[name] = f"{what}: it expects {expected[name]}."
    return found


@cache
def _model(task: Task) -> type[BaseModel]:
    """Return a model of the task's keywords, which are JSON: nothing is converted."""
    hints = typing.get_type_hints(task.run, include_extras=True)
    fields: dict[str, Any] = {
        name: (hints.get(name, str), ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(task.run).parameters.items()
        if name != "self" and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    }
    return create_model(task.name, __config__=ConfigDict(extra="forbid", strict=True, allow_inf_nan=False), **fields)


def _argument(name: str, field: dict[str, Any], is_required: bool) -> Argument:
    """Return an argument from the JSON schema of its field."""
    value = next(each for each in field.get("anyOf", [field]) if each.get("type") != "null")
    is_list = value.get("type") == "array"
    each = value["items"] if is_list else value
    if each.get("type") not in KINDS:
        raise TypeError(f"No form field stands for the type of {name}: {value}.")
    return Argument(
        name,
        KINDS[each["type"]],
        is_list,
        is_required,
        field.get("default"),
        each.get("minimum"),
        each.get("maximum"),
        tuple(each.get("enum", ())),
        field.get("description", ""),
    )
