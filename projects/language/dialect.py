"""How one server wants to be asked: found out by reading its refusals, kept for the process, never in the database.

Servers differ in the name of the bound on tokens, in whether they take a temperature, and in how they are told which
JSON to write. A refusal that is about something else changes nothing here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from projects.language.answers import schema_of

TEMPERATURE = 0.1
# An answer that was cut off while the model thought is asked for again with so many times the room.
WIDER = 4
BOUNDS = ("max_tokens", "max_completion_tokens", "")


class Mode(StrEnum):
    """How a server is told which JSON to write, best first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    PROMPT = "prompt"


class Refusal(StrEnum):
    """What a refusal is about."""

    BOUND = "the name of the bound on tokens"
    ROOM = "too many tokens asked for"
    USAGE = "the wish to be told the tokens of a stream"
    TEMPERATURE = "the temperature"
    FORM = "the form of the answer"
    TOO_LONG = "a question that is longer than the model reads"
    OWN_ANSWER = "an answer of the model's own that did not validate"
    CUT = "an answer that found no room"
    UNKNOWN = "anything else"


_UNWANTED = r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|not permitted|not allowed|extra|invalid|use '"
_SAYS_SO = rf"{_UNWANTED}|exceed|too l"
# The first that fits counts.
SIGNS: tuple[tuple[Refusal, str], ...] = (
    (Refusal.USAGE, r"stream_options|include_usage"),
    (
        Refusal.OWN_ANSWER,
        r"json_validate_failed|failed_generation|tool_use_failed|output_parse_failed"
        r"|failed to (generate|validate) json|(did|does) not match the .{0,20}schema",
    ),
    (Refusal.CUT, r"could not finish the message|output limit was reached"),
    (
        Refusal.ROOM,
        r"max_(completion_)?tokens\W.{0,60}(too (large|big|high)|at most|less than|exceed|greater|maximum|<=)",
    ),
    (
        Refusal.BOUND,
        rf"(max_(completion_|output_|new_)?tokens.*({_UNWANTED}))|(({_UNWANTED}).*max_(completion_)?tokens)",
    ),
    (
        Refusal.TOO_LONG,
        r"context.{0,3}(length|window|size)|(prompt|input|request|messages?|text) .{0,40}too (long|large|many)"
        r"|too many (input |prompt )?tokens|reduce the (length|size)|maximum (input|prompt|context|number of tokens)"
        r"|exceeds? .{0,40}(context|tokens|maximum length)|string.too.long|n_ctx|max_model_len",
    ),
    (Refusal.TEMPERATURE, rf"temperature.*({_UNWANTED}|only|must|deprecat)|({_UNWANTED}).*temperature"),
    (
        Refusal.FORM,
        r"response.?format|json_?(schema|object|mode)|structured.?output|grammar|guided|additionalproperties"
        r"|schema|requested parameters",
    ),
)
AT_MOST = re.compile(r"(?:at most|less than or equal to|<=|maximum(?: value)?(?: of| is|:)?)\s*(\d+)")


def what_is_refused(status: int, message: str) -> Refusal | None:
    """Return what the server's refusal is about; None for a status that refuses no request's form or length."""
    text = " ".join(message.lower().split())
    about = next((about for about, sign in SIGNS if re.search(sign, text)), Refusal.UNKNOWN)
    if status == 413:
        return Refusal.TOO_LONG
    if status in (400, 422, 501):
        return about
    # Gateways say so when none of their servers takes the parameters, and simple servers when they fall over one.
    is_told = about not in (Refusal.UNKNOWN, Refusal.OWN_ANSWER) and (status != 500 or re.search(_SAYS_SO, text))
    return about if status in (404, 415, 500) and is_told else None


@dataclass
class Dialect:
    """What is known of a server. ``most_tokens`` bounds every answer, thoughts included.

    ``mode`` is None before it has been found out, or when no way works any more; ``room`` is how many times the tokens
    of a plain answer the model takes with its thoughts.
    """

    most_tokens: int
    mode: Mode | None = None
    bound: str = BOUNDS[0]
    takes_temperature: bool = True
    tells_usage: bool = True
    room: int = 1
    most_answer_tokens: int | None = None
    """What the server gives at most for one answer, where it said so."""

    def tokens(self, wanted: int) -> int:
        """Return how many tokens an answer that takes ``wanted`` is given, with room for thoughts."""
        return min(wanted * self.room, max(wanted, self.most_tokens), self.most_answer_tokens or self.most_tokens)

    def can_widen(self, wanted: int, given: int) -> bool:
        """Give thoughts more room where ``given`` tokens were too few for them; return whether there is any."""
        most = min(max(wanted, self.most_tokens), self.most_answer_tokens or self.most_tokens)
        while self.tokens(wanted) <= given < most:
            self.room *= WIDER
        return self.tokens(wanted) > given

    def parameters(self, wanted: type[BaseModel] | None, tokens: int, mode: Mode, temperature: float) -> dict[str, Any]:
        """Return what a request says beside its messages; with no ``wanted`` form the answer is prose."""
        request: dict[str, Any] = {self.bound: tokens} if self.bound else {}
        if self.takes_temperature:
            request["temperature"] = temperature
        return request | (response_format(wanted, mode) if wanted else {})

    def streaming(self) -> dict[str, Any]:
        """Return what a request for a stream says beside."""
        return {"stream_options": {"include_usage": True}} if self.tells_usage else {}

    def heed(self, refused: Refusal, message: str, request: dict[str, Any]) -> bool:
        """Change the parameter that ``request`` was refused for; return whether there is one.

        It is judged by what the request had, for another call may have changed this meanwhile.
        """
        if refused is Refusal.TEMPERATURE and "temperature" in request:
            self.takes_temperature = False
            return True
        if refused is Refusal.USAGE and "stream_options" in request:
            self.tells_usage = False
            return True
        had = next((name for name in BOUNDS if name in request), "")
        if refused is not Refusal.BOUND or not had:
            return False
        if self.bound == had:
            named = re.search(r"use [`'\"]?(max_\w*tokens)", message.lower())
            is_told = named is not None and named[1] in BOUNDS and named[1] != had
            self.bound = named[1] if named and is_told else BOUNDS[BOUNDS.index(had) + 1]
        return True

    def fewer_tokens(self, message: str, had: int) -> int:
        """Return how many tokens to ask for where ``had`` were too many; learn what the server gives at most."""
        said = AT_MOST.search(message.lower())
        most = int(said[1]) if said else 0
        if not 0 < most < had:
            return had // 2
        self.most_answer_tokens = most
        return most


def response_format(wanted: type[BaseModel], mode: Mode | None) -> dict[str, Any]:
    """Return the parameter that holds a server to the schema of ``wanted``, as far as ``mode`` can; else nothing."""
    if mode is Mode.JSON_SCHEMA:
        schema = {"name": wanted.__name__, "schema": schema_of(wanted), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"response_format": {"type": "json_object"}} if mode is Mode.JSON_OBJECT else {}
