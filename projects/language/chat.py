"""llama-index's client of an OpenAI-compatible server, with the answer as it came. Heavy: what asks imports it late.

llama-index and the SDK choose parameters by the model's name and expect answers to be of one form. Here the server is
sent what the caller says, and its JSON is read by us.
"""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import openai
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.llms.openai_like import OpenAILike

from core.http import OutsideError, Refused, Unavailable, Unreachable, in_short, status_error, told_error
from projects.language.attempts import RequestRefused
from projects.language.completions import Said, Telling, read_completion
from projects.language.dialect import what_is_refused

VENDORS_ERRORS = (openai.APIStatusError, openai.APIConnectionError, httpx.TransportError)
# Bad Gateway, and Service Unavailable, as a server says while it loads its model.
NOBODY_BEHIND = (502, 503)


class Chat(OpenAILike):
    """Asks one model; its traces are llama-index's."""

    async def say(self, messages: list[tuple[str, str]], parameters: dict[str, Any]) -> Said:
        """Send one call and return what was said.

        Raises Unreachable, Unavailable, Refused, and RequestRefused for the request.
        """
        try:
            response = await self.achat([ChatMessage(role=role, content=text) for role, text in messages], **parameters)
        except VENDORS_ERRORS as error:
            raise self._meant(error) from error
        said: Said = response.raw["said"]
        return said

    async def _achat(self, messages: Sequence[ChatMessage], **parameters: Any) -> ChatResponse:
        asked: Any = [{"role": message.role.value, "content": message.content} for message in messages]
        create: Any = self._get_aclient().chat.completions.with_raw_response.create
        response = (await create(model=self.model, messages=asked, **parameters)).http_response
        said = self._read(response)
        message = ChatMessage(role="assistant", content=said.quoted)
        usage = {"prompt_tokens": said.tokens_in, "completion_tokens": said.tokens_out}
        return ChatResponse(message=message, raw={"said": said, "usage": usage})

    async def tell(
        self, messages: list[tuple[str, str]], parameters: dict[str, Any], telling: Telling
    ) -> AsyncIterator[str]:
        """Send one call and yield its words as they come; ``telling`` has all that came, also where it is broken off.

        Closing this closes the connection, by which servers notice that nobody listens any more. Raises what ``say``
        does.
        """
        asked: Any = [{"role": role, "content": text} for role, text in messages]
        create: Any = self._get_aclient().chat.completions.with_streaming_response.create
        try:
            async with create(model=self.model, messages=asked, stream=True, **parameters) as answer:
                telling.has_begun = True
                if "event-stream" not in answer.headers.get("content-type", ""):
                    # A server that cannot stream gives the answer whole.
                    await answer.read()
                    yield telling.add(self._json(answer.http_response))
                    telling.is_whole = True
                else:
                    async for line in answer.iter_lines():
                        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
                        if data and data != "[DONE]":
                            yield telling.add(self._chunk(data))
                        telling.is_whole = telling.is_whole or data == "[DONE]"
                if telling.error is not None:
                    raise self._error(*telling.error, answer.headers)
                if not telling.is_whole:
                    raise Unavailable(f"{self.api_base}: its answer ended in the middle")
        except VENDORS_ERRORS as error:
            raise self._meant(error) from error

    def _chunk(self, data: str) -> Any:
        try:
            return json.loads(data, strict=False)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"{self.api_base}: a piece of its answer is not JSON: {in_short(error)}") from error

    def _read(self, response: httpx.Response) -> Said:
        """Return what a response with status 200 says. Raises the error that it may tell of all the same."""
        answer = self._json(response)
        if told := told_error(answer):
            raise self._error(*told, response.headers)
        said = read_completion(answer)
        if said is None:
            raise Unavailable(f"{self.api_base}: its answer has no choices: {in_short(Exception(response.text))}")
        if said.error is not None:
            raise self._error(*said.error, response.headers)
        return said

    def _json(self, response: httpx.Response) -> Any:
        try:
            return json.loads(response.text, strict=False)
        except (ValueError, RecursionError) as error:
            if response.text.lstrip()[:1] == "<":
                raise Refused(f"{self.api_base} is not an OpenAI-compatible API: check LLM_BASE_URL") from error
            raise Unavailable(f"{self.api_base}: its answer is not JSON: {in_short(error)}") from error

    def _meant(self, error: Exception) -> OutsideError:
        """Return our error for one of VENDORS_ERRORS."""
        if isinstance(error, openai.APIStatusError):
            told = self._error(error.status_code, _message(error.response), error.response.headers)
            is_absent = error.status_code in NOBODY_BEHIND and isinstance(told, Unavailable)
            return Unreachable(str(told), retry_after=told.retry_after) if is_absent else told
        cause = error.__cause__ or error
        if isinstance(cause, (httpx.ConnectError, httpx.ConnectTimeout)):
            return Unreachable(f"{self.api_base}: {in_short(cause)}")
        if isinstance(error, openai.APITimeoutError):
            return Unavailable(f"{self.api_base}: no answer in time")
        return Unavailable(f"{self.api_base}: {in_short(cause)}")

    def _error(self, status: int, message: str, headers: httpx.Headers) -> OutsideError:
        text = f"{self.api_base} answered {status}: {in_short(Exception(message))}"
        if about := what_is_refused(status, message):
            return RequestRefused(text, about)
        return status_error(status, text, headers)


def _message(response: httpx.Response) -> str:
    """Return what an answer with an error says, with the parameter and the code that it names."""
    try:
        answer = json.loads(response.text, strict=False)
    except (ValueError, RecursionError):
        return response.text[:2000]
    told = told_error(answer)
    error = answer.get("error") if isinstance(answer, dict) else None
    named = [str(error[name]) for name in ("param", "code") if error.get(name)] if isinstance(error, dict) else []
    return " ".join([told[1] if told else response.text, *named])[:2000]
