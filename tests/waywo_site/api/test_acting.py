"""Starting work over HTTP and following it, with a real worker."""

import json
from functools import partial

import pytest
from django.contrib.admin.models import LogEntry
from django_celery_results.models import TaskResult

from comments.models import Comment, Post
from core.jobs import following, sending
from projects.models import Project, ReviewAction, Tag
from projects.reviewing.undoing import undo
from tests.factories import make_comment, make_post, make_project
from tests.servers.hackernews import Fault
from tests.servers.processes import Worker
from tests.servers.threads import POST_ID
from tests.servers.web import BOOTSTRAP
from tests.waiting import wait_until
from waywo_site.api.tokens import make_token
from waywo_site.models import ApiToken

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

TEXT = "I am building Foo (https:&#x2F;&#x2F;foo.example), a static site generator written in Rust."

LLM = {"text": "x", "analyst": "llm"}


def test_a_reading_is_tried_over_http(web, tmp_path):
    comment = make_comment(TEXT)
    with web.client(BOOTSTRAP) as client, Worker(tmp_path):
        for asked in ({"comment_id": comment.pk}, {"text": "I am building Foo, a generator: https://foo.example"}):
            sent = client.post("/api/try-reading", json=asked)
            assert sent.status_code == 202, sent.text
            task = wait_until(partial(ended, client, sent.json()["status_url"]), "the reading ends")
            assert [project["title"] for project in task["result"]["projects"]] == ["Foo"]
    assert not Project.objects.exists()
    assert Comment.objects.get().status == "pending"


def test_a_thread_is_added_followed_and_read_over_http(web, hacker_news, tmp_path):
    address = f"https://news.ycombinator.com/item?id={POST_ID}"
    with web.client(BOOTSTRAP) as client, Worker(tmp_path, HN_API_BASE_URL=hacker_news.item_api):
        sent = client.post("/api/waywo-posts/add", json={"post": address, "limit_comments": 5})
        assert sent.status_code == 202, sent.text
        assert sent.json()["status"] == "PENDING"
        with client.stream("GET", sent.json()["status_url"] + "/events", timeout=30) as events:
            states = [json.loads(line[6:]) for line in events.iter_lines() if line.startswith("data: ")]
        assert (states[-1]["status"], states[-1]["result"]["comments_saved"]) == ("SUCCESS", 5)
        assert states[-1]["started_at"] <= states[-1]["finished_at"]
        sent = client.post("/api/process-waywo-comments").json()
        task = wait_until(lambda: ended(client, sent["status_url"]), "the task ends")
        batch_url = f"/api/batches/{task['result']['group_id']}"
        wait_until(lambda: client.get(batch_url).json()["finished"], "the batch ends", 60)
        batch = client.get(batch_url).json()
        assert (batch["done"], batch["failed"]) == (batch["total"], 0)
        assert client.get("/api/projects?fields=title").json()["items"]
        workers = client.get("/api/workers").json()["items"]
        assert "extraction" in workers[0]["queues"]
        health = client.get("/api/health").json()
        states = {check["name"]: check["state"] for check in health["checks"]}
        assert {states[name] for name in ("database", "migrations", "broker", "workers", "queues")} == {"ok"}, health
        again = client.post("/api/waywo-posts/add", json={"post": POST_ID})
        assert again.status_code == 409
        assert f"/api/waywo-posts/{POST_ID}/process" in again.json()["detail"]
    assert Post.objects.get().pk == POST_ID


def test_a_thread_is_saved_when_it_is_added_and_may_be_added_until_it_was_collected(web):
    with web.client(BOOTSTRAP) as client:
        for _ in range(2):
            answer = client.post("/api/waywo-posts/add", json={"post": POST_ID, "year": 2025, "month": 2})
            assert answer.status_code == 202, answer.text
    post = Post.objects.get()
    assert (post.pk, post.year, post.month, post.collected_at) == (POST_ID, 2025, 2, None)
    assert post.title in answer.json()["message"]


def test_what_is_no_thread_is_said_at_once_and_leaves_nothing(web, hacker_news):
    comment = hacker_news.items[POST_ID]["kids"][0]
    with web.client(BOOTSTRAP) as client:
        for post, said in ((5, "no such item"), (comment, "is a comment")):
            answer = client.post("/api/waywo-posts/add", json={"post": post})
            assert answer.status_code == 404
            assert said in answer.json()["detail"]
    assert not Post.objects.exists()
    assert not TaskResult.objects.exists()


@pytest.mark.parametrize(("fault", "status"), [(Fault.SERVER_ERROR, 503), (Fault.NOT_FOUND, 502)])
def test_a_source_that_fails_is_told_without_its_address_and_leaves_nothing(web, hacker_news, fault, status):
    hacker_news.fail(None, fault)
    try:
        with web.client(BOOTSTRAP) as client:
            answer = client.post("/api/waywo-posts/add", json={"post": POST_ID})
    finally:
        hacker_news.heal()
    assert answer.status_code == status, answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)
    assert "nothing was added" in answer.json()["detail"]
    assert "127.0.0.1" not in answer.text
    assert not Post.objects.exists()
    assert not TaskResult.objects.exists()


