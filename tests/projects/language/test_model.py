"""The language model's client against a real server that says all kinds of things."""

import asyncio
import json

import pytest
from pydantic import BaseModel, Field

from core.circuit import Circuit
from core.http import Down, InvalidAnswer, NotAsked, Refused, Unavailable
from projects.language.attempts import TooLong
from projects.language.dialect import Mode
from projects.language.metering import Usage, metering
from projects.language.model import LanguageModel
from tests.servers.llm import LLMServer, Says


class Colour(BaseModel):
    """A small answer."""

    name: str
    score: int = Field(ge=1, le=10)


GOOD = '{"name": "red", "score": 3}'


def model_of(server: LLMServer, **options) -> LanguageModel:
    return LanguageModel(server.url, "scripted", "a key", **{"timeout": 5.0, **options})


def ask(model: LanguageModel, **options):
    """Ask in a loop of its own and return the answer with what it cost."""

    async def run():
        with metering(Usage()) as usage:
            return await model.ask("Be brief.", "Which colour?", Colour, max_tokens=50, **options), usage

    return asyncio.run(run())


def test_the_schema_goes_along_and_the_cost_is_counted():
    with LLMServer([GOOD]) as server:
        answer, usage = ask(model_of(server))
    assert (answer.name, answer.score) == ("red", 3)
    assert (usage.calls, usage.tokens_in, usage.tokens_out) == (1, 100, 20)
    [request] = server.requests
    schema = request["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["name", "score"]
    assert schema["additionalProperties"] is False
    assert request["max_tokens"] == 50
    assert server.keys == {"Bearer a key"}


@pytest.mark.parametrize(
    ("takes", "mode"), [(("json_schema",), Mode.JSON_SCHEMA), (("json_object",), Mode.JSON_OBJECT), ((), Mode.PROMPT)]
)
def test_how_a_server_takes_schemas_is_found_out_once(takes, mode):
    with LLMServer(otherwise=lambda _: Says(GOOD), takes=takes) as server:
        model = model_of(server)
        ask(model)
        calls = len(server.requests)
        ask(model)
    assert model.dialect.mode is mode
    assert calls == list(Mode).index(mode) + 1
    assert len(server.requests) == calls + 1
    assert ("JSON schema" in server.requests[-1]["messages"][0]["content"]) is (mode is not Mode.JSON_SCHEMA)


def test_a_server_that_takes_schemas_in_another_way_by_now_is_asked_so():
    with LLMServer(otherwise=lambda _: Says(GOOD), takes=["json_object"]) as server:
        model = model_of(server)
        ask(model)
        server.takes = {"json_schema"}
        ask(model)
    assert model.dialect.mode is Mode.JSON_SCHEMA


@pytest.mark.parametrize(
    "says",
    [
        Says(f"Here you are:\n```json\n{GOOD}\n```"),
        Says(f"<think>Blue? {{no}}</think>{GOOD}"),
        Says(None, tool_arguments=GOOD),
        Says('{"name": "' + "red " * 8000 + '", "score": 3}'),
    ],
    ids=["fence", "thinking", "tool call", "32k long"],
)
def test_odd_but_whole_answers_are_read(says):
    with LLMServer([says]) as server:
        answer, usage = ask(model_of(server))
    assert answer.score == 3
    assert usage.calls == 1


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        (Says("red"), "no JSON object"),
        (Says(""), "empty"),
        (Says(None), "empty"),
        (Says('{"name": "re', finish_reason="length"), "cut off"),
        (Says('{"name": "red"}'), "score: Field required"),
        (Says('{"name": "red", "score": 11}'), "less than or equal to 10"),
        (Says('{"name": "red", "score": "high"}'), "valid integer"),
        (Says("[" * 50_000), "no JSON object"),
        (Says('{"a":' * 15_000), "no JSON object"),
        (Says("{" + "x" * 200_000), "200,001 characters"),
    ],
)
def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_the_error(says, complaint):
    with LLMServer([says, GOOD]) as server:
        answer, usage = ask(model_of(server))
    assert answer.name == "red"
    assert usage.calls == 2
    assert complaint in server.requests[1]["messages"][-1]["content"]
    with LLMServer([says, says, GOOD]) as server, pytest.raises(InvalidAnswer) as caught:
        ask(model_of(server))
    assert caught.value.permanent
    assert complaint in str(caught.value)
    assert len(server.requests) == 2


