"""Settings -> a language model behind an OpenAI-compatible server, by llama-index. Vendor errors stop here.

Retries are at one level only: the task's (``RetryingTask``). The SDK's are off. What is asked again here is another
matter: an answer that does not fit its schema, once, with the error.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

import httpx
from django.conf import settings
from pydantic import BaseModel

from core.circuit import Circuit
from core.event_loop import PerLoop
from core.http import InvalidAnswer, OutsideError, Refused, Unavailable, build_client, in_short, status_error
from projects.language.answers import NotAnAnswer, parse_answer, schema_of
from projects.language.metering import current_usage
from projects.language.tokens import approximate_tokens

Answer = TypeVar("Answer", bound=BaseModel)

# Calls at once of one process: llama.cpp serves 4 by default, and hosted services hundreds.
CALLS_AT_ONCE = 4
TEMPERATURE = 0.1
LONGEST_QUOTED_ANSWER = 4_000  # characters of a wrong answer that the model is shown again


class Mode(StrEnum):
    """How a server is told which JSON to write, best first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    PROMPT = "prompt"


@dataclass(frozen=True)
class _Said:
    """What came of one call."""

    text: str
    is_cut: bool = False


class LanguageModel:
    """One model behind one endpoint. One instance a process; each thread's event loop has its own client.

    ``timeout`` is in seconds and for a whole call. ``transport`` is for httpx.
    """

    def __init__(
        self, base_url: str, model: str, api_key: str = "", *, timeout: float = 60.0, circuit: Circuit | None = None
    ) -> None:
        self.name = model
        self.base_url = base_url
        self.circuit = circuit or Circuit("The language model")
        self._api_key = api_key
        self._timeout = timeout
        self.mode: Mode | None = None
        """How the server takes schemas; None before it has been found out, or when no way works any more."""
        self._client = PerLoop(self._build)

    async def open(self) -> None:
        """Make the client of the running loop now: its import takes seconds, which the first call would wait for."""
        self._client.get()

    async def ask(
        self,
        system: str,
        user: str,
        wanted: type[Answer],
        *,
        max_tokens: int,
        check: Callable[[Answer], None] = lambda _: None,
    ) -> Answer:
        """Return the model's answer as a ``wanted``.

        An answer that does not fit, or for which ``check`` raises ValueError, is asked for once more with the error.
        ``max_tokens`` bounds the answer. Raises Unavailable, Refused, InvalidAnswer, and NotAsked while the circuit is
        open.
        """
        messages = [("system", system), ("user", user)]
        for try_number in (1, 2):
            said = await self._say(messages, wanted, max_tokens)
            try:
                answer = parse_answer(said.text, wanted, is_cut=said.is_cut)
                check(answer)
            except NotAnAnswer as error:
                complaint = str(error)
            except ValueError as error:
                complaint = in_short(error)
            else:
                return answer
            if try_number == 1:
                messages += [
                    ("assistant", said.text[:LONGEST_QUOTED_ANSWER] or "(nothing)"),
                    ("user", f"That cannot be used: {complaint}\nAnswer again, with the whole JSON object alone."),
                ]
        raise InvalidAnswer(f"{self.name} gave no answer that fits, asked twice: {complaint}")

    async def _say(self, messages: list[tuple[str, str]], wanted: type[BaseModel], max_tokens: int) -> _Said:
        """Send one call, in the mode that the server is known to take; find that out, also when it has changed."""
        modes = sorted(Mode, key=lambda mode: mode is not self.mode)
        for mode in modes:
            try:
                said = await self._call(_with_schema(messages, wanted, mode), max_tokens, _format(wanted, mode))
            except _FormatRefused as error:
                if mode is modes[-1]:
                    self.mode = None
                    raise Refused(str(error)) from error
                continue
            self.mode = mode
            return said
        raise AssertionError("a mode was tried")

    async def _call(self, messages: list[tuple[str, str]], max_tokens: int, options: dict[str, Any]) -> _Said:
        client, slots = self._client.get()
        async with slots:
            # Entered with a slot in hand: those that waited for one must see that the circuit opened meanwhile.
            with self.circuit.call():
                current_usage().calls += 1
                try:
                    async with asyncio.timeout(self._timeout):
                        response = await _send(client, messages, {"max_tokens": max_tokens, **options})
                except TimeoutError:
                    raise Unavailable(f"{self.base_url}: no whole answer within {self._timeout:g} s") from None
        said = _said(response)
        usage = getattr(response, "usage", None)
        spent = current_usage()
        spent.tokens_in += getattr(usage, "prompt_tokens", None) or approximate_tokens("".join(m for _, m in messages))
        spent.tokens_out += getattr(usage, "completion_tokens", None) or approximate_tokens(said.text)
        return said

    def _build(self) -> tuple[Any, asyncio.Semaphore]:
        """Return a llama-index client, and the semaphore that bounds its calls."""
        from llama_index.llms.openai_like import OpenAILike

        client = OpenAILike(
            model=self.name,
            api_base=self.base_url,
            # The SDK refuses to start without one; a local server looks at none.
            api_key=self._api_key or "none",
            is_chat_model=True,
            max_retries=0,
            timeout=self._timeout,
            temperature=TEMPERATURE,
            async_http_client=build_client(timeout=httpx.Timeout(self._timeout, connect=10.0), follow_redirects=False),
        )
        return client, asyncio.Semaphore(CALLS_AT_ONCE)


