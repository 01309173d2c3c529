"""What a search embeds its words with is there before the first search."""

import pytest

from projects.language.embeddings import _wordllama
from projects.search.query_vectors import load_soon


@pytest.mark.parametrize(("service", "loaded"), [("", 1), ("http://127.0.0.1:9/v1", 0)])
def test_it_is_loaded_beside_what_the_process_does_unless_a_service_embeds(settings, service, loaded):
    settings.EMBEDDING_BASE_URL = service
    _wordllama.cache_clear()
    if thread := load_soon():
        thread.join(60)
    assert _wordllama.cache_info().currsize == loaded
