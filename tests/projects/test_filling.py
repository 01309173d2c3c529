"""How far the index has been filled."""

import pytest

from comments.models import Comment, RemovedAuthor
from projects.filling import filling, states
from tests.factories import make_comment, make_project

pytestmark = pytest.mark.django_db


def test_what_was_skipped_for_want_of_a_text_does_not_count_as_read():
    for status in (Comment.Status.PROCESSED, Comment.Status.SKIPPED, Comment.Status.FAILED, Comment.Status.PENDING):
        make_comment(status=status)
    seen = filling()
    assert (seen.comments, seen.read, seen.failed, seen.unread) == (4, 1, 1, 1)


def test_states_count_what_is_hidden_and_the_sample_apart():
    make_comment(status="pending", is_set_aside=True)
    make_comment(status="pending", source="sample", pk=10**12 + 1)
    make_comment(status="failed", dead=True)
    make_comment(status="processed", author="gone")
    make_project(review_status="approved")
    make_project(review_status="pending", source="nemo_data_designer")
    RemovedAuthor.objects.create(source="hn", name="gone")
    seen = states()
    assert seen.comments == {"pending": 2, "processing": 0, "processed": 1, "failed": 1, "skipped": 0}
    assert +seen.visible == {("pending", True): 1, ("pending", False): 1}
    assert seen.real == 3
    assert seen.projects == {"pending": 0, "approved": 1, "rejected": 0}
    assert filling(seen) == filling()
