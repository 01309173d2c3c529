"""Reads a language model's answer as a schema's object, or says in a line what is wrong with it. Pure."""

import json
import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.text import storable

Answer = TypeVar("Answer", bound=BaseModel)

LONGEST_ANSWER = 100_000  # characters; what is longer answers none of our questions
THINKING = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
# What servers cannot all turn into a grammar, and llama.cpp makes huge ones of; pydantic checks it afterwards.
UNSENT = {"maxLength", "minLength", "title", "default", "description", "pattern"}


class NotAnAnswer(ValueError):
    """The text holds no object of the schema; the message tells the model what to mend."""


def schema_of(wanted: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema that a server is given: all fields required and no others, references resolved."""
    schema = wanted.model_json_schema()
    simple: dict[str, Any] = _simple(schema, schema.get("$defs", {}))
    return simple


def _simple(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_simple(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _simple(definitions[node["$ref"].rsplit("/", 1)[-1]], definitions)
    if isinstance(node.get("properties"), dict):
        fields = {name: _simple(field, definitions) for name, field in node["properties"].items()}
        return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}
    return {name: _simple(value, definitions) for name, value in node.items() if name not in UNSENT | {"$defs"}}


def _storable(value: Any) -> Any:
    """Return ``value`` with texts that PostgreSQL can hold: an answer may spell out NUL or half a surrogate."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(part) for part in value]
    return {name: _storable(part) for name, part in value.items()} if isinstance(value, dict) else value


def parse_answer(text: str, wanted: type[Answer], *, is_cut: bool = False) -> Answer:
    """Return the object in ``text``, be there a fence or words around it. Raises NotAnAnswer.

    ``is_cut`` says that the server ended the answer before the model did.
    """
    if len(text) > LONGEST_ANSWER:
        raise NotAnAnswer(f"it has {len(text):,} characters.")
    text = THINKING.sub("", text).strip()
    if not text:
        raise NotAnAnswer("it is empty.")
    start = text.find("{")
    if start < 0:
        raise NotAnAnswer("it holds no JSON object.")
    try:
        value, _ = json.JSONDecoder().raw_decode(text, start)
        value = _storable(value)
    except (ValueError, RecursionError) as error:
        if is_cut:
            raise NotAnAnswer("it was cut off: write less.") from None
        raise NotAnAnswer(f"it is not complete JSON: {error}.") from None
    try:
        return wanted.model_validate(value)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in error.errors()[:5]]
        raise NotAnAnswer("; ".join(faults)[:600]) from None
