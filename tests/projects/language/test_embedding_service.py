"""Embedding servers as they are: what they take at once, how long a text may be, how they number their rows."""

import asyncio
import json

import pytest

from core.http import InvalidAnswer, Refused, Unavailable
from projects.language.embedding_service import ServiceEmbedder
from projects.language.tokens import approximate_tokens
from tests.servers.llm import LLMServer, Says, embed


class PickyServer(LLMServer):
    """An embedding server that takes at most ``most`` texts of ``tokens`` each, and refuses more with ``says``."""

    def __init__(self, most: int, tokens: int, says: Says, **options) -> None:
        super().__init__(**options)
        self.most, self.tokens, self.says = most, tokens, says

    def _embeddings(self, request):
        texts = request["input"]
        if len(texts) > self.most or max(map(approximate_tokens, texts)) > self.tokens:
            self.embedded.append(texts)
            return self.says
        return super()._embeddings(request)


def embed_all(embedder: ServiceEmbedder, texts: list[str]) -> list[list[float]]:
    return asyncio.run(embedder.embed(texts))


REFUSALS = [
    Says(status=413, body=b'{"error": "batch size 64 > maximum allowed batch size 32"}'),
    Says(status=413, body=b""),
    Says(status=400, body=b'{"error": {"message": "This model\'s maximum context length is 512 tokens"}}'),
    Says(status=422, body=b'{"error": "Input validation error: `inputs` must have less than 512 tokens"}'),
    Says(status=400, body=b"Bad Request"),
    Says(status=500, body=b'{"error": "input is too large to process. increase the physical batch size"}'),
    Says(body=b'{"error": {"message": "too many inputs", "code": 400}}'),
]


@pytest.mark.parametrize("says", REFUSALS, ids=lambda says: f"{says.status} {(says.body or b'')[:30]!r}")
def test_a_batch_that_is_too_large_is_halved_and_a_text_that_is_too_long_cut(says):
    texts = [f"text number {number}" for number in range(70)]
    texts[40] = "A long sentence about looms. " * 200
    with PickyServer(20, 300, says) as server:
        embedder = ServiceEmbedder(server.url, "m")
        vectors = embed_all(embedder, texts)
        asked = len(server.embedded)
        again = embed_all(embedder, texts)
    assert vectors == again
    assert len(vectors) == 70
    assert vectors[69] == embed_all_plainly(texts[69])
    later = server.embedded[asked:]
    assert len(later) <= 10, "what was learned holds"
    assert all(len(batch) <= 20 for batch in later)
    assert embedder._circuit._in_a_row == 0


def embed_all_plainly(text: str) -> list[float]:
    vector = embed(text, 8)
    length = sum(number * number for number in vector) ** 0.5
    return [number / length for number in vector]


def test_one_long_text_does_not_make_small_batches_for_ever():
    texts = [f"text number {number}" for number in range(64)]
    with PickyServer(1_000, 300, REFUSALS[2]) as server:
        embedder = ServiceEmbedder(server.url, "m")
        embed_all(embedder, [*texts[:63], "A long sentence about looms. " * 200])
        server.embedded.clear()
        embed_all(embedder, texts)
    assert [len(batch) for batch in server.embedded] == [64]


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says(status=400, body=b'{"error": {"message": "Unknown model m"}}'), Refused),
        (Says(status=400, body=b"Bad Request"), Refused),
        (Says(status=500, body=b"Internal Server Error"), Unavailable),
        (Says(status=429, body=b"input limit"), Unavailable),
        (Says(body=b'{"error": {"message": "overloaded", "code": 503}}'), Unavailable),
        (Says(body=b'{"data": []}'), InvalidAnswer),
    ],
)
def test_what_is_refused_for_something_else_is_told(says, error):
    with LLMServer() as server:
        server.embedding_answers = [says] * 20
        with pytest.raises(error):
            embed_all(ServiceEmbedder(server.url, "m"), ["one", "two"])
        assert len(server.embedded) <= 3


def test_rows_without_an_index_are_taken_in_order():
    rows = [{"embedding": embed(text, 8)} for text in ("one", "two")]
    with LLMServer() as server:
        server.embedding_answers = [Says(body=json.dumps({"data": rows}).encode())]
        assert embed_all(ServiceEmbedder(server.url, "m"), ["one", "two"]) == [*map(embed_all_plainly, ("one", "two"))]


def test_a_service_that_refused_everything_is_sent_whole_texts_again_once_it_is_well():
    text = "word " * 1_500
    with LLMServer() as server:
        embedder = ServiceEmbedder(server.url, "m")
        server.embedding_answers = [Says("bad request", status=400)] * 6
        with pytest.raises(Refused):
            embed_all(embedder, [text])
        server.embedding_answers = []
        embed_all(embedder, [text])
        assert server.embedded[-1] == server.embedded[0]
