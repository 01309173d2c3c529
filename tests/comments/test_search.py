"""The search of comments in the admin."""

import pytest

from comments.models import Comment
from comments.search import find
from tests.factories import make_comment

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("account", {"anna"}),
        ("plain accounting", {"anna"}),
        ("plain boat", set()),
        ("Bert", {"bert"}),
        ("BER", {"bert"}),
        ("c++", {"cora"}),
        ("C#", {"carl"}),
        (".net", {"carl"}),
        ("A++", set()),
        ("wrote C#", {"carl"}),
        ("", {"anna", "bert", "cora", "carl"}),
        ("& | ! ' \0", set()),
        ("99999999999999999999999", set()),
    ],
)
def test_comments_are_found_by_beginnings_of_words_and_by_author(text, found):
    make_comment("<p>A plain-text accounting tool.", author="anna")
    make_comment("I build a boat; ask Bert&#x27;s friend.", author="bert")
    make_comment("A compiler in C++, see example.net", author="cora")
    make_comment("I wrote it in C# (.NET)", author="carl")
    assert set(find(Comment.objects.all(), text).values_list("author", flat=True)) == found


def test_a_comment_is_found_by_its_id():
    comment = make_comment("Nothing with a number.")
    make_comment("Another.", author="another")
    assert list(find(Comment.objects.all(), f" {comment.pk} ")) == [comment]
