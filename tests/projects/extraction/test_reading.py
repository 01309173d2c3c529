"""Reading a comment with an analyst whose answers the test writes, and the real workflow, embedder and database."""

import asyncio
import signal
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from comments.models import Comment
from comments.saving import Collected, save_lot
from comments.sources.items import Item
from core import event_loop
from core.http import OutsideError, Refused, Unavailable
from core.jobs import sending
from core.jobs.retrying import GivenUp
from core.models import BatchTask
from projects import tags
from projects.extraction import choosing, reading
from projects.extraction.choosing import comments_to_read, queue_comments, read_comments
from projects.extraction.events import CommentReceived
from projects.extraction.reading import ClaimLost, CommentNotFound, read_comment
from projects.extraction.rejections import Rejection
from projects.extraction.run import TooSlow
from projects.extraction.schemas import CommentInput, ProjectDescription, Segment
from projects.extraction.workflow import ExtractionWorkflow
from projects.language.embeddings import WordLlamaEmbedder
from projects.models import Extraction, Project, Submission, Tag
from projects.pages.page_text import PageText
from projects.reviewing.splitting import split_off
from tests.factories import make_comment, make_post, make_project
from tests.waiting import wait_until
from waywo_site.celery import app


class ScriptedAnalyst:
    """Finds the projects that the test names: (title, url) for each, and drops the rest."""

    name = "scripted"
    prompt_version = 7

    def __init__(self, *projects: tuple[str, str], dropped: int = 0, error: Exception | None = None, meanwhile=None):
        self.projects = projects
        self.dropped = dropped
        self.error = error
        self.meanwhile = meanwhile
        self.asked = 0

    async def segment(self, comment):
        self.asked += 1
        found = [Segment(text=f"{title} {url}") for title, url in self.projects]
        return found + [Segment(text="hm", rejection=Rejection.CHAT, reason="Small talk.")] * self.dropped

    async def describe(self, segment, comment, pages):
        if self.meanwhile:
            thread = threading.Thread(target=self.meanwhile)
            thread.start()
            thread.join()
        if self.error:
            raise self.error
        title, url = segment.text.rsplit(" ", 1)
        return ProjectDescription(
            title=title,
            short_description=f"{title} in a few words for all",
            description=f"{title} is about {title.lower()} and nothing else.",
            tags=["python", "web", "tools"],
            primary_url=url,
            urls=[url],
            idea_score=6,
            complexity_score=4,
        )


def read(comment: Comment, analyst: ScriptedAnalyst, **options):
    """Read with the scripted analyst."""
    return read_comment(comment.pk, analyst=analyst, embedder=WordLlamaEmbedder(), **options)


@pytest.mark.django_db
def test_the_projects_of_a_comment_are_saved_with_what_was_dropped():
    comment = make_comment()
    reading = read(comment, ScriptedAnalyst(("Foo", "https://foo.example"), ("Bar", "https://bar.example"), dropped=1))
    assert reading.as_dict() == {
        "status": "success",
        "comment_id": comment.pk,
        "valid_projects": 2,
        "invalid_skipped": 1,
        "duplicates_linked": 0,
        "project_ids": list(Project.objects.order_by("id").values_list("id", flat=True)),
    }
    foo = Project.objects.get(title="Foo")
    assert (foo.created_by, foo.canonical_url, foo.embedding_model) == (
        "scripted",
        "foo.example",
        WordLlamaEmbedder.name,
    )
    assert len(foo.embedding) == 256
    assert sorted(foo.tags.values_list("name", flat=True)) == ["python", "tools", "web"]
    assert foo.first_seen_at == foo.last_seen_at == comment.posted_at
    comment.refresh_from_db()
    assert (comment.status, comment.attempts, comment.claimed_at) == ("processed", 0, None)
    extraction = comment.extractions.get()
    assert (extraction.status, extraction.analyst, extraction.prompt_version) == ("succeeded", "scripted", 7)
    assert [step["step"] for step in extraction.steps] == [
        "segment_and_judge",
        "check_duplicates",
        "fetch_linked_pages",
        "describe_projects",
        "embed_projects",
    ]
    assert [segment["rejection"] for segment in extraction.segments] == [None, None, "chat"]


