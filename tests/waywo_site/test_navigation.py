"""What the admin's menu counts, and the paths of its pages."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from comments.models import Comment
from core.models import Batch, BatchTask
from projects.models import Project, Snooze
from projects.reviewing import queue
from tests.factories import make_comment, make_project
from waywo_site.models import Alert
from waywo_site.navigation import counts, sections
from waywo_site.operations.health.findings import FAILED, OK

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counted_anew():
    cache.clear()
    yield
    cache.clear()


def menu(**user) -> dict[str, str]:
    """Return the titles of the menu with what is counted beside them."""
    request = RequestFactory().get("/admin/")
    request.user = get_user_model().objects.create_user("one", is_staff=True, **user)
    return {item["title"]: item.get("badge", "") for section in sections(request) for item in section["items"]}


def test_the_menu_counts_what_waits_failed_runs_and_is_open(django_user_model):
    make_project()
    make_project(review_status="approved")
    make_comment(status=Comment.Status.FAILED)
    for group, states in (("a", ("PENDING", "STARTED")), ("b", ("PENDING",)), ("c", ("SUCCESS",))):
        batch = Batch.objects.create(group_id=group, task_name="x", total=len(states))
        for place, state in enumerate(states):
            BatchTask.objects.create(task_id=f"{group}{place}", batch=batch, position=place, status=state)
    Alert.objects.create(subject="health: disk", state=FAILED, since=timezone.now())
    Alert.objects.create(subject="health: beat", state=OK, since=timezone.now())
    shown = menu(is_superuser=True)
    counted = ("Review", "Failures", "Batches", "Alerts", "Projects")
    assert [shown[title] for title in counted] == ["1", "1", "2", "1", ""]


def test_the_review_waits_for_as_many_as_its_page_says(django_user_model):
    snoozed, _ = make_project(), make_project()
    make_project(source=Project.Source.NEMO_DATA_DESIGNER)
    Snooze.objects.create(project=snoozed, until=timezone.now() + timedelta(days=1))
    shown = menu(is_superuser=True)
    waiting = queue.progress(Project.objects.all(), django_user_model.objects.get()).waiting
    assert (shown["Review"], waiting) == ("1", 1)


def test_counting_costs_one_query_and_for_some_seconds_none():
    with CaptureQueriesContext(connection) as first:
        counts()
    with CaptureQueriesContext(connection) as again:
        counts()
    assert (len(first), len(again)) == (1, 0)


def test_nothing_is_counted_for_who_may_not_see_it():
    Alert.objects.create(subject="health: disk", state=FAILED, since=timezone.now())
    assert "Alerts" not in menu()


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/admin/comments/post/", ["Threads"]),
        ("/admin/comments/post/sources/", ["Sources"]),
        ("/admin/comments/comment/failures/", ["Failures"]),
        ("/admin/projects/project/review/", ["Review"]),
    ],
)
def test_a_page_behind_a_list_alone_is_marked(admin_client, path, marked):
    menu = admin_client.get(path).context["sidebar_navigation"]
    assert [item["title"] for section in menu for item in section["items"] if item["active"]] == marked


# List, section and entry of the menu where app and model are called otherwise.
@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("comments_post", "Hacker News > Threads"),
        ("projects_extraction", "Hacker News > Readings"),
        ("projects_reviewaction", "Index > History"),
        ("waywo_site_alert", "Health > Alerts"),
        ("waywo_site_apitoken", "Access > API tokens"),
        ("django_celery_beat_periodictask", "Running > Schedules"),
        ("core_batchtask", "Running > Batch tasks"),
    ],
)
def test_the_path_of_a_page_has_the_words_of_the_menu(admin_client, model, path):
    assert path_of(admin_client.get(reverse(f"admin:{model}_changelist"))) == path


def test_the_path_ends_with_what_the_page_is_of(admin_client):
    alert = Alert.objects.create(subject="health: disk", state=FAILED, since=timezone.now())
    page = admin_client.get(reverse("admin:waywo_site_alert_change", args=[alert.pk]))
    assert path_of(page) == f"Health > Alerts > {str(alert)[:1].upper()}{str(alert)[1:]}"
    assert path_of(admin_client.get(reverse("admin:projects_project_review"))) == "Index > Projects > Review"


def path_of(answer: HttpResponse) -> str:
    """Return the path at the top of a page."""
    [heading] = re.findall(r"<h1[^>]*>(.*?)</h1>", answer.content.decode(), re.DOTALL)
    words = strip_tags(heading.replace("chevron_right", ">"))
    return unescape(" ".join(words.split()))
