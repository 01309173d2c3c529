"""The word lists that are kept as data."""

import re

import pytest
import yaml

from projects.extraction.rules.lexicon import WORDS_FILE, any_of, words_of

LISTS = yaml.safe_load(WORDS_FILE.read_text())


@pytest.mark.parametrize("name", LISTS)
def test_each_list_makes_an_expression_and_says_nothing_twice(name):
    words = words_of(name)
    assert len(words) == len(set(words)) > 1
    assert re.compile(any_of(name), re.IGNORECASE).search(words[0].split("(")[0] or words[0]) or "(" in words[0]


def test_a_list_that_is_missing_is_named_with_the_file():
    with pytest.raises(ValueError, match=r"words\.yml can't be used: it has no list colours"):
        words_of("colours")