@pytest.mark.django_db
def test_the_same_project_posted_again_is_one_project_with_two_submissions():
    march, may = make_comment(), make_comment(posted_at=timezone.now())
    first = read(march, ScriptedAnalyst(("Foo", "https://foo.example/")))
    second = read(may, ScriptedAnalyst(("Foo, now in beta", "http://www.foo.example?utm_source=hn")))
    assert second.project_ids == first.project_ids
    assert second.duplicates_linked == 1
    project = Project.objects.get()
    assert project.title == "Foo"
    assert (project.first_seen_at, project.last_seen_at) == (march.posted_at, may.posted_at)
    assert project.submissions.count() == 2


@pytest.mark.django_db
def test_another_authors_project_with_the_same_address_stays_apart():
    read(make_comment(author="alice"), ScriptedAnalyst(("Foo", "https://foo.example")))
    read(make_comment(author="bob"), ScriptedAnalyst(("Foo", "https://foo.example")))
    assert Project.objects.count() == 2


@pytest.mark.django_db
def test_reading_again_keeps_ids_reviews_and_what_a_person_edited():
    comment = make_comment()
    [foo, _] = read(
        comment, ScriptedAnalyst(("Foo", "https://foo.example"), ("Bar", "https://bar.example"))
    ).project_ids
    Project.objects.filter(pk=foo).update(
        review_status="approved", is_bookmarked=True, short_description="Mine", edited_fields=["short_description"]
    )
    again = read(comment, ScriptedAnalyst(("Foo two", "https://foo.example"), ("Baz", "https://baz.example")))
    assert again.project_ids[0] == foo
    assert again.duplicates_linked == 0
    project = Project.objects.get(pk=foo)
    assert (project.title, project.short_description) == ("Foo two", "Mine")
    assert (project.review_status, project.is_bookmarked) == ("approved", True)
    assert set(Project.objects.values_list("title", flat=True)) == {"Foo two", "Baz"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "touched", [{"review_status": "rejected"}, {"is_bookmarked": True}, {"edited_fields": ["title"]}]
)
def test_a_project_that_a_person_touched_is_kept_and_flagged_when_it_is_no_longer_found(touched):
    comment = make_comment()
    [foo] = read(comment, ScriptedAnalyst(("Foo", "https://foo.example"))).project_ids
    Project.objects.filter(pk=foo).update(**touched)
    read(comment, ScriptedAnalyst(dropped=1))
    project = Project.objects.get(pk=foo)
    assert "no longer finds it" in project.flag_reason
    assert project in Project.objects.flagged()
    read(comment, ScriptedAnalyst(("Foo", "https://foo.example")))
    assert Project.objects.get(pk=foo).flag_reason == ""


@pytest.mark.django_db
def test_a_project_that_another_comment_still_mentions_only_loses_its_submission():
    first, second = make_comment(), make_comment()
    read(first, ScriptedAnalyst(("Foo", "https://foo.example")))
    read(second, ScriptedAnalyst(("Foo", "https://foo.example")))
    read(second, ScriptedAnalyst(dropped=1))
    project = Project.objects.get()
    assert list(project.submissions.values_list("comment_id", flat=True)) == [first.pk]
    assert project.last_seen_at == first.posted_at


@pytest.mark.django_db
def test_two_parts_about_one_project_make_one_submission():
    reading = read(make_comment(), ScriptedAnalyst(("Foo", "https://foo.example"), ("Foo app", "https://foo.example/")))
    assert len(reading.project_ids) == 1
    assert Submission.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("last_try", "status"), [(False, "pending"), (True, "failed")])