def test_a_check_of_the_caller_is_part_of_what_must_fit():
    def check(answer: Colour) -> None:
        if answer.name == "red":
            raise ValueError("not red")

    with LLMServer([GOOD, GOOD.replace("red", "blue")]) as server:
        answer, _ = ask(model_of(server), check=check)
    assert answer.name == "blue"
    assert "not red" in server.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (Says(None, refusal="I cannot help with that."), "declined: 'I cannot help with that.'"),
        (Says(None, finish_reason="content_filter"), "filtered"),
        (Says("I'm sorry, but no.", finish_reason="stop"), "I'm sorry, but no."),
    ],
)
def test_a_refusal_is_asked_once_more_and_named_as_what_it_is(says, told):
    with LLMServer([says, says, GOOD]) as server, pytest.raises(InvalidAnswer, match=told):
        ask(model_of(server))
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("says", "error", "retry_after"),
    [
        (Says(status=429, headers={"Retry-After": "17"}, body=b"{}"), Unavailable, 17),
        (Says(status=429, body=b"{}"), Unavailable, None),
        (Says(status=500, body=b"oops"), Unavailable, None),
        (Says(status=503, body=b"<html>"), Down, 10),
        (Says(status=502, headers={"Retry-After": "7"}, body=b"{}"), Down, 7),
        (Says(body=b'{"choices": [{"mess'), Unavailable, None),
        (Says(hang=30), Unavailable, None),
        (Says(status=401, body=b'{"error": {"message": "bad key"}}'), Refused, None),
        (Says(status=404, body=b"not here"), Refused, None),
        (Says(status=302, headers={"Location": "http://127.0.0.1:1/"}, body=b""), Refused, None),
        (Says(body=b"<html>hello</html>", headers={"Content-Type": "text/html"}), Refused, None),
    ],
)
def test_what_a_server_does_becomes_an_error_that_says_if_asking_again_helps(says, error, retry_after):
    with LLMServer([says]) as server, pytest.raises(error) as caught:
        ask(model_of(server, timeout=1.0))
    assert caught.value.permanent is (error is Refused)
    assert caught.value.retry_after == retry_after
    assert len(server.requests) == 1
    assert "\n" not in str(caught.value)


def test_nobody_listening_may_pass_and_a_model_that_is_not_there_does_not():
    with LLMServer(models=["other"]) as server, pytest.raises(Refused, match="does not exist"):
        ask(model_of(server))
    with pytest.raises(Down):
        ask(model_of(server))


def test_after_five_failures_in_a_row_nobody_is_asked_for_a_minute():
    clock = [1000.0]
    with LLMServer([Says(status=500, body=b"{}")] * 6, otherwise=lambda _: Says(GOOD)) as server:
        model = model_of(server, circuit=Circuit("It", now=lambda: clock[0]))
        for _ in range(4):
            with pytest.raises(Unavailable):
                ask(model)
        # That it is down is no fault of the question that found it out, nor of the one that tries it again.
        with pytest.raises(Down, match="answered 500"):
            ask(model)
        with pytest.raises(NotAsked) as caught:
            ask(model)
        assert (len(server.requests), caught.value.retry_after) == (5, 60)
        clock[0] += 61
        with pytest.raises(Down):
            ask(model)
        with pytest.raises(NotAsked):
            ask(model)
        assert len(server.requests) == 6
        clock[0] += 61
        assert ask(model)[0].name == "red"
        assert ask(model)[0].name == "red"
        assert len(server.requests) == 8


def test_while_one_call_tries_a_service_again_the_others_wait():
    clock = [0.0]
    circuit = Circuit("It", failures=1, now=lambda: clock[0])
    with pytest.raises(Unavailable), circuit.call():
        raise Unavailable("no answer")
    clock[0] = 60.0
    with pytest.raises(KeyboardInterrupt), circuit.call():
        with pytest.raises(NotAsked) as caught, circuit.call():
            pass
        raise KeyboardInterrupt
    assert caught.value.retry_after == 5
    with circuit.call():
        pass
    with circuit.call(), circuit.call():
        pass


def test_only_so_many_calls_are_under_way_at_once():
    async def run(model: LanguageModel) -> None:
        await asyncio.gather(*(model.ask("s", "u", Colour, max_tokens=9) for _ in range(12)))

    with LLMServer(otherwise=lambda _: Says(GOOD, hang=0.05)) as server:
        asyncio.run(run(model_of(server)))
    assert len(server.requests) == 12
    assert 1 < server.most_at_once <= 4


def test_tokens_are_estimated_where_the_server_counts_none():
    with LLMServer([Says(GOOD, usage=None)]) as server:
        _, usage = ask(model_of(server))
    assert 5 <= usage.tokens_in <= 10
    assert 5 <= usage.tokens_out <= 12


def refuses(name: str, message: str, status: int = 400):
    """Answer rightly, but refuse every request that has the parameter ``name``."""
    body = json.dumps({"error": {"message": message, "param": name}}).encode()
    return lambda request: Says(status=status, body=body) if name in request else Says(GOOD)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        ("temperature", "Unsupported value: only the default temperature is supported."),
        ("response_format", "response_format is not supported"),
    ],
)
def test_a_parameter_that_is_refused_is_left_out_from_then_on(name, message):
    with LLMServer(otherwise=refuses(name, message)) as server:
        model = model_of(server)
        ask(model)
        calls = len(server.requests)
        ask(model)
    assert len(server.requests) == calls + 1
    assert name not in server.requests[-1]
    assert name == "response_format" or model.dialect.mode is Mode.JSON_SCHEMA


