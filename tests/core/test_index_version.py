"""Every change that readers could see raises the version of the index, and nothing else does."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from comments.models import Comment, Post, RemovedAuthor
from core import index_version
from core.models import IndexChange
from projects.models import Page, Project, Submission, Tag
from tests.factories import make_comment, make_post, make_project


@pytest.fixture
def rows(db):
    """One row of each kind."""
    comment, project = make_comment(), make_project(primary_url="https://github.com/a/b")
    Submission.objects.create(project=project, comment=comment, text="Foo")
    project.tags.add(Tag.objects.create(name="rust"))
    project.pages.add(Page.objects.create(url="https://foo.example", fetched_at=timezone.now()))
    return project


CHANGES = {
    "a project saved": lambda project: project.save(),
    "projects updated": lambda project: Project.objects.update(review_status="rejected"),
    "projects made in bulk": lambda project: Project.objects.bulk_create(
        [Project(title="Bar", created_by="rules", first_seen_at=timezone.now(), last_seen_at=timezone.now())]
    ),
    "a project deleted": lambda project: project.delete(),
    "its tags": lambda project: project.tags.clear(),
    "its pages": lambda project: project.pages.clear(),
    "a tag renamed": lambda project: Tag.objects.update(name="go"),
    "a submission moved": lambda project: Submission.objects.update(position=3),
    "a page looked at": lambda project: Page.objects.update(status=404),
    "a comment withdrawn": lambda project: Comment.objects.update(deleted=True),
    "a comment edited": lambda project: Comment.objects.update(text="Another text"),
    "a comment read": lambda project: Comment.objects.update(status="processed"),
    "a comment collected": lambda project: make_comment(post=Post.objects.get()),
    "a thread renamed": lambda project: Post.objects.update(title="Ask HN: Other (May 2025)"),
    "a thread collected": lambda project: make_post(),
    "an author removed": lambda project: RemovedAuthor.objects.create(name="alice", reason="Asked by mail."),
    "raw SQL": lambda project: connection.cursor().execute("UPDATE projects_project SET title = 'Raw'"),
}
NO_CHANGES = {
    "a look at comments": lambda project: Comment.objects.update(looked_at=timezone.now()),
    "a thread saved as it was": lambda project: Post.objects.get().save(),
    "a thread looked at": lambda project: Post.objects.update(collected_at=timezone.now()),
    "reading": lambda project: list(Project.objects.all()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_raises_the_version(rows, change):
    before = index_version.current()
    CHANGES[change](rows)
    assert index_version.current().number > before.number
    assert index_version.current().changed_at >= before.changed_at


@pytest.mark.parametrize("change", NO_CHANGES)
def test_what_changes_nothing_leaves_it(rows, change):
    before = index_version.current()
    NO_CHANGES[change](rows)
    assert index_version.current() == before


def test_many_changes_are_kept_in_few_rows_and_none_is_lost(rows):
    before = index_version.current().number
    for position in range(2000):
        Submission.objects.update(position=position)
    assert index_version.current().number == before + 2000
    # Of 2,000 each one in 250 makes the rows one: that none did is one in 3,000.
    assert IndexChange.objects.count() < 2000


@pytest.mark.django_db(transaction=True)
def test_a_change_counts_when_it_is_seen_and_waits_for_no_other():
    """Of two transactions the later to begin commits first; both commits raise the version, and neither waits."""
    first, second = make_project(), make_project(title="Bar")
    versions = [index_version.current().number]
    written, seen = threading.Event(), threading.Event()

    def slow():
        try:
            with transaction.atomic():
                Project.objects.filter(pk=first.pk).update(title="Slow")
                written.set()
                assert seen.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(30)
    versions.append(index_version.current().number)
    Project.objects.filter(pk=second.pk).update(title="Fast")
    versions.append(index_version.current().number)
    seen.set()
    thread.join(30)
    versions.append(index_version.current().number)
    assert [number - versions[0] for number in versions] == [0, 0, 1, 2]


def test_what_is_kept_is_computed_anew_after_a_change(rows):
    computed = []

    def compute():
        computed.append(1)
        return len(computed)

    assert [index_version.kept("test", compute) for _ in range(3)] == [1, 1, 1]
    Project.objects.update(last_seen_at=timezone.now() + timedelta(days=1))
    assert [index_version.kept("test", compute) for _ in range(2)] == [2, 2]
