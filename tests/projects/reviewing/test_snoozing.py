"""Projects that are put off: until when, that they come back, and that none is lost."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from projects.models import Project, ReviewAction, Snooze
from projects.reviewing import acts, queue, snoozing
from projects.reviewing.fields import ReviewConflict
from projects.reviewing.undoing import UndoError, undo_last
from tests.factories import POSTED_AT, make_project

REVIEW = ReviewAction.Place.REVIEW


@pytest.fixture
def rita(db) -> User:
    return User.objects.create_user("rita")


def snooze(project: Project, user: User, choice: str = "tomorrow", note: str = "") -> ReviewAction:
    return snoozing.snooze(project.pk, choice, note, user, REVIEW)


def let_time_pass() -> None:
    """Let all snoozes be over."""
    Snooze.objects.update(until=timezone.now() - timedelta(seconds=1))


def titles(projects) -> list[str]:
    return sorted(projects.values_list("title", flat=True))


@pytest.mark.parametrize(
    ("now", "choice", "back"),
    [
        ("2026-11-26T10:00", "today", "2026-11-26T13:00"),
        ("2026-11-26T22:30", "today", "2026-11-26T23:59"),
        ("2026-11-26T23:59", "today", "2026-11-27T00:00"),
        ("2026-11-26T10:00", "tomorrow", "2026-11-27T09:00"),
        ("2026-12-31T00:05", "tomorrow", "2027-01-01T09:00"),
        ("2026-11-26T10:00", "week", "2026-11-30T09:00"),
        ("2026-11-30T08:00", "week", "2026-12-07T09:00"),
        ("2026-11-29T23:00", "week", "2026-11-30T09:00"),
        # The night in which summer time ends.
        ("2026-10-24T22:00", "tomorrow", "2026-10-25T09:00"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Tokyo"])
def test_when_it_comes_back_in_the_time_zone_of_the_index(zone, now, choice, back):
    tz = ZoneInfo(zone)
    with timezone.override(tz):
        told = snoozing.until(choice, datetime.fromisoformat(now).replace(tzinfo=tz))
    assert told == datetime.fromisoformat(back).replace(tzinfo=tz)


def test_a_snoozed_project_leaves_the_queue_still_pending_and_comes_back_by_itself_before_all_others(rita):
    old = make_project(title="Old", last_seen_at=POSTED_AT.replace(year=2025))
    make_project(title="New")
    unsure = make_project(title="Unsure", confidence=0.1)
    action = snooze(old, rita, note="Ask the author.")
    assert str(action).startswith("Snoozed “Old” until ")
    assert str(action).endswith(": Ask the author.")
    assert (titles(Project.objects.awake()), titles(Project.objects.snoozed())) == (["New", "Unsure"], ["Old"])
    assert titles(Project.objects.pending()) == ["New", "Old", "Unsure"]
    seen = queue.progress(Project.objects.all(), rita)
    assert (seen.waiting, seen.snoozed, seen.unsure, seen.reviewed, seen.total) == (2, 1, 1, 0, 3)
    let_time_pass()
    seen = queue.progress(Project.objects.all(), rita)
    assert (seen.waiting, seen.snoozed) == (3, 0)
    order, cursor = [], ""
    for _ in range(4):
        project = queue.next_after(Project.objects.awake(), cursor, unsure_first=True)
        order.append(project.title)
        cursor = queue.cursor_of(project)
    assert order == ["Old", "Unsure", "New", "Old"]
    back = queue.item(queue.next_after(Project.objects.awake())).snooze
    assert (back.note, back.user) == ("Ask the author.", rita)
    assert not queue.is_back(unsure)


def test_the_undo_of_a_snooze_leaves_the_earlier_one(rita):
    project = make_project()
    snooze(project, rita, "week", "First.")
    first = Snooze.objects.values().get()
    snooze(project, rita, "tomorrow", "Second.")
    undo_last(rita, REVIEW)
    again = Snooze.objects.values().get()
    assert {**again, "snoozed_at": None} == {**first, "snoozed_at": None}
    undo_last(rita, REVIEW)
    assert not Snooze.objects.exists()


def test_a_project_is_woken_and_that_undone(rita):
    project = make_project()
    with pytest.raises(snoozing.SnoozeError, match="is not snoozed"):
        snoozing.wake(project.pk, rita, REVIEW)
    snooze(project, rita, note="Later.")
    snoozing.wake(project.pk, rita, REVIEW)
    assert Project.objects.awake().count() == 1
    undo_last(rita, REVIEW)
    assert Snooze.objects.get().note == "Later."


def test_a_snooze_of_another_person_is_not_undone(rita):
    project = make_project()
    snooze(project, rita)
    snooze(project, User.objects.create_user("bob"), "week", "His.")
    with pytest.raises(UndoError, match="Somebody snoozed or woke it since"):
        undo_last(rita, REVIEW)
    assert Snooze.objects.get().note == "His."


def test_what_waits_for_no_review_or_changed_meanwhile_is_not_snoozed(rita):
    project = make_project(title="Foo")
    seen = project.updated_at
    acts.change(project.pk, {"title": "Bar"}, rita, REVIEW)
    with pytest.raises(ReviewConflict):
        snoozing.snooze(project.pk, "today", "", rita, REVIEW, seen)
    acts.change(project.pk, {"review_status": "approved"}, rita, REVIEW)
    with pytest.raises(snoozing.SnoozeError, match="“Bar” waits for no review: it is approved"):
        snooze(project, rita)
    with pytest.raises(snoozing.SnoozeError, match="later today, tomorrow, next week"):
        snooze(make_project(), rita, "never")
    assert not Snooze.objects.exists()


def test_a_snoozed_project_that_is_merged_and_parted_again_is_snoozed_as_it_was(rita):
    kept, gone = make_project(title="Kept"), make_project(title="Gone")
    snooze(gone, rita, note="Ask the author.")
    before = Snooze.objects.values("project", "until", "note", "user").get()
    acts.merge_into(gone.pk, kept.pk, rita, REVIEW)
    assert not Snooze.objects.exists()
    undo_last(rita, REVIEW)
    assert Snooze.objects.values("project", "until", "note", "user").get() == before
    assert titles(Project.objects.awake()) == ["Kept"]


def test_a_snooze_of_an_account_that_is_gone_is_put_back_as_nobodys(rita):
    project, bob = make_project(), User.objects.create_user("bob")
    snooze(project, bob, "week", "His.")
    snooze(project, rita)
    bob.delete()
    undo_last(rita, REVIEW)
    connection.check_constraints()
    assert Snooze.objects.values("note", "user").get() == {"note": "His.", "user": None}
