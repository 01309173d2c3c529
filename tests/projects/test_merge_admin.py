"""Merging and parting projects by the pages of the admin."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.urls import reverse

from projects.models import Project, ProjectMerge, ReviewAction, Submission
from tests.factories import make_comment, make_project

pytestmark = pytest.mark.django_db

LIST = "admin:projects_project_changelist"
MERGE = "admin:projects_project_merge"
HISTORY = "admin:projects_reviewaction_changelist"
UNDO = "admin:projects_reviewaction_undo"
ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("operator"))
    return client


def two_projects() -> tuple[Project, Project]:
    found = []
    for number, author in enumerate(("alice", "bob")):
        project = make_project(
            title=f"Foo {number} {ATTACK}", canonical_url="foo.example", primary_url="https://foo.example"
        )
        Submission.objects.create(project=project, comment=make_comment(author=author), text="Foo")
        found.append(project)
    return found[0], found[1]


def choose(client, name: str, action: str, *ids: int, follow: bool = True):
    return client.post(reverse(name), {"action": action, "_selected_action": ids}, follow=follow)


def test_two_chosen_projects_are_shown_side_by_side_and_merged_when_confirmed(operator):
    one, other = two_projects()
    page = choose(operator, LIST, "merge_selected", one.pk, other.pk)
    text = page.content.decode()
    assert "alice" in text
    assert "bob" in text
    assert ATTACK not in text
    assert Project.objects.count() == 2
    done = operator.post(reverse(MERGE), {"ids": [one.pk, other.pk], "kept": other.pk}, follow=True)
    assert "data-undo>Undo</button>" in done.content.decode()
    assert ATTACK not in done.content.decode()
    assert list(Project.objects.values_list("pk", flat=True)) == [other.pk]
    assert other.submissions.count() == 2
    assert ProjectMerge.objects.get().merged_by.username == "operator"


def test_a_merge_is_undone_once(operator):
    one, other = two_projects()
    operator.post(reverse(MERGE), {"ids": [one.pk, other.pk], "kept": one.pk})
    act = ReviewAction.objects.get()
    assert "Undone: Merged “Foo 1" in operator.post(reverse(UNDO, args=[act.pk]), follow=True).content.decode()
    assert Project.objects.count() == 2
    assert other.submissions.count() == 1
    assert "was undone already" in operator.post(reverse(UNDO, args=[act.pk]), follow=True).content.decode()


def test_likely_pairs_lead_to_the_page_that_compares_them(operator):
    address = reverse("admin:projects_project_likely_duplicates")
    assert "No two projects" in operator.get(address).content.decode()
    one, other = two_projects()
    text = operator.get(address).content.decode()
    assert "same address" in text
    assert f"{reverse(MERGE)}?ids={one.pk}&amp;ids={other.pk}" in text
    assert address in operator.get(reverse(LIST)).content.decode()


def test_a_search_for_pairs_that_takes_too_long_names_the_command(operator, monkeypatch):
    two_projects()
    monkeypatch.setattr("core.api.listing.QUERY_SECONDS", 1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE projects_project RENAME TO slow_project")
        cursor.execute("CREATE VIEW projects_project AS SELECT * FROM slow_project WHERE pg_sleep(20) IS NOT NULL")
    page = operator.get(reverse("admin:projects_project_likely_duplicates"))
    assert page.status_code == 200
    assert "manage.py find_duplicates" in page.text


@pytest.mark.parametrize("ids", [[], ["1"], ["x", "y"], ["9" * 40, "1"]])
def test_what_is_no_pair_is_said(operator, ids):
    make_project()
    page = operator.get(reverse(MERGE), {"ids": ids}, follow=True)
    assert "It takes two projects" in page.content.decode()


def test_more_or_fewer_than_two_are_not_merged(operator):
    page = choose(operator, LIST, "merge_selected", make_project().pk)
    assert "exactly two" in page.content.decode()


def test_who_may_only_look_merges_and_undoes_nothing(client):
    one, other = two_projects()
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__in=("view_project", "view_reviewaction")))
    client.force_login(viewer)
    assert client.get(reverse(MERGE), {"ids": [one.pk, other.pk]}).status_code == 403
    assert client.post(reverse(MERGE), {"ids": [one.pk, other.pk], "kept": one.pk}).status_code == 403
    assert client.get(reverse("admin:projects_project_likely_duplicates")).status_code in (302, 403)
    assert Project.objects.count() == 2
