"""The pages of threads, comments and failures: who may start what, and what is started."""

import pytest
from celery import current_app
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from comments.failures import failed_with, failure_groups
from comments.models import Post
from projects.models import Extraction, Submission
from tests.factories import POSTED_AT, make_comment, make_post, make_project
from tests.servers.hackernews import HackerNewsServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(client, empty_queues):
    user = User.objects.create_superuser("olga")
    client.force_login(user)
    return client


def sent() -> list[dict]:
    """Take what was sent off the broker and return the arguments of each task."""
    found = []
    with current_app.connection() as connection, connection.channel() as channel:
        for name in ("collection", "extraction"):
            while message := current_app.amqp.queues[name].bind(channel).get(no_ack=True):
                found.append(message.payload[1])
    return found


def test_failures_of_one_kind_are_one_group_whatever_their_numbers_and_addresses():
    for number in range(3):
        make_comment(status="failed", last_error=f"Timed out after {number} s: http://model:80{number}/v1")
    make_comment(status="failed", last_error="MemoryError at 0x7f3a99001122")
    make_comment(status="pending", last_error="Timed out after 9 s: http://model:809/v1")
    groups = failure_groups()
    assert [(group.error, group.count) for group in groups] == [
        ("Timed out after N s: (address)", 3),
        ("MemoryError at (id)", 1),
    ]
    assert failed_with(groups[0].key).count() == 3


def test_one_click_reads_the_comments_of_a_group_again_and_no_others(operator):
    wanted = {make_comment(status="failed", last_error=f"Timed out after {number} s").pk for number in range(2)}
    make_comment(status="failed", last_error="Other.")
    [group] = [group for group in failure_groups() if group.count == 2]
    page = operator.get(reverse("admin:comments_comment_failures")).text
    assert group.error in page
    told = operator.post(reverse("admin:comments_comment_retry"), {"group": group.key}, follow=True)
    assert "2 tasks are on the way" in told.text
    assert {task["comment_id"] for task in sent()} == wanted
    listed = operator.get(reverse("admin:comments_comment_changelist") + f"?failure={group.key}")
    assert listed.text.count('class="action-select"') == 2 or "2 found" in listed.text


@pytest.mark.parametrize(("which", "count"), [("pending", 1), ("failed", 2), ("all", 4)])
def test_a_thread_reads_what_its_button_says(operator, which, count):
    post = make_post()
    for status in ("pending", "failed", "failed", "processed"):
        make_comment(post=post, status=status)
    make_comment(status="pending")
    operator.post(reverse("admin:comments_post_read", args=[post.pk, which]))
    assert len(sent()) == count


def test_the_list_of_threads_has_a_bar_with_a_part_for_each_status(operator):
    post = make_post()
    for status in ("pending", "failed", "failed", "processed"):
        make_comment(post=post, status=status)
    page = operator.get(reverse("admin:comments_post_changelist")).text
    assert '<rect class="desk-bar-failed" x="50.00" width="50.00"' in page
    assert 'aria-label="1 pending, 1 processed, 2 failed"' in page


def test_a_thread_is_collected_again(operator):
    post = make_post()
    operator.post(reverse("admin:comments_post_collect", args=[post.pk]))
    [arguments] = sent()
    assert arguments == {"post_id": post.pk, "year": 2026, "month": 9, "limit_comments": None}


def test_what_changes_something_is_not_done_by_a_link(operator):
    post = make_post()
    for url in (
        reverse("admin:comments_post_collect", args=[post.pk]),
        reverse("admin:comments_post_read", args=[post.pk, "all"]),
        reverse("admin:comments_comment_retry"),
        reverse("admin:projects_project_review_undo"),
        reverse("admin:projects_tag_remove_unused"),
    ):
        assert operator.get(url).status_code == 405


def test_who_may_only_look_starts_nothing(client):
    post = make_post()
    comment = make_comment(post=post, status="failed")
    user = User.objects.create_user("vera", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    for url in (
        reverse("admin:comments_post_collect", args=[post.pk]),
        reverse("admin:comments_post_read", args=[post.pk, "all"]),
        reverse("admin:comments_comment_retry"),
        reverse("admin:comments_comment_read", args=[comment.pk]),
        reverse("admin:projects_project_review_act"),
        reverse("admin:projects_project_review_undo"),
        reverse("admin:projects_tag_remove_unused"),
    ):
        assert client.post(url).status_code == 403, url
    assert client.get(reverse("admin:comments_post_add")).status_code == 403
    assert sent() == []


def test_a_comment_shows_its_projects_and_its_readings(operator):
    comment, project = make_comment(), make_project(title="Found in it")
    Submission.objects.create(project=project, comment=comment, text="I make it.")
    Extraction.objects.create(
        comment=comment, analyst="rules", prompt_version=1, status="failed", error="Too odd.", started_at=POSTED_AT
    )
    page = operator.get(reverse("admin:comments_comment_change", args=[comment.pk])).text
    assert "Found in it" in page
    assert "Too odd." in page


def test_a_thread_is_shown_before_it_is_added(operator, settings):
    story = {
        "id": 41342017,
        "type": "story",
        "by": "david927",
        "title": "Ask HN: What are you working on? (August 2024)",
        "time": 1724515200,
        "kids": [1, 2, 3],
        "score": 5,
        "descendants": 9,
    }
    url = reverse("admin:comments_post_add")
    with HackerNewsServer([story, {"id": 5, "type": "comment", "by": "x", "time": 1724515200}]) as server:
        settings.HN_API_BASE_URL = server.item_api
        refused = operator.post(url, {"thread": "https://example.com/41342017"}).text
        assert "is invalid" in refused
        assert "not a story" in operator.post(url, {"thread": "5"}).text
        shown = operator.post(url, {"thread": "https://news.ycombinator.com/item?id=41342017"}).text
        assert "What are you working on? (August 2024)" in shown
        assert "goes to 2024-08" in shown
        assert not Post.objects.exists()
        added = operator.post(url, {"thread": "41342017", "limit_comments": "2", "confirmed": "1"})
    assert added.url == reverse("admin:comments_post_change", args=[41342017])
    assert (Post.objects.get().year, Post.objects.get().month) == (2024, 8)
    assert sent()[0]["limit_comments"] == 2


def test_the_page_of_a_thread_asks_how_far_it_is_until_all_is_read(operator):
    post = make_post()
    for status in ("processed", "failed", "pending"):
        make_comment(post=post, status=status)
    page, progress = (reverse(f"admin:comments_post_{name}", args=[post.pk]) for name in ("change", "progress"))
    assert f'data-progress-url="{progress}"' in operator.get(page).text
    seen = operator.get(progress).json()
    assert (seen["total"], seen["done"], seen["pending"], seen["is_finished"]) == (3, 2, 1, False)
    aside = post.comments.filter(status="pending")
    assert aside.set_aside(aside.values("pk")) == 1
    assert operator.get(progress).json()["is_finished"]  # Nobody reads it until somebody asks.
    aside.update(status="skipped")
    assert operator.get(progress).json()["is_finished"]
    assert "data-progress-url" not in operator.get(page).text
    assert operator.get(reverse("admin:comments_post_progress", args=[post.pk + 1])).status_code == 404