def test_an_error_that_may_pass_leaves_the_projects_as_they_were(last_try, status):
    comment = make_comment()
    read(comment, ScriptedAnalyst(("Foo", "https://foo.example")))
    before = Project.objects.values().get()
    with pytest.raises(OutsideError):
        read(comment, ScriptedAnalyst(("New", "https://n.example"), error=OutsideError("busy")), last_try=last_try)
    assert Project.objects.values().get() == before
    comment.refresh_from_db()
    assert (comment.status, comment.last_error) == (status, "OutsideError: busy")
    failed = comment.extractions.latest("started_at")
    assert failed.status == "failed"
    assert failed.steps[-1]["outcome"] == "failed: OutsideError"


@pytest.mark.django_db
def test_a_bug_moves_the_comment_out_of_the_way_and_still_surfaces():
    comment = make_comment()
    with pytest.raises(ZeroDivisionError):
        read(comment, ScriptedAnalyst(("Foo", "https://foo.example"), error=ZeroDivisionError("oops")), last_try=False)
    comment.refresh_from_db()
    assert (comment.status, comment.last_error) == ("failed", "ZeroDivisionError: oops")


@pytest.mark.django_db
def test_a_comment_under_way_is_left_to_its_worker():
    comment = make_comment()
    assert comment.claim("another task")
    analyst = ScriptedAnalyst(("Foo", "https://foo.example"))
    assert read(comment, analyst, task_id="this task").status == "skipped"
    assert analyst.asked == 0
    assert Project.objects.count() == 0


@pytest.mark.django_db
def test_the_same_task_delivered_again_takes_over_at_once_and_a_dead_workers_claim_expires():
    comment = make_comment()
    assert comment.claim("task")
    assert not Comment.objects.get(pk=comment.pk).claim("other")
    assert Comment.objects.get(pk=comment.pk).claim("task")
    later = timezone.now() + settings.CLAIM_EXPIRES_AFTER + timedelta(seconds=1)
    assert Comment.objects.get(pk=comment.pk).claim("other", now=later)


@pytest.mark.django_db
def test_a_task_delivered_again_after_it_was_done_does_nothing_and_says_the_same():
    comment = make_comment()
    first = read(comment, ScriptedAnalyst(("Foo", "https://foo.example"), dropped=2), task_id="task")
    analyst = ScriptedAnalyst()
    assert read(comment, analyst, task_id="task") == first
    assert analyst.asked == 0


@pytest.mark.django_db
def test_a_comment_whose_worker_died_three_times_is_failed_with_that_reason():
    comment = make_comment()
    for _ in range(3):
        assert comment.claim("task")
    with pytest.raises(GivenUp, match="died 3 times"):
        read(comment, ScriptedAnalyst(("Foo", "https://foo.example")), task_id="task")
    comment.refresh_from_db()
    assert (comment.status, comment.last_error) == ("failed", GivenUp.REASON)


@pytest.mark.django_db
def test_the_command_says_in_one_line_that_a_comment_is_given_up():
    comment = make_comment(status="processing", attempts=3, claimed_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(CommandError, match=f"^Comment {comment.pk}: Its worker died 3 times"):
        call_command("process_waywo_comment", str(comment.pk))


@pytest.mark.django_db
def test_a_reading_that_ended_in_an_error_is_no_death():
    comment = make_comment()
    busy = ScriptedAnalyst(("Foo", "https://foo.example"), error=OutsideError("busy"))
    for _ in range(3):
        with pytest.raises(OutsideError):
            read(comment, busy, task_id="task", last_try=False)
    assert comment.claim("task")  # its worker dies once
    assert read(comment, ScriptedAnalyst(("Foo", "https://foo.example")), task_id="task").valid_projects == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["dead", "deleted"])
