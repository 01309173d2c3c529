"""A thread as one task: which thread is meant, what is read, one at a time, cancelled as a whole, found when lost."""

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone
from django_celery_results.models import TaskResult
from kombu.exceptions import OperationalError

from comments.adding import NotAThread
from comments.models import Comment, Post
from comments.thread_names import ThreadName, id_to_collect, thread_named
from core.jobs import cancelling, following, sending
from core.models import Batch
from projects.extraction.choosing import comments_to_read
from projects.models import Project, ThreadRun
from projects.threads import phases
from projects.threads.outcomes import progress_of
from projects.threads.wishes import wish_for
from tests.factories import make_comment, make_post
from tests.servers.hackernews import HackerNewsServer
from tests.servers.processes import command
from tests.servers.threads import generate_thread
from waywo_site.running import queues
from waywo_site.running.reconciling import reconcile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


@pytest.mark.parametrize(
    ("named", "source", "source_id"),
    [
        (41342017, "hn", "41342017"),
        (" 41342017 ", "hn", "41342017"),
        ("https://news.ycombinator.com/item?id=41342017", "hn", "41342017"),
        ("https://lobste.rs/s/abc123", "lobsters", "abc123"),
        ("lobste.rs/s/abc123/what_are_you_doing_this_week", "lobsters", "abc123"),
        ("https://lobste.rs/s/abc123.json", "lobsters", "abc123"),
    ],
)
def test_a_thread_is_named_by_id_or_address(named, source, source_id):
    assert thread_named(named) == ThreadName(source, source_id)


@pytest.mark.parametrize(
    "named", ["", "0", "-1", "a thread", "https://example.com/s/abc123", True, None, 1.5, "9" * 30]
)
def test_what_names_no_thread_is_refused(named):
    with pytest.raises(ValueError, match="it expects the id of a thread, or its address"):
        thread_named(named)


def test_a_stored_thread_of_lobsters_is_named_by_its_number_here():
    post = Post.objects.create(
        source="lobsters", source_id="abc123", title="What are you doing this week?", posted_at=timezone.now(),
        year=2026, month=9,
    )  # fmt: skip
    assert thread_named(post.pk) == ThreadName("lobsters", "abc123")
    assert id_to_collect(thread_named("https://lobste.rs/s/abc123")) == post.pk
    with pytest.raises(NotAThread, match="no such post"):
        thread_named(post.pk + 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"year": 1999}, "year=1999 is invalid"),
        ({"month": 13}, "month=13 is invalid"),
        ({"limit_comments": 0}, "limit_comments=0 is invalid"),
        ({"analyst": "nobody"}, "analyst='nobody' is invalid"),
        ({"analyst": "llm"}, "no language model is configured"),
    ],
)
def test_a_wrong_argument_is_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        wish_for(41342017, **arguments)


def begun(**asked) -> tuple[ThreadRun, list[float]]:
    """Return the run of a thread after its first look, and after how many seconds it is looked at again."""
    post = make_post()
    task_id = sending.send(phases.TASK, {"post": post.pk} | asked)
    pauses: list[float] = []
    run = phases.go_on(task_id, wish_for(post.pk, **asked), {"post": post.pk} | asked, pauses.append)
    return run, pauses


def end(batch: Batch, **fields) -> None:
    now = timezone.now()
    batch.tasks.update(status="SUCCESS", started_at=now, finished_at=now, **fields)


def look(run: ThreadRun) -> ThreadRun:
    ThreadRun.objects.update(look_at=timezone.now())
    return phases.go_on(run.task_id, wish_for(run.post_id), run.asked, lambda _: None)


def test_each_phase_is_a_batch_and_the_last_look_gives_all_counts():
    run, pauses = begun()
    assert pauses == [phases.SOONEST]
    assert progress_of(run) == ("collecting", 0, 1)
    run.collection.tasks.update(status="PROGRESS", result={"step": "post", "done": 1, "total": 2})
    assert progress_of(run) == ("collecting", 1, 5)
    read, failed = (make_comment(post=run.post) for _ in range(2))
    end(run.collection, result={"comments_saved": 2, "post_id": run.post_id})
    run = look(run)
    assert sorted(task.kwargs["comment_id"] for task in run.reading.tasks.all()) == sorted([read.pk, failed.pk])
    assert progress_of(run) == ("reading", 2, 5)
    Comment.objects.filter(pk=read.pk).update(status="processed")
    Comment.objects.filter(pk=failed.pk).update(status="failed")
    end(run.reading)
    run = look(run)
    assert progress_of(run) == ("updating_figures", 4, 5)
    end(run.figures)
    run = look(run)
    assert run.status == "partial"
    result = {"status": "partial", "comments": 2, "processed": 1, "failed": 1, "comments_saved": 2}
    assert result.items() <= run.result.items()
    assert look(run).result == run.result
    assert Batch.objects.count() == 3


