"""Settings -> a language model behind an OpenAI-compatible server, by llama-index. Vendor errors stop here.

Retries are at one level only: the task's (``RetryingTask``). The SDK's are off. What is asked again here is another
matter: with other parameters, where the server refused them; with more room, where thoughts took all of it; and an
answer that cannot be used, once, with the error.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache
from typing import Any, TypeVar

import httpx
from django.conf import settings
from pydantic import BaseModel

from core.circuit import Circuit
from core.event_loop import PerLoop
from core.http import Down, InvalidAnswer, Refused, Unavailable, Unreachable, build_client, in_short
from projects.language.answers import Mend, NotAnAnswer, parse_answer, schema_of, unmended
from projects.language.attempts import Attempt, RequestRefused
from projects.language.completions import Said, Telling
from projects.language.dialect import TEMPERATURE, Dialect, Mode
from projects.language.kept_answers import KeptAnswers, Question
from projects.language.metering import current_usage
from projects.language.pace import wait_for_turn
from projects.language.tokens import approximate_tokens
from projects.language.transcript import Exchange, exchange

Answer = TypeVar("Answer", bound=BaseModel)
Messages = list[tuple[str, str]]
Take = Callable[[str], Awaitable[bool]]
"""Takes the next words of an answer; returns whether more are wanted."""

LONGEST_QUOTED_ANSWER = 4_000  # characters of a wrong answer that the model is shown again
# Until a server that nobody reached is asked again, while the circuit is closed.
DOWN_SECONDS = 10.0
# Of one question, until the server takes it: each parameter may be refused, and the room for thoughts grow.
MOST_TRIES = 12


class LanguageModel:
    """One model behind one endpoint. One instance a process; each thread's event loop has its own client.

    ``timeout`` is in seconds and for a whole call; ``most_tokens`` bounds every answer, thoughts included.
    ``kept`` has the answers of before, None for none; ``turn`` waits until a call may be sent.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str = "",
        *,
        timeout: float = 60.0,
        circuit: Circuit | None = None,
        most_tokens: int = 16_000,
        calls_at_once: int = 4,
        kept: KeptAnswers | None = None,
        turn: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.name = model
        self.base_url = base_url
        self.circuit = circuit or Circuit("The language model")
        self.dialect = Dialect(most_tokens)
        self.calls_at_once = calls_at_once
        self._api_key = api_key
        self._timeout = timeout
        self._kept = kept
        self._turn = turn
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
        mend: Mend = unmended,
        version: int | None = None,
        mark: str = "",
    ) -> Answer:
        """Return the model's answer as a ``wanted``.

        What is harmless in it is mended, fields by ``mend``. One that does not fit then, or for which ``check`` raises
        ValueError, is asked for once more with the error. ``max_tokens`` bounds the answer without thoughts.

        With a ``version``, that of the prompt, answers are kept, and a kept one costs no call; ``mark`` is a random
        word in the question that is no part of it. Raises Unavailable, Refused, TooLong, InvalidAnswer, NotAsked
        while the circuit is open, and Down.
        """
        messages = [("system", system), ("user", user)]
        asked: list[Question] = []
        for try_number in (1, 2):
            question = self._question(messages, wanted, version, mark)
            said = await self._answer(question, messages, wanted, max_tokens)
            asked += [question] if question else []
            try:
                if said.declined:
                    raise NotAnAnswer(said.declined)
                answer, mended = parse_answer(said.texts, wanted, is_cut=said.is_cut, mend=mend)
                check(answer)
            except NotAnAnswer as error:
                complaint = self._complaint(said, error)
            except ValueError as error:
                complaint = in_short(error)
            else:
                current_usage().mended.update({kind: times for kind, times in mended.items() if times})
                return answer
            if try_number == 1:
                current_usage().asked_again += 1
                messages += [
                    ("assistant", said.quoted[:LONGEST_QUOTED_ANSWER] or "(nothing)"),
                    ("user", f"That cannot be used: {complaint}\nAnswer again, with the whole JSON object alone."),
                ]
        if self._kept:
            await self._kept.forget(asked)
        raise InvalidAnswer(f"{self.name} gave no answer that fits, asked twice: {complaint}")

    def _complaint(self, said: Said, error: NotAnAnswer) -> str:
        if said.is_cut and not said.texts:
            tokens = f"{self.dialect.most_tokens:,} tokens"
            return f"it was cut off before it began: the model thought for up to {tokens} (LLM_MAX_TOKENS)."
        return str(error)

    def _question(self, messages: Messages, wanted: type[BaseModel], version: int | None, mark: str) -> Question | None:
        """Return what an answer is kept for; None where none is to be."""
        if self._kept is None or version is None:
            return None
        return Question(self.base_url, self.name, version, tuple(messages), schema_of(wanted), mark)

    async def _answer(
        self, question: Question | None, messages: Messages, wanted: type[BaseModel], max_tokens: int
    ) -> Said:
        """Return the answer that was kept, else what the model says now."""
        if question is None or self._kept is None:
            return await self.say(messages, wanted, max_tokens)
        if (kept := await self._kept.find(question)) is not None:
            current_usage().cached += 1
            with exchange(messages, is_kept=True) as noted:
                noted.note(said := Said.from_json(kept))
            return said
        said = await self.say(messages, wanted, max_tokens)
        await self._kept.keep(question, said.as_json())
        return said

    async def say(
        self, messages: Messages, wanted: type[BaseModel] | None, max_tokens: int, temperature: float = TEMPERATURE
    ) -> Said:
        """Return what the model says to one question, held to ``wanted`` as far as its server can, to prose where None.

        It is sent until the server takes its parameters and its answer has room beside thoughts; both are learned for
        the next. Raises what ``ask`` raises, but for what only it may find wrong.
        """
        attempt = Attempt(self.dialect, wanted, max_tokens, temperature)
        for _ in range(MOST_TRIES):
            request = attempt.request()
            try:
                said = await self._call(_with_schema(messages, wanted, attempt.mode), request)
            except RequestRefused as refusal:
                if instead := attempt.heed(refusal, request):
                    return instead
                continue
            attempt.was_taken()
            if attempt.needs_room(said):
                continue
            return said
        raise Refused(f"{self.base_url} took the question in none of {MOST_TRIES} ways.")

    async def tell(self, system: str, user: str, take: Take, *, max_tokens: int) -> None:
        """Hand an answer in prose to ``take`` as it comes, until it ends or ``take`` wants no more.

        Whoever cancels this ends the server's work, too. Raises what ``say`` raises, also in the middle, and
        InvalidAnswer where nothing was said.
        """
        messages = [("system", system), ("user", user)]
        attempt = Attempt(self.dialect, None, max_tokens, TEMPERATURE)
        for _ in range(MOST_TRIES):
            request = attempt.request()
            telling = Telling()
            try:
                await self._stream(messages, request | self.dialect.streaming(), take, telling)
            except RequestRefused as refusal:
                if telling.text:
                    raise Refused(str(refusal)) from refusal
                if attempt.heed(refusal, request | self.dialect.streaming()):
                    break
                continue
            if attempt.needs_room(telling.said):
                continue
            if telling.text.strip():
                return
            break
        raise InvalidAnswer(f"{self.name} gave no answer. {telling.declined}".strip())

    async def _stream(self, messages: Messages, request: dict[str, Any], take: Take, telling: Telling) -> None:
        async with self._turn_at(messages) as (client, noted):
            pieces = client.tell(messages, request, telling)
            try:
                async with asyncio.timeout(self._timeout), aclosing(pieces):
                    async for words in pieces:
                        if not await take(words):
                            break
            except TimeoutError:
                raise Unavailable(f"{self.base_url}: no whole answer within {self._timeout:g} s") from None
            finally:
                noted.note(telling.said)
                if telling.has_begun:
                    self._spend(messages, telling.said)

    async def _call(self, messages: Messages, request: dict[str, Any]) -> Said:
        async with self._turn_at(messages) as (client, noted):
            try:
                async with asyncio.timeout(self._timeout):
                    said: Said = await client.say(messages, request)
            except TimeoutError:
                raise Unavailable(f"{self.base_url}: no whole answer within {self._timeout:g} s") from None
            noted.note(said)
        self._spend(messages, said)
        return said

    @asynccontextmanager
    async def _turn_at(self, messages: Messages) -> AsyncIterator[tuple[Any, Exchange]]:
        """Wait for a turn; give the client for one call, and the exchange to note its answer in.

        Raises Down in place of what is raised inside where nobody took the call, or the circuit opened by it.
        """
        client, slots = self._client.get()
        try:
            async with slots:
                if self._turn:
                    await self._turn()
                # Entered with a slot in hand: those that waited for one must see that the circuit opened meanwhile.
                with self.circuit.call(), exchange(messages) as noted:
                    current_usage().calls += 1
                    yield client, noted
        except Unavailable as error:
            left = self.circuit.seconds_left()
            if not (left or isinstance(error, Unreachable)):
                raise
            raise Down(str(error), retry_after=max(error.retry_after or left or DOWN_SECONDS, 1.0)) from error

    def _spend(self, messages: Messages, said: Said) -> None:
        spent = current_usage()
        spent.tokens_in += said.tokens_in or approximate_tokens("".join(text for _, text in messages))
        spent.tokens_out += said.tokens_out or approximate_tokens("".join(said.texts) + said.thoughts)

    def _build(self) -> tuple[Any, asyncio.Semaphore]:
        """Return a llama-index client, and the semaphore that bounds its calls."""
        from projects.language.chat import Chat

        client = Chat(
            model=self.name,
            api_base=self.base_url,
            # The SDK refuses to start without one; a local server looks at none.
            api_key=self._api_key or "none",
            is_chat_model=True,
            max_retries=0,
            timeout=self._timeout,
            async_http_client=build_client(timeout=httpx.Timeout(self._timeout, connect=10.0), follow_redirects=False),
        )
        return client, asyncio.Semaphore(self.calls_at_once)


