"""What a reviewer does, its undo, and two reviewers at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection

from projects.models import Project, ReviewAction, Submission, Tag
from projects.reviewing import acts, queue, snoozing
from projects.reviewing.fields import ReviewConflict, review
from projects.reviewing.many import review_many, tag_many
from projects.reviewing.splitting import SplitError, split_off
from projects.reviewing.undoing import NothingToUndo, UndoError, undo_last
from projects.search.meaning import similar
from tests.factories import POSTED_AT, make_comment, make_project

KIND, REVIEW = ReviewAction.Kind, ReviewAction.Place.REVIEW


@pytest.fixture
def rita(db) -> User:
    return User.objects.create_user("rita")


def everything(project: Project) -> dict:
    """Return a project's row but for the time of its last change."""
    row = Project.objects.filter(pk=project.pk).values().get()
    row.pop("updated_at")
    return row | {"tags": sorted(Tag.objects.filter(projects=project).values_list("name", flat=True))}


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (KIND.REVIEW, {"review_status": "rejected", "review_note": "Spam."}),
        (KIND.EDIT, {"title": "New", "tags": ["b", "c"], "primary_url": "https://new.example"}),
        (KIND.BOOKMARK, {"is_bookmarked": True}),
    ],
)
def test_an_undo_leaves_the_project_exactly_as_it_was(rita, kind, changes):
    project = make_project(
        flag_reason="Look.", review_note="Old.", primary_url="https://old.example", canonical_url="old.example"
    )
    project.tags.add(Tag.objects.create(name="a"))
    before = everything(project)
    act = acts.change(project.pk, changes, rita, REVIEW, project.updated_at)
    assert act.kind == kind
    assert everything(project) != before
    assert undo_last(rita, REVIEW).action.project_id == project.pk
    assert everything(project) == before
    with pytest.raises(NothingToUndo):
        undo_last(rita, REVIEW)


def test_an_undo_takes_back_ones_own_acts_alone_the_last_first(rita):
    bob = User.objects.create_user("bob")
    first, second = make_project(), make_project()
    acts.change(first.pk, {"review_status": "approved"}, rita, REVIEW, None)
    acts.change(second.pk, {"review_status": "approved"}, rita, REVIEW, None)
    third = make_project()
    acts.change(third.pk, {"review_status": "approved"}, bob, REVIEW, None)
    assert undo_last(rita, REVIEW).action.project_id == second.pk
    assert undo_last(rita, REVIEW).action.project_id == first.pk
    third.refresh_from_db()
    assert third.review_status == "approved"


def test_what_somebody_changed_since_then_is_not_undone(rita):
    project = make_project()
    acts.change(project.pk, {"review_status": "approved"}, rita, REVIEW, None)
    review(project.pk, {"review_status": "rejected"}, User.objects.create_user("bob"))
    with pytest.raises(UndoError, match="changed since then"):
        undo_last(rita, REVIEW)
    project.refresh_from_db()
    assert project.review_status == "rejected"


def test_a_stale_page_changes_nothing_and_says_who_was_first(rita):
    project = make_project()
    seen = project.updated_at
    review(project.pk, {"review_status": "rejected"}, User.objects.create_user("bob"))
    with pytest.raises(ReviewConflict, match="bob rejected “Foo”"):
        acts.change(project.pk, {"review_status": "approved"}, rita, REVIEW, seen)
    with pytest.raises(ReviewConflict):
        acts.merge_into(project.pk, make_project().pk, rita, REVIEW, seen)
    assert ReviewAction.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_of_many_reviewers_at_the_same_moment_one_wins():
    project = make_project()
    users = [User.objects.create_user(f"user{number}") for number in range(6)]

    def approve(user: User) -> bool:
        try:
            acts.change(project.pk, {"review_status": "approved"}, user, REVIEW, project.updated_at)
        except ReviewConflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(approve, users))
    assert won.count(True) == 1
    project.refresh_from_db()
    assert project.reviewer == users[won.index(True)]


def with_two_submissions() -> tuple[Project, Submission, Submission]:
    project = make_project(
        urls=["https://one.example", "https://two.example"],
        primary_url="https://one.example",
        embedding=[0.6, 0.8],
        embedding_model="test",
        first_seen_at=POSTED_AT.replace(month=3),
    )
    project.tags.add(Tag.objects.create(name="a"))
    texts = ("I make one (https://one.example).", "I make two (https://two.example).")
    old, new = (
        Submission.objects.create(
            project=project, comment=make_comment(text, posted_at=POSTED_AT.replace(month=month)), text=text
        )
        for text, month in zip(texts, (3, 9), strict=True)
    )
    return project, old, new


