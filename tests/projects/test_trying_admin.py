"""Who may try a reading in the admin, and what of others' tasks the page shows."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse
from django_celery_results.models import TaskResult

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    user = get_user_model().objects.create_user("olga", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_extraction", "change_comment")))
    client.force_login(user)
    return client


def test_who_may_only_look_at_readings_may_try_none(client):
    user = get_user_model().objects.create_user("vera", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_extraction"))
    client.force_login(user)
    assert client.get(reverse("admin:projects_extraction_try")).status_code == 403
    assert client.get(reverse("admin:projects_extraction_trial", args=["x"])).status_code == 403
    assert "Try a reading" not in client.get(reverse("admin:projects_extraction_changelist")).content.decode()


def test_the_list_of_readings_leads_to_the_page(operator):
    page = operator.get(reverse("admin:projects_extraction_changelist")).content.decode()
    assert reverse("admin:projects_extraction_try") in page


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"analysts": "rules"}, "Name a comment above, or paste a text."),
        ({"analysts": "rules", "text": "  "}, "Name a comment above, or paste a text."),
        ({"analysts": "rules", "text": "x", "comment_id": "1"}, "one of the two"),
        ({"analysts": "rules", "comment_id": "7"}, "There is no comment 7"),
        ({"analysts": "rules", "text": "x" * 60_001}, "at most 60000 characters"),
        ({"analysts": "llm", "text": "x"}, "LLM_BASE_URL is not set"),
        ({"text": "x"}, "This field is required"),
    ],
)
def test_what_cannot_be_tried_starts_nothing_and_is_said(operator, sent, told):
    page = operator.post(reverse("admin:projects_extraction_try"), sent)
    assert page.status_code == 200
    assert told in page.content.decode()
    assert not TaskResult.objects.exists()


def test_a_task_of_another_kind_is_not_shown(operator):
    TaskResult.objects.create(task_id="other", task_name="health_check", status="SUCCESS", result='{"secret": 1}')
    page = operator.get(reverse("admin:projects_extraction_trial", args=["other"])).content.decode()
    assert "This is no trial of a reading." in page
    assert "secret" not in page
    page = operator.get(reverse("admin:projects_extraction_try"), {"task": "other"})
    assert "This is no trial of a reading." in page.content.decode()


CUT = "\"{'analyst': 'rules', 'text': 'I am buil..."


@pytest.mark.parametrize("stored", [CUT, f'{CUT}"', None])
def test_a_trial_of_a_text_that_a_worker_cut_short_is_shown_all_the_same(operator, stored):
    row = {"task_id": "long", "task_name": "try_reading", "status": "FAILURE", "result": "{}"}
    TaskResult.objects.create(**row, task_kwargs=stored)
    page = operator.get(reverse("admin:projects_extraction_try"), {"task": "long"})
    assert page.status_code == 200
    assert "No result" in page.text
