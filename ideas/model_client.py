"""The language model that reads comments, lent to Data Designer: ideas come from every server that reading works with.

Data Designer makes its clients itself, from the name of a provider; a run's provider bears a name of its own, under
which its model and its meter lie here.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from pydantic import BaseModel

from core.http import InvalidAnswer, OutsideError
from ideas.prompts import Metadata, Quality
from projects.extraction.mending.answers import FIELDS, mend_fields
from projects.extraction.mending.links import tags
from projects.extraction.mending.numbers import score
from projects.extraction.mending.texts import text_of
from projects.language.answers import Mended, NotAnAnswer, parse_answer
from projects.language.completions import Said
from projects.language.metering import Usage, current_usage, metering
from projects.language.model import LanguageModel
from projects.language.thinking import without_thoughts

FORMS: dict[str, type[BaseModel]] = {form.__name__: form for form in (Metadata, Quality)}
TOO_MANY_REQUESTS = 429

_lent: dict[str, tuple[LanguageModel, Usage]] = {}


@contextmanager
def lent(model: LanguageModel, usage: Usage) -> Iterator[str]:
    """Give the name of a provider that is ``model``; its calls are counted in ``usage``."""
    name = f"waywo-{secrets.token_hex(4)}"
    _lent[name] = model, usage
    try:
        yield name
    finally:
        del _lent[name]


def use_our_client() -> None:
    """Have Data Designer make clients of ours. Heavy: it imports Data Designer."""
    from data_designer.engine.models.clients import factory

    factory.OpenAICompatibleClient = _client_class()


def _client_class() -> type:
    from data_designer.engine.models.clients.errors import ProviderError, ProviderErrorKind
    from data_designer.engine.models.clients.types import AssistantMessage, ChatCompletionResponse

    class LentClient:
        """A ``ModelClient`` of Data Designer, for what we ask of it: chats, by its event loop."""

        def __init__(self, *, provider_name: str, **_: Any) -> None:
            self.provider_name = provider_name
            self._model, self._usage = _lent[provider_name]

        def supports_chat_completion(self) -> bool:
            return True

        def supports_embeddings(self) -> bool:
            return False

        def supports_image_generation(self) -> bool:
            return False

        def close(self) -> None:
            """The model is lent: nothing is closed."""

        async def aclose(self) -> None:
            """The model is lent: nothing is closed."""

        async def acompletion(self, request: Any) -> Any:
            """Return the answer, as JSON in a fence where a form is wanted. Raises ProviderError."""
            form = FORMS.get((request.extra_body or {}).get("form", ""))
            messages = [(message["role"], _text(message["content"])) for message in request.messages]
            try:
                with metering(self._usage):
                    said = await self._model.say(messages, form, request.max_tokens, request.temperature)
                    content = _usable(said, form)
            except OutsideError as error:
                # The status with which Data Designer hands on what was said, whatever the kind.
                kind = ProviderErrorKind(_kind_of(error))
                raise ProviderError(kind, str(error), 400, retry_after=error.retry_after) from error
            return ChatCompletionResponse(message=AssistantMessage(content=content))

    return LentClient


def _kind_of(error: OutsideError) -> str:
    """Return what Data Designer calls such an error: it asks again for the last two."""
    if error.permanent:
        return "client_error"
    return "rate_limit" if error.status == TOO_MANY_REQUESTS else "internal_server"


def _text(content: Any) -> str:
    """Return the text of a message, which Data Designer writes in parts."""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def _usable(said: Said, form: type[BaseModel] | None) -> str:
    """Return what Data Designer reads: prose without thoughts, or the JSON of a form.

    What fits no form goes on as it is: Data Designer asks for it once more, with its own error. Raises InvalidAnswer
    where there is nothing to go on with.
    """
    if said.declined:
        raise InvalidAnswer(said.declined)
    if form is None:
        prose = next(without_thoughts(said.quoted), "")
        if not prose and said.is_cut:
            raise InvalidAnswer("it was cut off while the model thought (LLM_MAX_TOKENS)")
        return prose.strip()
    try:
        answer, mended = parse_answer(said.texts, form, is_cut=said.is_cut, mend=mend_idea)
    except NotAnAnswer:
        return said.quoted
    current_usage().mended.update(mended)
    return f"```json\n{answer.model_dump_json()}\n```"


def mend_idea(answer: dict[str, Any], noted: Mended) -> dict[str, Any]:
    """Return what describes or judges an idea with its fields mended."""
    judged = {"score": score, "reasoning": text_of}
    inside = partial(_mend_inside, judged, noted)
    return mend_fields(answer, FIELDS | {"hashtags": tags, "idea": inside, "complexity": inside}, noted)


def _mend_inside(menders: dict[str, Any], noted: Mended, value: Any) -> Any:
    return mend_fields(value, menders, noted) if isinstance(value, dict) else value
