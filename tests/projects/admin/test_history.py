"""The history in the admin: each act with its old values, its filters, who may undo what, the message with Undo."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from projects.models import Project, ReviewAction, Tag
from projects.reviewing import acts, author_acts, tag_acts
from projects.reviewing.many import review_many
from tests.factories import make_comment, make_project

pytestmark = pytest.mark.django_db
PLACE = ReviewAction.Place
LIST = reverse("admin:projects_reviewaction_changelist")
PROJECTS = reverse("admin:projects_project_changelist")
ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def rita(client) -> User:
    user = User.objects.create_superuser("rita")
    client.force_login(user)
    return user


def undo(client, action: ReviewAction, **data):
    return client.post(reverse("admin:projects_reviewaction_undo", args=[action.pk]), data, follow=True)


def page_of(client, action: ReviewAction) -> str:
    return " ".join(client.get(reverse("admin:projects_reviewaction_change", args=[action.pk])).text.split())


def press_undo(client, page):
    """Press the button of the message on a page."""
    form = re.search(r'<form method="post" action="([^"]+)".*?name="next" value="([^"]*)">.*?data-undo', page.text)
    return client.post(form[1], {"next": form[2]}, follow=True)


def test_an_act_shows_each_old_and_new_value_and_strangers_text_harmless(client, rita):
    project = make_project(title=ATTACK, is_bookmarked=True)
    changes = {"title": f"New {ATTACK}", "tags": ["a", "b"], "is_bookmarked": False, "description": ""}
    project.description = ATTACK
    project.save()
    action = acts.change(project.pk, changes, rita, PLACE.PROJECT)
    text = page_of(client, action)
    assert ATTACK not in text
    assert "<del>yes</del>" in text
    assert "<ins>no</ins>" in text
    assert "<ins>a, b</ins>" in text
    assert "<ins>—</ins>" in text
    assert reverse("admin:projects_project_change", args=[project.pk]) in text
    assert ATTACK not in client.get(LIST).text


def test_the_list_is_narrowed_by_who_what_where_when_and_by_a_project_also_among_many(client, rita):
    bob = User.objects.create_user("bob")
    first, second = make_project(title="One"), make_project(title="Two")
    acts.change(first.pk, {"is_bookmarked": True}, bob, PLACE.REVIEW)
    review_many(Project.objects.all(), "approved", rita, PLACE.LIST)
    acts.change(second.pk, {"title": "Three"}, None, PLACE.API)
    expected = {
        f"who={bob.pk}": {"Bookmarked “One”"},
        "who=none": {"Edited title of “Three”"},
        "who=x": {"Bookmarked “One”", "Approved 2 projects", "Edited title of “Three”"},
        "kind__exact=review": {"Approved 2 projects"},
        "place__exact=api": {"Edited title of “Three”"},
        "done_at__lt=2000-01-02+00%3A00%3A00%2B00%3A00": set(),
        f"q={first.pk}": {"Bookmarked “One”", "Approved 2 projects"},
        f"q=%23{second.pk}": {"Edited title of “Three”", "Approved 2 projects"},
        "q=bookmarked": {"Bookmarked “One”"},
        "undone=yes": set(),
    }
    for query, wanted in expected.items():
        page = client.get(f"{LIST}?{query}")
        assert page.status_code == 200, query
        assert {str(row) for row in page.context["cl"].result_list} == wanted, query


def test_each_row_has_its_undo_and_an_undone_one_has_none(client, rita):
    project = make_project()
    action = acts.change(project.pk, {"review_status": "approved"}, rita, PLACE.REVIEW)
    button = f'formaction="{reverse("admin:projects_reviewaction_undo", args=[action.pk])}"'
    assert button in client.get(LIST).text
    page = undo(client, action, next=LIST)
    assert "Undone: Approved “Foo”." in page.text
    assert button not in page.text
    assert page.redirect_chain[-1][0] == LIST
    assert "<strong>Undone</strong>" in page_of(client, action)
    assert [str(row) for row in client.get(f"{LIST}?undone=yes").context["cl"].result_list] == ["Approved “Foo”"]
    assert LogEntry.objects.get(object_id=str(project.pk)).change_message == "Undone: Approved “Foo”."


def test_an_undo_that_leaves_some_says_which_on_the_page_too_and_leads_to_no_other_host(client, rita):
    one, other = make_project(title="One"), make_project(title="Other")
    action = review_many(Project.objects.all(), "approved", rita, PLACE.LIST)
    acts.change(other.pk, {"review_status": "rejected"}, rita, PLACE.REVIEW)
    page = undo(client, action, next="https://evil.example/")
    assert page.redirect_chain[-1][0] == reverse("admin:projects_reviewaction_change", args=[action.pk])
    assert "Left as it is, for it was changed since: “Other”: rita, " in page.text
    assert "1 project stayed as it was" in page_of(client, action)
    assert "Left as it is: rita, " in page_of(client, action)
    assert "undone in part" in client.get(LIST).text
    one.refresh_from_db()
    assert one.review_status == "pending"
    assert "Nothing was undone" not in page.text
    assert "was undone already" in undo(client, action).text


def test_who_may_do_a_thing_may_undo_it_and_nobody_else(client):
    rita = User.objects.create_user("rita", is_staff=True)
    rita.user_permissions.set(Permission.objects.filter(codename__in=("view_reviewaction", "change_project")))
    client.force_login(rita)
    make_comment(author="alice")
    Tag.objects.create(name="unused")
    project = acts.change(make_project().pk, {"is_bookmarked": True}, None, PLACE.API)
    tag = tag_acts.remove(Tag.objects.all(), rita)
    _, author = author_acts.hide("hn", "alice", "Asked.", rita)
    listed = client.get(LIST).text
    for action, may in ((project, True), (tag, False), (author, False)):
        url = reverse("admin:projects_reviewaction_undo", args=[action.pk])
        assert (f'formaction="{url}"' in listed) == may
        assert ("You may look at it, not undo it" in page_of(client, action)) != may
        assert client.post(url).status_code == (302 if may else 403)
        action.refresh_from_db()
        assert (action.undone_at is not None) == may
    assert client.get(reverse("admin:projects_reviewaction_undo", args=[tag.pk])).status_code == 405
    assert client.post(reverse("admin:projects_reviewaction_undo", args=[999])).status_code == 404


@pytest.mark.parametrize(
    ("data", "told", "changed"),
    [
        ({"action": "approve_selected"}, "2 projects approved.", {"review_status": "approved"}),
        (
            {"action": "reject_selected", "confirmed": "1", "reason": "Spam."},
            "2 projects rejected.",
            {"review_status": "rejected", "review_note": "Spam."},
        ),
        ({"action": "tag_selected", "confirmed": "1", "tags": "new"}, "2 projects tagged.", {"tags__name": "new"}),
    ],
)
def test_a_bulk_act_is_taken_back_by_the_button_of_its_message(client, rita, data, told, changed):
    ids = [make_project().pk, make_project().pk]
    page = client.post(f"{PROJECTS}?q=foo", data | {"_selected_action": ids}, follow=True)
    assert told in page.text
    assert Project.objects.filter(**changed).count() == 2
    page = press_undo(client, page)
    assert page.redirect_chain[-1][0] == f"{PROJECTS}?q=foo"
    assert "Undone: " in page.text
    assert not Project.objects.filter(**changed).exists()


def test_an_edit_on_a_projects_page_is_taken_back_by_the_button_of_its_message(client, rita):
    project = make_project(description="Old.", canonical_url="")
    project.tags.add(Tag.objects.create(name="old"))
    url = reverse("admin:projects_project_change", args=[project.pk])
    form = client.get(url).context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value is not None}
    data |= {"title": "Bar", "tags": [Tag.objects.create(name="new").pk], "review_status": "approved", "urls": ""}
    data |= {"submissions-TOTAL_FORMS": 0, "submissions-INITIAL_FORMS": 0, "is_bookmarked": ""}
    page = client.post(url, data, follow=True)
    action = ReviewAction.objects.get()
    assert (action.kind, action.place, action.user) == ("edit", "project", rita)
    assert str(action) == "Edited review status, tags, title of “Bar”"
    press_undo(client, page)
    project.refresh_from_db()
    assert (project.title, project.review_status, project.edited_fields) == ("Foo", "pending", [])
    assert [tag.name for tag in project.tags.all()] == ["old"]
    client.post(url, data | {"title": "Foo", "review_status": "pending", "tags": [Tag.objects.get(name="old").pk]})
    assert ReviewAction.objects.count() == 1


def tagged(name: str, count: int) -> Tag:
    tag = Tag.objects.create(name=name)
    tag.projects.add(*(make_project() for _ in range(count)))
    return tag


@pytest.mark.parametrize(("name", "alias"), [("js", ""), ("javascript", "js")])
def test_a_name_of_a_tag_with_projects_asks_first_with_both_counts_and_is_undone(client, rita, name, alias):
    kept, gone = tagged("javascript", 2), tagged("js", 1)
    kept.projects.add(gone.projects.get())
    tag = kept if alias else gone
    data = {"name": "javascript", "new_alias": alias, "aliases-TOTAL_FORMS": 0, "aliases-INITIAL_FORMS": 0}
    url = reverse("admin:projects_tag_change", args=[tag.pk])
    asked = client.post(url, data)
    text = " ".join(asked.text.split())
    assert "“js” is a tag of its own, on <strong>1 project</strong>" in text
    assert "“javascript”, which is on <strong>3 projects</strong>: then “javascript” is on 3," in text
    assert Tag.objects.count() == 2
    done = client.post(url, dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text)), follow=True)
    assert [tag.name for tag in Tag.objects.all()] == ["javascript"]
    assert "Undone: Merged “js” into “javascript”." in press_undo(client, done).text
    assert sorted((tag.name, tag.projects.count()) for tag in Tag.objects.all()) == [("javascript", 3), ("js", 1)]
    assert name or alias


def test_a_name_of_a_tag_without_projects_and_a_wrong_one_are_not_asked_about(client, rita):
    tag = tagged("javascript", 1)
    Tag.objects.create(name="js")
    url = reverse("admin:projects_tag_change", args=[tag.pk])
    data = {"name": "javascript", "aliases-TOTAL_FORMS": 0, "aliases-INITIAL_FORMS": 0}
    assert client.post(url, data | {"new_alias": ","}).context["adminform"].form.errors
    page = client.post(url, data | {"new_alias": "js"}, follow=True)
    assert [tag.name for tag in Tag.objects.all()] == ["javascript"]
    press_undo(client, page)
    assert Tag.objects.count() == 2


def test_merged_removed_and_deleted_tags_come_back_by_the_button(client, rita):
    tagged("javascript", 1)
    gone, unused = tagged("js", 1), Tag.objects.create(name="unused")
    tags = reverse("admin:projects_tag_changelist")
    before = sorted(Tag.objects.values_list("pk", "name", "projects"))
    chosen = {"action": "merge_selected", "_selected_action": [tag.pk for tag in Tag.objects.exclude(pk=unused.pk)]}
    steps = [
        (tags, chosen | {"kept": Tag.objects.get(name="javascript").pk}, "js became “javascript”, on 1 project. Its"),
        (reverse("admin:projects_tag_remove_unused"), {}, "1 unused tag removed."),
        (reverse("admin:projects_tag_delete", args=[gone.pk]), {"post": "yes"}, "was deleted successfully"),
        (
            tags,
            {"action": "delete_selected", "post": "yes", "_selected_action": [gone.pk, unused.pk]},
            "deleted 2 tags",
        ),
    ]
    for url, data, told in steps:
        page = client.post(url, data, follow=True)
        assert told in page.text
        assert sorted(Tag.objects.values_list("pk", "name", "projects")) != before
        assert press_undo(client, page).status_code == 200
        assert sorted(Tag.objects.values_list("pk", "name", "projects")) == before


def test_a_removed_author_is_shown_again_by_the_button(client, rita, empty_queues):
    make_comment(author="alice")
    url = reverse("admin:comments_removedauthor_add")
    given = {"source": "hn", "name": "alice", "reason": "Asked.", "confirmed": "1"}
    page = press_undo(client, client.post(url, given, follow=True))
    assert "Undone: Removed alice" in page.text
    assert "shown again" in page.text


def test_the_history_of_a_project_is_the_one_history_of_this_project(client, rita):
    project, other = make_project(title="Loom"), make_project(title="Kiln")
    for one in (project, other):
        acts.change(one.pk, {"is_bookmarked": True}, rita, PLACE.PROJECT)
    button = reverse("admin:projects_project_history", args=[project.pk])
    assert f'"{button}"' in client.get(reverse("admin:projects_project_change", args=[project.pk])).text
    page = client.get(button, follow=True)
    assert page.redirect_chain == [(f"{LIST}?q={project.pk}", 302)]
    assert [action.project_id for action in page.context["cl"].result_list] == [project.pk]
