"""What the reconciler sends, by the rows and the queues as it finds them."""

import pytest
from celery import current_app

from comments import batches
from comments.models import BatchTask
from tests.factories import make_comment
from waywo_site.reconciling import reconcile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


def test_what_is_due_is_read_whatever_else_is_open_and_queued_once():
    comment = make_comment()
    batches.start_batch("process_waywo_post", [{"post_id": comment.post_id}])
    assert reconcile().comments_queued == 1
    current_app.control.purge()
    again = reconcile()
    assert (again.comments_queued, again.group_id) == (0, None)
    assert BatchTask.objects.filter(kwargs__comment_id=comment.pk).count() == 1
