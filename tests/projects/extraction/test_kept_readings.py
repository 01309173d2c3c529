"""What reading by rules leaves is that of a kept file, byte for byte: whatever makes it faster changes none of it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest
from django.utils import timezone

from comments.collecting import collect_sample
from comments.models import Comment
from projects import tags
from projects.extraction.choosing import read_comments
from projects.models import Page, Project, Tag
from projects.reviewing.fields import review
from projects.reviewing.splitting import split_off
from tests.factories import make_comment, make_post
from tests.projects.extraction.kept_readings import lines_of
from tests.projects.extraction.rules.test_comments import CASES, served

KEPT = Path(__file__).with_name("kept_readings.jsonl")
KEPT_AGAIN = Path(__file__).with_name("kept_readings_again.jsonl")
KEPT_CASES = Path(__file__).with_name("kept_readings_of_cases.txt")

pytestmark = pytest.mark.django_db


@pytest.fixture
def compare(tmp_path):
    """Compare lines with those of a file, and write them beside it for who means what changed."""

    def compared(kept: Path, lines: Iterable[str]) -> None:
        found = tmp_path / kept.name
        found.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        new, old = (file.read_text(encoding="utf-8").split("\n") if file.exists() else [] for file in (found, kept))
        first = next((pair for pair in zip(old, new, strict=False) if pair[0] != pair[1]), (len(old), len(new)))
        assert found.read_bytes() == kept.read_bytes(), f"{first}: where that is meant, copy {found} over {kept}"

    return compared


def sample() -> list[Comment]:
    return list(Comment.objects.order_by("posted_at", "id"))


def test_the_sample_thread_is_read_as_it_was(compare):
    collect_sample()
    assert read_comments()["errors"] == []
    compare(KEPT, lines_of(sample()))


def test_reading_it_again_leaves_what_it_left_where_people_worked_on_it(compare, settings):
    collect_sample()
    read_comments()
    projects = list(Project.objects.order_by("pk"))
    review(projects[0].pk, {"review_status": "approved"}, None)
    review(projects[1].pk, {"title": "A title of a person", "tags": ["by hand"]}, None)
    review(projects[2].pk, {"primary_url": "https://by-hand.example/", "urls": ["https://by-hand.example/"]}, None)
    review(projects[3].pk, {"is_bookmarked": True}, None)
    tags.merge(Tag.objects.get(name="boats"), Tag.objects.filter(name="weather"))
    twice = next(project for project in projects if project.submissions.count() > 1)
    split_off(twice.submissions.order_by("-pk")[0].pk)
    # What these said is gone: one of a project that a person approved, one that nobody touched.
    for project in (projects[0], projects[5]):
        Comment.objects.filter(submissions__project=project).update(text="Nice thread, I love this.")
    # Nothing is fetched: every link has a page that is fresh.
    settings.FETCH_PAGES = True
    links = {url for urls in Project.objects.values_list("urls", flat=True) for url in urls}
    now, text = timezone.now(), "It keeps the seeds of a garden in order, and says when each is to be sown. " * 3
    Page.objects.bulk_create(Page(url=url, title=f"Of {url}", text=text, fetched_at=now) for url in sorted(links))
    comments = sample()
    assert read_comments(comment_ids=[comment.pk for comment in comments])["errors"] == []
    compare(KEPT_AGAIN, lines_of(sample()))


def test_comments_of_all_kinds_by_few_authors_are_read_as_they_were(compare):
    """Many projects of one author: which of them continue an earlier one is part of what is kept."""
    post = make_post(id=70_000_000)
    for number, case in enumerate(CASES):
        make_comment(served(case["text"]), id=70_000_001 + number, post=post, author=f"author{number % 7}")
    assert read_comments()["errors"] == []
    lines = list(lines_of(sample()))
    assert len(lines) > len(CASES) + 80
    # By their digests: what they should say stands in comments.yml.
    compare(KEPT_CASES, (f"{line[:40]} {hashlib.sha256(line.encode()).hexdigest()}" for line in lines))