def ended(client, url: str):
    state = client.get(url).json()
    return state if state["finished_at"] else None


def test_a_task_that_waits_is_pending_and_an_id_never_sent_is_not_found(web):
    comment = make_comment(TEXT)
    with web.client(BOOTSTRAP) as client:
        sent = client.post(f"/api/waywo-comments/{comment.pk}/process").json()
        waiting = client.get(sent["status_url"]).json()
        assert (waiting["status"], waiting["name"], waiting["finished_at"]) == (
            "PENDING",
            "process_waywo_comment",
            None,
        )
        for path in ("/api/tasks/{}", "/api/tasks/{}/events", "/api/batches/{}"):
            assert client.get(path.format("00000000-0000-4000-8000-000000000000")).status_code == 404
        assert {queue["name"]: queue["depth"] for queue in client.get("/api/queues").json()["items"]}["priority"] == 1
        assert client.get("/api/health").json()["status"] == "failed"


def test_a_cancelled_task_is_not_run_even_by_a_worker_that_starts_later(web, tmp_path):
    cancelled, other = make_comment(TEXT), make_comment(TEXT, author="bob")
    with web.client(BOOTSTRAP) as client:
        sent = client.post(f"/api/waywo-comments/{cancelled.pk}/process").json()
        answer = client.post(f"/api/tasks/{sent['task_id']}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "REVOKED")
        again = client.post(f"/api/waywo-comments/{other.pk}/process").json()
        with Worker(tmp_path):
            wait_until(lambda: ended(client, again["status_url"]), "the other task ends")
        assert client.get(sent["status_url"]).json()["status"] == "REVOKED"
        assert client.post(f"/api/tasks/{again['task_id']}/cancel").status_code == 409
    assert Comment.objects.get(pk=cancelled.pk).status == "pending"
    assert Comment.objects.get(pk=other.pk).status == "processed"


def test_sending_ten_thousand_tasks_leaves_a_row_each_in_a_few_statements(django_assert_max_num_queries):
    calls = [{"comment_id": number} for number in range(2000)]
    with django_assert_max_num_queries(20):
        batch = sending.start_batch("process_waywo_comment", calls)
    assert batch.tasks.filter(status="PENDING").count() == 2000
    assert following.batch_of(batch.group_id).task_ids == batch.task_ids
    assert following.progress_of(batch.group_id).done == 0


def test_a_review_is_noted_and_the_fields_it_touched_are_a_persons(web):
    project = make_project(flag_reason="gone")
    project.tags.add(Tag.objects.create(name="old"))
    with web.signed_in("rita", rights=("change_project",)) as client:
        answer = client.patch(
            f"/api/projects/{project.pk}", json={"review_status": "rejected", "review_note": "spam", "tags": ["New"]}
        )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["review_status"], answer.json()["tags"]) == ("rejected", ["new"])
    project.refresh_from_db()
    assert (project.reviewer.username, project.review_note, project.flag_reason) == ("rita", "spam", "")
    assert project.edited_fields == ["tags"]
    assert Project.objects.published().count() == 0
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user.username) == (str(project.pk), "rita")
    assert entry.change_message == "Changed through the API: review_note, review_status, tags."
    undo(ReviewAction.objects.get(place="api").pk, project.reviewer)
    project.refresh_from_db()
    assert (project.review_status, project.tags.get().name) == ("pending", "old")


def test_ids_that_are_not_there_and_addresses_that_are_none_start_nothing(web):
    make_post(id=77)
    with web.client(BOOTSTRAP) as client:
        assert client.post("/api/process-waywo-comments", json={"comment_ids": [1, 2]}).status_code == 404
        assert client.post("/api/waywo-comments/1/process").status_code == 404
        assert client.post("/api/waywo-posts/1/process").status_code == 404
        for post in (0, -1, "text", "https://evil.example/item?id=5", "https://news.ycombinator.com/item?id=5x", True):
            answer = client.post("/api/waywo-posts/add", json={"post": post})
            assert answer.status_code == 422, (post, answer.text)
        assert client.post("/api/try-reading", json={"comment_id": 1}).status_code == 404
        # Neither, both, nothing in it, too much of it; and no model is configured.
        for body in ({}, {"comment_id": 1, "text": "x"}, {"text": " "}, {"text": "x" * 60_001}, LLM):
            answer = client.post("/api/try-reading", json=body)
            assert answer.status_code == 422, (body, answer.text[:300])
        for body in ({"limit_posts": 0}, {"limit_posts": -1}, {"limit_post": 1}, {"limit_posts": "many"}, [], "x"):
            answer = client.post("/api/process-waywo-posts", json=body)
            assert answer.status_code == 422, body
            assert answer.json()["errors"][0]["field"].startswith("body")
    assert TaskResult.objects.count() == 0


def test_the_use_of_a_token_is_noted_once_a_minute(web):
    token, secret = make_token("ci", ["run"])
    assert secret not in str(ApiToken.objects.values().get())
    with web.client(secret) as client:
        client.get("/api/tags")
        first = ApiToken.objects.get().last_used_at
        client.get("/api/tags")
    assert first is not None
    assert ApiToken.objects.get().last_used_at == first
    assert token.prefix == secret[:12]
