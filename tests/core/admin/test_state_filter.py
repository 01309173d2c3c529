"""The list of batch tasks by state: a task that tells its steps is one that is under way."""

import pytest
from django.urls import reverse

from core.models import Batch, BatchTask

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("state", "shown"), [("STARTED", {"started", "at-a-step"}), ("SUCCESS", {"done"}), ("FAILURE", set())]
)
def test_what_is_under_way_is_found_whether_it_tells_its_steps_or_not(admin_client, state, shown):
    batch = Batch.objects.create(group_id="a-group", task_name="process_waywo_comment", total=3)
    states = {"started": "STARTED", "at-a-step": "PROGRESS", "done": "SUCCESS"}
    for position, (name, status) in enumerate(states.items()):
        BatchTask.objects.create(batch=batch, task_id=name, position=position, status=status)
    page = admin_client.get(reverse("admin:core_batchtask_changelist"), {"status__exact": state})
    assert {row.pk for row in page.context["cl"].result_list} == shown
