"""Ids that are got first find what the plain conditions find, and are one condition however many there are."""

from itertools import combinations

import pytest

from projects.catalogue import Conditions, published
from projects.models import Project, Submission, Tag
from projects.search.narrowing import narrowed
from projects.search.query import parse
from tests.factories import make_comment, make_post, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def index() -> None:
    """Eight projects: each set of three tags, by one of two authors in one of two months."""
    tags = Tag.objects.bulk_create(Tag(name=name) for name in "abc")
    posts = [make_post(year=2026, month=month) for month in (3, 4)]
    for number, few in enumerate(few for size in range(4) for few in combinations(tags, size)):
        project = make_project(title=f"Project {number}")
        project.tags.set(few)
        comment = make_comment(author=f"author{number % 2}", post=posts[number // 4])
        Submission.objects.create(project=project, comment=comment, text="It")


@pytest.mark.parametrize("wanted", [{"tags": ["A"]}, {"tags": ["a", "b"]}, {"tags": ["a"], "tags_any": ["b", "c"]}])
def test_a_page_lists_what_all_with_the_tags_are(wanted):
    conditions = Conditions(**wanted)
    listed = published(conditions, page=True)
    assert set(listed) == set(published(conditions)) != set()
    assert str(listed.query).count(" = ANY(ARRAY(") == 1


@pytest.mark.parametrize("text", ["tag:a", "tag:a tag:b", "tag:b month:2026-04", "tag:c tag:b author:author1"])
def test_a_search_looks_among_what_all_its_conditions_leave(text):
    everything, query = Project.objects.published(), parse(text)
    listed = narrowed(everything, query, listed=True)
    assert set(listed) == set(narrowed(everything, query)) != set()
    assert str(listed.query).count(" = ANY(ARRAY(") == 1
