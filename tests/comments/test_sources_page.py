"""The page of the sources in the admin: how they answer, and a try that saves nothing."""

import json

import pytest
from celery import current_app
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone
from django_celery_results.models import TaskResult

from comments.models import SourceHour
from core.jobs import sending

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]


def sent() -> list[dict]:
    """Take what was sent to the queue of people off the broker."""
    found = []
    with current_app.connection() as connection, connection.channel() as channel:
        while message := current_app.amqp.queues["priority"].bind(channel).get(no_ack=True):
            found.append(message.payload[1])
    return found


def end(task_id: str, status: str, result: dict) -> None:
    """Let a task have ended, as a worker writes it."""
    TaskResult.objects.filter(task_id=task_id).update(status=status, result=json.dumps(result))


def test_each_source_shows_its_endpoints(admin_client):
    SourceHour.objects.create(
        source="hn", endpoint="Algolia", hour=timezone.now(), asked=2000, failed=1, seconds=400, slowest=3.5,
        last_error="<b>answered 403</b>", last_error_at=timezone.now(), last_answer_at=timezone.now(),
    )  # fmt: skip
    page = admin_client.get(reverse("admin:comments_post_sources")).text
    assert "99.9 % of 2,000" in page
    assert "0.20 s, slowest 3.5 s" in page
    assert "&lt;b&gt;answered 403&lt;/b&gt;" in page
    assert "Lobsters" in page
    assert "not in SOURCES: schedules leave it out" in page
    assert "It was not asked in the last week." in page
    assert reverse("admin:comments_post_sources") in admin_client.get(reverse("admin:index")).text


def test_a_click_tries_a_source_and_the_page_shows_what_came_of_it(admin_client):
    answer = admin_client.post(reverse("admin:comments_post_try"), {"source": "lobsters"})
    assert sent() == [{"source": "lobsters"}]
    waiting = admin_client.get(answer["Location"]).text
    assert "Trying…" in waiting
    assert '<meta http-equiv="refresh"' in waiting
    task_id = answer["Location"].rpartition("=")[2]
    found = {
        "status": "partial", "source": "lobsters", "threads_found": 1, "missing": ["Comment x: refused"],
        "threads": [{"id": "abc123", "month": "2026-11", "title": "What are you doing this week?"}],
        "post": {"id": "abc123", "title": "What are you doing this week?", "author": "caius", "total_kids": 12},
        "comments": [{"id": "abc1230", "author": "user", "text": "I am <i>building</i> thing 0."}],
    }  # fmt: skip
    end(task_id, "SUCCESS", found)
    ended = admin_client.get(answer["Location"]).text
    assert "Found, but not all" in ended
    assert "Comment x: refused" in ended
    assert "I am &lt;i&gt;building&lt;/i&gt; thing 0." in ended
    assert "http-equiv" not in ended


def test_a_try_that_fails_shows_why(admin_client):
    task_id = sending.send("try_source", {"source": "hn"})
    error = {"exc_type": "Refused", "exc_message": ["https://hn.example: answered 404."], "exc_module": "core.http"}
    end(task_id, "FAILURE", error)
    page = admin_client.get(reverse("admin:comments_post_sources"), {"task": task_id}).text
    assert "It does not work" in page
    assert "https://hn.example: answered 404." in page


def test_what_is_wrong_is_said_and_starts_nothing(admin_client):
    page = admin_client.post(reverse("admin:comments_post_try"), {"source": "reddit"}, follow=True).text
    assert "“reddit” is not a source: there are hn, lobsters." in page
    assert "no such try any more" in admin_client.get(reverse("admin:comments_post_sources") + "?task=x").text
    other = sending.send("process_waywo_posts", {})
    assert "Trying" not in admin_client.get(reverse("admin:comments_post_sources") + f"?task={other}").text
    assert admin_client.get(reverse("admin:comments_post_try")).status_code == 405
    assert sent() == []
    assert not TaskResult.objects.filter(task_name="try_source").exists()


def test_who_may_only_look_sees_no_button(client):
    user = User.objects.create_user("vera", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_post"))
    client.force_login(user)
    assert "Try Hacker News" not in client.get(reverse("admin:comments_post_sources")).text
    assert client.post(reverse("admin:comments_post_try"), {"source": "hn"}).status_code == 403
