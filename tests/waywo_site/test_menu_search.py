"""The search of the admin's menu finds projects, authors and tags, and says where it finds nothing."""

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from projects.models import Submission, Tag
from tests.factories import make_comment, make_project

pytestmark = pytest.mark.django_db


def search(client, text: str) -> list[tuple[str, str]]:
    """Return title and address of what is found."""
    page = client.get(reverse("admin:search"), {"s": text, "extended": 1})
    return [(row.title, row.link) for row in page.context["results"]]


def test_projects_are_found_by_words_author_and_tag_and_so_are_authors_and_tags(client, admin_client):
    project = make_project(title="C++ ledger")
    Submission.objects.create(project=project, comment=make_comment(author="Malvina"), text="A ledger.")
    tag = Tag.objects.create(name="bookkeeping")
    project.tags.add(tag)
    url = reverse("admin:projects_project_change", args=[project.pk])
    for text in ("ledg", "c++", str(project.pk)):
        assert ("C++ ledger", url) in search(admin_client, text), text
    found = search(admin_client, "malv")
    assert found == [("C++ ledger", url), ("Malvina", f"{reverse('admin:comments_comment_changelist')}?q=Malvina")]
    assert ("bookkeeping", reverse("admin:projects_tag_change", args=[tag.pk])) in search(admin_client, "bookkeeping")
    assert reverse("admin:comments_post_changelist") in {link for _, link in search(admin_client, "thread")}


def test_more_than_a_page_leads_to_the_list_and_nothing_found_is_said(admin_client):
    for number in range(12):
        make_project(title=f"Ledger {number}")
    found = search(admin_client, "ledger")
    assert len(found) == 9
    assert found[-1] == ("All projects with “ledger”", f"{reverse('admin:projects_project_changelist')}?q=ledger")
    assert [title for title, _ in search(admin_client, "zzz&<b>")] == ["No project, author or tag has “zzz&<b>”"]


def test_only_what_a_person_may_see_is_found(client):
    user = User.objects.create_user("tina", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_tag"))
    client.force_login(user)
    Tag.objects.create(name="ledger")
    make_project(title="Ledger")
    assert [title for title, _ in search(client, "ledger")] == ["ledger"]
    assert search(client, "nothing") == []