def test_a_split_makes_a_pending_project_of_the_submission_with_its_own_links_and_dates(rita):
    project, old, new = with_two_submissions()
    made = Project.objects.get(pk=acts.split_off(project.pk, new.pk, rita, REVIEW).details["new"])
    assert (made.review_status, made.urls, made.primary_url) == (
        "pending",
        ["https://two.example"],
        "https://two.example",
    )
    assert made.first_seen_at == made.last_seen_at == POSTED_AT.replace(month=9)
    assert list(made.embedding) == pytest.approx([0.6, 0.8])
    project.refresh_from_db()
    assert project.last_seen_at == POSTED_AT.replace(month=3)
    assert list(project.submissions.all()) == [old]
    undo_last(rita, REVIEW)
    project.refresh_from_db()
    assert project.last_seen_at == POSTED_AT.replace(month=9)
    assert project.submissions.count() == 2
    assert Project.objects.count() == 1


def test_the_only_submission_cannot_be_split_off(db):
    project = make_project()
    only = Submission.objects.create(project=project, comment=make_comment(), text="I make it.")
    with pytest.raises(SplitError, match="only submission"):
        split_off(only.pk)


def test_an_edited_split_is_not_joined_by_an_undo(rita):
    project, _, new = with_two_submissions()
    made = acts.split_off(project.pk, new.pk, rita, REVIEW).details["new"]
    review(made, {"title": "Another"}, rita)
    with pytest.raises(UndoError, match="merge the two instead"):
        undo_last(rita, REVIEW)
    assert Project.objects.count() == 2


def test_a_split_that_somebody_snoozed_is_not_joined_by_an_undo(rita):
    project, _, new = with_two_submissions()
    made = acts.split_off(project.pk, new.pk, rita, REVIEW).details["new"]
    snoozing.snooze(made, "week", "Ask the author.", User.objects.create_user("bob"), REVIEW)
    with pytest.raises(UndoError, match="merge the two instead"):
        undo_last(rita, REVIEW)
    assert Project.objects.get(pk=made).snooze.note == "Ask the author."


def test_the_queue_goes_from_the_newest_to_the_oldest_and_begins_again(db):
    projects = [make_project(last_seen_at=POSTED_AT.replace(day=day)) for day in (3, 2, 2, 1)]
    projects[1:3] = projects[2:0:-1]
    make_project(review_status="approved")
    pending, cursor, seen = Project.objects.pending(), "", []
    for _ in range(5):
        project = queue.next_after(pending, cursor)
        seen.append(project)
        cursor = queue.cursor_of(project)
    assert seen == [*projects, projects[0]]


def test_unsure_projects_come_first_where_that_is_wanted_and_the_others_after_them(db):
    confidences = [None, 0.4, 0.9, 0.1, 0.5]
    rows = [make_project(title=str(number), confidence=value) for number, value in enumerate(confidences)]
    pending, cursor, seen = Project.objects.pending(), "", []
    for _ in range(7):
        project = queue.next_after(pending, cursor, unsure_first=True)
        seen.append(project.title)
        cursor = queue.cursor_of(project)
    assert seen == ["3", "1", "4", "2", "0", "3", "1"]
    # The unsure one that was shown is reviewed meanwhile: its place still leads on.
    cursor = queue.cursor_of(rows[1])
    Project.objects.filter(pk=rows[1].pk).update(review_status="approved")
    assert queue.next_after(pending, cursor, unsure_first=True).title == "4"
    assert queue.next_after(pending, cursor).title == "0"


@pytest.mark.parametrize("cursor", ["", "x", ",", "2026-09-13T16:00:00,5", "2026-99-99T00:00:00+00:00,5", "a,b"])
def test_an_unreadable_place_in_the_queue_is_its_beginning(db, cursor):
    project = make_project()
    assert queue.next_after(Project.objects.pending(), cursor) == project


def test_an_item_costs_few_queries_and_loads_no_embedding(django_assert_max_num_queries, db):
    project, *_ = with_two_submissions()
    make_project(title="Near", embedding=[0.8, 0.6], embedding_model="test")
    make_project(title="Other model", embedding=[0.6, 0.8], embedding_model="other")
    make_project(title="Rejected", embedding=[0.6, 0.8], embedding_model="test", review_status="rejected")
    loaded = queue.next_after(Project.objects.filter(pk=project.pk))
    with django_assert_max_num_queries(10) as queries:
        item = queue.item(loaded)
    assert [(other.title, percent) for other, percent in item.similar] == [("Near", 96)]
    assert not any('"projects_project"."embedding",' in query["sql"] for query in queries)
    assert similar(make_project(), Project.objects.all(), 5) == []


def test_many_are_reviewed_at_once_but_for_those_that_are_so_already(rita):
    bob = User.objects.create_user("bob")
    pending, rejected = make_project(), make_project(review_status="rejected")
    approved = make_project(review_status="approved", reviewer=bob)
    act = review_many(Project.objects.all(), "approved", rita, ReviewAction.Place.LIST)
    assert set(act.changes.values_list("project_id", flat=True)) == {pending.pk, rejected.pk}
    approved.refresh_from_db()
    assert approved.reviewer == bob


