"""How many queries the reading of a comment costs: each is a third of a millisecond of processor time, and a way."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.models import Comment
from projects.extraction.reading import get_analyst, read_comment
from projects.models import Project
from tests.factories import make_comment, make_post

TEXT = (
    'I am building Fernlight (<a href="https://fernlight.example" rel="nofollow">https://fernlight.example</a>), a web '
    "app for gardeners in Rust and PostgreSQL. It plans the beds and says when to sow."
)

pytestmark = pytest.mark.django_db


def queries_of(comment: Comment, task_id: str = "") -> list[str]:
    """Return the statements of one reading, but for those that open and close transactions."""
    with CaptureQueriesContext(connection) as captured:
        assert read_comment(comment.pk, task_id=task_id, analyst=get_analyst("rules")).status == "success"
    statements = [query["sql"] for query in captured.captured_queries]
    return [sql for sql in statements if not sql.startswith(("SAVEPOINT", "RELEASE"))]


@pytest.fixture
def known_tags():
    """Have the tags of the texts made by an earlier reading."""
    queries_of(make_comment(TEXT, author="somebody"))


@pytest.mark.parametrize("task_id", ["", "a-task"])
@pytest.mark.usefixtures("known_tags")
def test_a_comment_with_a_new_project_costs_12_queries_by_command_and_by_task(task_id):
    statements = queries_of(make_comment(TEXT, author="bob"), task_id)
    assert len(statements) == 12, "\n".join(statements)


@pytest.mark.usefixtures("known_tags")
def test_several_projects_of_a_comment_are_written_in_bulk():
    lines = [TEXT.replace("Fernlight", name).replace("fernlight", name.lower()) for name in ("Fernlight", "Mossbank")]
    statements = queries_of(make_comment("<p>".join(f"{n}. {line}" for n, line in enumerate(lines, 1)), author="carol"))
    assert Project.objects.filter(submissions__comment__author="carol").count() == 2
    assert len(statements) == 12, "\n".join(statements)


@pytest.mark.usefixtures("known_tags")
def test_a_project_posted_again_costs_15_queries():
    post = make_post()
    for _ in range(3):
        statements = queries_of(make_comment(TEXT, post=post, author="dora"))
    assert Project.objects.filter(submissions__comment__author="dora").distinct().get().submissions.count() == 3
    assert len(statements) == 15, "\n".join(statements)


def test_a_comment_without_a_project_costs_7_queries():
    comment = make_comment("Nice thread, I love reading what people do.")
    assert len(queries_of(comment)) == 7
    assert comment.submissions.count() == 0