# Whoever tries readings may name any model.
@lru_cache(maxsize=16)
def get_language_model(name: str = "") -> LanguageModel:
    """Return this process's language model, as the variables that begin with ``LLM_`` say.

    ``name`` is another model of the same server. Raises Refused where ``LLM_BASE_URL`` or ``LLM_MODEL`` is not set.
    """
    if not settings.LLM_BASE_URL or not settings.LLM_MODEL:
        missing = "LLM_MODEL" if settings.LLM_BASE_URL else "LLM_BASE_URL"
        raise Refused(f"{missing} is not set: a language model needs LLM_BASE_URL and LLM_MODEL.")
    return LanguageModel(
        settings.LLM_BASE_URL,
        name or settings.LLM_MODEL,
        settings.LLM_API_KEY,
        timeout=settings.LLM_TIMEOUT,
        most_tokens=settings.LLM_MAX_TOKENS,
        calls_at_once=settings.LLM_CALLS_AT_ONCE,
        kept=KeptAnswers(),
        turn=wait_for_turn if settings.LLM_REQUESTS_PER_MINUTE else None,
    )


def _with_schema(messages: Messages, wanted: type[BaseModel] | None, mode: Mode) -> Messages:
    """Write the schema into the system message for a server that cannot be given it otherwise."""
    if mode is Mode.JSON_SCHEMA or wanted is None:
        return messages
    [(role, system), *rest] = messages
    return [(role, f"{system}\n\nAnswer with one JSON object that fits this JSON schema:\n{schema_of(wanted)}"), *rest]
