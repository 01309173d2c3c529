import math

from projects.duplicates import cosine
from projects.language.embeddings import WordLlamaEmbedder


def test_vectors_have_unit_length_and_likeness_shows():
    embedder = WordLlamaEmbedder()
    one, other, far = embedder.embed_now(
        ["a static site generator in Rust", "a Rust program that builds static websites", "a recipe for plum cake"]
    )
    assert len(one) == embedder.dimensions == 256
    assert math.isclose(cosine(one, one), 1, abs_tol=1e-3)
    assert cosine(one, other) > 0.6 > cosine(one, far)


def test_a_text_without_a_word_is_all_zeros_and_like_nothing():
    empty, word = WordLlamaEmbedder().embed_now(["", "word"])
    assert empty is not None
    assert not any(math.isnan(number) for number in empty)
    assert cosine(empty, word) < 0.5
