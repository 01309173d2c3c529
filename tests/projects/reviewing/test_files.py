"""Downloads of filtered lists, and reviews that come back from a file."""

import csv
import io
import json
import re
import zipfile

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from core.tables import read_table, table_file
from projects.models import Project
from projects.reviewing.fields import review
from tests.factories import make_comment, make_project

pytestmark = pytest.mark.django_db
FORMULA = '=HYPERLINK("http://x.example","click")'


@pytest.fixture
def reviewer(client) -> User:
    user = User.objects.create_superuser("rita")
    client.force_login(user)
    return user


def download(client, what: str, format: str, query: str = "", model: str = "projects_project") -> bytes:
    """Return the file that a list offers."""
    answer = client.get(reverse(f"admin:{model}_export") + f"?what={what}&format={format}&{query}")
    assert answer.status_code == 200
    assert f".{format}" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content)


def upload(client, content: bytes, name: str):
    return client.post(reverse("admin:projects_project_import"), {"file": SimpleUploadedFile(name, content)})


def confirm(client, page):
    signed = re.search(r'name="confirmed" value="([^"]+)"', page.text)[1]
    return client.post(reverse("admin:projects_project_import"), {"confirmed": signed}, follow=True)


def test_a_filtered_list_is_downloaded_in_each_format_with_the_same_rows(client, reviewer):
    make_project(title="Wanted", idea_score=8)
    make_project(title="Other", idea_score=2)
    query = "idea_score_from=5&idea_score_to=10"
    rows = list(csv.DictReader(io.StringIO(download(client, "projects", "csv", query).decode())))
    lines = [json.loads(line) for line in download(client, "projects", "jsonl", query).splitlines()]
    sheet = load_workbook(io.BytesIO(download(client, "projects", "xlsx", query))).worksheets[0]
    assert [row["title"] for row in rows] == [row["title"] for row in lines] == ["Wanted"]
    assert [cell.value for cell in sheet[2]][1] == "Wanted"


def test_a_download_that_finds_no_slot_free_keeps_the_filters(client, reviewer):
    url = reverse("admin:projects_project_export")
    make_project(title="Wanted", idea_score=8)
    held = [client.get(f"{url}?what=projects&format=csv") for _ in range(3)]
    try:
        refused = client.get(f"{url}?what=projects&format=csv&idea_score_from=5&idea_score_to=10")
        assert refused.headers["Location"] == f"{url}?idea_score_from=5&idea_score_to=10"
        assert "streams are under way" in client.get(refused.headers["Location"]).text
    finally:
        for answer in held:
            answer.close()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t="])
def test_no_cell_of_a_spreadsheet_runs_as_a_formula(client, reviewer, start):
    make_project(title=start + FORMULA[1:], review_note="x\x07\x00y".replace("\x00", ""))
    row = list(csv.reader(io.StringIO(download(client, "projects", "csv").decode())))[1]
    assert row[1].startswith("'")
    cell = load_workbook(io.BytesIO(download(client, "reviews", "xlsx"))).worksheets[0]["B2"]
    assert (cell.data_type, cell.value[0]) == ("s", "'")


def test_comments_are_downloaded_as_plain_text(client, reviewer):
    comment = make_comment("I make <i>Foo</i> &amp; more", status="failed", last_error="Too long.")
    [line] = download(client, "comments", "jsonl", "status__exact=failed", "comments_comment").splitlines()
    row = json.loads(line)
    assert (row["id"], row["text"], row["last_error"]) == (comment.pk, "I make Foo & more", "Too long.")


def test_rows_are_written_as_they_come_and_not_held():
    taken = []

    def rows():
        for number in range(5000):
            taken.append(number)
            yield {"text": "x" * 1000}

    first = next(table_file(rows(), ["text"], "csv"))
    assert first.startswith(b"text\n")
    assert len(taken) < 100


@pytest.mark.parametrize("format", ["csv", "jsonl", "json", "xlsx"])
def test_an_exported_review_that_was_changed_comes_back_after_a_preview(client, reviewer, format):
    approved = make_project(title="First")
    untouched = make_project(title="Second", review_note="=1+1", is_bookmarked=True)
    rows = read_table(download(client, "reviews", format), format, 100)
    rows[0] |= {"review_status": "Approved", "review_note": "Good."}
    page = upload(client, b"".join(table_file(rows, list(rows[0]), format)), f"reviews.{format}")
    assert "1 review would change" in page.text
    assert "<del>pending</del> <ins>approved</ins>" in page.text
    approved.refresh_from_db()
    assert approved.review_status == "pending"
    assert "1 review imported" in confirm(client, page).text
    approved.refresh_from_db()
    untouched.refresh_from_db()
    assert (approved.review_status, approved.review_note, approved.reviewer) == ("approved", "Good.", reviewer)
    assert (untouched.review_note, untouched.reviewed_at) == ("=1+1", None)
    assert LogEntry.objects.filter(object_id=str(approved.pk)).count() == 1


