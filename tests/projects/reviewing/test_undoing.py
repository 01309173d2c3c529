"""Taking acts back: of many projects, an import and an author; never over what somebody changed since."""

import pytest
from django.contrib.auth.models import User

from comments.models import RemovedAuthor
from projects.models import Project, ReviewAction, Tag
from projects.reviewing import acts, author_acts
from projects.reviewing.files import import_reviews
from projects.reviewing.history import record, worked_on
from projects.reviewing.many import review_many, tag_many
from projects.reviewing.undoing import DoneElsewhere, NothingToUndo, UndoError, undo, undo_last
from tests.factories import POSTED_AT, make_comment, make_project

pytestmark = pytest.mark.django_db
PLACE, KIND = ReviewAction.Place, ReviewAction.Kind


@pytest.fixture
def rita() -> User:
    return User.objects.create_user("rita")


@pytest.fixture
def bob() -> User:
    return User.objects.create_user("bob")


def rows() -> list[dict]:
    """Return all projects but for the time of their last change, with their tags."""
    return [
        row | {"tags": sorted(Tag.objects.filter(projects=row["id"]).values_list("name", flat=True))}
        for row in Project.objects.order_by("pk").defer("updated_at").values()
        if row.pop("updated_at")
    ]


def in_the_list(user: User) -> ReviewAction:
    return review_many(Project.objects.all(), "rejected", user, PLACE.LIST, "Spam.")


def tagged(user: User) -> ReviewAction:
    return tag_many(Project.objects.all(), ["rust", "new"], user, PLACE.LIST)


def imported(user: User) -> ReviewAction:
    wanted = [{"id": pk, "review_status": "approved", "is_bookmarked": "yes"} for pk in _ids()]
    return import_reviews(wanted, user, dry_run=False).action


def imported_twice_each(user: User) -> ReviewAction:
    wanted = [{"id": pk, "review_status": status} for pk in _ids() for status in ("rejected", "approved")]
    return import_reviews(wanted, user, dry_run=False).action


def _ids() -> list[int]:
    return list(Project.objects.order_by("pk").values_list("pk", flat=True))


@pytest.mark.parametrize("act", [in_the_list, tagged, imported, imported_twice_each])
def test_an_act_on_many_is_one_line_of_the_history_and_its_undo_leaves_all_as_they_were(rita, bob, act):
    first = make_project(review_note="Old.", reviewer=bob, reviewed_at=POSTED_AT, flag_reason="Look.")
    first.tags.add(Tag.objects.create(name="rust"))
    make_project(edited_fields=["title"])
    before = rows()
    action = act(rita)
    assert rows() != before
    assert (action.count, action.changes.count(), action.user) == (2, 2, rita)
    assert undo(action.pk, rita).left == []
    assert rows() == before
    with pytest.raises(UndoError, match="undone already"):
        undo(action.pk, rita)


def test_of_many_those_that_somebody_changed_since_stay_and_are_named_with_who_and_what(rita, bob):
    one, other, third = (make_project(title=title) for title in ("One", "Other", "Third"))
    action = in_the_list(rita)
    acts.change(other.pk, {"review_status": "approved"}, bob, PLACE.REVIEW)
    acts.merge_into(third.pk, make_project(title="Kept").pk, bob, PLACE.REVIEW)
    undone = undo(action.pk, rita)
    reasons = dict(undone.left)
    assert set(reasons) == {"“Other”", "“Third”"}
    assert reasons["“Other”"].startswith("bob, ")
    assert reasons["“Other”"].endswith(": Approved “Other”")
    assert reasons["“Third”"] == "it was merged into “Kept”"
    assert "Left as it is, for it was changed since: “Other”" in undone.told
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.review_status, one.review_note) == ("pending", "")
    assert (other.review_status, other.review_note, other.reviewer) == ("approved", "Spam.", bob)
    assert dict(action.changes.exclude(left="").values_list("title", "left")).keys() == {"Other", "Third"}


def test_where_all_were_changed_since_nothing_is_undone_and_it_stays_in_the_history(rita, bob):
    for title in ("One", "Other"):
        make_project(title=title)
    action = in_the_list(rita)
    review_many(Project.objects.all(), "approved", bob, PLACE.LIST)
    with pytest.raises(UndoError, match=r"“One” was changed since then: bob.*and so for 1 other project\. Nothing was"):
        undo(action.pk, rita)
    action.refresh_from_db()
    assert action.undone_at is None
    assert not action.changes.exclude(left="").exists()


def test_what_another_person_did_to_other_fields_is_neither_in_the_way_nor_lost(rita, bob):
    project = make_project(title="Foo", description="Old.")
    mine = acts.change(project.pk, {"title": "Bar", "tags": ["mine"]}, rita, PLACE.PROJECT)
    acts.change(project.pk, {"description": "New.", "tags": ["mine", "his"]}, bob, PLACE.REVIEW)
    acts.change(project.pk, {"review_status": "approved"}, bob, PLACE.REVIEW)
    assert undo(mine.pk, rita).left == []
    project.refresh_from_db()
    assert (project.title, project.description, project.review_status) == ("Foo", "New.", "approved")
    assert [tag.name for tag in project.tags.all()] == ["his"]
    # A later reading still leaves alone what bob wrote.
    assert project.edited_fields == ["description", "tags"]


