"""Embeddings by an OpenAI-compatible service. One plain request: no SDK is needed for it."""

import asyncio
import math
import threading
from typing import Any

import httpx

from core.circuit import Circuit
from core.http import OutsideError, asked_pause, build_client, in_short
from projects.language.tokens import cut_to_tokens

BATCH = 64  # texts a request; services take 64 to 2,048
TEXT_TOKENS = 2_000  # of one text; common models read 512 to 8,192 and refuse what is longer
TIMEOUT = 60.0  # seconds for a request


class EmbeddingError(OutsideError):
    """The service gave no embeddings that can be used; the message is one line."""


class Unavailable(EmbeddingError):
    """It may pass: a time-out, a broken connection, 408, 409, 429, 5xx, an answer that is no JSON."""


class Refused(EmbeddingError):
    """Asking again cannot help: a wrong key, URL or model, or vectors of another dimension."""

    permanent = True


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
        self._local = threading.local()

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return a vector of unit length for each text, in order; 64 texts a request.

        Raises EmbeddingError, and NotAsked while the circuit is open. All vectors have ``dimensions`` numbers.
        """
        found: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            found += await self._batch([cut_to_tokens(text, TEXT_TOKENS) for text in texts[start : start + BATCH]])
        return found

    async def _batch(self, texts: list[str]) -> list[list[float]]:
        self._circuit.enter()
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._ask(texts)
        except (Unavailable, TimeoutError, httpx.TransportError) as error:
            self._circuit.failed()
            if isinstance(error, Unavailable):
                raise
            raise Unavailable(f"{self.base_url}: {in_short(error)}") from error
        except EmbeddingError:
            self._circuit.succeeded()
            raise
        except BaseException:
            self._circuit.left()
            raise
        self._circuit.succeeded()
        return [self._checked(vector) for vector in _vectors(answer, len(texts))]

    async def _ask(self, texts: list[str]) -> Any:
        response = await self._client().post(
            f"{self.base_url}/embeddings", json={"model": self._model, "input": texts}, headers=self._headers
        )
        if response.status_code != httpx.codes.OK:
            message = f"{self.base_url} answered {response.status_code}: {response.text[:150]!r}"
            if response.status_code in (408, 409, 429) or response.status_code >= 500:
                raise Unavailable(message, retry_after=asked_pause(response))
            raise Refused(message)
        try:
            return response.json()
        except ValueError as error:
            raise Unavailable(f"{self.base_url}: its answer is no JSON: {in_short(error)}") from error

    def _client(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if getattr(self._local, "loop", None) is not loop:
            self._local.client = build_client(timeout=httpx.Timeout(TIMEOUT, connect=10.0))
            self._local.loop = loop
        return self._local.client

    def _checked(self, vector: Any) -> list[float]:
        """Return the vector with unit length. Raises Refused for one of another dimension or without a direction."""
        if not isinstance(vector, list) or not all(isinstance(number, int | float) for number in vector):
            raise Refused(f"{self.name} gave a vector that is no list of numbers")
        if self.dimensions is None:
            self.dimensions = len(vector)
        if len(vector) != self.dimensions or not vector:
            raise Refused(
                f"{self._model} gave {len(vector)} dimensions instead of {self.dimensions}: "
                f"set EMBEDDING_DIMENSIONS={len(vector)} if that is right, then run manage.py reembed"
            )
        length = math.sqrt(sum(number * number for number in vector))
        if not math.isfinite(length) or length == 0:
            raise Refused(f"{self.name} gave a vector of length {length}")
        return [number / length for number in vector]


def _vectors(answer: Any, expected: int) -> list[Any]:
    try:
        rows = sorted(answer["data"], key=lambda row: row["index"])
        vectors = [row["embedding"] for row in rows]
    except (TypeError, KeyError) as error:
        raise Refused(f"the answer holds no embeddings ({in_short(error)} is missing)") from error
    if len(vectors) != expected:
        raise Refused(f"{len(vectors)} embeddings came for {expected} texts")
    return vectors
