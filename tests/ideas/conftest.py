from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from projects.language.model import get_language_model
from tests.servers.ideas import inventor
from tests.servers.llm import LLMServer


@pytest.fixture
def model(settings) -> Callable[..., AbstractContextManager[LLMServer]]:
    """Return a context manager: a scripted model behind LLM_BASE_URL, for work in this process."""

    @contextmanager
    def configured(**answers: Any) -> Iterator[LLMServer]:
        with LLMServer(otherwise=inventor(**answers)) as server:
            settings.LLM_BASE_URL, settings.LLM_MODEL = server.url, "scripted"
            get_language_model.cache_clear()
            yield server
        get_language_model.cache_clear()

    return configured
