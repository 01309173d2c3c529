"""Which comments are read: what is due, given ids, and conditions that hold together."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from comments.models import FIRST_FOREIGN_ID, Source
from core.jobs import sending
from projects.extraction.choosing import CommentConditions, comments_to_read, queue_comments, read_comments
from projects.extraction.prompts import VERSION
from projects.extraction.reading import CommentNotFound
from projects.models import Extraction
from projects.tasks import process_waywo_comments
from tests.factories import make_comment, make_post

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_queues")]


def chosen(**conditions) -> set[int]:
    return set(comments_to_read(conditions=CommentConditions(**conditions)))


def read_by(comment, analyst: str, version: int) -> None:
    Extraction.objects.create(
        comment=comment, analyst=analyst, prompt_version=version, status="succeeded", started_at=timezone.now()
    )


def test_conditions_choose_again_whatever_the_status_and_hold_together():
    post, now = make_post(), timezone.now()
    done = make_comment(post=post, status="processed", posted_at=now - timedelta(hours=2))
    failed = make_comment(post=post, status="failed", posted_at=now - timedelta(hours=30))
    partly = make_comment(status="processed", last_error="one project is lost", posted_at=now)
    pending = make_comment(posted_at=now - timedelta(hours=40))
    make_comment(post=post, status="failed", deleted=True, posted_at=now)
    assert chosen() == {pending.pk}
    assert chosen(post_id=post.pk) == {done.pk, failed.pk}
    assert chosen(hours=24) == {done.pk, partly.pk}
    assert chosen(failed=True) == {failed.pk, partly.pk}
    assert chosen(failed=True, post_id=post.pk) == {failed.pk}
    assert chosen(failed=True, hours=24) == {partly.pk}
    assert chosen(failed=False) == {pending.pk}
    assert comments_to_read(1, conditions=CommentConditions(failed=True)) == [failed.pk]


def test_an_old_prompt_is_one_that_the_analyst_has_not_gone_beyond():
    old, new, by_model = (make_comment(status="processed") for _ in range(3))
    read_by(old, "rules", VERSION)
    read_by(new, "rules", VERSION + 1)
    read_by(by_model, "a model", VERSION + 1)
    assert chosen(prompt_version_below=VERSION + 1) == {old.pk, by_model.pk}


def test_a_source_narrows_what_is_due_and_what_is_chosen_again():
    foreign = {"source": Source.LOBSTERS, "post": make_post(source=Source.LOBSTERS, id=FIRST_FOREIGN_ID + 1)}
    waits = make_comment(id=FIRST_FOREIGN_ID + 2, **foreign)
    failed = make_comment(id=FIRST_FOREIGN_ID + 3, status="failed", **foreign)
    make_comment(status="failed")
    make_comment()
    assert chosen(source="lobsters") == {waits.pk}
    assert chosen(source="lobsters", failed=True) == {failed.pk}
    assert chosen(source="sample") == set()


def test_what_is_wrong_is_named():
    comment = make_comment()
    with pytest.raises(ValueError, match="source='reddit' is invalid: it expects one of hn, lobsters, sample"):
        CommentConditions(source="reddit")
    with pytest.raises(ValueError, match="hours=0 is invalid"):
        CommentConditions(hours=0)
    with pytest.raises(ValueError, match="comment_ids is invalid beside hours"):
        comments_to_read(comment_ids=[comment.pk], conditions=CommentConditions(source="hn"))
    with pytest.raises(CommentNotFound, match=r"no comment of \w+ 7: collect it first"):
        chosen(post_id=7)


def test_what_waits_in_a_batch_is_not_chosen_twice_and_what_was_read_may_be_read_again():
    post = make_post()
    waits, done = make_comment(post=post, status="failed"), make_comment(post=post, status="processed")
    sending.start_batch("process_waywo_comment", [{"comment_id": waits.pk}])
    batch = queue_comments(conditions=CommentConditions(post_id=post.pk), analyst="rules")
    assert [task.kwargs for task in batch.tasks.all()] == [{"comment_id": done.pk, "analyst": "rules"}]
    assert read_comments(conditions=CommentConditions(hours=10_000, post_id=post.pk), analyst="rules")["comments"] == 0


def test_the_command_says_that_none_fits_and_not_to_collect_threads(capsys):
    make_comment(status="processed")
    call_command("process_waywo_comments", "--failed", "--hours", "3")
    said = capsys.readouterr().out
    assert said.strip() == "No comment is to be read: none fits --hours 3 --failed."
    call_command("process_waywo_comments")
    assert "More come by manage.py process_waywo_posts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("sent_by", "read"),
    [({}, 1), ({"periodic_task_name": "Nightly", "started_by": 7}, 1), ({"periodic_task_name": "Nightly"}, 0)],
)
def test_a_schedule_leaves_what_was_set_aside_unless_a_person_runs_it_now(sent_by, read):
    make_comment(is_set_aside=True)
    process_waywo_comments.push_request(**sent_by)
    try:
        assert process_waywo_comments.run()["comments_queued"] == read
    finally:
        process_waywo_comments.pop_request()
