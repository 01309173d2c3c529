"""The admin's first page and what moves on it, and the pages of task results."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_results.models import TaskResult

from comments.models import Comment
from comments.sources.known_threads import known_threads
from core.jobs.started_batches import failure_of
from core.models import Batch
from projects.analytics.computing import generate_analytics
from projects.estimates import estimate_past_threads
from projects.filling import states
from projects.models import Analytics, Extraction, Tag
from tests.factories import make_comment, make_post, make_project
from waywo_site.dashboard import figures, queue_history
from waywo_site.models import QueueSample, QueueWork
from waywo_site.operations import metrics
from waywo_site.operations.health import parts
from waywo_site.running import queue_work, queues
from waywo_site.running.queues import depth
from waywo_site.schedules.stored import failed_last

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_cache():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def operator(client):
    client.force_login(get_user_model().objects.create_superuser("operator"))
    return client


def read(comment: Comment, **fields) -> Extraction:
    began = timezone.now() - timedelta(hours=1)
    defaults = {"analyst": "rules", "prompt_version": 1, "status": "succeeded", "started_at": began}
    return Extraction.objects.create(comment=comment, finished_at=began + timedelta(seconds=4), **(defaults | fields))


def test_the_figures_count_comments_projects_tags_and_what_reading_cost():
    good, bad = make_comment(status="processed"), make_comment(status="failed")
    read(good, tokens_in=100, tokens_out=10)
    read(bad, status="failed", tokens_in=50)
    make_project(first_seen_at=timezone.now()).tags.add(Tag.objects.create(name="rust"))
    make_project(review_status="approved", first_seen_at=timezone.now() - timedelta(days=40))
    shown = figures.figures()
    assert shown.threads == 2
    by_status = {"pending": 0, "processing": 0, "processed": 1, "failed": 1, "skipped": 0}
    assert states().comments == by_status
    assert states().projects == {"pending": 1, "approved": 1, "rejected": 0}
    assert [(name, uses) for _, name, uses in shown.tags] == [("rust", 1)]
    assert len(shown.days) == figures.DAYS
    assert sum(good for _, good, _ in shown.days) == sum(bad for *_, bad in shown.days) == 1
    (cost,) = shown.costs
    assert (cost.analyst, cost.readings, cost.failed, cost.tokens_in, cost.tokens_out) == ("rules", 2, 1, 150, 10)
    assert cost.seconds == pytest.approx(4)


def test_the_first_page_shows_the_kept_figures_of_each_month_and_the_tags_that_grow(operator):
    comment = make_comment(status="processed")
    project = make_project()
    project.submissions.create(comment=comment)
    assert "valid comments, by month" not in operator.get(reverse("admin:index")).text
    generate_analytics()
    grown = [{"name": "rust", "count": 6, "growth": 2.0}, {"name": "web", "count": 9, "growth": -0.1}]
    Analytics.objects.filter(post=None).update(tags=grown)
    cache.clear()
    (month,) = figures.figures().thread_months
    assert month[1:] == (1, 1.0)
    page = operator.get(reverse("admin:index")).text
    assert "valid comments, by month" in page
    assert "+200%" in page
    assert "-10%" not in page


def test_the_charts_show_the_months_from_the_first_to_the_last_thread(operator):
    for year, month in ((2023, 11), (2024, 2)):
        moment = datetime(year, month, 5, tzinfo=UTC)
        make_post(year=year, month=month, posted_at=moment)
        make_project(first_seen_at=moment)
    shown = [(f"{month:%Y-%m}", number) for month, number in figures.figures().months]
    assert shown == [("2023-11", 1), ("2023-12", 0), ("2024-01", 0), ("2024-02", 1)]
    assert '"Nov 2023", "Dec 2023", "Jan 2024", "Feb 2024"' in operator.get(reverse("admin:index")).text


def test_the_first_page_says_what_to_do_on_an_empty_machine(operator):
    page = operator.get(reverse("admin:index"))
    assert "Nothing has been collected yet" in page.text
    assert "No task has run yet." in page.text
    assert "Nothing is being collected or read at this moment." in page.text
    ways = [reverse("waywo_first_steps", args=[step]) for step in ("discover", "sample")]
    for way in (*ways, reverse("waywo_past_threads"), reverse("admin:comments_post_add")):
        assert f'"{way}"' in page.text


def test_what_is_being_done_about_an_empty_index_is_said(operator):
    arguments = json.dumps(repr({"post_id": 77}))
    task = TaskResult.objects.create(
        task_id="t", task_name="process_waywo_post", task_kwargs=arguments, status="PENDING"
    )
    assert "Collecting thread 77: it waits for a worker." in operator.get(reverse("admin:index")).text
    task.status, task.result = "PROGRESS", '{"step": "comments", "done": 12, "total": 1450}'
    task.save()
    now = operator.get(reverse("waywo_dashboard_live")).json()["filling"]["now"]
    assert now == ["Collecting thread 77: 12 of 1,450."]
    TaskResult.objects.all().delete()
    post = make_post(collected_at=timezone.now())
    make_comment(post=post, status="processed")
    make_comment(post=post)
    assert "Reading: 1 of 2 comments, 0 projects so far." in operator.get(reverse("admin:index")).text


def test_past_threads_are_estimated_before_a_question_and_only_then_collected(operator, settings, empty_queues):
    address = reverse("waywo_past_threads")
    page = operator.get(address).text
    count = len(known_threads())
    assert f"{count} threads, about {450 * count:,} comments, about " in page
    assert "as that of August 2024 had" in page
    assert "that a reading takes 0.5 s is a guess" in page
    settings.LLM_BASE_URL, settings.LLM_MODEL, settings.LLM_PRICE_IN = "http://127.0.0.1:9", "scripted", 2.0
    assert "is known once the model has read some" in operator.get(address).text
    comment = make_comment(post=make_post(collected_at=timezone.now(), pk=known_threads()[0].id))
    read(comment, analyst="scripted", tokens_in=1000, tokens_out=100)
    estimate = estimate_past_threads()
    assert not any("guess" in sentence for sentence in estimate.basis), "it was measured"
    left = count - 1
    assert (estimate.threads, estimate.comments, estimate.tokens) == (left, left, 1100 * left)
    assert estimate.cost == pytest.approx(0.002 * left)
    assert f"about {estimate.cost:.2f} by LLM_PRICE_IN" in operator.get(address).text
    assert depth("collection") == 0


@pytest.mark.parametrize("name", ["waywo_past_threads", "discover", "sample"])
def test_only_who_may_schedule_fills_the_index(client, name):
    viewer = get_user_model().objects.create_user("vera", is_staff=True)
    viewer.groups.add(Group.objects.get(name="Viewer"))
    client.force_login(viewer)
    address = reverse(name) if name.startswith("waywo") else reverse("waywo_first_steps", args=[name])
    assert client.post(address).status_code == 403
    assert not Comment.objects.exists()
    assert address not in client.get(reverse("admin:index")).text


def test_the_sample_is_collected_by_a_click(operator):
    operator.post(reverse("waywo_first_steps", args=["sample"]))
    assert Comment.objects.filter(post__source="sample").count() > 30
    assert "No project has been found yet" in operator.get(reverse("admin:index")).text


def test_the_queues_over_time_show_what_waited_and_what_was_done(operator):
    now = timezone.now()
    for minutes, waiting in ((10, 4), (5, 120)):
        QueueSample.objects.create(
            queue="extraction",
            waiting=waiting,
            oldest_seconds=200,
            has_worker=True,
            measured_at=now - timedelta(minutes=minutes),
        )
    waits = [0] * (len(queue_work.BOUNDS) + 1)
    waits[3] = 90  # between 1 and 3 s
    waits[5] = 10  # between 10 and 30 s
    for days in (0, 3):
        since = queue_work.slot(now - timedelta(days=days, minutes=6))
        QueueWork.objects.create(queue="extraction", since=since, ended=100, failed=7, waits=waits)
    (queue,) = queue_history.charts("day")["queues"]
    assert (queue.name, queue.most_waiting, queue.oldest, queue.ended, queue.failed) == ("extraction", 120, 200, 100, 7)
    assert 1 < queue.wait_p50 < 3 < 10 < queue.wait_p95 < 30
    assert all(drawing.path.startswith("M") for drawing in queue.drawings)
    (queue,) = queue_history.charts("week")["queues"]
    assert queue.ended == 200
    page = operator.get(reverse("admin:index") + "?span=week").text
    assert 'aria-label="extraction, last week: 200 ended, 14 failed"' in page
    assert operator.get(reverse("admin:index") + "?span=<b>").status_code == 200
    assert b'waywo_queue_wait_seconds{quantile="0.5",queue="extraction"}' in metrics.text()


def test_a_paused_queue_names_who_did_it_and_is_no_fault(operator, empty_queues):
    operator.post(reverse("waywo_dashboard_queue"), {"name": "extraction", "paused": "yes"})
    try:
        shown = operator.get(reverse("waywo_dashboard_live")).json()["queues"]["items"]
        assert next(queue for queue in shown if queue["name"] == "extraction")["paused_by"] == "operator"
        check = parts.queues_served()
        assert "extraction is paused by operator, 0 wait: resume it on the Overview." in check.reason
        assert "extraction" not in check.reason.partition("extraction is paused")[0]
    finally:
        queues.resume("extraction")


def test_the_first_page_takes_as_many_queries_for_many_rows_as_for_few(operator):
    counts = []
    for _ in range(2):
        for number in range(6):
            read(make_comment(author=f"a{number}"))
            make_project()
            TaskResult.objects.create(task_id=f"{len(counts)} {number}", task_name="health_check", status="SUCCESS")
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            page = operator.get(reverse("admin:index"))
        assert page.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30


def test_what_moves_is_told_as_json(operator):
    live = operator.get(reverse("waywo_dashboard_live")).json()
    assert {queue["name"] for queue in live["queues"]["items"]} >= {"extraction", "priority"}
    assert live["workers"] == {"items": []}
    assert live["batches"]["items"] == []


def test_health_says_of_each_part_how_it_is_and_what_to_do(operator):
    parts = operator.get(reverse("waywo_dashboard_live") + "?part=health").json()["items"]
    assert {part["name"] for part in parts} >= {"database", "broker"}
    for part in parts:
        assert part["state"] in ("ok", "degraded", "failed")
        assert part["reason"]
        assert part["remedy"] or part["state"] == "ok"


def test_a_stranger_is_told_nothing(client):
    assert client.get(reverse("waywo_dashboard_live")).status_code == 403


def test_a_result_shows_its_arguments_and_result_with_links_and_its_traceback_folded(operator, settings):
    settings.FLOWER_PUBLIC_URL = "https://flower.example"  # where the health check finds it may be another address
    comment = make_comment()
    project = make_project()
    result = TaskResult.objects.create(
        task_id="0123",
        task_name="process_waywo_comment",
        periodic_task_name="Read pending comments",
        status="FAILURE",
        task_kwargs=f"\"{{'comment_id': {comment.pk}}}\"",
        result=f'{{"project_ids": [{project.pk}], "group_id": "<b>g</b>"}}',
        traceback="Traceback <script>alert(1)</script>",
    )
    page = operator.get(reverse("admin:django_celery_results_taskresult_change", args=[result.pk])).text
    assert reverse("admin:comments_comment_change", args=[comment.pk]) in page
    assert reverse("admin:projects_project_change", args=[project.pk]) in page
    assert "<summary>Show the traceback</summary>" in page
    assert "<script>alert" not in page
    assert "<b>g</b>" not in page
    assert "https://flower.example/task/0123" in page


@pytest.mark.parametrize("kwargs", [None, "", "nope", '"{"', '"[1]"', "12", '"' + "(" * 500 + '"'])
def test_a_result_with_arguments_that_nobody_can_read_still_shows(operator, kwargs):
    result = TaskResult.objects.create(task_id="0123", task_name="x", task_kwargs=kwargs, result="{broken")
    page = operator.get(reverse("admin:django_celery_results_taskresult_change", args=[result.pk]))
    assert page.status_code == 200
    assert operator.get(reverse("admin:django_celery_results_taskresult_changelist")).status_code == 200


@pytest.mark.parametrize(("role", "status"), [("Operator", 200), ("Reviewer", 403), ("Viewer", 403)])
def test_queues_are_paused_and_resumed_on_the_first_page_by_operators_alone(client, role, status):
    user = get_user_model().objects.create_user("olga", is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    address = reverse("waywo_dashboard_queue")
    assert client.post(address, {"name": "extraction", "paused": "yes"}).status_code == status
    assert queues.paused() == ({"extraction"} if status == 200 else set())
    if status == 200:
        shown = client.get(reverse("waywo_dashboard_live")).json()["queues"]["items"]
        assert [queue["name"] for queue in shown if queue["is_paused"]] == ["extraction"]
        assert client.post(address, {"name": "extraction", "paused": "no"}).status_code == 200
        assert queues.paused() == set()
        assert client.post(address, {"name": "none such"}).status_code == 404


def test_the_numbers_of_projects_are_those_of_the_lists_that_they_lead_to(operator):
    rust = Tag.objects.create(name="rust")
    for source in ("hn", "hn", "nemo_data_designer"):
        make_project(source=source).tags.add(rust)
    page = operator.get(reverse("admin:index"))
    projects, (tag,) = page.context["projects"], page.context["top_tags"]
    for shown in (projects["parts"][0], {"count": projects["total"], "url": projects["url"]}):
        assert operator.get(shown["url"]).context["cl"].result_count == shown["count"] == 2
    assert operator.get(tag["url"]).context["cl"].result_count == tag["uses"] == 2


@pytest.fixture
def collection():
    """The run of a schedule whose whole batch failed."""
    every_hour = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.create(name="Collect live threads", task="process_waywo_posts", interval=every_hour)
    run = TaskResult.objects.create(
        task_id="run",
        task_name="process_waywo_posts",
        periodic_task_name="Collect live threads",
        status="SUCCESS",
        result='{"status": "queued", "posts_queued": 2, "task_ids": ["t0", "t1"], "group_id": "g"}',
        date_started=timezone.now(),
    )
    batch = Batch.objects.create(
        group_id="g", task_name="process_waywo_post", label="Collect 2 threads", total=2, started_in="run"
    )
    error = {"exc_type": "OutsideError", "exc_module": "core.http", "exc_message": ["It is away."]}
    for number in range(2):
        batch.tasks.create(task_id=f"t{number}", position=number, kwargs={"post_id": 1}, status="FAILURE", result=error)
    return run


def test_a_task_whose_whole_batch_failed_is_nowhere_called_a_success(operator, collection):
    results = operator.get(reverse("admin:django_celery_results_taskresult_changelist")).text
    result = operator.get(reverse("admin:django_celery_results_taskresult_change", args=[collection.pk])).text
    schedules = operator.get(reverse("admin:django_celery_beat_periodictask_changelist")).text
    first = operator.get(reverse("admin:index")).text
    for page in (results, result, schedules, first):
        assert "2 of 2, 2 failed" in page
        assert "succeeded</span>" not in page
    assert [(schedule.name, run.pk) for schedule, run in failed_last()] == [("Collect live threads", collection.pk)]
    assert failure_of(collection) == "2 of 2, 2 failed. The first: post_id=1: It is away."


def test_a_result_leads_to_the_schedule_that_it_is_a_run_of(operator, collection):
    page = operator.get(reverse("admin:django_celery_results_taskresult_change", args=[collection.pk])).text
    link = next(link for link in re.findall(r'href="([^"]*periodictask/\?name=[^"]*)"', page))
    assert [row.name for row in operator.get(link).context["cl"].result_list] == ["Collect live threads"]


def test_a_result_leads_to_the_tasks_of_its_batch_and_to_no_row_that_is_not_there(operator, collection):
    page = operator.get(reverse("admin:django_celery_results_taskresult_change", args=[collection.pk])).text
    (url,) = set(re.findall(r'href="(/[^"]*batch__group_id[^"]*)"', page))
    assert operator.get(url).context["cl"].result_count == 2
    assert reverse("admin:core_batch_change", args=["g"]) in page
    other = TaskResult.objects.create(task_id="other", task_name="x", result='{"task_ids": ["t0", "gone"]}')
    page = operator.get(reverse("admin:django_celery_results_taskresult_change", args=[other.pk])).text
    assert reverse("admin:core_batchtask_change", args=["t0"]) in page
    assert "gone" in page
    assert "task_id=gone" not in page


def test_housekeeping_is_hidden_unless_it_failed_or_is_asked_for(operator):
    for number, (name, status) in enumerate(
        [
            ("reconcile", "SUCCESS"),
            ("health_check", "SUCCESS"),
            ("monitor_queues", "FAILURE"),
            ("generate_ideas", "SUCCESS"),
        ]
    ):
        TaskResult.objects.create(task_id=str(number), task_name=name, periodic_task_name=f"run {name}", status=status)

    def shown(query: str = "") -> set[str]:
        page = operator.get(reverse("admin:django_celery_results_taskresult_changelist") + query)
        return {row.task_name for row in page.context["cl"].result_list}

    assert shown() == {"monitor_queues", "generate_ideas"}
    assert shown("?housekeeping=shown") == {"reconcile", "health_check", "monitor_queues", "generate_ideas"}
    assert shown("?housekeeping=only") == {"reconcile", "health_check", "monitor_queues"}
    assert shown("?periodic_task_name=run reconcile") == shown("?task_name=reconcile") == {"reconcile"}


def test_numbers_are_written_as_people_write_them(operator):
    result = TaskResult.objects.create(
        task_id="x", task_name="x", result='{"similarity": 0.7335719235954824, "ok": true}'
    )
    page = operator.get(reverse("admin:django_celery_results_taskresult_change", args=[result.pk])).text
    assert "0.734" in page
    assert "0.7335719235954824" not in page