def test_a_file_that_is_older_than_a_review_changes_nothing(client, reviewer):
    project, other = make_project(title="First"), make_project(title="Second")
    rows = read_table(download(client, "reviews", "jsonl"), "jsonl", 100)
    for row in rows:
        row["review_status"] = "approved"
    content = b"".join(table_file(rows, list(rows[0]), "jsonl"))
    page = upload(client, content, "reviews.jsonl")
    review(project.pk, {"review_status": "rejected"}, User.objects.create_user("bob"))
    assert "reviewed by bob" in confirm(client, page).text
    assert "reviewed by bob" in upload(client, content, "reviews.jsonl").text
    assert set(Project.objects.values_list("pk", "review_status")) == {(project.pk, "rejected"), (other.pk, "pending")}


def test_a_review_made_after_the_preview_stays_whatever_columns_the_file_has(client, reviewer):
    project = make_project(title="First")
    review(project.pk, {"review_status": "approved"}, reviewer)
    content = f"id,review_status\n{project.pk},rejected\n".encode()
    page = upload(client, content, "reviews.csv")
    assert "1 review would change" in page.text
    review(project.pk, {"review_status": "pending"}, User.objects.create_user("bob"))
    assert "reviewed by bob" in confirm(client, page).text
    project.refresh_from_db()
    assert (project.review_status, project.reviewer.username) == ("pending", "bob")
    assert "1 review imported" in confirm(client, upload(client, content, "reviews.csv")).text


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("x.csv", b"id,review_status\n1,approved\n", "There is no project"),
        ("x.csv", b"id,review_status\nPK,great\n", "is not a review status"),
        ("x.csv", b"id,review_status\nabc,approved\n", "is not the id"),
        ("x.csv", b"id,is_bookmarked\nPK,perhaps\n", "neither true nor false"),
        ("x.csv", b"title\nFoo\n", "no column “id”"),
        ("x.csv", b"", "file is empty"),
        ("x.csv", b"\xff\xfe\x00", "not UTF-8"),
        ("x.jsonl", b"{}\n[1]\n", "Line 2 is not a JSON object"),
        ("x.xlsx", b"PK not a zip", "not an Excel workbook"),
        ("x.jsonl", b"[" * 100_000, "Line 1 is not a JSON object"),
        ("x.jsonl", b'{"id": ' + b"9" * 5000 + b"}", "Line 1 is not a JSON object"),
        ("x.pdf", b"%PDF", "ends in none of"),
    ],
)
def test_rubbish_is_refused_with_the_reason_and_changes_nothing(client, reviewer, name, content, told):
    project = make_project()
    if name == "x.csv" and b"\n1," in content:
        content = content.replace(b"\n1,", f"\n{project.pk + 1000},".encode())
    page = upload(client, content.replace(b"\nPK,", f"\n{project.pk},".encode()), name)
    assert page.status_code == 200
    assert told in page.text
    assert 'name="confirmed"' not in page.text


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"])
@pytest.mark.parametrize("content", [b"<worksheet><sheetData><row", b"\xff\x00", b""])
def test_a_workbook_that_is_cut_off_inside_is_refused(client, reviewer, part, content):
    whole = zipfile.ZipFile(
        io.BytesIO(b"".join(table_file([{"id": 1, "review_note": "x"}], ["id", "review_note"], "xlsx")))
    )
    broken = io.BytesIO()
    with zipfile.ZipFile(broken, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, content if name == part else whole.read(name))
    page = upload(client, broken.getvalue(), "x.xlsx")
    assert page.status_code == 200
    if part in whole.namelist():
        assert "not an Excel workbook" in page.text


def test_a_forged_preview_is_refused(client, reviewer):
    answer = client.post(reverse("admin:projects_project_import"), {"confirmed": "forged"}, follow=True)
    assert "not ours" in answer.text


def test_who_may_not_review_may_not_import(client):
    user = User.objects.create_user("vera", is_staff=True)
    client.force_login(user)
    assert client.get(reverse("admin:projects_project_import")).status_code == 403
    assert client.get(reverse("admin:projects_project_export")).status_code == 403
