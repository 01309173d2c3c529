"""Reads a language model's answer as a schema's object, or says in a line what is wrong with it. Pure.

What is harmless is mended and counted: thoughts and words around the JSON, JSON with mistakes, an answer inside of
another object or list, names of fields in another spelling. What the fields hold is mended by who asked (``mend``).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core.text import storable_value
from projects.language.json_values import Found, values_in, whole_value
from projects.language.thinking import has_thoughts, without_thoughts

Answer = TypeVar("Answer", bound=BaseModel)
Mended = Counter[str]
Mend = Callable[[dict[str, Any], Mended], dict[str, Any]]
"""Takes an answer's object, and returns it with what its fields should hold; notes what it did."""

LONGEST_ANSWER = 100_000  # characters; what is longer answers none of our questions
# How deep an answer may lie in what is wrapped around it, and beside how much else.
DEEPEST, MOST_INSIDE = 4, 50
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


def unmended(value: dict[str, Any], _: Mended) -> dict[str, Any]:
    """Mend nothing: for questions whose answers fit or are asked for again."""
    return value


def parse_answer(
    texts: Sequence[str], wanted: type[Answer], *, is_cut: bool = False, mend: Mend = unmended
) -> tuple[Answer, Mended]:
    """Return the object in the first of ``texts`` that holds one, and what was mended, by kind. Raises NotAnAnswer.

    ``texts`` are the places where a server may have put the answer, the likeliest first. ``is_cut`` says that the
    server ended the answer before the model did.
    """
    reader = _Reader(wanted, mend, is_cut)
    complaint: NotAnAnswer | None = None
    for place, text in enumerate(texts):
        try:
            answer, mended = reader.read(text)
        except NotAnAnswer as error:
            # What is said of the first place, unless another one holds more.
            complaint = error if complaint is None or not isinstance(complaint, _NoFit) else complaint
        else:
            return answer, mended + Counter({"misplaced": 1} if place else {})
    raise complaint or NotAnAnswer("it is empty.")


class _NoFit(NotAnAnswer):
    """There is an object, and it does not fit."""


