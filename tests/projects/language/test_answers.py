"""What is found in a model's words: shapes of JSON, thoughts, and what is no answer."""

import json

import pytest
from pydantic import BaseModel, Field

from projects.language.answers import NotAnAnswer, parse_answer


class Item(BaseModel):
    first: int
    last: int
    what: str


class Basket(BaseModel):
    """An answer that is a list."""

    items: list[Item] = Field(min_length=1)


class Thing(BaseModel):
    """An answer of several fields."""

    full_name: str
    size: int
    colour: str
    notes: list[str] = []


THING = {"full_name": "Kettle", "size": 3, "colour": "red", "notes": []}
DRAFT = json.dumps(THING | {"full_name": "Draft"})
PLAIN = json.dumps(THING)
ITEMS = [{"first": 1, "last": 2, "what": "tea"}, {"first": 3, "last": 3, "what": "milk"}]


def thing(text: str, **options) -> tuple[str, set[str]]:
    answer, mended = parse_answer([text], Thing, **options)
    assert (answer.size, answer.colour) == (3, "red")
    return answer.full_name, {kind for kind, times in mended.items() if times}


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (PLAIN, set()),
        (f"\ufeff{PLAIN}", set()),
        (f"```\n{PLAIN}\n```", {"words around it"}),
        (f"~~~json\n{PLAIN}\n~~~\nAnything {{else}}?", {"words around it"}),
        (f"Fields {{full_name, size}} and [colour]: {PLAIN}", {"words around it"}),
        (f"{PLAIN}\n\n{PLAIN}", {"words around it"}),
        (f"First try: {DRAFT}\nBetter: {PLAIN}", {"words around it"}),
        (f"{{{PLAIN}}}", {"JSON"}),
        (f"<answer>{PLAIN}</answer>", {"words around it"}),
        (f"[{PLAIN}]", {"wrapping"}),
        (f"[[{PLAIN}]]", {"wrapping"}),
        (f"[{PLAIN}, {PLAIN}]", {"wrapping"}),
        (json.dumps({"data": {"result": THING}}), {"wrapping"}),
        (json.dumps({"name": "answer", "arguments": THING}), {"wrapping"}),
        (json.dumps({"name": "answer", "arguments": PLAIN}), {"wrapping"}),
        (json.dumps({"title": "Thing", "type": "object", "properties": THING}), {"wrapping"}),
        (json.dumps(PLAIN), {"wrapping"}),
        (json.dumps(json.dumps(PLAIN)), {"wrapping"}),
        (PLAIN.replace("full_name", "fullName").replace("colour", "Colour"), {"names"}),
        (PLAIN.replace("full_name", "full-name"), {"names"}),
        (PLAIN.replace("}", ",}"), {"JSON"}),
        (PLAIN.replace('"', "'"), {"JSON"}),
        (str(THING), {"JSON"}),
        (PLAIN.replace('"Kettle"', "“Kettle”"), {"JSON"}),
        (PLAIN.replace('"', "”"), {"JSON"}),
        (PLAIN.replace('"', "‘"), {"JSON"}),
        (PLAIN.replace('"full_name"', "full_name"), {"JSON"}),
        (PLAIN.replace(", ", "\n"), {"JSON"}),
        (PLAIN.replace('"size"', '# how large\n"size"'), {"JSON"}),
        (PLAIN.replace('"size"', '/* how large */ "size"'), {"JSON"}),
        (PLAIN.removesuffix("}"), {"JSON"}),
        (f"Here:\n{PLAIN.replace('}', ',}')}\nDone.", {"JSON", "words around it"}),
    ],
)
def test_an_answer_is_read_in_whatever_it_is_wrapped_and_however_it_is_written(text, kinds):
    assert thing(text) == ("Kettle", kinds)


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{DRAFT}</think>{PLAIN}",
        f"<THINK>\n{DRAFT}\n</THINK>\n{PLAIN}",
        f"{DRAFT}? No.\n</think>\n{PLAIN}",
        f"</think>{PLAIN}",
        f"<thinking>{DRAFT}</thinking><answer>{PLAIN}</answer>",
        f"<thoughts>a</thoughts>{PLAIN}",
        f"<reasoning effort='low'>{DRAFT}</reasoning>{PLAIN}",
        f"<seed:think>{DRAFT}</seed:think>{PLAIN}",
        f"[THINK]{DRAFT}[/THINK]{PLAIN}",
        f"◁think▷{DRAFT}◁/think▷{PLAIN}",
        f"<|START_THINKING|>{DRAFT}<|END_THINKING|>{PLAIN}",
        f"<|begin_of_thought|>{DRAFT}<|end_of_thought|>{PLAIN}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{PLAIN}",
        f"<|channel|>commentary<|message|>{DRAFT}<|channel|>final <|constrain|>json<|message|>{PLAIN}",
        f"<|channel|>final<|message|>{PLAIN}<|return|>",
        f"analysis{DRAFT} it is.assistantfinal{PLAIN}",
        f"<|channel>thought\n{DRAFT}<channel|>{PLAIN}",
        f"<think>a</think><think>{DRAFT}</think>{PLAIN}",
        f"{PLAIN}\n<think>Was that right? {{yes}}</think>",
        f"<think>{DRAFT} no. So: {PLAIN}",
        f"<think>The tag </think> ends it.</think>{PLAIN}",
    ],
)
def test_thoughts_are_no_answer(text):
    assert thing(text) == ("Kettle", {"thinking"} | ({"words around it"} & thing(text)[1]))


