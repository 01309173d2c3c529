"""An author who asked to be removed is hidden everywhere, from now on, until the operator shows them again."""

import json

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from comments.models import Comment, RemovedAuthor
from comments.removing import RemovalError, remove, restore
from projects import catalogue
from projects.conditions import Conditions
from projects.models import Project, Submission, Tag
from projects.removal import Reach, reach_of
from projects.search.words import with_words
from tests.factories import make_comment, make_post, make_project

pytestmark = pytest.mark.django_db


def posted(title: str, *comments: Comment, **fields) -> Project:
    """Save a project that was posted in these comments."""
    project = make_project(title=title, **fields)
    for comment in comments:
        Submission.objects.create(project=project, comment=comment, text=f"{title} by {comment.author}")
    return project


@pytest.fixture
def index():
    """Alice's own project, one that she and Bob posted, and Bob's; an alice of Lobsters has another."""
    post = make_post()
    own = posted("Alone", make_comment(post=post, author="alice"))
    shared = posted("Shared", make_comment(post=post, author="alice"), make_comment(post=post, author="bob"))
    other = posted("Other", make_comment(post=post, author="bob"))
    lobster = make_comment(id=10**12 + 5, post=post, author="alice", source="lobsters")
    namesake = posted("Namesake", lobster, source="lobsters")
    for project in (own, shared, other, namesake):
        project.tags.add(Tag.objects.get_or_create(name=f"tag-{project.title.lower()}")[0])
    return {"post": post, "own": own, "shared": shared}


def shown() -> set[str]:
    return set(catalogue.published(Conditions()).values_list("title", flat=True))


def faces(client, index) -> dict[str, object]:
    """Return what each public face says of Alice."""
    post, own, shared = index["post"], index["own"], index["shared"]

    def items(path: str) -> list[dict]:
        return client.get(path).json()["items"]

    return {
        "list": sorted(row["title"] for row in items("/api/projects")),
        "export": sorted(json.loads(row)["title"] for row in b"".join(client.get(
            "/api/projects/export", headers={"accept": "application/x-ndjson"})).splitlines()),
        "one": client.get(f"/api/projects/{own.pk}").status_code,
        "similar": client.get(f"/api/projects/{own.pk}/similar").status_code,
        "by author": sorted(row["title"] for row in items("/api/projects?author=alice&author_source=hn")),
        "submissions": sorted(row["author"] for row in client.get(f"/api/projects/{shared.pk}").json()["submissions"]),
        "comment ids": len(client.get(f"/api/projects/{shared.pk}").json()["comment_ids"]),
        "comments": sorted(f"{row['author']} {row['source']}" for row in items(f"/api/posts/{post.pk}/comments")),
        "comment count": items("/api/posts")[0]["comment_count"],
        "months": [(row["comments"], row["projects"]) for row in items("/api/months")],
        "tags": sorted(row["name"] for row in items("/api/tags")),
        "searched": [title in client.get("/search?q=author:alice").content.decode() for title in ("Alone", "Shared")],
        "words": with_words(Project.objects.published(), "alone").count(),
    }  # fmt: skip


BEFORE = {
    "list": ["Alone", "Namesake", "Other", "Shared"], "export": ["Alone", "Namesake", "Other", "Shared"],
    "one": 200, "similar": 200, "by author": ["Alone", "Shared"], "submissions": ["alice", "bob"], "comment ids": 2,
    "comment count": 5, "months": [(5, 4)], "words": 1, "searched": [True, True],
    "tags": ["tag-alone", "tag-namesake", "tag-other", "tag-shared"],
}  # fmt: skip
AFTER = {
    "list": ["Namesake", "Other", "Shared"], "export": ["Namesake", "Other", "Shared"],
    "one": 404, "similar": 404, "by author": [], "submissions": ["bob"], "comment ids": 1,
    "comment count": 3, "months": [(3, 3)], "tags": ["tag-namesake", "tag-other", "tag-shared"], "words": 0,
    "searched": [False, False],
}  # fmt: skip