def test_a_comment_that_another_reads_is_waited_for():
    run, _ = begun()
    comment = make_comment(post=run.post)
    end(run.collection, result={})
    run = look(run)
    assert comment.claim("another")
    end(run.reading)
    assert look(run).figures is None
    comment.release("processed")
    assert look(run).figures is not None


def test_a_message_that_comes_twice_changes_nothing():
    run, _ = begun()
    ThreadRun.objects.update(look_at=timezone.now() + timedelta(minutes=1))
    end(run.collection, result={})
    with pytest.raises(phases.NotYet):
        phases.go_on(run.task_id, wish_for(run.post_id), run.asked, lambda _: None)
    assert ThreadRun.objects.get().reading is None


def test_with_a_limit_only_the_first_comments_are_read():
    run, _ = begun(limit_comments=1)
    first, second = (make_comment(post=run.post) for _ in range(2))
    Post.objects.filter(pk=run.post_id).update(kids=[second.pk, first.pk])
    end(run.collection, result={})
    ThreadRun.objects.update(look_at=timezone.now())
    run = phases.go_on(run.task_id, wish_for(run.post_id, limit_comments=1), run.asked, lambda _: None)
    assert [task.kwargs["comment_id"] for task in run.reading.tasks.all()] == [second.pk]


def test_a_thread_that_is_being_extracted_is_not_extracted_twice(client):
    run, _ = begun()
    waiting = make_comment(post=run.post)
    assert comments_to_read() == []  # its own run reads them
    with pytest.raises(phases.AlreadyRunning, match=f"by task {run.task_id}"):
        phases.go_on("another", wish_for(run.post_id), {}, lambda _: None)
    for option in ((), ("--queue",)):
        shown = command("process_waywo_thread", str(run.post_id), *option)
        assert (shown.returncode, f"task_status {run.task_id} --wait" in shown.stderr) == (1, True)
    client.force_login(get_user_model().objects.create_superuser("root"))
    page = client.get(f"/admin/comments/post/{run.post_id}/change/").content.decode()
    assert "This thread is being extracted, by task" in page
    assert "Collect and read all" not in page
    there = client.post(f"/admin/comments/post/{run.post_id}/extract/")
    assert there["Location"].endswith(f"/taskresult/{TaskResult.objects.get(task_id=run.task_id).pk}/change/")
    refused = client.post(f"/api/waywo-posts/{run.post_id}/extract", "{}", content_type="application/json")
    assert refused.status_code == 409
    assert f"by task {run.task_id}. Follow it: /api/tasks/{run.task_id}" in refused.json()["detail"]
    cancelling.cancel(run.task_id)
    # Somebody wanted it to end: it is read once somebody asks for it.
    assert (comments_to_read(by_itself=True), comments_to_read()) == ([], [waiting.pk])


def test_the_button_of_a_thread_sends_it_and_leads_to_its_task(client):
    post = make_post()
    client.force_login(get_user_model().objects.create_superuser("root"))
    assert "Collect and read all" in client.get(f"/admin/comments/post/{post.pk}/change/").content.decode()
    shown = client.post(f"/admin/comments/post/{post.pk}/extract/", follow=True)
    task = TaskResult.objects.get(task_name=phases.TASK)
    assert f"/taskresult/{task.pk}/change/" in shown.redirect_chain[-1][0]
    cancelled = client.post(
        f"/admin/django_celery_results/taskresult/of/{task.task_id}/cancel", follow=True
    ).content.decode()
    assert "The task is cancelled." in cancelled
    assert "Run it again" in cancelled
    again = client.post(f"/admin/django_celery_results/taskresult/of/{task.task_id}/again", follow=True)
    assert TaskResult.objects.filter(task_name=phases.TASK, status="PENDING").count() == 1
    assert "It runs again, as this task." in again.content.decode()


