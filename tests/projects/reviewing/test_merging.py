"""Merging two projects and parting them again; finding likely pairs."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from projects import tags
from projects.language.embeddings import WordLlamaEmbedder
from projects.models import Project, Submission, Tag
from projects.reviewing.merging import MergeError, find_likely_pairs, merge, unmerge
from projects.reviewing.splitting import split_off
from tests.factories import POSTED_AT, make_comment, make_project

pytestmark = pytest.mark.django_db


def everything(project_id: int) -> dict:
    """Return all that is known of a project, for comparing."""
    row = Project.objects.filter(pk=project_id).values().get()
    row["embedding"] = None if row["embedding"] is None else [float(number) for number in row["embedding"]]
    submissions = Submission.objects.filter(project_id=project_id)
    row["tags"] = sorted(Tag.objects.filter(projects=project_id).values_list("name", flat=True))
    row["submissions"] = sorted(submissions.values_list("comment_id", "text", "similarity"))
    return {name: value for name, value in row.items() if name not in ("updated_at", "created_at")}


def submit(project: Project, comment, **fields) -> None:
    Submission.objects.create(project=project, comment=comment, text="I make it.", **fields)


def tagged(project: Project, *names: str) -> Project:
    project.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
    return project


def two_projects() -> tuple[Project, Project]:
    """Return one pending and one reviewed, bookmarked project, which share a comment."""
    reviewer = User.objects.create_user("reviewer")
    kept = tagged(make_project(title="Foo", urls=["https://foo.example"]), "rust")
    absorbed = tagged(
        make_project(
            title="Foo two",
            primary_url="https://two.example",
            canonical_url="two.example",
            urls=["https://two.example"],
            review_status="approved",
            reviewer=reviewer,
            reviewed_at=timezone.now(),
            review_note="Good.",
            is_bookmarked=True,
            first_seen_at=POSTED_AT.replace(year=2025),
            embedding=WordLlamaEmbedder().embed_now(["Foo"])[0],
            embedding_model=WordLlamaEmbedder.name,
        ),
        "rust",
        "games",
    )
    shared = make_comment()
    submit(kept, shared)
    submit(absorbed, shared, similarity=0.5)
    submit(absorbed, make_comment(author="bob"))
    return kept, absorbed


def test_merging_keeps_submissions_reviews_and_bookmarks():
    kept, absorbed = two_projects()
    merge(kept.pk, absorbed.pk)
    project = Project.objects.get()
    assert project.pk == kept.pk
    assert project.title == "Foo"
    assert (project.review_status, project.review_note, project.reviewer.username) == ("approved", "Good.", "reviewer")
    assert project.is_bookmarked
    assert project.urls == ["https://foo.example", "https://two.example"]
    assert project.canonical_url == "two.example"
    assert project.first_seen_at.year == 2025
    assert sorted(project.tags.values_list("name", flat=True)) == ["games", "rust"]
    assert project.submissions.count() == 2


def test_undoing_a_merge_brings_both_back_as_they_were():
    kept, absorbed = two_projects()
    before = everything(kept.pk), everything(absorbed.pk)
    record = merge(kept.pk, absorbed.pk)
    assert unmerge(record.pk).project.pk == absorbed.pk
    after = everything(kept.pk), everything(absorbed.pk)
    assert after[0] == before[0]
    assert after[1].pop("embedding") == pytest.approx(before[1].pop("embedding"), abs=1e-6)
    assert after[1] == before[1]
    with pytest.raises(MergeError, match="undone already"):
        unmerge(record.pk)


def test_undoing_a_merge_leaves_what_a_person_did_since_then():
    kept, absorbed = two_projects()
    record = merge(kept.pk, absorbed.pk)
    Project.objects.filter(pk=kept.pk).update(review_status="rejected", title="Mine")
    unmerge(record.pk)
    project = Project.objects.get(pk=kept.pk)
    assert (project.review_status, project.title) == ("rejected", "Mine")
    assert not project.is_bookmarked


def test_a_review_of_the_kept_project_is_not_overwritten():
    kept, absorbed = two_projects()
    Project.objects.filter(pk=kept.pk).update(review_status="rejected", review_note="No.")
    merge(kept.pk, absorbed.pk)
    assert Project.objects.values_list("review_status", "review_note").get() == ("rejected", "No.")


def test_merges_can_be_undone_in_any_order_that_makes_sense():
    a, b, c = (make_project(title=title) for title in "abc")
    first = merge(b.pk, c.pk)
    second = merge(a.pk, b.pk)
    unmerge(second.pk)
    unmerge(first.pk)
    assert sorted(Project.objects.values_list("pk", flat=True)) == [a.pk, b.pk, c.pk]


def test_a_merge_into_the_absorbed_project_is_its_own_again_after_an_undo():
    a, b, c = (make_project(title=title) for title in "abc")
    comment = make_comment()
    submit(c, comment)
    first = merge(b.pk, c.pk)
    second = merge(a.pk, b.pk)
    unmerge(second.pk)
    unmerge(first.pk)
    assert list(Submission.objects.values_list("project_id", "comment_id")) == [(c.pk, comment.pk)]


@pytest.mark.parametrize("idea_is_kept", [True, False])
def test_a_generated_idea_is_not_merged(idea_is_kept):
    real = make_project()
    idea = make_project(title="Thought up", source=Project.Source.NEMO_DATA_DESIGNER)
    pair = (idea.pk, real.pk) if idea_is_kept else (real.pk, idea.pk)
    with pytest.raises(MergeError, match="“Thought up” is a generated idea"):
        merge(*pair)
    assert Project.objects.count() == 2


def split_in_two() -> tuple[Project, Project]:
    """Return a project and the one that was split off from it."""
    old = make_project(title="Old")
    for author in ("bob", "eve"):
        submit(old, make_comment(author=author))
    return old, split_off(old.submissions.first().pk)


def marks() -> list[tuple]:
    """Return of each submission where it is, and from where it was split off."""
    return sorted(Submission.objects.values_list("comment_id", "project_id", "split_off_from_id"))


def test_what_was_split_off_from_the_absorbed_project_stays_apart_and_an_undo_gives_the_mark_back():
    old, new = split_in_two()
    before, kept = marks(), make_project(title="Kept")
    record = merge(kept.pk, old.pk)
    assert new.submissions.get().split_off_from == kept
    unmerge(record.pk)
    assert marks() == before


@pytest.mark.parametrize("old_is_kept", [True, False])
def test_a_project_merged_with_what_was_split_off_from_it_is_not_apart_from_itself(old_is_kept):
    old, new = split_in_two()
    before = marks()
    record = merge(old.pk, new.pk) if old_is_kept else merge(new.pk, old.pk)
    assert not Submission.objects.exclude(split_off_from=None).exists()
    unmerge(record.pk)
    assert marks() == before


def test_a_submission_that_is_made_anew_by_an_undo_keeps_its_mark():
    _, new = split_in_two()
    before, kept = marks(), make_project(title="Kept")
    record = merge(kept.pk, new.pk)
    kept.submissions.all().delete()
    unmerge(record.pk)
    assert marks() == before


def test_an_undo_writes_no_tag_beside_its_alias():
    kept, absorbed = two_projects()
    record = merge(kept.pk, absorbed.pk)
    tags.rename(Tag.objects.get(name="games"), "game")
    assert list(unmerge(record.pk).project.tags.values_list("name", flat=True)) == ["game", "rust"]
    assert not Tag.objects.filter(name="games").exists()


def test_reviews_of_accounts_that_are_gone_come_back_as_nobodys():
    ada, bob = User.objects.create_user("ada"), User.objects.create_user("bob")
    kept, absorbed = make_project(), make_project(review_status="approved", reviewer=bob)
    record = merge(kept.pk, absorbed.pk, ada)
    bob.delete()
    assert unmerge(record.pk).project.reviewer is None
    connection.check_constraints()
    Project.objects.filter(pk=kept.pk).update(reviewer=ada)
    again = merge(absorbed.pk, kept.pk)
    ada.delete()
    unmerge(again.pk)
    connection.check_constraints()
    assert Project.objects.get(pk=kept.pk).reviewer is None


def test_what_cannot_be_merged_is_said_in_a_line():
    project = make_project()
    with pytest.raises(MergeError, match="with itself"):
        merge(project.pk, project.pk)
    with pytest.raises(MergeError, match="no project 777777777"):
        merge(project.pk, 777_777_777)
    with pytest.raises(MergeError, match="no merge 777777777"):
        unmerge(777_777_777)
    assert Project.objects.count() == 1


def test_likely_pairs_share_an_address_or_are_alike():
    def embedded(title: str, text: str, **fields) -> Project:
        vector = WordLlamaEmbedder().embed_now([text])[0]
        return make_project(title=title, embedding=vector, embedding_model=WordLlamaEmbedder.name, **fields)

    a = embedded("A", "a static site generator in Rust", canonical_url="foo.example")
    b = embedded("B", "an app to learn the names of birds")
    c = embedded("C", "a static site generator written in Rust")
    d = embedded("D", "growing tomatoes on a balcony", canonical_url="foo.example")
    embedded("rejected", "an app to learn the names of birds", review_status="rejected")
    pairs = find_likely_pairs(0.85)
    assert [(pair.first_id, pair.second_id, pair.same_url) for pair in pairs] == [
        (a.pk, d.pk, True),
        (a.pk, c.pk, False),
    ]
    assert pairs[1].similarity > 0.85
    assert b.pk not in {pk for pair in pairs for pk in (pair.first_id, pair.second_id)}
    out = StringIO()
    call_command("find_duplicates", "--json", stdout=out)
    assert [row["projects"] for row in json.loads(out.getvalue())["pairs"]] == [[a.pk, d.pk], [a.pk, c.pk]]