def test_every_public_face_hides_the_author_and_shows_them_again(client, index):
    user = User.objects.create_superuser("operator")
    before = faces(client, index)
    assert {name: before[name] for name in BEFORE} == BEFORE
    removed = remove("hn", "alice", "Asked by mail.", user)
    after = faces(client, index)
    assert {name: after[name] for name in AFTER} == AFTER
    assert after["comments"] == ["alice lobsters", "bob hn", "bob hn"]
    restore(removed.pk, user)
    assert faces(client, index) == before


def test_staff_and_tokens_do_not_see_them_either(client, index, settings):
    remove("hn", "alice", "Asked by mail.", None)
    settings.API_TOKENS = ["a-token-of-the-environment-x"]
    client.force_login(User.objects.create_superuser("operator"))
    for headers in ({}, {"authorization": "Bearer a-token-of-the-environment-x"}):
        assert client.get(f"/api/projects/{index['own'].pk}", headers=headers).status_code == 404


def test_what_comes_later_is_hidden_too_and_is_not_read(index):
    removed = remove("hn", "alice", "Asked by mail.", None)
    later = make_comment(author="alice", post=index["post"])
    posted("Later", later)
    assert "Later" not in shown()
    assert later not in Comment.objects.due_for_reading()
    assert later not in Comment.objects.pending()
    restore(removed.pk, None)
    assert "Later" in shown()
    assert later in Comment.objects.due_for_reading()


def test_a_project_stays_only_for_others_who_are_shown_themselves(index):
    remove("hn", "alice", "Asked by mail.", None)
    assert "Shared" in shown()
    Comment.objects.filter(submissions__project=index["shared"], author="bob").update(deleted=True)
    assert "Shared" not in shown()
    Comment.objects.update(deleted=False)
    remove("hn", "bob", "Asked too.", None)
    assert shown() == {"Namesake"}


def test_a_name_is_taken_as_it_is_written(index):
    remove("hn", "Alice", "Asked by mail.", None)
    assert "Alone" in shown()


def test_the_reach_counts_what_readers_lose(index):
    assert reach_of("hn", "alice") == Reach(comments=2, projects=1, shared=1)
    assert reach_of("lobsters", "alice") == Reach(comments=1, projects=1, shared=0)
    assert reach_of("hn", "nobody") == Reach(comments=0, projects=0, shared=0)


@pytest.mark.parametrize(
    ("source", "name", "reason", "message"),
    [
        ("reddit", "alice", "Asked.", "“reddit” is not a source: there are hn, lobsters, sample."),
        ("hn", "  ", "Asked.", "An author's name has 1 to 64 characters."),
        ("hn", "a" * 65, "Asked.", "An author's name has 1 to 64 characters."),
        ("hn", "alice", " ", "A reason is missing: who asked, when and how."),
    ],
)
def test_what_cannot_be_removed_is_said(source, name, reason, message):
    with pytest.raises(RemovalError, match="^" + message.replace(".", r"\.") + "$"):
        remove(source, name, reason, None)


def test_an_author_is_removed_once_and_may_be_again_after_an_undo(index):
    first = remove("hn", "alice", "Asked by mail.", None)
    with pytest.raises(RemovalError, match="alice is hidden already"):
        remove("hn", "alice", "Asked again.", None)
    restore(first.pk, None)
    with pytest.raises(RemovalError, match="shown again already"):
        restore(first.pk, None)
    remove("hn", "alice", "Asked again.", None)
    assert "Alone" not in shown()


# -- The pages of the admin --------------------------------------------------------------------------------

ADD = "admin:comments_removedauthor_add"


@pytest.fixture
def operator(client):
    client.force_login(User.objects.create_superuser("operator"))
    return client


