"""The map as bytes: what stands in it, and what does not."""

import pytest
from django.utils import timezone

from projects.mapping.models import Cluster, Dot, Drawing
from projects.mapping.payload import FULL_SCALE, NO_BYTE, NO_SHORT, payload
from projects.models import Project, Submission, Tag
from tests.factories import make_comment, make_embedded, make_post
from tests.projects.mapping.reading import unpacked

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawn() -> list[Project]:
    """Return five projects with their dots; one of the two of a cluster has tags, a month and a score."""
    projects = make_embedded(5)
    drawing = Drawing.objects.create(
        drawn_at=timezone.now(), projects=5, clusters=2, seconds=1.5, method="by hand", embedding_model="wordllama"
    )
    broad = Cluster.objects.create(
        drawing=drawing, number=7, level=Cluster.BROAD, name="All", named_by="words", x=0, y=0, projects=5
    )
    fine = Cluster.objects.create(
        drawing=drawing, number=3, level=1, parent=broad, name="Gärten", named_by="words", x=0.5, y=-1, projects=2
    )
    for at, project in enumerate(projects):
        Dot.objects.create(project=project, x=at / 4, y=-at / 4, cluster=fine if at < 2 else None)
    for back in range(2):
        comment = make_comment(post=make_post(year=2026 - back, month=9))
        Submission.objects.create(project=projects[0], comment=comment, text="")
    often, seldom = Tag.objects.create(name="rust"), Tag.objects.create(name="a seldom one")
    projects[0].tags.set([often, seldom])
    projects[1].tags.set([often])
    Project.objects.filter(pk=projects[0].pk).update(idea_score=8)
    return projects


def test_a_project_has_its_place_and_what_it_is_coloured_by(drawn):
    header, columns = unpacked(payload())
    assert (header["count"], header["months"], header["tags"]) == (5, ["2026-09"], ["rust"])
    assert columns["id"] == [project.pk for project in drawn]
    assert (columns["x"][-1], columns["y"][-1]) == (FULL_SCALE, -FULL_SCALE)
    first = {name: column[0] for name, column in columns.items()}
    assert first == {"id": drawn[0].pk, "x": 0, "y": 0, "cluster": 3, "tag": 0, "month": 0, "source": 0, "score": 8}
    last = {name: columns[name][-1] for name in ("cluster", "tag", "month", "score")}
    assert last == {"cluster": NO_SHORT, "tag": NO_SHORT, "month": NO_BYTE, "score": 0}
    assert header["sources"][0] == {"value": "hn", "label": "Hacker News"}
    broad, fine = header["clusters"]
    assert (broad["parent"], broad["level"]) == (None, 0)
    assert fine == {
        "number": 3, "level": 1, "name": "Gärten", "terms": [], "projects": 2, "parent": 7, "x": 0.5, "y": -1.0
    }  # fmt: skip


def test_what_is_not_published_any_more_is_not_sent(drawn):
    assert drawn[0].pk in unpacked(payload())[1]["id"]
    Project.objects.filter(pk=drawn[0].pk).update(review_status=Project.ReviewStatus.REJECTED)
    header, columns = unpacked(payload())
    assert header["count"] == 4
    assert drawn[0].pk not in columns["id"]
    # Nor are its month and its tags; one other project is left in its area.
    assert (header["months"], header["tags"]) == ([], ["rust"])
    assert [cluster["projects"] for cluster in header["clusters"]] == [1, 1]
    Project.objects.filter(pk=drawn[1].pk).update(review_status=Project.ReviewStatus.REJECTED)
    header, _ = unpacked(payload())
    assert (header["count"], header["tags"], header["clusters"]) == (3, [], [])


def test_only_approved_ones_where_the_site_shows_only_those(drawn, settings):
    settings.PUBLIC_PROJECTS = "approved"
    Project.objects.filter(pk=drawn[2].pk).update(review_status=Project.ReviewStatus.APPROVED)
    assert unpacked(payload())[1]["id"] == [drawn[2].pk]


def test_new_projects_wait_for_the_next_drawing(drawn):
    Drawing.objects.update(embedding_model=drawn[0].embedding_model)
    assert unpacked(payload())[0]["waiting"] == 0
    make_embedded(2)
    header, _ = unpacked(payload())
    assert (header["count"], header["waiting"]) == (5, 2)


def test_before_the_first_drawing_it_is_empty():
    make_embedded(2)
    header, columns = unpacked(payload())
    assert (header["count"], header["drawn_at"], header["waiting"], header["clusters"]) == (0, None, 0, [])
    assert all(column == [] for column in columns.values())


def test_titles_are_not_in_it(drawn):
    assert b"gardeners" not in payload()


def test_it_is_made_by_a_few_queries(drawn, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        payload()
