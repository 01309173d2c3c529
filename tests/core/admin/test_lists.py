"""What all lists of the admin share: how they say how long they are, and the dates above them."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.templatetags.admin_list import date_hierarchy
from django.contrib.auth import get_user_model
from django.test import override_settings
from django_celery_results.models import TaskResult

from core import estimating
from core.models import Batch, BatchTask
from core.templatetags.date_steps import date_steps

pytestmark = pytest.mark.django_db

TASKS, RESULTS = "/admin/core/batchtask/", "/admin/django_celery_results/taskresult/"


@pytest.fixture
def operator(client):
    client.force_login(get_user_model().objects.create_superuser("the-operator"))
    return client


@pytest.fixture
def many_tasks(monkeypatch):
    """Twelve hundred tasks, where a thousand are counted; ten of them failed."""
    monkeypatch.setattr(estimating, "EXACT_UP_TO", 1000)
    batch = Batch.objects.create(group_id="one", task_name="some")
    BatchTask.objects.bulk_create(
        BatchTask(task_id=f"task-{n}", batch=batch, position=n, status="FAILURE" if n < 10 else "SUCCESS")
        for n in range(1200)
    )


def words(page) -> str:
    return " ".join(page.content.decode().split())


def test_a_long_list_calls_an_estimate_one_and_counts_what_a_filter_leaves(operator, many_tasks, monkeypatch):
    monkeypatch.setattr(estimating, "expected", lambda rows: 1_050_000)
    page = operator.get(TASKS)
    assert "about 1,050,000 batch tasks" in words(page)
    assert 'href="?p=21000" ' in page.content.decode()
    failed = words(operator.get(f"{TASKS}?status__exact=FAILURE"))
    assert "10 found" in failed
    assert "10 batch tasks" in failed
    assert "about 1,050,000 found" in words(operator.get(f"{TASKS}?status__exact=SUCCESS"))


def test_the_last_page_of_a_long_list_counts_it(operator, many_tasks, monkeypatch):
    monkeypatch.setattr(estimating, "expected", lambda rows: 1_010)
    assert "more than 1,000 batch tasks" not in words(operator.get(TASKS))
    assert "1,200 batch tasks" in words(operator.get(f"{TASKS}?p=24"))
    assert operator.get(f"{TASKS}?p=24").context["cl"].result_list[49].position == 1199


def test_a_page_behind_the_end_says_so(operator, many_tasks, monkeypatch):
    monkeypatch.setattr(estimating, "expected", lambda rows: 5_000)
    page = words(operator.get(f"{TASKS}?p=99&status__exact=SUCCESS"))
    assert "The list ends before this page." in page
    assert 'href="?status__exact=SUCCESS">Back to the first page' in page


def results(*moments: str) -> None:
    for n, moment in enumerate(moments):
        row = TaskResult.objects.create(task_id=f"{moment}-{n}", task_name="some", worker="" if n % 2 else "one")
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        TaskResult.objects.filter(pk=row.pk).update(date_created=at)


SPREAD = (
    "2024-12-31T23:30",
    "2025-01-01T00:30",
    "2025-02-28T12:00",
    "2025-02-28T13:00",
    "2025-12-31T23:59",
    "2026-10-25",
)


@pytest.mark.parametrize(
    "moments", [(), SPREAD[:1], SPREAD[2:4], SPREAD[1:5], ("2026-03-29T00:30", "2026-03-30", "2026-03-01"), SPREAD]
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_the_dates_above_a_list_are_those_of_django(operator, moments, zone):
    results(*moments)
    with override_settings(TIME_ZONE=zone):
        for query in ("", "?date_created__year=2025", "?date_created__year=2025&date_created__month=2", "?worker=one"):
            cl = operator.get(RESULTS + query).context["cl"]
            assert date_steps(cl) == date_hierarchy(cl)


def test_the_dates_of_many_rows_cost_two_queries_more(operator, django_assert_num_queries):
    results(*(f"2025-{month:02}-03" for month in range(1, 13)))
    cl = operator.get(RESULTS).context["cl"]
    with django_assert_num_queries(3):
        assert len(date_steps(cl)["choices"]) == 12


def test_filters_offer_the_values_that_there_are(operator):
    results(*SPREAD[:2])
    TaskResult.objects.create(task_id="another", task_name="another", worker=None)
    specs = {spec.title: spec for spec in operator.get(RESULTS).context["cl"].filter_specs}
    assert [str(value) for value in specs["Task Name"].lookup_choices] == ["another", "some"]
    assert list(specs["Worker"].lookup_choices) == ["", "one", None]