def test_nothing_is_saved_of_a_comment_that_is_withdrawn_while_it_is_read(how):
    comment = make_comment()
    served = {"id": comment.pk, "type": "comment", "by": comment.author, "text": comment.text, how: True}
    item = Item.parse(served, comment.pk)

    def withdraw():
        save_lot(comment.post, [(comment.pk, item)], Collected(comment.post_id, "", 1), timezone.now())
        connection.close()

    with pytest.raises(ClaimLost):
        read(comment, ScriptedAnalyst(("Foo", "https://foo.example"), meanwhile=withdraw))
    comment.refresh_from_db()
    assert (comment.status, getattr(comment, how), comment.claimed_at) == ("skipped", True, None)
    assert Project.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_edit_while_it_is_read_makes_the_reading_come_to_nothing():
    comment = make_comment()

    def edit():
        Comment.objects.filter(pk=comment.pk).update(text="New text", status="pending", claimed_at=None, claimed_by="")
        connection.close()

    with pytest.raises(ClaimLost):
        read(comment, ScriptedAnalyst(("Foo", "https://foo.example"), meanwhile=edit))
    comment.refresh_from_db()
    assert (comment.status, comment.text) == ("pending", "New text")
    assert Project.objects.count() == 0
    assert comment.extractions.get().status == Extraction.Status.SUPERSEDED


@pytest.mark.django_db(transaction=True)
def test_a_claim_that_is_lost_is_no_failure_of_the_task(monkeypatch):
    comment = make_comment()
    claims = {"handed on": lambda: Comment.objects.get(pk=comment.pk).claim("handed on"), "edited": edit_meanwhile}

    def ended(task_id: str):
        def meanwhile():
            claims[task_id]()
            connection.close()

        analyst = ScriptedAnalyst(("Foo", "https://foo.example"), meanwhile=meanwhile)
        monkeypatch.setattr(reading, "get_analyst", lambda *_: analyst)
        return app.tasks["process_waywo_comment"].apply(kwargs={"comment_id": comment.pk}, task_id=task_id)

    edited = ended("edited")
    assert (edited.state, edited.result["status"]) == ("SUCCESS", "skipped")
    assert "changed while it was read" in edited.result["reason"]
    assert ended("handed on").state == "IGNORED"
    assert Project.objects.count() == 0


def edit_meanwhile() -> None:
    """Set the comments back, as an edit at their source does."""
    Comment.objects.update(status="pending", claimed_at=None, claimed_by="")


@pytest.mark.django_db(transaction=True)
def test_two_workers_reading_two_comments_of_one_author_make_one_project():
    post = make_post()
    comments = [make_comment(post=post) for _ in range(2)]
    barrier = threading.Barrier(2, timeout=20)
    errors = []

    def work(comment):
        analyst = ScriptedAnalyst(("Foo", "https://foo.example"))
        described = analyst.describe

        async def describe_together(*arguments):
            barrier.wait()
            return await described(*arguments)

        analyst.describe = describe_together
        try:
            read(comment, analyst)
        except Exception as error:  # noqa: BLE001 - shown by the test, which runs in another thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(comment,)) for comment in comments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Project.objects.get().submissions.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"deleted": True}, {"dead": True}, {"text": ""}, {"text": "<p> </p>"}])
def test_a_comment_with_nothing_to_read_is_skipped(fields):
    comment = make_comment(**fields)
    analyst = ScriptedAnalyst()
    assert read(comment, analyst).status == "skipped"
    comment.refresh_from_db()
    assert comment.status == "skipped"
    assert analyst.asked == 0


@pytest.mark.django_db
def test_an_unknown_comment_is_named():
    with pytest.raises(CommentNotFound, match="no comment 7:"):
        read_comment(7)
    with pytest.raises(CommentNotFound, match="no comment 7, 8:"):
        comments_to_read(comment_ids=[7, 8])


