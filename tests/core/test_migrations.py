"""The batch models' move from ``comments`` to ``core``, on a database of the time before with rows in it."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.contrib.admin.models import CHANGE
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.utils import timezone

from core.models import Batch, BatchTask, Cancellation, Redelivery
from projects.scratch_database import scratch_database

pytestmark = pytest.mark.django_db(transaction=True)

MODELS = ("batch", "batchtask", "cancellation", "redelivery")
OURS = {"core", "comments", "projects", "ideas", "waywo_site"}
BEFORE = [
    ("comments", "0007_attempts_help"),
    ("projects", "0006_failures_of_pages"),
    ("ideas", "0001_idea_runs"),
    ("waywo_site", "0009_alerts_due_by_way"),
]
NOW = timezone.now()


@pytest.fixture
def before() -> Iterator[SimpleNamespace]:
    """Give what a database of the commit before the move holds: rows, content types, permissions, who has them."""
    with scratch_database(migrated=False):
        ContentType.objects.clear_cache()
        executor = MigrationExecutor(connection)
        others = [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] not in OURS]
        emit_pre_migrate_signal(verbosity=0, interactive=False, db="default")
        executor.migrate(others + BEFORE)
        # Rendered at once: in the state that grew with each migration, some relations lead to models of before.
        apps = executor.loader.project_state(others + BEFORE).apps
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default", apps=apps)
        yield fill(apps)
    ContentType.objects.clear_cache()


def fill(apps) -> SimpleNamespace:
    """Write a row of each model, a user and a group that may see them, and a line of an object's history."""
    model = apps.get_model
    user = model("auth", "User").objects.create(username="somebody", is_staff=True, is_active=True)
    first = model("comments", "Batch").objects.create(
        group_id="a-group", task_name="process_waywo_comment", label="Read", total=2, started_by=user
    )
    model("comments", "Batch").objects.create(group_id="again", task_name="process_waywo_comment", retry_of=first)
    for position, status in enumerate(("SUCCESS", "FAILURE")):
        model("comments", "BatchTask").objects.create(
            task_id=f"task-{position}", batch=first, position=position, kwargs={"comment_id": 7}, status=status
        )
    model("comments", "Cancellation").objects.create(task_id="cancelled")
    model("comments", "Redelivery").objects.create(task_id="redelivered", times=2)
    types = model("contenttypes", "ContentType").objects.filter(app_label="comments", model__in=MODELS)
    permissions = model("auth", "Permission").objects.filter(content_type__in=types)
    group = model("auth", "Group").objects.create(name="Watchers")
    group.permissions.set(permissions.filter(codename__startswith="view_"))
    user.user_permissions.set(permissions.filter(codename="view_batch"))
    model("admin", "LogEntry").objects.create(
        user=user,
        content_type=types.get(model="batch"),
        object_id=first.pk,
        object_repr="Read",
        action_flag=CHANGE,
        change_message="Cancelled what waits.",
        action_time=NOW,
    )
    return SimpleNamespace(
        types=dict(types.values_list("model", "pk")), permissions=dict(permissions.values_list("codename", "pk"))
    )


def types_of(app_label: str) -> dict[str, int]:
    return dict(ContentType.objects.filter(app_label=app_label, model__in=MODELS).values_list("model", "pk"))


def test_a_database_of_before_keeps_its_rows_rights_and_history(before, client):
    assert sorted(before.types) == sorted(MODELS)
    assert len(before.permissions) == 4 * len(MODELS)

    call_command("migrate", verbosity=0, interactive=False)

    batch = Batch.objects.get(pk="a-group")
    assert (batch.label, batch.total, batch.started_by.username) == ("Read", 2, "somebody")
    assert [again.pk for again in batch.retries.all()] == ["again"]
    assert list(BatchTask.objects.values_list("task_id", "status", "kwargs")) == [
        ("task-0", "SUCCESS", {"comment_id": 7}),
        ("task-1", "FAILURE", {"comment_id": 7}),
    ]
    assert Cancellation.objects.filter(pk="cancelled").exists()
    assert Redelivery.objects.get(pk="redelivered").times == 2

    assert (types_of("core"), types_of("comments")) == (before.types, {})
    codenames = Permission.objects.filter(content_type__app_label="core").values_list("codename", "pk")
    assert dict(codenames) == before.permissions
    assert not Permission.objects.values("content_type", "codename").annotate(n=Count("pk")).filter(n__gt=1).exists()
    rights = Group.objects.get(name="Watchers").permissions.values_list("content_type__app_label", "codename")
    assert sorted(rights) == [("core", f"view_{model}") for model in MODELS]
    user = get_user_model().objects.get(username="somebody")
    assert user.has_perm("core.view_batch")
    assert not user.has_perm("core.change_batch")
    assert Group.objects.get(name="Viewer").permissions.filter(pk=before.permissions["view_batch"]).exists()

    client.force_login(user)
    assert "somebody" in client.get("/admin/comments/batch/a-group/change/").content.decode()
    assert "Cancelled what waits." in client.get("/admin/comments/batch/a-group/history/").content.decode()


def test_the_move_can_be_undone_and_done_again(before):
    call_command("migrate", verbosity=0, interactive=False)
    call_command("migrate", "core", "zero", verbosity=0, interactive=False)
    assert (types_of("comments"), types_of("core")) == (before.types, {})
    call_command("migrate", verbosity=0, interactive=False)
    assert (types_of("core"), types_of("comments")) == (before.types, {})
    assert BatchTask.objects.count() == 2
    assert get_user_model().objects.get(username="somebody").has_perm("core.view_batch")


def test_batches_and_threads_stand_at_their_addresses(admin_client):
    for address in ("batch", "post", "comment", "candidate"):
        assert admin_client.get(f"/admin/comments/{address}/").status_code == 200
    assert admin_client.get("/admin/core/batch/").status_code == 404


def test_the_figures_of_months_stand_at_their_address(admin_client):
    assert admin_client.get("/admin/waywo_site/analytics/").status_code == 200
    assert admin_client.get("/admin/projects/analytics/").status_code == 404
