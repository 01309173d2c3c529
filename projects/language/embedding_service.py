"""Embeddings by an OpenAI-compatible service. One plain request: no SDK is needed for it."""

import asyncio
import math
from typing import Any

import httpx

from core.circuit import Circuit
from core.event_loop import PerLoop
from core.http import InvalidAnswer, Unavailable, build_client, in_short, status_error
from projects.language.tokens import cut_to_tokens

BATCH = 64  # texts a request; services take 64 to 2,048
TEXT_TOKENS = 2_000  # of one text; common models read 512 to 8,192 and refuse what is longer
TIMEOUT = 60.0  # seconds for a request


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
        self._client = PerLoop(lambda: build_client(timeout=httpx.Timeout(TIMEOUT, connect=10.0)))

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return a vector of unit length for each text, in order; 64 texts a request.

        All vectors have ``dimensions`` numbers. Raises Unavailable, Refused, InvalidAnswer, and NotAsked while the
        circuit is open.
        """
        found: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            found += await self._batch([cut_to_tokens(text, TEXT_TOKENS) for text in texts[start : start + BATCH]])
        return found

    async def _batch(self, texts: list[str]) -> list[list[float]]:
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
            message = f"{self.base_url} answered {response.status_code}: {response.text[:150]!r}"
            raise status_error(response.status_code, message, response.headers)
        try:
            return response.json()
        except ValueError as error:
            raise Unavailable(f"{self.base_url}: its answer is not JSON: {in_short(error)}") from error

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


def _vectors(answer: Any, expected: int) -> list[Any]:
    try:
        rows = sorted(answer["data"], key=lambda row: row["index"])
        vectors = [row["embedding"] for row in rows]
    except (TypeError, KeyError) as error:
        raise InvalidAnswer(f"the answer holds no embeddings ({in_short(error)} is missing)") from error
    if len(vectors) != expected:
        raise InvalidAnswer(f"{len(vectors)} embeddings came for {expected} texts")
    return vectors
