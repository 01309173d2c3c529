"""The events of the asking workflow: what each step takes and gives."""

from pydantic import ConfigDict
from workflows.events import Event, StartEvent, StopEvent

from projects.asking.plans import Plan
from projects.asking.tools import Found


class QuestionAsked(StartEvent):
    """A question, with the questions before it and their answers, and what is known of the index."""

    text: str
    turns: list[tuple[str, str]]
    months: list[str]
    tags: list[str]


class QuestionPlanned(Event):
    """Which tools are to be asked for what."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    plan: Plan


class ToolsRan(Event):
    """What the tools found, numbered from 1. ``is_hopeless``: nothing in it can carry an answer."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    found: list[Found]
    is_hopeless: bool


class QuestionAnswered(StopEvent):
    """The answer was told to its end; ``outcome`` says whether it says anything."""

    outcome: str
