"""Tasks through a real broker and a real worker."""

import json

import pytest
from celery.result import AsyncResult
from django.contrib.auth import get_user_model
from django.db import transaction

from comments.models import Comment, Post
from core.jobs import following, sending
from projects.models import Extraction, Project
from tests.factories import make_comment
from tests.servers.hackernews import HackerNewsServer
from tests.servers.processes import Worker, command
from tests.servers.threads import generate_thread
from tests.waiting import wait_until
from waywo_site.running.queues import depth

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

TEXT = "I am building Foo (https:&#x2F;&#x2F;foo.example), a static site generator written in Rust."


def result_of(task_id: str, seconds: float = 30):
    """Wait for a task and return its result; raise what it raised."""
    wait_until(AsyncResult(task_id).ready, f"task {task_id} ends", seconds)
    return AsyncResult(task_id).get()


def test_a_thread_is_collected_and_read_by_the_workers(tmp_path):
    items = generate_thread(30, seed=1)
    post_id = items[0]["id"]
    with HackerNewsServer(items) as server, Worker(tmp_path, HN_API_BASE_URL=server.item_api):
        collected = result_of(sending.send("process_waywo_post", {"post_id": post_id}))
        assert collected["status"] == "success"
        assert collected["total_kids"] == len(items[0]["kids"]) == collected["comments_saved"]
        olga = get_user_model().objects.create_user("olga")
        origin = {"started_by": olga, "periodic_task_name": "Read at night"}
        task_id = sending.send("process_waywo_comments", {}, **origin)
        sent = result_of(task_id)
        assert sent["comments_queued"] == len(sent["task_ids"]) > 20
        wait_until(lambda: following.progress_of(sent["group_id"]).is_finished, "all comments are read", 60)
    assert following.failures(sent["group_id"]) == []
    assert set(Comment.objects.values_list("status", flat=True)) <= {"processed", "skipped"}
    assert Project.objects.count() > 0
    assert Extraction.objects.exclude(task_id="").count() == sent["comments_queued"]
    batch = following.batch_of(sent["group_id"])
    assert (batch.started_by, batch.schedule, batch.started_in) == (olga, "Read at night", task_id)


def test_the_commands_hand_work_to_the_workers_and_follow_it(tmp_path):
    comments = [make_comment(TEXT, author=f"author{number}") for number in range(3)]
    queued = command("process_waywo_comments", "--queue", "--json")
    assert queued.returncode == 0, queued.stderr
    assert json.loads(queued.stdout.splitlines()[-1])["status"] == "queued"
    with Worker(tmp_path):
        followed = command(
            "process_waywo_comments", "--comment-ids", *[str(row.pk) for row in comments], "--queue", "--wait", "--json"
        )
        nothing = command("process_waywo_comments", "--queue", "--wait")
    result = json.loads(followed.stdout.splitlines()[-1])
    assert followed.returncode == 0, followed.stderr
    assert (result["status"], result["comments_queued"], result["errors"]) == ("success", 3, [])
    assert Project.objects.count() == 3
    assert nothing.stdout == "0 tasks done, 0 failed.\n", nothing.stderr


def test_a_task_that_fails_is_an_error_of_the_command_that_follows_it(tmp_path):
    with Worker(tmp_path):
        done = command("process_waywo_comment", "77", "--queue", "--wait")
    assert done.returncode == 1
    assert "There is no comment 77" in done.stderr
    assert "Traceback" not in done.stderr


def test_arguments_that_are_wrong_fail_the_task_at_once_and_save_nothing(tmp_path):
    with Worker(tmp_path):
        for name, arguments in (
            ("process_waywo_posts", {"limit_posts": 0}),
            ("process_waywo_post", {"post_id": "text"}),
            ("process_waywo_comments", {"limit": -1}),
        ):
            with pytest.raises(ValueError, match="is invalid"):
                result_of(sending.send(name, arguments))
    assert Post.objects.count() == 0


def test_a_comment_whose_worker_is_killed_is_read_by_the_next_one(tmp_path):
    """The claim of the dead worker's task is taken over by the same task, delivered again."""
    comment = make_comment(TEXT)
    task_id = sending.send("process_waywo_comment", {"comment_id": comment.pk})
    assert comment.claim(task_id)  # as by a worker that was killed in the middle
    with Worker(tmp_path):
        assert result_of(task_id)["valid_projects"] == 1
    comment.refresh_from_db()
    assert comment.status == "processed"


def test_nothing_is_sent_by_a_transaction_that_is_rolled_back():
    with transaction.atomic():
        sending.start_batch("process_waywo_comment", [{"comment_id": 1}])
        sending.send("process_waywo_comments", {})
        transaction.set_rollback(True)
    assert all(depth(queue) == 0 for queue in ("extraction", "collection"))


def test_a_task_lands_in_its_own_queue_or_in_the_one_that_is_asked_for():
    sending.send("process_waywo_comment", {"comment_id": 1})
    sending.send("process_waywo_comment", {"comment_id": 1}, queue="priority")
    sending.send("process_waywo_post", {"post_id": 1})
    assert {name: depth(name) for name in ("extraction", "priority", "collection", "waywo")} == {
        "extraction": 1,
        "priority": 1,
        "collection": 1,
        "waywo": 0,
    }
