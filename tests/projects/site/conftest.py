"""An index for the readers' pages: three months, four authors, some of it hidden."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from comments.models import Comment, Post
from projects.analytics.computing import generate_analytics
from projects.models import Project, Submission, Tag, TagAlias
from tests.factories import make_comment, make_post, make_project


def make_thread(month: int, **fields) -> Post:
    """Save a thread of that month of 2026."""
    return make_post(year=2026, month=month, posted_at=datetime(2026, month, 13, 16, tzinfo=UTC), **fields)


def submit(post: Post, author: str, project: Project, **fields) -> Comment:
    """Save a comment that was read, with ``project`` in it."""
    comment = make_comment(
        post=post, author=author, status=Comment.Status.PROCESSED, posted_at=post.posted_at, **fields
    )
    Submission.objects.create(project=project, comment=comment, text=project.title)
    return comment


def tagged(*names: str, **fields) -> Project:
    """Save a project with these tags."""
    made = make_project(**fields)
    made.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
    return made


@pytest.fixture
def index() -> SimpleNamespace:
    """Save July, August and September 2026, and compute their figures."""
    july, august, september = (
        make_thread(7),
        make_thread(8),
        make_thread(9, text="<p>Any <i>new</i> ideas?<script>x</script>"),
    )
    kept = tagged("rust", "ci/cd", title="Steady <b>&", idea_score=8, complexity_score=3)
    for post in (july, august, september):
        submit(post, "ann", kept)
    other = tagged("rust", "python", title="Other", idea_score=5)
    submit(september, "bob", other)
    third = tagged("rust", "c++", "ci/cd", title="Third", primary_url="https://github.com/bob/third")
    submit(september, "bob", third)
    hidden = tagged("secret", title="Refused", review_status="rejected")
    submit(september, "eve", hidden)
    TagAlias.objects.create(name="rustlang", tag=Tag.objects.get(name="rust"))
    make_comment(post=september, author="dan", status="pending")
    dead = make_thread(6, dead=True)
    generate_analytics()
    return SimpleNamespace(
        july=july, august=august, september=september, dead=dead, kept=kept, other=other, third=third, hidden=hidden
    )
