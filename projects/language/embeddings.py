"""Settings -> something that embeds texts."""

from functools import cache
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from projects.language.embedding_index import dimensions_of
from projects.language.embedding_service import ServiceEmbedder
from projects.models import Project

WORDLLAMA_DIMENSIONS = 256


class Embedder(Protocol):
    """Turns texts into vectors of unit length."""

    name: str
    """The model, as stored in ``Project.embedding_model``."""
    dimensions: int | None
    """None where only the first answer will tell."""

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return a vector of ``dimensions`` floats for each text, in order."""
        ...


class WordLlamaEmbedder:
    """WordLlama's static word vectors: on the processor, from the wheel, thousands of texts a second."""

    name = "wordllama-l2-supercat-256"
    dimensions: int | None = WORDLLAMA_DIMENSIONS

    @staticmethod
    def load() -> None:
        """Load the word vectors, 33 MB, unless they are loaded."""
        _wordllama()

    def embed_now(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of ``texts``; a text without a known word gives a vector of zeros."""
        import numpy as np

        vectors = _wordllama().embed(texts)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        # WordLlama's own ``norm`` divides by a length of zero, and PostgreSQL refuses the NaN that comes of it.
        unit: list[list[float]] = (vectors / np.where(lengths == 0, 1, lengths)).tolist()
        return unit

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of ``texts``. Takes microseconds, so the loop is not left."""
        return self.embed_now(texts)


@cache
def _wordllama() -> Any:  # the package has no types
    import wordllama

    # Without its own folder as cache and downloads off it asks a hub for its tokenizer.
    return wordllama.WordLlama.load(
        dim=WORDLLAMA_DIMENSIONS, cache_dir=Path(wordllama.__file__).parent, disable_download=True
    )


@cache
def get_embedder() -> Embedder:
    """Return this process's embedder: the service at ``EMBEDDING_BASE_URL`` where that is set, else WordLlama."""
    if not settings.EMBEDDING_BASE_URL:
        return WordLlamaEmbedder()
    embedder = ServiceEmbedder(
        settings.EMBEDDING_BASE_URL,
        settings.EMBEDDING_MODEL,
        settings.EMBEDDING_API_KEY,
        dimensions=settings.EMBEDDING_DIMENSIONS,
    )
    # A service that puts another model behind the same name must not mix its vectors with those that are kept.
    embedder.dimensions = embedder.dimensions or dimensions_of(Project.objects.filter(embedding_model=embedder.name))
    return embedder
