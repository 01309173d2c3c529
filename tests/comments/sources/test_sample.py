"""The sample thread ships whole, holds its hard cases, and belongs to nobody."""

import asyncio
import json
import re
from urllib.parse import urlsplit

import pytest

from comments.sources.sample import SampleThread, SampleThreadError, load_sample_thread
from comments.text import links, safe_html

STORY, *COMMENTS = load_sample_thread()
TEXTS = [item.get("text", "") for item in COMMENTS]
HARD_CASES = (
    "<pre><code>", "&quot;", "&amp;amp;", r"\.\.\.</a>", "<script>", "&lt;script&gt;", 'href="javascript:',
    "[Ii]gnore all previous instructions", "[ぁ-ん]", "[ء-ي]", "[ßäöü]", "🍞",
)  # fmt: skip


def test_it_is_one_post_with_40_comments_that_the_client_can_read():
    sample = SampleThread()

    async def read() -> list:
        return [item async for _, item in sample.items([sample.post_id, *STORY["kids"], 1])]

    story, *comments, unknown = asyncio.run(read())
    assert (story.type, "Sample thread" in story.title) == ("story", True)
    assert [item.id for item in comments] == STORY["kids"]
    assert len(comments) == story.descendants == 40
    assert {item.parent for item in comments} == {story.id}
    assert all(item.posted_at > story.posted_at for item in comments)
    assert unknown is None


def test_the_hard_cases_are_in_it():
    assert sum("deleted" in item for item in COMMENTS) == 2
    assert all("by" not in item and "text" not in item for item in COMMENTS if "deleted" in item)
    assert sum("dead" in item for item in COMMENTS) == 2
    assert sum("deleted" not in item and not item["text"] for item in COMMENTS) == 1
    assert max(map(len, TEXTS)) > 8_000
    for pattern in HARD_CASES:
        assert any(re.search(pattern, text) for text in TEXTS), pattern
    authors = [item["by"] for item in COMMENTS if "by" in item]
    assert sorted({by for by in authors if authors.count(by) > 1}) == ["two_time_theo"]


def test_no_address_in_it_is_of_a_real_site():
    addresses = [urlsplit(link) for text in TEXTS for link in links(text)]
    assert len(addresses) > 30
    for address in addresses:
        invented = address.hostname.endswith(".example") or address.path.startswith("/waywo-sample-")
        assert invented, address.geturl()
    assert min(item["id"] for item in [STORY, *COMMENTS]) > 900_000_000


def test_nothing_of_it_runs_when_it_is_shown():
    for text in TEXTS:
        shown = safe_html(text)
        assert not re.search(r"<(script|img|svg|iframe)|<[^>]*\s(on\w+=|href=\"(?!https?:))", shown), shown


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: is not JSON"),
        ('{"id": 1, "type": "story", "kids": []}\n{"id": 2', "line 2: is not JSON"),
        ('{"id": 1, "type": "comment"}', "line 1: must be the story"),
        ('["id"]', "line 1: must be an object"),
        ('{"id": 1, "type": "story", "kids": [2, 3]}\n{"id": 2, "type": "comment"}', "'kids' must name each comment"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, content, said):
    path = tmp_path / "thread.jsonl"
    path.write_text(content)
    with pytest.raises(SampleThreadError, match=said) as error:
        load_sample_thread(path)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SampleThreadError, match="cannot be read"):
        SampleThread(tmp_path / "none.jsonl")


def test_a_line_separator_inside_of_a_text_is_no_end_of_a_line(tmp_path):
    path = tmp_path / "thread.jsonl"
    story = {"id": 1, "type": "story", "text": "one\u2028two", "kids": []}
    path.write_text(json.dumps(story, ensure_ascii=False) + "\n", encoding="utf-8")
    assert load_sample_thread(path)[0]["text"] == "one\u2028two"
