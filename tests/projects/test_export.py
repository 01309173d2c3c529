import csv
import io
import json

import pytest

from projects.export import FIELDS, export_projects
from projects.models import Project, Submission, Tag
from tests.factories import make_comment, make_project
from tests.servers.processes import command

pytestmark = pytest.mark.django_db


def export(format: str) -> str:
    """Return what is written for all projects."""
    out = io.StringIO()
    export_projects(Project.objects.all(), format, out)
    return out.getvalue()


@pytest.fixture
def project():
    project = make_project(title="=HYPERLINK()", urls=["https://a.example", "https://b.example"], idea_score=7)
    project.tags.add(Tag.objects.create(name="rust"), Tag.objects.create(name="cli"))
    for comment in (make_comment(id=902), make_comment(id=901)):
        Submission.objects.create(project=project, comment=comment, text="x")
    return project


@pytest.mark.parametrize("format", ["jsonl", "json"])
def test_json_has_the_contracted_fields_as_they_are(project, format):
    text = export(format)
    [row] = [json.loads(line) for line in text.splitlines()] if format == "jsonl" else json.loads(text)
    assert list(row) == list(FIELDS)
    assert row["title"] == "=HYPERLINK()"
    assert row["tags"] == ["cli", "rust"]
    assert row["comment_ids"] == [901, 902]
    assert row["first_seen_at"] == "2026-09-13T16:00:00+00:00"


def test_csv_joins_lists_and_makes_formulas_harmless(project):
    [row] = csv.DictReader(io.StringIO(export("csv")))
    assert list(row) == list(FIELDS)
    assert row["title"] == "'=HYPERLINK()"
    assert row["tags"] == "cli, rust"
    assert row["urls"] == "https://a.example, https://b.example"


@pytest.mark.parametrize(("format", "nothing"), [("jsonl", ""), ("json", "[\n]\n"), ("csv", ",".join(FIELDS) + "\n")])
def test_an_empty_index_is_written_as_a_valid_empty_file(format, nothing):
    assert export(format) == nothing


def test_an_unknown_format_is_named():
    with pytest.raises(ValueError, match="format='xml' is invalid: it expects jsonl, csv, json"):
        export("xml")


def test_the_number_of_queries_does_not_grow_with_the_rows(django_assert_max_num_queries):
    for number in range(30):
        make_project(title=f"Foo {number}")
    with django_assert_max_num_queries(4):
        assert len(export("jsonl").splitlines()) == 30


@pytest.mark.django_db(transaction=True)
def test_the_command_leaves_out_rejected_projects_and_writes_a_file_whole_or_not_at_all(tmp_path):
    make_project(title="Kept")
    make_project(title="Gone", review_status="rejected")
    done = command("export_projects")
    assert [json.loads(line)["title"] for line in done.stdout.splitlines()] == ["Kept"]
    assert len(command("export_projects", "--all").stdout.splitlines()) == 2
    assert command("export_projects", "--format", "csv", "--output", str(tmp_path / "out.csv")).returncode == 0
    assert (tmp_path / "out.csv").read_text().count("\n") == 2
    failed = command("export_projects", "--output", str(tmp_path / "none" / "out.csv"))
    assert failed.returncode == 1
    assert "cannot be written" in failed.stderr
    assert "Traceback" not in failed.stderr