def test_a_run_is_cancelled_as_a_whole():
    run, _ = begun()
    make_comment(post=run.post)
    end(run.collection, result={})
    run = look(run)
    cancelling.cancel(run.task_id)
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert following.progress_of(run.reading_id).state == "cancelled"
    assert Comment.objects.get().status == "pending"
    assert following.task_state(run.task_id).status == "REVOKED"


def test_a_run_whose_message_was_lost_is_found():
    run, _ = begun()
    TaskResult.objects.update(status="PROGRESS", date_done=timezone.now())
    queues.purge("orchestration")
    queues.purge("collection")
    assert reconcile().tasks_sent_again == 0
    ThreadRun.objects.update(look_at=timezone.now() - timedelta(minutes=2))
    assert reconcile().tasks_sent_again == 1
    assert queues.depth("orchestration") == 1
    assert ThreadRun.objects.get().pk == run.pk


def test_a_run_whose_task_failed_frees_its_thread():
    run, _ = begun()
    make_comment(post=run.post)
    assert reconcile().comments_queued == 0  # its own run reads them
    TaskResult.objects.update(status="FAILURE", date_done=timezone.now())
    assert reconcile().comments_queued == 1
    run.refresh_from_db()
    assert run.status == "failed"


def test_who_comes_after_a_run_whose_task_failed_need_not_wait():
    run, _ = begun()
    TaskResult.objects.update(status="FAILURE", date_done=timezone.now())
    another = phases.go_on("another", wish_for(run.post_id), {}, lambda _: None)
    assert (another.task_id, another.is_finished) == ("another", False)
    assert ThreadRun.objects.get(pk=run.pk).status == "failed"


def test_a_run_that_began_while_it_was_cancelled_ends_with_its_batches():
    run, _ = begun()
    TaskResult.objects.update(status="REVOKED")
    reconcile()
    run.refresh_from_db()
    assert run.status == "cancelled"
    assert following.progress_of(run.collection_id).state == "cancelled"


def test_a_look_while_the_broker_is_away_leaves_the_run_for_the_reconciler():
    def away(_: float) -> None:
        raise OperationalError("Connection refused")

    run, _ = begun()
    ThreadRun.objects.update(look_at=timezone.now())
    run = phases.go_on(run.task_id, wish_for(run.post_id), run.asked, away)
    assert not run.is_finished
    assert ThreadRun.objects.overdue(timezone.now() + timedelta(minutes=1)).get() == run


def test_a_comment_that_the_dead_left_under_way_is_not_waited_for():
    run, _ = begun()
    comment = make_comment(post=run.post)
    end(run.collection, result={})
    run = look(run)
    assert comment.claim("dead", now=timezone.now() - settings.CLAIM_EXPIRES_AFTER - timedelta(minutes=1))
    end(run.reading)
    run = look(run)
    end(run.figures)
    assert look(run).result["left_pending"] == 1


def test_the_command_does_all_of_it_here_and_says_before_what_it_would_do():
    items = generate_thread(6, seed=4, deleted=0, dead=0)
    address = f"https://news.ycombinator.com/item?id={items[0]['id']}"
    with HackerNewsServer(items) as server:
        served = {"HN_API_BASE_URL": server.item_api, "HN_SEARCH_BASE_URL": server.search_api}
        planned = command("process_waywo_thread", address, "--dry-run", **served)
        assert (planned.returncode, "6 comments to look at, 0 are stored" in planned.stdout) == (0, True)
        assert not Post.objects.exists()
        done = command("process_waywo_thread", address, "--json", **served)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout.splitlines()[-1])
        again = json.loads(command("process_waywo_thread", address, "--json", **served).stdout.splitlines()[-1])
    counts = {"status": "success", "comments": 6, "processed": 6, "projects": Project.objects.count()}
    assert counts.items() <= result.items()
    assert (again["comments"], again["comments_saved"]) == (0, 0)
    wrong = command("process_waywo_thread", "nonsense")
    assert (wrong.returncode, "it expects the id of a thread" in wrong.stderr) == (1, True)
