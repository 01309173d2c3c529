"""Where sentences of a streamed answer end, and which numbers they name."""

import pytest

from projects.asking.sentences import LONGEST, Sentences, parted


def told(text: str, piece: int) -> list[str]:
    """Return the sentences of a text that comes in pieces of so many characters."""
    sentences, found = Sentences(), []
    for start in range(0, len(text), piece):
        found += sentences.add(text[start : start + piece])
    return [*found, *sentences.end()]


@pytest.mark.parametrize("piece", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("A is b. [1]\nC is d. [2][3]\n", ["A is b. [1]", "C is d. [2][3]"]),
        ("A is b. [1] C is d [2]. E is f.", ["A is b. [1]", "C is d [2].", "E is f."]),
        ("1. A is b. [1]\n2. C is d. [2]", ["A is b. [1]", "C is d. [2]"]),
        ("- **A** is b. [1]\n\n* `C` is d! [2]", ["A is b. [1]", "C is d! [2]"]),
        ("A, e.g. for b, runs on v2.0 of c. [1]", ["A, e.g. for b, runs on v2.0 of c. [1]"]),
        ("Hofladen.live is a map. [1]", ["Hofladen.live is a map. [1]"]),
        ("<think>What is [7]? It is.</think>A is b. [1]", ["A is b. [1]"]),
        ("It may be so.\n</think>\nA is b. [1]", ["A is b. [1]"]),
        ("<think>I never end", []),
        ("读者可以看。 [1]\nB is c. [2]", ["读者可以看。 [1]", "B is c. [2]"]),
        ("A is b. C is d. [2] E is f.\nG is h.", ["A is b. [2]", "C is d. [2]", "E is f.", "G is h."]),
        ("", []),
    ],
)
def test_sentences_are_told_whole_however_they_come(text, sentences, piece):
    if piece < 1000 and text.startswith("It may be so"):
        sentences = ["It may be so.", *sentences]  # It was told before its end said that it was a thought.
    assert told(text, piece) == sentences


def test_a_sentence_that_never_ends_is_cut():
    assert [len(part) for part in told("and so on " * 200, 7)][:2] == [LONGEST - 1, LONGEST - 1]


@pytest.mark.parametrize(
    ("sentence", "text", "numbers"),
    [
        ("A is b. [1]", "A is b.", [1]),
        ("A is b [1][3].", "A is b.", [1, 3]),
        ("A is b [1, 3] and c [2].", "A is b and c.", [1, 3, 2]),
        ("A is b [2-4].", "A is b.", [2, 3, 4]),
        ("A is b (result 2).", "A is b.", [2]),
        ("A is b [Results 1 and 2].", "A is b.", [1, 2]),
        ("A is b【3】.", "A is b.", [3]),
        ("It was made in 1978 (1978).", "It was made in 1978 (1978).", []),
        ("A is b [1-999].", "A is b.", list(range(1, 12))),
        ("A is [b].", "A is [b].", []),
    ],
)
def test_numbers_are_parted_from_the_words(sentence, text, numbers):
    found, named = parted(sentence)
    assert (found, named) == (text, numbers)
