"""Loads what readings need, for processes that are about to share it."""

from django.conf import settings

from projects.extraction.reading import get_analyst
from projects.language.embeddings import WordLlamaEmbedder


def load() -> None:
    """Import the workflow, and load what rules read with and what embeds without a service: 60 MB.

    Nothing is embedded: the tokenizer begins threads then, which no fork survives.
    """
    from projects.extraction import workflow  # noqa: F401
    from projects.extraction.rules import RulesAnalyst

    get_analyst()
    if not (settings.LLM_BASE_URL and settings.EMBEDDING_BASE_URL):
        RulesAnalyst.load()
        WordLlamaEmbedder.load()
