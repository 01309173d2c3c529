"""How far the index has been filled."""

import pytest

from comments.models import Comment
from projects.filling import filling
from tests.factories import make_comment

pytestmark = pytest.mark.django_db


def test_what_was_skipped_for_want_of_a_text_does_not_count_as_read():
    for status in (Comment.Status.PROCESSED, Comment.Status.SKIPPED, Comment.Status.FAILED, Comment.Status.PENDING):
        make_comment(status=status)
    seen = filling()
    assert (seen.comments, seen.read, seen.failed, seen.unread) == (4, 1, 1, 1)
