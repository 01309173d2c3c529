"""What a model may ask for: the tools by name, their arguments, and what is kept of a plan that has others. Pure."""

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from core.text import storable

MOST_CALLS = 3
MOST_TAGS = 4
MOST_MONTHS = 4
MOST_TEXT = 120  # characters

ToolName = Literal["search", "count", "months", "compare", "project", "alike", "returned"]
TOOLS: tuple[str, ...] = get_args(ToolName)
# What a tool cannot do without: one of these.
NEEDED = {
    "search": ("text", "tags", "months"),
    "months": ("tags",),
    "compare": ("tags", "months"),
    "project": ("text",),
    "alike": ("text",),
}
PERIOD = re.compile(r"(20\d\d)(?:[-/.](0?[1-9]|1[0-2])(?!\d))?")
MONTH_NAMES = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}


class PlannedCall(BaseModel):
    """One call of a tool, as a model is to write it: all fields, for a small model fills what it sees."""

    model_config = ConfigDict(extra="ignore")

    tool: ToolName
    text: str = ""
    tags: list[str] = Field(default=[], max_length=MOST_TAGS)
    months: list[str] = Field(default=[], max_length=MOST_MONTHS)


class PlanAnswer(BaseModel):
    """Which tools, with which arguments."""

    calls: list[PlannedCall] = Field(min_length=1, max_length=MOST_CALLS)


@dataclass(frozen=True)
class Call:
    """One call, checked. ``months`` are "2026-09" or whole years; ``tags`` in lower case."""

    tool: str
    text: str = ""
    tags: tuple[str, ...] = ()
    months: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form: the tool, and the arguments that say something."""
        given = {"text": self.text, "tags": list(self.tags), "months": list(self.months)}
        return {"tool": self.tool} | {name: value for name, value in given.items() if value}

    @property
    def told(self) -> str:
        """What it does, as a person reads it."""
        parts = [f"“{self.text}”"] if self.text else []
        parts += [f"tag {tag}" for tag in self.tags] + list(self.months)
        return f"{DOES[self.tool]}: {', '.join(parts)}" if parts else DOES[self.tool]


DOES = {
    "search": "Searching",
    "count": "Counting",
    "months": "Counting by month",
    "compare": "Comparing",
    "project": "Looking up",
    "alike": "Looking for what is like",
    "returned": "Looking for what came back most often",
}


@dataclass
class Plan:
    """The calls that are made, and a line for each thing in the model's plan that was dropped."""

    calls: list[Call] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"calls": [call.as_dict() for call in self.calls], "dropped": self.dropped}

    @property
    def search_text(self) -> str:
        """What is looked for in words; empty where nothing is."""
        return next((call.text for call in self.calls if call.text), "")


def mend_plan(value: dict[str, Any], mended: Any) -> dict[str, Any]:
    """Return a model's plan without calls of tools that there are not, arguments in the form that they have."""
    calls = value.get("calls")
    if not isinstance(calls, list):
        return value
    known = [call for call in calls if isinstance(call, dict) and call.get("tool") in TOOLS]
    mended["calls"] += len(calls) - len(known)
    for call in known:
        for name in ("tags", "months"):
            given = call.get(name)
            listed = given if isinstance(given, list) else re.split(r"[,;]", given) if isinstance(given, str) else []
            call[name] = [str(each) for each in listed if str(each).strip()]
        call["text"] = call["text"] if isinstance(call.get("text"), str) else ""
        for name, most in (("tags", MOST_TAGS), ("months", MOST_MONTHS)):
            mended["calls"] += len(call[name]) > most
            call[name] = call[name][:most]
    return {"calls": known[:MOST_CALLS]}


def checked(answer: PlanAnswer, question: str) -> Plan:
    """Return the plan that a model's answer makes; each call that cannot be is dropped, and told.

    A plan that looks for nothing gets a search for the ``question`` itself.
    """
    plan = Plan()
    for planned in answer.calls:
        months = [(given, period(given)) for given in planned.months]
        plan.dropped += [f"“{given[:40]}” is no month." for given, found in months if not found]
        call = Call(
            planned.tool,
            " ".join(storable(planned.text).split())[:MOST_TEXT],
            tuple(dict.fromkeys(filter(None, (_tag(tag) for tag in planned.tags)))),
            tuple(dict.fromkeys(found for _, found in months if found)),
        )
        if call in plan.calls:
            continue
        if lacks := _lacks(call):
            plan.dropped.append(f"{call.tool}: {lacks}")
            continue
        plan.calls.append(call)
    if not plan.calls:
        plan.calls.append(Call("search", question[:MOST_TEXT]))
    return plan


def _lacks(call: Call) -> str:
    needed = NEEDED.get(call.tool, ())
    if needed and not any(getattr(call, name) for name in needed):
        return f"without {' or '.join(needed)} there is nothing to look for."
    if call.tool == "compare" and len(call.tags) < 2 and len(call.months) < 2:
        return "it takes two tags or two months."
    return ""


def _tag(name: str) -> str:
    return " ".join(storable(name).lower().replace(",", " ").lstrip("# ").split())[:50]


def period(text: str) -> str:
    """Return a month as "2026-09", a year as "2026"; empty for what is neither. "September 2026" is a month, too."""
    low = text.lower()
    found = PERIOD.search(low)
    if found is None:
        return ""
    if found[2]:
        return f"{found[1]}-{int(found[2]):02}"
    named = next((number for name, number in MONTH_NAMES.items() if re.search(rf"\b{name[:3]}", low)), None)
    return f"{found[1]}-{named:02}" if named else found[1]


def in_periods(periods: Iterable[str], months: Iterable[str]) -> list[str]:
    """Return those of ``months`` that lie in one of the ``periods``, which are months or years."""
    wanted = tuple(periods)
    return [month for month in months if month in wanted or month[:4] in wanted]
