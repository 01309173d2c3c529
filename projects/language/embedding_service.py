"""Embeddings by an OpenAI-compatible service. One plain request: no SDK is needed for it."""

import asyncio
import math
import re
from typing import Any

import httpx

from core.circuit import Circuit
from core.event_loop import PerLoop
from core.http import (
    InvalidAnswer,
    OutsideError,
    Refused,
    Unavailable,
    build_client,
    in_short,
    status_error,
    told_error,
)
from projects.language.tokens import approximate_tokens, cut_to_tokens

BATCH = 64  # texts a request; services take 8 to 2,048
TEXT_TOKENS = 2_000  # of one text; common models read 512 to 8,192 and refuse what is longer
LEAST_TOKENS = 100  # of one text; a service that refuses that refuses something else
TIMEOUT = 60.0  # seconds for a request
# What a service says of more, or of longer texts, than it takes; and of something else.
TOO_LARGE = re.compile(
    r"too (?:long|large|many|big)|(?:context|token|length|batch|input).{0,80}(?:size|exceed|maxim|limit|at most|larger)"
    r"|(?:exceed|maxim|larger).{0,80}(?:context|token|length|batch|input)",
    re.IGNORECASE,
)
OTHER_FAULT = re.compile(r"model|api.?key|dimensions|unauthori", re.IGNORECASE)


class ServiceEmbedder:
    """Embeds by ``POST {base_url}/embeddings``. ``dimensions`` is None until the first answer where none is given.

    With ``dimensions`` it counts as a model of its own ("model@8"), since vectors of different lengths cannot be
    compared: ``reembed`` then moves the index. Each thread's event loop has a client of its own.
    """

    def __init__(self, base_url: str, model: str, api_key: str = "", *, dimensions: int | None = None) -> None:
        self.name = f"{model}@{dimensions}" if dimensions else model
        self.dimensions = dimensions
        self._model = model
        self.base_url = base_url
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._circuit = Circuit("The embedding service")
        # Found out by its refusals, for this process.
        self._batch_size, self._text_tokens = BATCH, TEXT_TOKENS
        self._client = PerLoop(lambda: build_client(timeout=httpx.Timeout(TIMEOUT, connect=10.0)))

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return a vector of unit length for each text, in order; 64 texts a request, or what the service takes.

        Where it refuses so many the batch is halved, and where it refuses one text that is cut. All vectors have
        ``dimensions`` numbers. Raises Unavailable, Refused, InvalidAnswer, and NotAsked while the circuit is open.
        """
        found: list[list[float]] = []
        while len(found) < len(texts):
            found += await self._parted(texts[len(found) : len(found) + self._batch_size])
        return found

    async def _parted(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of one batch, in as many requests as the service wants; learn what it takes."""
        tokens = self._text_tokens
        try:
            return await self._batch([cut_to_tokens(text, tokens) for text in texts])
        except _TooLarge as refusal:
            if len(texts) == 1:
                self._cut(texts[0], refusal)
                return await self._parted(texts)
        half = len(texts) // 2
        found = [*await self._parted(texts[:half]), *await self._parted(texts[half:])]
        if self._text_tokens == tokens:
            # Fewer were enough: none of the texts was too long.
            self._batch_size = min(self._batch_size, half)
        return found

    def _cut(self, text: str, refusal: "_TooLarge") -> None:
        """Have texts cut to half of what was refused. Raises Refused where that is less than any model reads."""
        refused = min(self._text_tokens, approximate_tokens(text))
        if refused <= LEAST_TOKENS:
            # Not the length, then: what was learned on the way is not true.
            self._text_tokens = TEXT_TOKENS
            raise Refused(str(refusal)) from refusal
        self._text_tokens = max(refused // 2, LEAST_TOKENS)

    async def _batch(self, texts: list[str]) -> list[list[float]]:
        # A refusal of so much is an answer: it does not count for the circuit.
        with self._circuit.call():
            try:
                async with asyncio.timeout(TIMEOUT):
                    answer = await self._ask(texts)
            except (TimeoutError, httpx.TransportError) as error:
                raise Unavailable(f"{self.base_url}: {in_short(error)}") from error
        return [self._checked(vector) for vector in _vectors(answer, len(texts))]

    async def _ask(self, texts: list[str]) -> Any:
        response = await self._client.get().post(
            f"{self.base_url}/embeddings", json={"model": self._model, "input": texts}, headers=self._headers
        )
        if response.status_code != httpx.codes.OK:
            raise self._error(response.status_code, response.text, response.headers)
        try:
            answer = response.json()
        except ValueError as error:
            raise Unavailable(f"{self.base_url}: its answer is not JSON: {in_short(error)}") from error
        if told := told_error(answer):
            raise self._error(*told, response.headers)
        return answer

    def _error(self, status: int, said: str, headers: httpx.Headers) -> OutsideError:
        message = f"{self.base_url} answered {status}: {said[:150]!r}"
        # Where it does not say what for, less may do: it costs a few requests to find out.
        may_be = status in (400, 422) and not OTHER_FAULT.search(said)
        if (
            status == httpx.codes.REQUEST_ENTITY_TOO_LARGE
            or may_be
            or (status in (400, 422, 500) and TOO_LARGE.search(said))
        ):
            return _TooLarge(message)
        return status_error(status, message, headers)

    def _checked(self, vector: Any) -> list[float]:
        """Return the vector with unit length. Raises InvalidAnswer where it has another dimension or no direction."""
        if not isinstance(vector, list) or not all(isinstance(number, int | float) for number in vector):
            raise InvalidAnswer(f"{self.name} gave a vector that is not a list of numbers")
        if self.dimensions is None:
            self.dimensions = len(vector)
        if len(vector) != self.dimensions or not vector:
            raise InvalidAnswer(
                f"{self._model} gave {len(vector)} dimensions instead of {self.dimensions}: "
                f"set EMBEDDING_DIMENSIONS={len(vector)} if that is right, then run manage.py reembed"
            )
        length = math.sqrt(sum(number * number for number in vector))
        if not math.isfinite(length) or length == 0:
            raise InvalidAnswer(f"{self.name} gave a vector of length {length}")
        return [number / length for number in vector]


class _TooLarge(Refused):
    """The service takes fewer texts, or shorter ones."""


def _vectors(answer: Any, expected: int) -> list[Any]:
    """Return the vectors of an answer by their ``index``; in order where the service gives none."""
    try:
        rows = answer["data"]
        if all("index" in row for row in rows):
            rows = sorted(rows, key=lambda row: row["index"])
        vectors = [row["embedding"] for row in rows]
    except (TypeError, KeyError) as error:
        raise InvalidAnswer(f"the answer holds no embeddings ({in_short(error)} is missing)") from error
    if len(vectors) != expected:
        raise InvalidAnswer(f"{len(vectors)} embeddings came for {expected} texts")
    return vectors