class _FormatRefused(Refused):
    """The server refused the request, perhaps for its ``response_format``."""


@cache
def get_language_model() -> LanguageModel:
    """Return this process's language model, as ``LLM_BASE_URL``, ``LLM_MODEL``, ``LLM_API_KEY``, ``LLM_TIMEOUT`` say.

    Raises Refused where one of the first two is not set.
    """
    if not settings.LLM_BASE_URL or not settings.LLM_MODEL:
        missing = "LLM_MODEL" if settings.LLM_BASE_URL else "LLM_BASE_URL"
        raise Refused(f"{missing} is not set: a language model needs LLM_BASE_URL and LLM_MODEL.")
    return LanguageModel(settings.LLM_BASE_URL, settings.LLM_MODEL, settings.LLM_API_KEY, timeout=settings.LLM_TIMEOUT)


def _format(wanted: type[BaseModel], mode: Mode) -> dict[str, Any]:
    if mode is Mode.JSON_SCHEMA:
        schema = {"name": wanted.__name__, "schema": schema_of(wanted), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"response_format": {"type": "json_object"}} if mode is Mode.JSON_OBJECT else {}


def _with_schema(messages: list[tuple[str, str]], wanted: type[BaseModel], mode: Mode) -> list[tuple[str, str]]:
    """Write the schema into the system message for a server that cannot be given it otherwise."""
    if mode is Mode.JSON_SCHEMA:
        return messages
    [(role, system), *rest] = messages
    return [(role, f"{system}\n\nAnswer with one JSON object that fits this JSON schema:\n{schema_of(wanted)}"), *rest]


async def _send(client: Any, messages: list[tuple[str, str]], options: dict[str, Any]) -> Any:
    """Return the server's answer as the SDK gives it, None for one without choices; raise our errors for its own."""
    import openai
    from llama_index.core.llms import ChatMessage

    try:
        response = await client.achat([ChatMessage(role=role, content=text) for role, text in messages], **options)
    except openai.APITimeoutError as error:
        raise Unavailable(f"{client.api_base}: no answer in time") from error
    except openai.APIStatusError as error:
        raise _status_error(client.api_base, error) from error
    except (openai.APIConnectionError, httpx.TransportError) as error:
        raise Unavailable(f"{client.api_base}: {in_short(error.__cause__ or error)}") from error
    except AttributeError as error:
        # The SDK gives back a page of HTML as a text.
        raise Refused(f"{client.api_base} is not an OpenAI-compatible API: check LLM_BASE_URL") from error
    except (IndexError, TypeError):
        return None  # no choices
    except ValueError as error:
        raise Unavailable(f"{client.api_base}: its answer is not JSON: {in_short(error)}") from error
    return response.raw


def _status_error(base_url: str, error: Any) -> OutsideError:
    status, message = error.status_code, f"{base_url} answered {error.status_code}: {in_short(error)}"
    # What servers answer that do not know a form of ``response_format``.
    if status in (400, 422, 501):
        return _FormatRefused(message)
    return status_error(status, message, error.response.headers)


def _said(response: Any) -> _Said:
    """Return the text of an answer; one given as a call of a tool counts as its arguments."""
    if response is None:
        return _Said("")
    choice = response.choices[0]
    if getattr(choice.message, "refusal", None):
        raise InvalidAnswer(f"The model declined to answer: {in_short(Exception(choice.message.refusal))}")
    text = choice.message.content or ""
    for call in choice.message.tool_calls or ():
        text = text or call.function.arguments or ""
    return _Said(text, is_cut=choice.finish_reason == "length")
