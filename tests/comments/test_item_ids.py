"""An item of Hacker News as a person names it."""

import pytest

from comments.item_ids import item_id_of


@pytest.mark.parametrize(
    "text",
    [
        "41342017",
        " 41342017\n",
        "https://news.ycombinator.com/item?id=41342017",
        "http://news.ycombinator.com/item?id=41342017#41343000",
        "news.ycombinator.com/item?id=41342017",
        "www.news.ycombinator.com/item?id=41342017",
        "https://news.ycombinator.com/item?id=41342017&p=2",
    ],
)
def test_an_id_or_an_address_names_an_item(text):
    assert item_id_of(text) == 41342017


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "4e7", "x41342017", "example.com/item?id=41342017", "news.ycombinator.com/user?id=41342017"]
)
def test_what_names_none_is_refused_with_the_way_out(text):
    with pytest.raises(ValueError, match="expects the id of a Hacker News item"):
        item_id_of(text)