def test_a_tag_of_thoughts_inside_of_an_answer_is_part_of_it():
    answer, mended = parse_answer([json.dumps(THING | {"full_name": "</think> cutter"})], Thing)
    assert (answer.full_name, mended.total()) == ("</think> cutter", 0)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"items": ITEMS}),
        json.dumps(ITEMS),
        json.dumps({"items": {"items": ITEMS}}),
        json.dumps({"items": json.dumps(ITEMS)}),
        json.dumps({"response": ITEMS}),
        "\n".join(map(json.dumps, ITEMS)),
        f"{json.dumps(ITEMS[0])}, {json.dumps(ITEMS[1])},",
        json.dumps({"items": ITEMS}).replace("]", ",]"),
        json.dumps({"Items": [{name.title(): value for name, value in item.items()} for item in ITEMS]}),
    ],
)
def test_a_list_is_read_whole_in_every_form(text):
    answer, _ = parse_answer([text], Basket)
    assert [item.what for item in answer.items] == ["tea", "milk"]


@pytest.mark.parametrize(
    ("text", "is_cut", "complaint"),
    [
        ("", False, "empty"),
        (" \n ", False, "empty"),
        ("null", False, "no JSON object"),
        ("{}", False, "Field required"),
        ("[]", False, "no JSON object"),
        ("A kettle.", False, "no JSON object: 'A kettle.'"),
        ("<html><body>{gateway}</body></html>", False, "no JSON object"),
        ('{"error": "no kettle"}', False, "Field required"),
        (json.dumps(ITEMS[0]), False, "no JSON object|Field required"),
        (json.dumps(Thing.model_json_schema()), False, "full_name"),
        (f"<think>{DRAFT}</think>", True, "cut off"),
        (f"<think>{DRAFT} no", True, "cut off"),
        (PLAIN[:40], True, "cut off"),
        (PLAIN[:40], False, "no JSON object"),
        (f"<think>{PLAIN}</think>{PLAIN.replace('3', 'null')}", False, "size"),
        (f"[{PLAIN}, {DRAFT}]", False, "2 different objects"),
        (PLAIN.replace("3", "{}"), False, "size"),
        ("{" * 50_000, False, "no JSON object"),
        ("[" * 99_000, False, "no JSON object"),
        ("{x" * 40_000, False, "no JSON object"),
        ('{"a": "' * 10_000, False, "no JSON object"),
        ("{'" * 30_000 + "}" * 30_000, False, "no JSON object"),
        (PLAIN.replace("3", "[" * 900 + "]" * 900), False, "nested too deeply"),
        (PLAIN.replace("3", '{"a":' * 900 + "1" + "}" * 900), False, "nested too deeply"),
    ],
)
def test_what_is_no_answer_is_told_in_a_line(text, is_cut, complaint):
    with pytest.raises(NotAnAnswer, match=complaint):
        parse_answer([text], Thing, is_cut=is_cut)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"items": [ITEMS[0], {"first": 3}]}),
        json.dumps({"items": [*ITEMS, {"first": 3}]}).replace("]", ",]"),
        json.dumps({"items": ITEMS})[:-20],
        json.dumps({"items": ITEMS})[:-30],
        '{"type": "object", "properties": {"items": {"type": "array", "items": {"type": "object"}}}}',
        json.dumps(THING),
    ],
)
def test_a_part_of_a_list_is_never_taken_for_the_whole(text):
    for is_cut in (True, False):
        with pytest.raises(NotAnAnswer):
            parse_answer([text], Basket, is_cut=is_cut)


def test_the_likelier_place_counts_where_both_hold_an_answer():
    assert parse_answer([PLAIN, DRAFT], Thing)[0].full_name == "Kettle"
    answer, mended = parse_answer(["I shall call the tool.", PLAIN], Thing)
    assert (answer.full_name, mended["misplaced"]) == ("Kettle", 1)
    with pytest.raises(NotAnAnswer, match="size"):
        parse_answer([PLAIN.replace("3", '"large"'), "words"], Thing)
