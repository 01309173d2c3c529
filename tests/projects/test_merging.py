"""Merging two projects and parting them again; finding likely pairs."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from projects.embeddings import WordLlamaEmbedder
from projects.merging import MergeError, find_likely_pairs, merge, unmerge
from projects.models import Project, Submission, Tag
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
    assert unmerge(record.pk).pk == absorbed.pk
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


def test_what_cannot_be_merged_is_said_in_a_line():
    project = make_project()
    with pytest.raises(MergeError, match="with itself"):
        merge(project.pk, project.pk)
    with pytest.raises(MergeError, match="no project 77"):
        merge(project.pk, 77)
    with pytest.raises(MergeError, match="no merge 77"):
        unmerge(77)
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