class _Reader:
    """Reads one text after another as a ``wanted``."""

    def __init__(self, wanted: type[BaseModel], mend: Mend, is_cut: bool) -> None:
        self.wanted, self.mend, self.is_cut = wanted, mend, is_cut
        self.schema = schema_of(wanted)
        self.fields = {_plain(name): name for name in self.schema["properties"]}
        lists = {
            name: field["items"]
            for name, field in self.schema["properties"].items()
            if field.get("type") == "array" and "properties" in field.get("items", {})
        }
        # The field that a bare list stands for, and what its items look like.
        self.item_field = next(iter(lists)) if len(lists) == 1 else ""
        self.item_names = {_plain(name) for name in lists.get(self.item_field, {}).get("properties", ())}

    def read(self, text: str) -> tuple[Any, Mended]:
        text = text.strip().removeprefix("\ufeff")
        if not text:
            raise NotAnAnswer("it is empty.")
        if (whole := whole_value(text)) and self.is_of_use(whole.value):
            return self.fit(whole.value, Counter())
        parts = list(without_thoughts(text))
        thoughts = has_thoughts(text)
        for part in parts:
            if found := self.values(part):
                return self.choose(part, found, Counter({"thinking": 1} if thoughts else {}))
        # Thoughts that never end, and the answer among them. Of one that was cut off nobody knows what is a draft.
        if thoughts and not self.is_cut and (found := self.values(text)):
            return self.choose(text, found, Counter({"thinking": 1}))
        if self.is_cut:
            raise NotAnAnswer("it was cut off: write less.")
        raise NotAnAnswer(f"it holds no JSON object: {' '.join(text.split())[:80]!r}.")

    def values(self, text: str) -> list[Found]:
        if len(text) > LONGEST_ANSWER:
            raise NotAnAnswer(f"it has {len(text):,} characters.")
        return list(values_in(text, self.is_of_use, is_cut=self.is_cut))

    def choose(self, text: str, found: list[Found], mended: Mended) -> tuple[Any, Mended]:
        """Return what fits: all values as the items of one list, else the last that does."""
        around = len(text.strip()) - sum(each.end - each.start for each in found)
        mended = mended + Counter({"words around it": 1} if around > 0 else {})
        if len(found) > 1 and all(self.is_item(each.value) for each in found):
            repaired = Counter({"JSON": 1} if any(each.is_repaired for each in found) else {})
            return self.fit([each.value for each in found], mended + repaired)
        complaint: NotAnAnswer | None = None
        of_use = [each for each in found if self.is_of_use(each.value)]
        for each in reversed(of_use or found):
            try:
                return self.fit(each.value, mended + Counter({"JSON": 1} if each.is_repaired else {}))
            except NotAnAnswer as error:
                complaint = complaint or error
        raise complaint or NotAnAnswer("it holds no JSON object.")

    def fit(self, value: Any, mended: Mended) -> tuple[Any, Mended]:
        """Return ``value``, or the object inside of it that looks like the answer, as a ``wanted``."""
        try:
            return self._fit(value, mended)
        except RecursionError:
            raise NotAnAnswer("it is nested too deeply.") from None

    def _fit(self, value: Any, mended: Mended) -> tuple[Any, Mended]:
        candidates = list(self.objects(value)) or ([(value, 0)] if isinstance(value, dict) else [])
        if not candidates:
            raise NotAnAnswer("it holds no JSON object with the wanted fields.")
        different = [each for place, each in enumerate(candidates) if each not in candidates[:place]]
        if len(different) > 1:
            raise _NoFit(f"it holds {len(different)} different objects: give one.")
        [(found, depth)] = different
        noted: Mended = Counter({"wrapping": 1} if depth else {})
        found = self.mend(storable_value(_named(found, self.schema, noted)), noted)
        try:
            return self.wanted.model_validate(found), mended + noted
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in error.errors()[:5]]
            raise _NoFit("; ".join(faults)[:600]) from None

    def is_of_use(self, value: Any) -> bool:
        return any(True for _ in self.objects(value))

    def is_item(self, value: Any) -> bool:
        """Return whether ``value`` looks like an item of the one list in the answer, rather than like the answer."""
        if not isinstance(value, dict) or self.looks_right(value):
            return False
        return 2 * len(self.item_names & set(map(_plain, value))) >= len(self.item_names) > 0

    def looks_right(self, value: dict[str, Any]) -> bool:
        return 2 * len(set(self.fields) & set(map(_plain, value))) >= len(self.fields)

    def objects(self, value: Any, depth: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
        """Yield the objects in ``value`` that look like the answer, with how deep they lie."""
        inside: list[Any] = []
        if isinstance(value, str):
            found = whole_value(value) if value.lstrip()[:1] in ("{", "[", '"') else None
            inside = [found.value] if found else []
        elif isinstance(value, list):
            if value and all(map(self.is_item, value)):
                yield {self.item_field: value}, depth + 1
            else:
                inside = value
        elif isinstance(value, dict):
            if self.looks_right(value):
                yield value, depth
            elif self.is_item(value):
                yield {self.item_field: [value]}, depth + 1
            else:
                inside = list(value.values())
        for each in inside[:MOST_INSIDE] if depth < DEEPEST else ():
            yield from self.objects(each, depth + 1)


def _plain(name: str) -> str:
    """Return a field's name without what spellings differ in: "shortDescription" is "short_description"."""
    return re.sub(r"[\W_]", "", name).casefold()


def _named(value: Any, schema: dict[str, Any], mended: Mended) -> Any:
    """Return ``value`` with the names that ``schema`` has, and with lists where it wants them."""
    if schema.get("type") == "array":
        if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") and (inner := whole_value(value)):
            mended["wrapping"] += 1
            value = inner.value
        items = schema.get("items", {})
        if isinstance(value, dict) and len(value) == 1 and isinstance(only := next(iter(value.values())), list):
            mended["wrapping"] += 1
            value = only
        return [_named(each, items, mended) for each in value] if isinstance(value, list) else value
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    names: dict[str, str] = {_plain(name): name for name in schema["properties"]}
    found: dict[str, Any] = {}
    for name, each in value.items():
        own = name if name in schema["properties"] else names.get(_plain(name)) or name
        if own != name and own in value:
            continue  # It is there in the right spelling too.
        mended["names"] += own != name
        found[own] = _named(each, schema["properties"].get(own, {}), mended)
    return found