def test_the_same_status_by_another_person_is_not_taken_back(rita, bob):
    project = make_project()
    mine = acts.change(project.pk, {"review_status": "approved"}, rita, PLACE.REVIEW)
    acts.change(project.pk, {"review_status": "rejected"}, bob, PLACE.REVIEW)
    acts.change(project.pk, {"review_status": "approved"}, bob, PLACE.REVIEW)
    with pytest.raises(UndoError, match="changed since then: bob"):
        undo(mine.pk, rita)
    project.refresh_from_db()
    assert (project.review_status, project.reviewer) == ("approved", bob)


def test_the_earlier_reviewer_may_be_gone_by_now(rita, bob):
    project = make_project(review_status="approved", reviewer=bob, reviewed_at=POSTED_AT)
    action = in_the_list(rita)
    bob.delete()
    undo(action.pk, rita)
    project.refresh_from_db()
    assert (project.review_status, project.reviewer, project.reviewed_at) == ("approved", None, POSTED_AT)


def test_in_review_the_very_last_act_is_undone_or_it_is_said_where_it_was_done(rita):
    project = make_project(title="Foo")
    acts.change(project.pk, {"review_status": "approved"}, rita, PLACE.REVIEW)
    elsewhere = in_the_list(rita)
    with pytest.raises(DoneElsewhere, match="elsewhere, in the list of projects: Rejected “Foo”: Spam") as error:
        undo_last(rita, PLACE.REVIEW)
    assert error.value.action == elsewhere
    project.refresh_from_db()
    assert project.review_status == "rejected"
    undo(elsewhere.pk, rita)
    undo_last(rita, PLACE.REVIEW)
    project.refresh_from_db()
    assert project.review_status == "pending"
    with pytest.raises(NothingToUndo):
        undo_last(rita, PLACE.REVIEW)


def test_that_a_comment_was_read_again_is_the_last_act_and_stays(rita):
    project = make_project()
    acts.change(project.pk, {"review_status": "approved"}, rita, PLACE.REVIEW)
    record(rita, KIND.READ, PLACE.REVIEW, "Had a comment read again", project_id=project.pk, count=1)
    with pytest.raises(UndoError, match="Had a comment read again: that cannot be undone"):
        undo_last(rita, PLACE.REVIEW)
    project.refresh_from_db()
    assert project.review_status == "approved"


def test_what_a_person_did_today_counts_wherever_it_was_but_for_what_was_undone(rita, bob):
    for _ in range(3):
        make_project()
    since = POSTED_AT
    in_the_list(rita)
    acts.change(_ids()[0], {"title": "New"}, rita, PLACE.PROJECT)
    acts.change(_ids()[1], {"title": "New"}, bob, PLACE.PROJECT)
    undo(imported(rita).pk, rita)
    record(rita, KIND.READ, PLACE.REVIEW, "Had a comment read again", count=1)
    assert (worked_on(rita, since), worked_on(bob, since)) == (4, 1)


def test_the_merge_of_projects_says_which_fields_it_left(rita, bob):
    kept, gone = make_project(title="Kept"), make_project(title="Gone", is_bookmarked=True, urls=["https://b.example"])
    action = acts.merge_into(gone.pk, kept.pk, rita, PLACE.MERGING)
    acts.change(kept.pk, {"is_bookmarked": False}, bob, PLACE.REVIEW)
    Project.objects.filter(pk=kept.pk).update(urls=["https://c.example"])
    assert undo(action.pk, rita).left == [("“Kept”", "urls changed since")]
    assert Project.objects.get(pk=gone.pk).is_bookmarked
    assert Project.objects.get(pk=kept.pk).urls == ["https://c.example"]


def test_a_merge_stays_in_the_history_when_the_kept_project_is_gone(rita):
    kept, gone = make_project(title="Kept"), make_project(title="Gone")
    action = acts.merge_into(gone.pk, kept.pk, rita, PLACE.MERGING)
    kept.delete()
    with pytest.raises(UndoError, match="merged into is gone"):
        undo(action.pk, rita)
    assert str(ReviewAction.objects.get()) == "Merged “Gone” into “Kept”"


def test_an_author_is_shown_again_and_hidden_again_by_undo(rita):
    make_comment(author="alice")
    removed, hidden = author_acts.hide("hn", "alice", "Asked by mail.", rita)
    undo(hidden.pk, rita)
    removed.refresh_from_db()
    assert removed.restored_at is not None
    with pytest.raises(UndoError, match="undone already"):
        undo(hidden.pk, rita)
    again, _ = author_acts.hide("hn", "alice", "Asked again.", rita)
    _, shown = author_acts.show(again.pk, rita)
    undo(shown.pk, rita)
    assert RemovedAuthor.objects.active().get().reason == "Asked again."


def test_an_account_that_is_deleted_leaves_its_acts_in_the_history(rita, bob):
    make_project()
    action = in_the_list(rita)
    rita.delete()
    undo(action.pk, bob)
    action.refresh_from_db()
    assert (action.user, action.undone_by) == (None, bob)