def test_no_bound_at_all_is_sent_where_both_names_are_refused():
    def says(request):
        named = next((name for name in ("max_tokens", "max_completion_tokens") if name in request), "")
        return refuses(named, f"Unknown parameter: {named}")(request) if named else Says(GOOD)

    with LLMServer(otherwise=says) as server:
        assert ask(model_of(server))[0].name == "red"


@pytest.mark.parametrize(
    "hiccup",
    [
        {"message": "Failed to generate JSON", "code": "json_validate_failed", "failed_generation": "{"},
        {"message": "Bad Request"},
    ],
)
def test_a_hiccup_changes_no_mode(hiccup):
    with LLMServer([GOOD, Says(status=400, body=json.dumps({"error": hiccup}).encode()), GOOD]) as server:
        model = model_of(server)
        ask(model)
        ask(model)
    assert model.dialect.mode is Mode.JSON_SCHEMA
    assert {request["response_format"]["type"] for request in server.requests} == {"json_schema"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "slow down", "code": 429}}, Unavailable),
        ({"error": {"message": "slow down", "type": "rate_limit_exceeded"}}, Unavailable),
        ({"error": {"message": "upstream is down", "code": "503"}}, Unavailable),
        ({"error": "upstream is down"}, Unavailable),
        ([{"error": {"message": "down", "status": "UNAVAILABLE", "code": 503}}], Unavailable),
        ({"object": "error", "message": "no such key", "code": 401}, Refused),
        ({"error": {"message": "The model does not exist", "code": 404}}, Refused),
        ({"choices": []}, Unavailable),
        ({"choices": [{"finish_reason": "error", "message": {"content": GOOD}}]}, Unavailable),
        ({"choices": [{"error": {"code": 502, "message": "down"}, "message": {"content": ""}}]}, Unavailable),
        ({"id": "1"}, Unavailable),
    ],
)
def test_an_error_in_an_answer_with_status_200_counts_as_the_status_that_it_carries(body, error):
    with LLMServer([Says(body=json.dumps(body).encode())]) as server, pytest.raises(error):
        ask(model_of(server))
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "thoughts",
    [
        {"content": "", "reasoning_content": "So, which colour? " * 9},
        {"content": None, "reasoning": "So, {which}?"},
        {"content": "<think>So, which {colour}"},
        {"content": ""},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "So {"}]}]},
    ],
)
def test_thoughts_that_leave_no_room_are_given_more_once_and_for_all(thoughts):
    body = {"choices": [{"finish_reason": "length", "message": thoughts}]}
    cut = Says(body=json.dumps(body).encode())
    with LLMServer([cut, cut, GOOD, GOOD]) as server:
        model = model_of(server)
        _, usage = ask(model)
        ask(model)
    assert [request["max_tokens"] for request in server.requests] == [50, 200, 800, 800]
    assert usage.asked_again == 0
    with LLMServer(otherwise=lambda _: cut) as server, pytest.raises(InvalidAnswer, match="cut off"):
        ask(model_of(server, most_tokens=300))
    assert max(request["max_tokens"] for request in server.requests) == 300


@pytest.mark.parametrize(
    "message",
    [
        {"content": {"name": "red", "score": 3}},
        {"content": [{"type": "text", "text": GOOD}]},
        {"content": [{"type": "output_text", "text": {"value": GOOD}}]},
        {"content": "", "reasoning": GOOD},
        {
            "content": "I call it.",
            "tool_calls": [{"function": {"name": "a", "arguments": {"name": "red", "score": 3}}}],
        },
        {"content": None, "function_call": {"name": "a", "arguments": GOOD}},
        GOOD,
    ],
)
def test_an_answer_is_found_wherever_a_server_puts_it(message):
    body = {"choices": [{"finish_reason": "stop", "message": message}]}
    with LLMServer([Says(body=json.dumps(body).encode())]) as server:
        answer, usage = ask(model_of(server))
    assert (answer.name, usage.calls) == ("red", 1)


def test_more_tokens_than_a_server_gives_are_asked_for_less_and_a_long_question_is_told():
    def says(request):
        tokens = request["max_tokens"]
        body = {"message": f"max_tokens is too large: {tokens}. This model supports at most 20 completion tokens"}
        return Says(status=400, body=json.dumps({"error": body}).encode()) if tokens > 20 else Says(GOOD)

    with LLMServer(otherwise=says) as server:
        assert ask(model_of(server))[0].name == "red"
    long = Says(status=400, body=b'{"error": {"message": "the request exceeds the available context size"}}')
    with LLMServer(otherwise=lambda _: long) as server, pytest.raises(TooLong):
        ask(model_of(server))
