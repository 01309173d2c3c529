"""What a task takes, read from its signature and its docstring, and whether given values fit."""

import inspect
import re
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any

from annotated_types import Ge, Gt, Interval, Le, Lt
from celery import Task, current_app
from django.conf import settings

# Beat's clean-up of task results is Celery's own.
CELERYS_OWN = ("celery.backend_cleanup",)
# A canary means something only when send_canaries notes that it was sent.
SENT_BY_OTHERS = ("canary",)
# "limit: how many; empty for all. year, month: the month it belongs to."
ABOUT = re.compile(r"(?:^|(?<=[.\s]))(\w+(?:, \w+)*): (.+?)(?=\.(?:\s|$)|$)", re.DOTALL)
RANGE = re.compile(r"(-?\d+(?:\.\d+)?) to (-?\d+(?:\.\d+)?)")
NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


@dataclass(frozen=True)
class Argument:
    """One argument. ``kind`` is int, float, bool or str; ``is_list`` says several; limits are included values."""

    name: str
    kind: type
    is_list: bool
    is_required: bool
    default: Any
    least: float | None = None
    most: float | None = None
    choices: tuple[Any, ...] = ()
    help: str = ""

    @property
    def takes(self) -> str:
        """Return what it takes, in words, as: a whole number, 1 to 50."""
        if self.choices:
            return "one of " + ", ".join(map(str, self.choices))
        words = f"a list of {NAMES[self.kind].removeprefix('a ')}s" if self.is_list else NAMES[self.kind]
        if self.least is not None and self.most is not None:
            return f"{words}, {self.least:g} to {self.most:g}"
        if self.least is not None:
            return f"{words}, {self.least:g} or more"
        return words if self.most is None else f"{words}, {self.most:g} or less"

    def fits(self, value: Any) -> bool:
        """Tell whether ``value`` may be given."""
        if value is None:
            return self.default is None and not self.is_required
        if self.is_list:
            return isinstance(value, list) and all(self._fits_one(one) for one in value)
        return self._fits_one(value)

    def _fits_one(self, value: Any) -> bool:
        kinds = (int, float) if self.kind is float else (self.kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and self.kind is not bool):
            return False
        if self.choices:
            return value in self.choices
        if self.kind not in (int, float):
            return True
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


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
    hints = typing.get_type_hints(task.run, include_extras=True)
    about = _about(inspect.getdoc(task.run) or "")
    return tuple(
        _argument(name, parameter, hints.get(name, str), about.get(name, ""))
        for name, parameter in inspect.signature(task.run).parameters.items()
        if name != "self" and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    )


def problems(task: Task, keywords: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with ``keywords`` for the task: a sentence for each name."""
    known = {argument.name: argument for argument in arguments(task)}
    wrong = {
        name: f"{name} is not an argument of {task.name}: it takes {', '.join(known) or 'none'}."
        for name in keywords
        if name not in known
    }
    for name, argument in known.items():
        if name not in keywords:
            if argument.is_required:
                wrong[name] = f"{name} is missing: it takes {argument.takes}."
        elif not argument.fits(keywords[name]):
            wrong[name] = f"{name}={keywords[name]!r} is invalid: it expects {argument.takes}."
    return wrong


def _about(text: str) -> dict[str, str]:
    """Return what a docstring says about each argument."""
    told: dict[str, str] = {}
    for names, words in ABOUT.findall(text):
        told |= dict.fromkeys(names.split(", "), " ".join(words.split()))
    return told


def _argument(name: str, parameter: inspect.Parameter, hint: Any, about: str) -> Argument:
    plain = _without_extras(hint)
    is_list = typing.get_origin(plain) in (list, tuple)
    if is_list:
        plain = _without_extras(typing.get_args(plain)[0])
    choices = typing.get_args(plain) if typing.get_origin(plain) is typing.Literal else ()
    kind = type(choices[0]) if choices else plain
    if kind not in NAMES:
        raise TypeError(f"No form field stands for the type {hint} of {name}.")
    least, most = _limits(hint, about) if kind in (int, float) else (None, None)
    required = parameter.default is parameter.empty
    default = None if required else parameter.default
    return Argument(name, kind, is_list, required, default, least, most, choices, about)


def _without_extras(hint: Any) -> Any:
    """Return a type without Annotated and without None."""
    if typing.get_origin(hint) is typing.Annotated:
        return _without_extras(typing.get_args(hint)[0])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [_without_extras(one) for one in typing.get_args(hint) if one is not type(None)]
        return rest[0]
    return hint


def _limits(hint: Any, about: str) -> tuple[float | None, float | None]:
    """Return the limits that Annotated gives, else those that the words name: 1 to 50."""
    least = most = None
    for extra in _extras(hint):
        for one in extra if isinstance(extra, Interval) else (extra,):
            if isinstance(one, Ge | Gt):
                least = one.ge if isinstance(one, Ge) else one.gt + 1
            elif isinstance(one, Le | Lt):
                most = one.le if isinstance(one, Le) else one.lt - 1
    if least is None and most is None and (told := RANGE.search(about)):
        least, most = float(told[1]), float(told[2])
    return least, most


def _extras(hint: Any) -> list[Any]:
    if typing.get_origin(hint) is typing.Annotated:
        return list(typing.get_args(hint)[1:])
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [extra for one in typing.get_args(hint) for extra in _extras(one)]
    return []
