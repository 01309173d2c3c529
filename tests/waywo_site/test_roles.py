"""Who may what."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse

from tests.factories import make_comment, make_project

pytestmark = pytest.mark.django_db


def member(client, group: str):
    user = get_user_model().objects.create_user(group.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    return client


def test_migrate_makes_the_groups_with_what_their_roles_may():
    rights = {group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()}
    assert set(rights) == {"Operator", "Reviewer", "Viewer"}
    assert rights["Operator"] == set(Permission.objects.values_list("codename", flat=True))
    assert all(right.startswith("view_") for right in rights["Viewer"])
    assert "change_project" in rights["Reviewer"]
    assert "delete_project" not in rights["Reviewer"]
    assert not rights["Reviewer"] & {"view_apitoken", "view_user", "change_periodictask", "view_session"}


def test_a_right_that_an_operator_took_away_stays_away_after_the_next_migrate():
    reviewer = Group.objects.get(name="Reviewer")
    reviewer.permissions.remove(Permission.objects.get(codename="change_project"))
    Group.objects.get(name="Viewer").delete()
    call_command("migrate", verbosity=0)
    assert not reviewer.permissions.filter(codename="change_project").exists()
    assert not Group.objects.filter(name="Viewer").exists()


def test_what_concerns_a_new_model_is_granted_by_the_next_migrate():
    Permission.objects.filter(codename="view_tag").delete()
    call_command("migrate", verbosity=0)
    for group in Group.objects.all():
        assert group.permissions.filter(codename="view_tag").exists(), group


@pytest.mark.parametrize(
    ("group", "list_view", "status"),
    [
        ("Operator", "auth_user", 200),
        ("Operator", "waywo_site_apitoken", 200),
        ("Reviewer", "auth_user", 403),
        ("Reviewer", "django_celery_beat_periodictask", 200),
        ("Reviewer", "projects_project", 200),
        ("Viewer", "waywo_site_apitoken", 403),
        ("Viewer", "comments_comment", 200),
        ("Viewer", "django_celery_results_taskresult", 200),
    ],
)
def test_a_member_sees_the_lists_of_the_role(client, group, list_view, status):
    assert member(client, group).get(reverse(f"admin:{list_view}_changelist")).status_code == status


@pytest.mark.parametrize("group", ["Reviewer", "Viewer"])
def test_who_may_only_look_at_schedules_switches_and_runs_none(client, group):
    from tests.waywo_site.schedules.test_schedules import make_schedule

    schedule = make_schedule()
    page = member(client, group).get(reverse("admin:django_celery_beat_periodictask_changelist"))
    assert "Run now" not in page.text
    assert 'role="switch"' not in page.text
    client.post(reverse("admin:waywo_schedule_switch", args=[schedule.pk]), {"enabled": ""})
    answer = client.post(reverse("admin:waywo_schedule_run", args=[schedule.pk]), {"confirmed": "1"}, follow=True)
    assert "You may look at schedules, not change or run them." in answer.text
    schedule.refresh_from_db()
    assert schedule.enabled
    change = client.get(reverse("admin:django_celery_beat_periodictask_change", args=[schedule.pk]))
    assert change.status_code == 200
    assert "At 02:00" in change.text
    assert 'name="when"' not in change.text


def test_a_viewer_reviews_nothing(client):
    project = make_project()
    url = reverse("admin:projects_project_change", args=[project.pk])
    assert member(client, "Viewer").get(url).status_code == 200
    assert client.post(url, {"review_status": "approved", "title": "Taken over"}).status_code == 403
    project.refresh_from_db()
    assert (project.review_status, project.title) == ("pending", "Foo")


def test_an_operator_who_is_no_superuser_hands_out_no_rights(client):
    boss = get_user_model().objects.create_superuser("boss")
    rita = get_user_model().objects.create_user("rita", is_staff=True)
    member(client, "Operator")
    page = client.get(reverse("admin:auth_user_change", args=[rita.pk]))
    assert page.status_code == 200
    assert 'name="is_superuser"' not in page.text
    assert client.post(reverse("admin:auth_user_change", args=[boss.pk]), {"username": "mine"}).status_code == 403
    assert client.post(reverse("admin:auth_user_password_change", args=[boss.pk]), {}).status_code == 403
    boss.refresh_from_db()
    assert boss.username == "boss"


def test_an_operator_who_is_no_superuser_neither_makes_nor_changes_nor_removes_groups(client):
    viewer = Group.objects.get(name="Viewer")
    before = set(viewer.permissions.all())
    member(client, "Operator")
    assert client.get(reverse("admin:auth_group_changelist")).status_code == 200
    assert client.post(reverse("admin:auth_group_add"), {"name": "Mine"}).status_code == 403
    assert client.post(reverse("admin:auth_group_change", args=[viewer.pk]), {"name": "Mine"}).status_code == 403
    assert client.post(reverse("admin:auth_group_delete", args=[viewer.pk]), {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [viewer.pk], "post": "yes"}
    client.post(reverse("admin:auth_group_changelist"), action)
    assert set(Group.objects.get(name="Viewer").permissions.all()) == before
    assert not Group.objects.filter(name="Mine").exists()


def test_the_first_page_shows_each_role_what_it_may_see(client):
    make_comment()
    assert "Last runs" in member(client, "Viewer").get(reverse("admin:index")).text
    nobody = get_user_model().objects.create_user("nobody", is_staff=True)
    client.force_login(nobody)
    page = client.get(reverse("admin:index"))
    assert page.status_code == 200
    assert "Last runs" not in page.text
    assert client.get(reverse("waywo_dashboard_live")).status_code == 403
