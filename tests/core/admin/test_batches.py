"""Batches in the admin: what is shown, what moves the bars, and who may cancel and try again."""

import pytest
from celery import current_app
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_results.models import TaskResult

from core.jobs import following, sending
from core.models import Batch
from tests.factories import make_comment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

LIST = "/admin/comments/batch/"


def user(client, *codenames: str, superuser: bool = False):
    made = get_user_model().objects.create_user("somebody", is_staff=True, is_superuser=superuser)
    made.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(made)
    return made


def a_batch(label: str = "Some comments") -> Batch:
    """Return a batch with one task that succeeded, one that failed and one that waits."""
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": n} for n in (1, 2, 3)], label=label)
    now = timezone.now()
    batch.tasks.filter(position=0).update(status="SUCCESS", started_at=now, finished_at=now)
    error = {"exc_type": "ReadingError", "exc_module": "projects.extraction.reading", "exc_message": ["<b>bad</b>"]}
    batch.tasks.filter(position=1).update(status="FAILURE", started_at=now, finished_at=now, result=error)
    return batch


def act(client, action: str, *chosen: Batch):
    data = {"action": action, "_selected_action": [batch.pk for batch in chosen]}
    return client.post(LIST, data, follow=True)


def test_the_progress_is_shown_and_told_as_json_for_the_bars(client):
    user(client, "view_batch")
    batch = a_batch()
    url = reverse("admin:core_batch_progress", args=[batch.pk])
    listed = client.get(LIST).content.decode()
    assert f'data-progress-url="{url}"' in listed
    assert "2 of 3" in listed
    told = client.get(url).json()
    assert (told["state"], told["words"]) == ("running", "2 of 3, 1 failed")
    page = client.get(f"{LIST}{batch.pk}/change/").content.decode()
    assert "&lt;b&gt;bad&lt;/b&gt;" in page
    assert "<b>bad</b>" not in page


def test_who_may_not_see_batches_learns_nothing_of_them(client):
    batch = a_batch()
    url = reverse("admin:core_batch_progress", args=[batch.pk])
    assert client.get(url).status_code == 302  # to the login
    user(client, "view_project")
    assert client.get(url).status_code == 404
    assert client.get(LIST).status_code == 403


def test_an_unknown_batch_is_not_found(client):
    user(client, "view_batch")
    assert client.get(reverse("admin:core_batch_progress", args=["nothing"])).status_code == 404


def test_who_may_only_look_can_neither_cancel_nor_try_again(client):
    user(client, "view_batch")
    batch = a_batch()
    listed = client.get(LIST).content.decode()
    assert "Cancel what waits" not in listed
    for action in ("cancel_batches", "retry_failures"):
        act(client, action, batch)
    assert not following.progress_of(batch.pk).is_cancelled
    assert Batch.objects.count() == 1


def test_who_may_schedule_cancels_what_waits_and_tries_failures_again(client):
    who = user(client, "view_batch", "add_periodictask")
    batch = a_batch()
    assert "Some comments: 1 waiting task was cancelled." in act(client, "cancel_batches", batch).content.decode()
    progress = following.progress_of(batch.pk)
    assert (progress.state, progress.failed, progress.cancelled_tasks) == ("cancelled", 1, 1)
    assert "Again: Some comments: 2 tasks are on the way" in act(client, "retry_failures", batch).content.decode()
    again = Batch.objects.get(retry_of=batch)
    assert (again.total, again.started_by, again.label) == (2, who, "Again: Some comments")
    fresh = sending.start_batch("process_waywo_comment", [{"comment_id": 9}])
    assert "has no task that failed" in act(client, "retry_failures", fresh).content.decode()