def test_a_flagged_project_is_confirmed_as_it_was_and_the_confirmation_undone(rita):
    bob = User.objects.create_user("bob")
    project = make_project(review_status="approved", reviewer=bob, flag_reason="It is gone at its source.")
    acts.change(project.pk, {"review_status": "approved"}, rita, REVIEW, None)
    project.refresh_from_db()
    assert (project.review_status, project.flag_reason, project.reviewer) == ("approved", "", rita)
    undo_last(rita, REVIEW)
    project.refresh_from_db()
    assert (project.flag_reason, project.reviewer) == ("It is gone at its source.", bob)
    confirmed = make_project(review_status="approved", reviewer=bob)
    assert review_many(Project.objects.all(), "approved", rita, ReviewAction.Place.LIST).project_id == project.pk
    assert not Project.objects.flagged().exists()
    confirmed.refresh_from_db()
    assert confirmed.reviewer == bob


def test_many_are_tagged_at_once_and_a_later_reading_leaves_their_tags_alone(rita):
    tag = Tag.objects.create(name="rust")
    one, other = make_project(), make_project()
    other.tags.add(tag)
    assert tag_many(Project.objects.all(), ["Rust"], rita, ReviewAction.Place.LIST).project_id == one.pk
    one.refresh_from_db()
    assert one.edited_fields == ["tags"]
    assert list(one.tags.all()) == [tag]


def test_the_review_of_a_filtered_list_shows_what_fits_alone_with_few_queries(
    client, rita, django_assert_max_num_queries
):
    rita.is_staff = rita.is_superuser = True
    rita.save()
    client.force_login(rita)
    make_project(title="Low", idea_score=2)
    make_project(title="High", idea_score=9, last_seen_at=POSTED_AT.replace(year=2025))
    with django_assert_max_num_queries(15):
        page = client.get("/admin/projects/project/review/?idea_score_from=5&idea_score_to=10").text
    assert "<h2>High</h2>" in page
    assert '<strong id="review-waiting">1</strong>' in page


def test_the_progress_counts_real_projects_and_tells_the_ideas_that_wait_beside_them(rita):
    make_project()
    make_project(review_status="approved")
    for status in ("pending", "pending", "rejected"):
        make_project(source="nemo_data_designer", review_status=status)
    seen = queue.progress(Project.objects.all(), rita)
    assert (seen.waiting, seen.reviewed, seen.total, seen.ideas) == (1, 1, 2, 2)


def test_the_review_of_a_thread_with_similar_projects_costs_17_queries_at_most(
    client, rita, django_assert_max_num_queries
):
    rita.is_staff = rita.is_superuser = True
    rita.save()
    client.force_login(rita)
    project, _, new = with_two_submissions()
    make_project(title="Near", embedding=[0.8, 0.6], embedding_model="test")
    with django_assert_max_num_queries(17):
        page = client.get(f"/admin/projects/project/review/?thread={new.comment.post_id}").text
    assert project.title in page
    assert "Near" in page


@pytest.mark.parametrize("filters", ["foo=bar", "tags__id__exact=abc", "idea_score_from=x&tags__id__exact=,"])
def test_filters_that_there_are_not_are_said_before_anything_is_done(db, client, filters):
    client.force_login(User.objects.create_superuser("rita"))
    project = make_project()
    assert client.get(f"/admin/projects/project/review/item/?{filters}").status_code == 400
    act = {"project": project.pk, "seen": project.updated_at.isoformat(), "action": "approve"}
    answer = client.post(f"/admin/projects/project/review/act/?{filters}", act)
    assert answer.status_code == 400
    assert "none of the list" in answer.json()["message"]
    assert client.post(f"/admin/projects/project/review/undo/?{filters}").status_code == 400
    project.refresh_from_db()
    assert project.review_status == "pending"
    assert client.post("/admin/projects/project/review/act/", act | {"project": "9" * 5000}).status_code == 400
    odd = act | {"action": "reject", "reason": "Odd\0."}
    assert client.post("/admin/projects/project/review/act/", odd).json()["message"].endswith("Odd..")


def test_the_page_shows_unsure_projects_first_and_leads_to_the_other_order(admin_client):
    make_project(title="Sure", confidence=0.9, last_seen_at=POSTED_AT.replace(day=3))
    make_project(title="Hm", confidence=0.4, last_seen_at=POSTED_AT.replace(day=1))
    plain = admin_client.get("/admin/projects/project/review/").content.decode()
    assert "<h2>Sure</h2>" in plain
    assert 'href="?first=unsure"' in plain
    first = admin_client.get("/admin/projects/project/review/?first=unsure&has_link=no").content.decode()
    assert "<h2>Hm</h2>" in first
    assert "40 % sure" in first
    assert 'href="?has_link=no"' in first
    listed = admin_client.get("/admin/projects/project/?unsure=yes").content.decode()
    assert "Hm" in listed
    assert ">Sure<" not in listed
