"""The shapes of requests that several endpoints share."""

from typing import Annotated, Any

from ninja import Field, Schema
from ninja.params.functions import Body
from pydantic import BeforeValidator

from core.api.listing import ChosenFields
from core.jobs.sending import LARGEST_LIMIT


class OneParameters(Schema):
    """What a single object takes."""

    fields: ChosenFields = None


def _no_text(value: Any) -> Any:
    """Refuse what Python would take for a number: true is not 1, and "5" is a text."""
    if isinstance(value, (bool, str)):
        raise ValueError("a whole number")
    return value


NO_TEXT = BeforeValidator(_no_text)
Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT), NO_TEXT] | None
ALL = "Empty for all."


class StrictBody(Schema):
    """A body in which a misspelt name is an error."""

    model_config = {"extra": "forbid"}


NOTHING: Any = Body(default=None)


def given_in(arguments: Schema | None) -> dict[str, Any]:
    """Return the arguments that a body gave; those left out keep the task's defaults."""
    return arguments.dict(exclude_none=True) if arguments else {}