def test_the_operator_sees_the_counts_before_anything_is_hidden_and_can_undo_it(operator, index):
    comment = Comment.objects.filter(author="alice", source="hn").first()
    page = operator.get(reverse("admin:comments_comment_change", args=[comment.pk])).content.decode()
    assert f"{reverse(ADD)}?source=hn&amp;name=alice" in page
    form = operator.get(f"{reverse(ADD)}?source=hn&name=alice").content.decode()
    assert 'value="alice"' in form

    given = {"source": "hn", "name": "alice", "reason": "Asked by mail on Monday."}
    preview = operator.post(reverse(ADD), given).content.decode()
    assert "<strong>2</strong> comments" in preview
    assert "<strong>1</strong> project will" in " ".join(preview.split())
    assert "project that others posted too stays" in preview
    assert not RemovedAuthor.objects.exists()

    done = operator.post(reverse(ADD), given | {"confirmed": "1"}, follow=True).content.decode()
    removed = RemovedAuthor.objects.get()
    assert "alice on Hacker News is hidden: 2 comments and 1 project." in done
    assert (removed.removed_by.username, removed.reason) == ("operator", "Asked by mail on Monday.")
    assert (
        "asked to be removed"
        in operator.get(reverse("admin:comments_comment_change", args=[comment.pk])).content.decode()
    )

    undo = reverse("admin:comments_removedauthor_show_this_again", args=[removed.pk])
    assert "Alone" not in shown()
    asked = operator.get(undo).content.decode()
    assert "<strong>2</strong> comments" in asked
    assert "Alone" not in shown()
    assert "is shown again" in operator.post(undo, follow=True).content.decode()
    assert "Alone" in shown()
    assert list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True)) == [
        "Hidden: 2 comments and 1 project.",
        "Shown again.",
    ]


def test_several_are_shown_again_by_the_action_of_the_list(operator, index):
    for name in ("alice", "bob"):
        remove("hn", name, "Asked.", None)
    ids = list(RemovedAuthor.objects.values_list("pk", flat=True))
    operator.post(reverse("admin:comments_removedauthor_changelist"), {"action": "show_again", "_selected_action": ids})
    assert not RemovedAuthor.objects.active().exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"reason": ""}, "This field is required."),
        ({"name": "\0"}, "Null characters are not allowed."),
        ({"reason": "x\0"}, "Null characters are not allowed."),
        ({"name": "a" * 65}, "at most 64 characters"),
        ({"source": "reddit"}, "Select a valid choice."),
        ({"name": "bob"}, "bob is hidden already."),
    ],
)
def test_a_bad_form_says_so_at_its_field_and_keeps_what_was_typed(operator, index, given, message):
    remove("hn", "bob", "Asked.", None)
    answer = operator.post(
        reverse(ADD), {"source": "hn", "name": "alice", "reason": "Why"} | given | {"confirmed": "1"}
    )
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert RemovedAuthor.objects.count() == 1


def test_a_name_that_is_not_there_is_asked_about(operator, index):
    page = operator.post(reverse(ADD), {"source": "hn", "name": "nobody", "reason": "Asked."}).content.decode()
    assert "There is no comment by this name now" in page


def test_only_who_may_hides_and_shows(client, index):
    removed = remove("hn", "alice", "Asked.", None)
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(*Permission.objects.filter(codename__in=["view_removedauthor", "view_comment"]))
    client.force_login(viewer)
    assert client.get(reverse(ADD)).status_code == 403
    assert (
        client.post(reverse(ADD), {"source": "hn", "name": "bob", "reason": "x", "confirmed": "1"}).status_code == 403
    )
    undo = reverse("admin:comments_removedauthor_show_this_again", args=[removed.pk])
    assert client.post(undo).status_code == 403
    assert RemovedAuthor.objects.active().count() == 1


def test_the_pages_of_a_project_lead_to_the_site_unless_it_is_closed(operator, index, settings):
    page, own = reverse("admin:projects_project_change", args=[index["own"].pk]), index["own"]
    assert own.get_absolute_url() in operator.get(page).content.decode()
    settings.PUBLIC_SITE = False
    assert own.get_absolute_url() not in operator.get(page).content.decode()
