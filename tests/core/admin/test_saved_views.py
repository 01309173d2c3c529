"""Saved views of lists: named, found above the list and in the menu, deleted, and nobody else's."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.http import QueryDict
from django.urls import reverse

from core.admin.saved_views import canonical
from core.models import SavedView

pytestmark = pytest.mark.django_db

LIST = "/admin/projects/project/"
QUERY = "o=-3&q=rust&review_status__exact=pending"
SAVE = reverse("core_saved_view_save")


def save(client, name: str = "Rust to review", query: str = QUERY, model: str = "projects.project"):
    return client.post(SAVE, {"list": model, "query": query, "name": name})


def test_what_passes_is_no_part_of_a_view():
    assert canonical(QueryDict("q=rust&p=3&e=1&o=-3&review_status__exact=pending&empty=")) == QUERY


def test_a_view_is_named_found_above_its_list_and_in_the_menu_and_deleted(admin_client):
    offered = admin_client.get(f"{LIST}?q=rust&p=0&review_status__exact=pending&o=-3").text
    assert f"{SAVE}?list=projects.project&amp;query=o%3D-3%26q%3Drust%26review_status__exact%3Dpending" in offered
    assert "Save this view" not in admin_client.get(LIST).text
    asked = admin_client.get(SAVE, {"list": "projects.project", "query": QUERY}).text
    assert "review status exact <strong>pending</strong>" in asked
    answer = save(admin_client)
    assert answer.url == f"{LIST}?{QUERY}"
    shown = admin_client.get(answer.url).text
    assert "Save this view" not in shown
    link = f"{LIST}?{QUERY}".replace("&", "&amp;")
    assert shown.count(f'href="{link}"') == 2
    assert admin_client.get("/admin/comments/post/").text.count(f'href="{link}"') == 1
    view = SavedView.objects.get()
    assert admin_client.post(reverse("core_saved_view_delete", args=[view.pk])).url == answer.url
    assert not SavedView.objects.exists()
    assert "deleted already" in admin_client.post(reverse("core_saved_view_delete", args=[view.pk]), follow=True).text


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("", QUERY, "This field is required"),
        ("x" * 61, QUERY, "at most 60 characters"),
        ("Taken", QUERY, "You have a view “Taken” of this list"),
        ("Empty", "p=3", "There is nothing to keep"),
        ("Long", "q=" + "x" * 2000, "These filters take 2002 characters"),
    ],
)
def test_what_cannot_be_kept_is_said_and_the_name_stays(admin_client, name, query, said):
    save(admin_client, "Taken")
    answer = save(admin_client, name, query)
    assert answer.status_code == 200
    assert said in answer.text
    assert f'value="{name}"' in answer.text or not name
    assert SavedView.objects.count() == 1


def test_a_name_runs_nothing(admin_client):
    save(admin_client, "<script>alert(1)</script>")
    assert "<script>alert" not in admin_client.get(f"{LIST}?{QUERY}").text


def test_views_are_a_persons_own_and_of_lists_that_they_may_see(client, admin_client):
    save(admin_client)
    viewer = get_user_model().objects.create_user("vera", is_staff=True)
    viewer.groups.add(Group.objects.get(name="Viewer"))
    client.force_login(viewer)
    assert "Rust to review" not in client.get(f"{LIST}?{QUERY}").text
    client.post(reverse("core_saved_view_delete", args=[SavedView.objects.get().pk]))
    assert SavedView.objects.exists()
    assert save(client, query="q=x", model="waywo_site.apitoken").status_code == 403
    assert save(client, query="q=x", model="no.such").status_code == 404
    SavedView.objects.create(user=viewer, model="waywo_site.apitoken", name="Not mine", query="q=x")
    assert "Not mine" not in client.get(LIST).text