@pytest.fixture
def away(empty_queues):
    """Let the broker be away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "EMBEDDED_VALKEY", None)
        patch.setattr(current_app.conf, "broker_write_url", "redis://127.0.0.1:9/0")
        patch.setattr(current_app, "_pool", None)
        patch.setattr(current_app.amqp, "_producer_pool", None)
        yield


def test_a_single_task_is_not_sent_while_the_broker_is_away_and_that_is_said(client, away):
    user(client, superuser=True)
    post = make_comment().post
    buttons = {
        reverse("admin:comments_post_try"): {"source": "hn"},
        reverse("admin:comments_post_extract", args=[post.pk]): {},
    }
    for button, data in buttons.items():
        page = client.post(button, data, follow=True)
        assert page.status_code == 200
        assert "The broker does not answer: nothing was sent." in page.text
    assert not TaskResult.objects.exists()


def test_what_is_started_while_the_broker_is_away_is_kept_and_said_to_be(client, away):
    user(client, superuser=True)
    comments = [make_comment().pk, make_comment().pk]
    data = {"action": "read_again", "_selected_action": comments}
    page = client.post(reverse("admin:comments_comment_changelist"), data, follow=True)
    batch = Batch.objects.get()
    assert "2 tasks are kept" in page.text
    assert "do not try again" in page.text
    assert reverse("admin:core_batch_change", args=[batch.pk]) in page.text
    assert set(batch.tasks.values_list("status", flat=True)) == {"PENDING"}


def test_failures_tried_again_while_the_broker_is_away_are_kept(client, away):
    user(client, superuser=True)
    batch = a_batch()
    page = act(client, "retry_failures", batch)
    assert page.status_code == 200
    assert "Again: Some comments: the broker does not answer. 1 task is kept" in page.text
    assert Batch.objects.get(retry_of=batch).tasks.get().status == "PENDING"


def test_nobody_adds_edits_or_deletes_a_batch(client):
    user(client, superuser=True)
    batch = a_batch()
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{batch.pk}/change/", {"label": "Other"}).status_code == 403
    assert client.post(f"{LIST}{batch.pk}/delete/", {"post": "yes"}).status_code == 403
    batch.refresh_from_db()
    assert batch.label == "Some comments"


def test_the_list_takes_few_queries_however_many_rows_it_has_and_an_empty_one_is_a_page(client):
    user(client, superuser=True)
    assert client.get(LIST).status_code == 200
    for _ in range(25):
        a_batch()
    Batch.objects.create(group_id="none of its tasks is left", total=3)
    with CaptureQueriesContext(connection) as seen:
        listed = client.get(LIST).content.decode()
    assert listed.count(">2 of 3, 1 failed</span>") == 24
    assert ">0 of 3</span>" in listed
    assert len(seen) <= 15


def test_the_page_of_a_batch_cancels_it_and_runs_what_failed_again(client):
    who = user(client, "view_batch", "add_periodictask")
    batch = a_batch()
    url = f"{LIST}{batch.pk}/change/"
    page = client.get(url).text
    cancel, retry = (reverse(f"admin:core_batch_{act}", args=[batch.pk]) for act in ("cancel", "retry"))
    assert cancel in page
    assert retry in page
    assert client.get(cancel).status_code == 405
    assert "1 waiting task was cancelled" in client.post(cancel, follow=True).text
    page = client.get(url).text
    assert cancel not in page, "nothing waits any more"
    assert "3 of 3, 1 failed, 1 cancelled" in page
    followed = client.post(retry, follow=True)
    again = Batch.objects.get(retry_of=batch)
    assert followed.redirect_chain[-1][0] == f"{LIST}{again.pk}/change/"
    assert again.started_by == who
    assert "somebody" in followed.text, "who started it"


def test_who_may_only_look_finds_no_acts_on_the_page_of_a_batch(client):
    user(client, "view_batch")
    batch = a_batch()
    act = reverse("admin:core_batch_cancel", args=[batch.pk])
    assert act not in client.get(f"{LIST}{batch.pk}/change/").text
    assert client.post(act).status_code == 403
    assert batch.tasks.filter(status="PENDING").exists()


def test_the_tasks_of_a_batch_are_listed_with_links_to_what_they_work_on(client):
    user(client, "view_batch")
    comment = make_comment()
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": comment.pk}, {"comment_id": 2}])
    error = {"exc_type": "ReadingError", "exc_module": "projects.x", "exc_message": ["<b>bad</b>"]}
    batch.tasks.filter(position=0).update(status="FAILURE", result=error)
    listed = client.get(reverse("admin:core_batchtask_changelist") + f"?batch__group_id__exact={batch.pk}").text
    assert reverse("admin:comments_comment_change", args=[comment.pk]) in listed
    assert "ReadingError: &lt;b&gt;bad&lt;/b&gt;" in listed
    failed = client.get(
        f"{reverse('admin:core_batchtask_changelist')}?batch__group_id__exact={batch.pk}&status__exact=FAILURE"
    )
    assert failed.context["cl"].result_count == 1
    task = batch.tasks.get(position=0)
    page = client.get(reverse("admin:core_batchtask_change", args=[task.pk])).text
    assert reverse("admin:core_batch_change", args=[batch.pk]) in page
    assert f"/task/{task.pk}" in page, "the way to Flower"
    assert "core/batchtask" not in client.get(reverse("admin:index")).text, "they stand in no menu"


@pytest.mark.parametrize(
    ("ends", "state", "words"),
    [
        ([], "empty", "there was nothing to do"),
        (["PENDING", "PENDING"], "waiting", "0 of 2"),
        (["STARTED", "PENDING"], "running", "0 of 2"),
        (["SUCCESS", "SUCCESS"], "succeeded", "2 of 2"),
        (["FAILURE", "SUCCESS"], "partial", "2 of 2, 1 failed"),
        (["FAILURE", "FAILURE"], "failed", "2 of 2, 2 failed"),
        (["REVOKED", "FAILURE"], "cancelled", "2 of 2, 1 failed, 1 cancelled"),
    ],
)
def test_the_state_of_a_batch_is_said_in_a_word_and_in_figures_and_its_bar_has_it(client, ends, state, words):
    user(client, "view_batch")
    batch = sending.start_batch("process_waywo_comment", ({"comment_id": number} for number, _ in enumerate(ends)))
    for position, status in enumerate(ends):
        batch.tasks.filter(position=position).update(status=status)
    progress = following.progress_of(batch.pk)
    assert (progress.state, str(progress)) == (state, words)
    page = client.get(f"{LIST}{batch.pk}/change/").text
    assert f"waywo-progress-{state}" in page
    assert ("data-progress-url" in page) == (state in ("waiting", "running")), "what has ended is not asked for"
