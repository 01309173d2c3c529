"""The figures of months and threads."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from comments.models import Comment, Post, RemovedAuthor
from projects.analytics.computing import generate_analytics
from projects.models import Analytics, Project, Submission, Tag
from tests.factories import make_comment, make_post, make_project
from tests.servers.processes import command

pytestmark = pytest.mark.django_db(transaction=True)


def thread(month: int, day: int = 13) -> Post:
    return make_post(year=2026, month=month, posted_at=datetime(2026, month, day, 16, tzinfo=UTC))


def project(post: Post, author: str, title: str, *tags: str, url: str = "", **fields) -> Project:
    """Save a project of a comment that was read."""
    comment = make_comment(post=post, author=author, status=Comment.Status.PROCESSED)
    made = make_project(title=title, primary_url=url, **fields)
    made.tags.set([Tag.objects.get_or_create(name=tag)[0] for tag in tags])
    Submission.objects.create(project=made, comment=comment, text=title)
    return made


def month(number: int) -> Analytics:
    return Analytics.objects.get(year=2026, month=number, post=None)


@pytest.fixture
def index() -> dict[str, Post]:
    """Three months; September has two threads."""
    may, august, september = thread(5), thread(8), thread(9)
    second = thread(9, 20)
    old = project(may, "ann", "Old", "python", "game", url="https://www.github.com/a", idea_score=3)
    project(august, "bob", "Other", "python", url="https://foo.example/x")
    Submission.objects.create(
        project=old, comment=make_comment(post=september, author="ann", status="processed"), text="Old"
    )
    project(september, "cid", "New", "rust", "game", url="https://github.com/b", idea_score=9, complexity_score=2)
    project(second, "bob", "Newer", "rust", "python", url="http://[broken", idea_score=9)
    project(second, "eve", "Refused", "spam", review_status="rejected")
    make_comment(post=september, author="dan", status="processed")
    make_comment(post=september, author="dan", status="pending")
    make_comment(post=september, author="ghost", dead=True)
    generate_analytics()
    return {"may": may, "august": august, "september": september, "second": second}


@pytest.mark.usefixtures("index")
def test_a_month_counts_comments_authors_and_projects_over_its_threads():
    row = month(9)
    assert (row.comments, row.read_comments, row.valid_comments) == (6, 5, 4)
    assert (row.authors, row.returning_authors) == (5, 2)
    assert (row.projects, row.projects_seen_again) == (3, 1)
    assert row.idea_scores == [0, 0, 1, 0, 0, 0, 0, 0, 2, 0]
    assert row.complexity_scores[1] == 1
    assert row.hosts == [{"host": "github.com", "count": 2}]


@pytest.mark.usefixtures("index")
def test_tags_grow_against_the_mean_of_the_three_months_before():
    row = month(9)
    tags = {tag["name"]: (tag["count"], tag["growth"]) for tag in row.tags}
    # python: 1 in August, none in June and July; May is too long ago.
    assert tags == {"game": (2, None), "python": (2, 5.0), "rust": (2, None)}
    assert row.new_tags == ["rust"]
    assert {"tags": ["game", "rust"], "count": 1} in row.tag_pairs


def test_a_thread_has_figures_of_its_own_and_looks_back_at_the_threads_before(index):
    row = Analytics.objects.get(post=index["second"])
    assert (row.comments, row.authors, row.returning_authors, row.projects) == (2, 2, 1, 1)
    assert row.new_tags == []
    assert Analytics.objects.count() == 3 + 4


def test_the_generators_ideas_are_left_out(index):
    idea = project(index["september"], "ann", "Idea", "rust", "novel", url="https://idea.example", idea_score=1)
    generate_analytics()
    assert (month(9).projects, month(9).idea_scores[0]) == (4, 1)
    idea.source = Project.Source.NEMO_DATA_DESIGNER
    idea.save()
    generate_analytics()
    row = month(9)
    assert (row.projects, row.idea_scores[0], row.new_tags) == (3, 0, ["rust"])
    assert "novel" not in [tag["name"] for tag in row.tags]
    assert row.hosts == [{"host": "github.com", "count": 2}]


def test_a_change_of_one_thread_reaches_all_that_look_back_at_it_and_rows_keep_their_keys(index):
    keys = set(Analytics.objects.values_list("pk", flat=True))
    assert generate_analytics()["periods"] == 7
    assert set(Analytics.objects.values_list("pk", flat=True)) == keys
    project(index["august"], "zoe", "Late", "rust")
    generate_analytics()
    assert month(9).new_tags == []
    index["may"].delete()
    assert generate_analytics()["periods"] == Analytics.objects.count() == 5
    assert month(9).projects_seen_again == 0


@pytest.mark.parametrize(
    ("change", "comments", "projects"),
    [
        (lambda index: Post.objects.filter(pk=index["second"].pk).update(dead=True), 4, 2),
        (lambda index: Comment.objects.filter(author="bob").update(deleted=True), 5, 2),
        (lambda index: Project.objects.filter(title="New").update(review_status="rejected"), 6, 2),
    ],
)
def test_what_strangers_may_not_see_does_not_count(index, change, comments, projects):
    change(index)
    generate_analytics()
    assert (month(9).comments, month(9).projects) == (comments, projects)


def test_an_empty_index_has_no_figures_and_says_what_to_run():
    assert generate_analytics()["periods"] == 0
    done = command("analytics")
    assert done.returncode == 1
    assert "There are no figures of any month: run manage.py generate_analytics." in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_command_shows_a_month_as_table_csv_and_json(index):
    project(index["september"], "mal", "Formula", "=cmd", url="https://x.example")
    assert command("generate_analytics").stdout.startswith("7 periods computed")
    table = command("analytics", "--month", "2026-09").stdout
    assert "returning: 2" in table
    assert "+500%" in table
    shown = json.loads(command("analytics", "--month", "2026-09", "--format", "json").stdout)
    assert (shown["month"], shown["projects"]) == ("2026-09", 4)
    lines = list(csv.DictReader(io.StringIO(command("analytics", "--month", "2026-09", "--format", "csv").stdout)))
    assert {"month": "2026-09", "post_id": "", "kind": "count", "name": "projects", "value": "4", "growth": ""} in lines
    assert "'=cmd" in [line["name"] for line in lines]
    assert "2026-05" in command("analytics").stdout
    for wrong in ("2026-13", "September"):
        done = command("analytics", "--month", wrong)
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_projects_that_came_back_are_listed_with_their_months(index):
    old = Project.objects.get(title="Old")
    assert month(9).returned == [{"id": old.pk, "months": 2}]
    assert month(8).returned == month(5).returned == []

    # Twice in one month is not coming back.
    newer = Project.objects.get(title="Newer")
    again = make_comment(post=index["september"], author="bob", status="processed")
    Submission.objects.create(project=newer, comment=again, text="Newer")
    october = thread(10)
    for number in range(2):
        comment = make_comment(post=october, author=f"ann{number}", status="processed")
        Submission.objects.create(project=old, comment=comment, text="Old")
    generate_analytics()
    assert month(9).returned == [{"id": old.pk, "months": 2}]
    assert month(10).returned == [{"id": old.pk, "months": 3}]


@pytest.mark.usefixtures("index")
def test_in_the_first_month_no_tag_is_new():
    assert month(5).new_tags == []
    assert month(5).new(5) == []
    assert month(9).new(5) == [("rust", 2)]


def test_one_name_on_two_sources_is_two_authors(index):
    foreign = make_post(id=10**12 + 5, source="lobsters", year=2026, month=9, posted_at=index["second"].posted_at)
    make_comment(post=foreign, id=10**12 + 6, source="lobsters", author="ann", status="processed")
    before = month(9)
    generate_analytics()
    assert (month(9).authors, month(9).returning_authors) == (before.authors + 1, before.returning_authors)


def test_who_asked_to_be_removed_is_counted_nowhere(index):
    RemovedAuthor.objects.create(source="hn", name="cid", reason="A mail.")
    before = month(9)
    generate_analytics()
    row = month(9)
    assert (row.authors, row.projects, row.comments) == (before.authors - 1, before.projects - 1, before.comments - 1)
