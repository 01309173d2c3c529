"""How long lists are counted: exactly up to a bound, and honestly above it."""

import pytest
from django.core.paginator import InvalidPage
from django.db import connection

from core import estimating
from core.estimating import EstimatingPaginator, expected, values_of
from core.models import Batch, BatchTask

pytestmark = pytest.mark.django_db

BOUND = 20


@pytest.fixture(autouse=True)
def _low_bound(monkeypatch):
    monkeypatch.setattr(estimating, "EXACT_UP_TO", BOUND)


@pytest.fixture
def tasks():
    """Fifty tasks, of which five failed."""
    batch = Batch.objects.create(group_id="one", task_name="some")
    BatchTask.objects.bulk_create(
        BatchTask(task_id=f"task-{n:02}", batch=batch, position=n, status="FAILURE" if n % 10 == 0 else "SUCCESS")
        for n in range(50)
    )
    return BatchTask.objects.order_by("task_id")


def expect(monkeypatch, rows: int) -> None:
    monkeypatch.setattr(estimating, "expected", lambda query: rows)


def paged(rows) -> EstimatingPaginator:
    return EstimatingPaginator(rows, 10)


def test_up_to_the_bound_rows_are_counted_whatever_postgresql_expects(tasks, monkeypatch):
    expect(monkeypatch, 1_000_000)
    for rows in (0, 5, BOUND):
        few = paged(tasks.filter(position__lt=rows))
        assert (few.count, few.is_estimate, few.count_in_words) == (rows, False, str(rows))
    assert paged(tasks.filter(status="FAILURE")).count == 5


def test_above_the_bound_postgresql_is_asked_and_the_number_is_called_an_estimate(tasks, monkeypatch):
    expect(monkeypatch, 1_234_567)
    for rows in (tasks, tasks.filter(status="SUCCESS")):
        many = paged(rows)
        assert (many.count, many.is_estimate, many.count_in_words) == (1_234_567, True, "about 1,230,000")
        assert many.num_pages == 123_457


def test_an_estimate_below_what_was_counted_is_not_believed(tasks, monkeypatch):
    expect(monkeypatch, 3)
    many = paged(tasks)
    assert (many.count, many.count_in_words) == (BOUND + 1, f"more than {BOUND}")


def test_statistics_tell_how_many_rows_there_are(tasks):
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE comments_batchtask")
    assert paged(tasks).count_in_words == "about 50"
    assert expected(tasks.filter(status="SUCCESS")) == 45


def test_no_more_rows_than_the_bound_are_counted(tasks, django_assert_num_queries):
    with django_assert_num_queries(1) as queries:
        assert paged(tasks.filter(status="FAILURE")).count == 5
    assert f"LIMIT {BOUND + 1}" in queries[0]["sql"]


def test_every_page_is_reached_where_more_rows_are_there_than_were_expected(tasks, monkeypatch):
    expect(monkeypatch, 25)
    seen, number, said = [], 1, []
    while number:
        # Each request counts anew.
        pages = paged(tasks)
        assert pages.count == 25
        shown = pages.page(number)
        seen += [task.task_id for task in shown]
        said.append(pages.count_in_words)
        number = shown.has_next() and shown.next_page_number()
    assert seen == [f"task-{n:02}" for n in range(50)]
    assert said == ["about 25", "about 25", "about 31", "about 41", "50"]


def test_a_page_behind_the_last_row_is_empty_as_long_as_one_is_expected(tasks, monkeypatch):
    expect(monkeypatch, 80)
    assert [list(paged(tasks).page(number)) for number in (6, 8)] == [[], []]
    for number in (9, 81, 10**30, "no"):
        with pytest.raises(InvalidPage):
            paged(tasks).page(number)


def test_a_list_that_is_no_query_is_counted():
    assert paged(list(range(50))).count == 50


def test_the_values_of_a_column_are_told_in_order_and_none_last(tasks):
    assert values_of(BatchTask, "task_id")[:2] == ["task-00", "task-01"]
    assert values_of(BatchTask, "status") == ["FAILURE", "SUCCESS"]
    assert values_of(BatchTask, "started_at") == [None]
    BatchTask.objects.all().delete()
    assert values_of(BatchTask, "status") == []
