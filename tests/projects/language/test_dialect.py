"""What a server's refusal is about, in the words of real ones, and what is asked next."""

import pytest

from projects.language.dialect import Dialect, Refusal, what_is_refused


@pytest.mark.parametrize(
    ("status", "message", "about"),
    [
        (400, "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", Refusal.BOUND),
        (400, "Unrecognized request argument supplied: max_completion_tokens", Refusal.BOUND),
        (422, "extra_forbidden: Extra inputs are not permitted max_completion_tokens", Refusal.BOUND),
        (400, "max_tokens is too large: 16000. This model supports at most 4096 completion tokens", Refusal.ROOM),
        (400, "max_tokens must be less than or equal to 8192", Refusal.ROOM),
        (400, "'temperature' does not support 0.1. Only the default (1) is supported.", Refusal.TEMPERATURE),
        (400, "`temperature` is deprecated for this model.", Refusal.TEMPERATURE),
        (400, "This model does not support response format `json_schema`", Refusal.FORM),
        (400, "This response_format type is unavailable now", Refusal.FORM),
        (400, "'response_format.type' must be 'json_schema' or 'text'", Refusal.FORM),
        (501, "grammar is not supported", Refusal.FORM),
        (404, "No endpoints found that can handle the requested parameters.", Refusal.FORM),
        (500, "structured output is not supported by this engine", Refusal.FORM),
        (400, "This model's maximum context length is 4096 tokens. Reduce the length.", Refusal.TOO_LONG),
        (400, "the request exceeds the available context size. try increasing the context size", Refusal.TOO_LONG),
        (400, "Requested tokens (5000) exceed context window of 2048", Refusal.TOO_LONG),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", Refusal.TOO_LONG),
        (413, "", Refusal.TOO_LONG),
        (400, "Failed to generate JSON; see 'failed_generation'. json_validate_failed", Refusal.OWN_ANSWER),
        (400, "Could not finish the message because max_tokens or model output limit was reached.", Refusal.CUT),
        (400, "Bad Request", Refusal.UNKNOWN),
        (404, "The model `x` does not exist", None),
        (500, "Internal Server Error", None),
        (503, "response_format: overloaded", None),
        (401, "Incorrect API key", None),
    ],
)  # fmt: skip
def test_a_refusal_is_understood(status, message, about):
    assert what_is_refused(status, message) == about


def test_what_is_learned_is_asked_next():
    dialect = Dialect(16_000)
    request = {"max_tokens": 100, "temperature": 0.1}
    assert dialect.heed(Refusal.BOUND, "Use 'max_completion_tokens' instead", request)
    # Another call that had the same refused learns nothing new.
    assert dialect.heed(Refusal.BOUND, "Use 'max_completion_tokens' instead", request)
    assert dialect.bound == "max_completion_tokens"
    assert dialect.heed(Refusal.BOUND, "Use 'max_tokens' instead", {"max_completion_tokens": 1})
    assert dialect.bound == "max_tokens"
    assert dialect.heed(Refusal.TEMPERATURE, "", request)
    assert not dialect.takes_temperature
    assert not dialect.heed(Refusal.UNKNOWN, "", request)


def test_room_for_thoughts_grows_fourfold_up_to_the_most():
    dialect = Dialect(16_000)
    given = [dialect.tokens(800)]
    while dialect.can_widen(800, given[-1]):
        given.append(dialect.tokens(800))
    assert given == [800, 3_200, 12_800, 16_000]
    assert dialect.tokens(100) == 6_400
    assert dialect.fewer_tokens("this model supports at most 4096 completion tokens", 16_000) == 4096
    assert dialect.tokens(800) == 4096