@pytest.mark.django_db
def test_the_pending_comments_are_read_oldest_first_and_given_ones_whatever_their_status():
    old, new = make_comment(posted_at=timezone.now() - timedelta(days=9)), make_comment()
    done = make_comment(status="processed")
    assert comments_to_read() == [comment.pk for comment in sorted((old, new), key=lambda row: row.posted_at)]
    assert comments_to_read(limit=1) == [min((old, new), key=lambda comment: comment.posted_at).pk]
    assert comments_to_read(comment_ids=[done.pk, done.pk]) == [done.pk]
    with pytest.raises(ValueError, match="limit=0 is invalid"):
        comments_to_read(limit=0)


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_queues")
def test_a_comment_that_waits_in_an_open_batch_is_not_chosen_again():
    comment, other = make_comment(), make_comment()
    batch = sending.start_batch("process_waywo_comment", [{"comment_id": comment.pk, "analyst": "rules"}])
    sending.start_batch("process_waywo_post", [{"post_id": other.post_id}])
    assert comments_to_read() == [other.pk]
    assert comments_to_read(comment_ids=[comment.pk]) == [comment.pk]
    batch.tasks.update(status="RETRY")
    assert queue_comments().total == 1
    assert queue_comments().total == 0
    batch.tasks.update(status="FAILURE")
    assert comments_to_read() == [comment.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
def test_two_who_queue_what_is_due_at_the_same_moment_queue_each_comment_once():
    ids = [make_comment().pk for _ in range(20)]
    begin = threading.Barrier(4, timeout=20)

    def queue() -> None:
        begin.wait()
        queue_comments()
        connection.close()

    threads = [threading.Thread(target=queue) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(BatchTask.objects.values_list("kwargs__comment_id", flat=True)) == sorted(ids)


@pytest.mark.django_db
def test_reading_by_rules_needs_no_network_and_counts_what_it_did():
    make_comment("I am building Foo (https:&#x2F;&#x2F;foo.example), a static site generator written in Rust.")
    make_comment("Looking for a new job as a designer. Any hints?", author="bob")
    steps = []
    result = read_comments(progress=lambda *step: steps.append(step))
    assert (result["status"], result["processed"], result["failed"]) == ("success", 2, 0)
    assert steps[-1][1:] == (2, 2)
    assert Project.objects.filter(primary_url="https://foo.example").count() == 1


@pytest.mark.django_db
def test_what_another_read_since_it_was_chosen_is_not_read_again_unless_its_id_was_given():
    first, second, third = (make_comment(author=name) for name in ("ann", "bob", "eve"))

    def meanwhile(*_) -> None:
        if not second.extractions.exists():
            read(second, ScriptedAnalyst(dropped=1))
            assert third.claim("of a worker")

    result = read_comments(progress=meanwhile, analyst="rules")
    assert (result["comments"], result["processed"], result["skipped"], result["failed"]) == (3, 1, 2, 0)
    assert (first.extractions.count(), second.extractions.count(), third.extractions.count()) == (1, 1, 0)
    assert read_comments(comment_ids=[second.pk], analyst="rules")["processed"] == 1
    assert second.extractions.count() == 2


@pytest.mark.django_db
@pytest.mark.usefixtures("empty_queues")
def test_the_task_of_a_comment_that_was_due_leaves_it_alone_where_a_command_has_read_it():
    comment = make_comment()
    [due] = queue_comments(analyst="rules").tasks.all()
    read(comment, ScriptedAnalyst(dropped=1))
    task = app.tasks["process_waywo_comment"]
    assert task.apply(kwargs=due.kwargs, task_id=due.task_id).result["status"] == "skipped"
    [wanted] = queue_comments(comment_ids=[comment.pk], analyst="rules").tasks.all()
    assert task.apply(kwargs=wanted.kwargs, task_id=wanted.task_id).result["status"] == "success"
    # What failed may be tried again by the same task, as when its batch is retried.
    Comment.objects.update(status="failed")
    assert task.apply(kwargs=due.kwargs, task_id="another").result["status"] == "success"


@pytest.mark.django_db
def test_a_task_that_was_due_takes_over_its_own_claim():
    comment = make_comment()
    assert comment.claim("mine", only_unread=True)
    assert not Comment.objects.get().claim("yours", only_unread=True)
    assert Comment.objects.get().claim("mine", only_unread=True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "status", "counted"),
    [(Unavailable("It answered 429"), "pending", "left_pending"), (Refused("It answered 401"), "failed", "failed")],
)
def test_a_service_that_is_away_leaves_a_comment_that_is_read_by_command_pending(monkeypatch, error, status, counted):
    comment = make_comment()
    analyst = ScriptedAnalyst(("Foo", "https://foo.example"), error=error)
    monkeypatch.setattr(choosing, "get_analyst", lambda _: analyst)
    result = read_comments()
    assert {name: result[name] for name in ("failed", "left_pending")} == {"failed": 0, "left_pending": 0} | {
        counted: 1
    }
    comment.refresh_from_db()
    assert comment.status == status
    assert str(error) in comment.last_error
    [told] = result["errors"]
    assert str(error) in told["error"]
    assert ("stays pending" in told["error"]) == (status == "pending")


@pytest.mark.django_db
def test_a_project_made_by_the_generator_is_no_duplicate_of_anything():
    project = make_project(source="nemo_data_designer", canonical_url="foo.example")
    read(make_comment(), ScriptedAnalyst(("Foo", "https://foo.example")))
    assert Project.objects.exclude(pk=project.pk).count() == 1


@pytest.mark.django_db
def test_a_project_that_only_mentions_the_link_of_an_earlier_one_is_a_project_of_its_own():
    read(make_comment(), ScriptedAnalyst(("Foo the calendar for choirs", "https://foo.example")))
    later = make_comment("Bar, a compiler (https://bar.example). It grew out of https://foo.example.")
    reading = read(later, ScriptedAnalyst(("Bar the compiler https://foo.example", "https://bar.example")))
    assert reading.duplicates_linked == 0
    assert set(Project.objects.values_list("canonical_url", flat=True)) == {"foo.example", "bar.example"}


@pytest.mark.django_db
def test_a_link_to_a_person_is_no_sign_that_two_projects_are_one():
    profile = "https://github.com/bob"
    read(make_comment(author="bob"), ScriptedAnalyst(("Choir calendar", profile)))
    read(make_comment(author="bob"), ScriptedAnalyst(("SQL compiler", profile), ("Chess trainer", profile)))
    assert set(Project.objects.values_list("title", flat=True)) == {"Choir calendar", "SQL compiler", "Chess trainer"}


@pytest.mark.django_db
def test_a_primary_url_that_a_person_cleared_stays_cleared():
    comment = make_comment()
    read(comment, ScriptedAnalyst(("Foo", "https://foo.example")))
    Project.objects.update(primary_url="", canonical_url="", edited_fields=["primary_url"])
    read(comment, ScriptedAnalyst(("Foo", "https://foo.example")))
    assert Project.objects.get().primary_url == ""


@pytest.mark.django_db(transaction=True)
def test_a_review_that_is_saved_while_the_project_is_let_go_is_not_lost():
    comment = make_comment()
    [foo] = read(comment, ScriptedAnalyst(("Foo", "https://foo.example"))).project_ids
    held, done = threading.Event(), threading.Event()

    def review() -> None:
        with transaction.atomic():
            Project.objects.filter(pk=foo).update(review_status="approved")
            held.set()
            wait_until(lambda: waits_for_a_lock() or done.is_set(), "the reading comes to the project")
        connection.close()

    reviewer = threading.Thread(target=review)
    reviewer.start()
    assert held.wait(20)
    read(comment, ScriptedAnalyst(dropped=1))
    done.set()
    reviewer.join()
    assert Project.objects.get(pk=foo).review_status == "approved"


def waits_for_a_lock() -> bool:
    """Tell whether any connection of this database waits for a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0


@pytest.mark.django_db
def test_a_reading_that_is_interrupted_leaves_its_comment_pending():
    comment = make_comment()
    analyst = ScriptedAnalyst(("Foo", "https://foo.example"))

    async def press_ctrl_c(*_):
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(60)

    analyst.describe = press_ctrl_c
    with pytest.raises(KeyboardInterrupt):
        read(comment, analyst)
    comment.refresh_from_db()
    assert comment.status == "pending"
    assert comment.extractions.get().status == "failed"
    assert read(comment, ScriptedAnalyst(("Foo", "https://foo.example"))).valid_projects == 1


@pytest.mark.django_db
def test_a_comment_left_by_a_dead_worker_is_due_again_and_its_old_reading_is_closed():
    comment = make_comment()
    assert comment.claim("dead")
    Extraction.objects.create(comment=comment, analyst="x", prompt_version=1, started_at=timezone.now())
    assert comments_to_read() == []
    Comment.objects.update(claimed_at=timezone.now() - settings.CLAIM_EXPIRES_AFTER - timedelta(seconds=1))
    assert comments_to_read() == [comment.pk]
    read(comment, ScriptedAnalyst(dropped=1))
    assert sorted(comment.extractions.values_list("status", flat=True)) == ["failed", "succeeded"]


@pytest.mark.django_db
def test_one_comment_that_breaks_the_code_stops_none_of_the_others(monkeypatch):
    bad, good = make_comment(), make_comment("I am building Bar (https:&#x2F;&#x2F;bar.example), a tool.", author="bob")
    whole = reading.known_projects

    def break_for_alice(author: str, source: str):
        if author == "alice":
            raise ZeroDivisionError("oops")
        return whole(author, source)

    monkeypatch.setattr(reading, "known_projects", break_for_alice)
    result = read_comments()
    assert (result["status"], result["processed"], result["failed"]) == ("partial", 1, 1)
    assert result["errors"] == [{"comment_id": bad.pk, "error": f"comment {bad.pk}: ZeroDivisionError: oops"}]
    assert Comment.objects.get(pk=good.pk).status == "processed"


def test_the_pages_of_all_projects_are_asked_for_at_once_and_each_project_gets_its_own():
    asked, given = [], {}

    async def fetch_pages(urls):
        asked.append(urls)
        return [PageText(url=url, final_url=url, title=url, text="It is.") for url in dict.fromkeys(urls)]

    class Noting(ScriptedAnalyst):
        async def describe(self, segment, comment, pages):
            given[segment.text] = [page.url for page in pages]
            return await super().describe(segment, comment, pages)

    foo, bar = "https://foo.example", "https://bar.example"
    analyst = Noting(("Foo", foo), ("Bar", bar))
    workflow = ExtractionWorkflow(analyst, WordLlamaEmbedder(), fetch_pages, timeout=60)
    received = CommentReceived(
        comment=CommentInput(comment_id=1, author="alice", text=f"Foo {foo}. Bar {bar}.", links=(foo, bar)), known=[]
    )

    async def run():
        return await workflow.run(start_event=received)

    event_loop.run(run())
    assert asked == [[foo, bar]]
    assert given == {f"Foo {foo}": [foo], f"Bar {bar}": [bar]}


@pytest.mark.django_db
def test_a_link_too_long_for_an_index_costs_the_comment_nothing_else():
    link = "https://foo.example/" + "漢" * 1500
    make_comment(f"I am building Foo, a dictionary of rare characters, see {link}")
    assert read_comments()["failed"] == 0


@pytest.mark.django_db
def test_a_reading_that_takes_too_long_may_pass(settings):
    settings.READING_SECONDS = 0.2

    class Slow(ScriptedAnalyst):
        async def segment(self, comment):
            await asyncio.sleep(60)

    comment = make_comment()
    with pytest.raises(TooSlow, match="it stood at segment_and_judge"):
        read(comment, Slow(), last_try=False)
    comment.refresh_from_db()
    assert comment.status == "pending"


@pytest.mark.django_db
def test_a_reading_writes_the_tag_that_an_alias_stands_for():
    tags.add_alias(Tag.objects.create(name="snakes"), "python")
    comment = make_comment()
    read(comment, ScriptedAnalyst(("Foo", "https://foo.example")))
    found = set(Tag.objects.filter(projects__submissions__comment=comment).values_list("name", flat=True))
    assert found == {"snakes", "web", "tools"}


@pytest.mark.django_db
def test_what_a_person_split_off_is_not_joined_again_by_a_later_reading():
    first, second = make_comment(), make_comment()
    analyst = ScriptedAnalyst(("Foo", "https://foo.example"))
    read(first, analyst)
    read(second, analyst)
    project = Project.objects.get()
    split = split_off(project.submissions.get(comment=second).pk)
    read(second, analyst)
    assert set(Project.objects.values_list("pk", flat=True)) == {project.pk, split.pk}
    assert list(split.submissions.values_list("comment", flat=True)) == [second.pk]
    read(first, analyst)
    assert Project.objects.count() == 2
