"""The page of a project: what it tells, and where it leads when there is none to show."""

import json
import re
from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone
from PIL import Image

from projects.models import Extraction, Page, Project, Submission, Tag
from projects.reviewing.merging import merge, unmerge
from projects.site.project import review_in_words
from projects.site.sharing import drawable, picture
from tests.factories import POSTED_AT, make_comment, make_embedded, make_project

pytestmark = pytest.mark.django_db

TEXT = "<p>Hello all.<p>I am building Ledger: plain-text accounting (https://ledger.example).<p>And I read a lot."
FOUND = "I am building Ledger: plain-text accounting (https://ledger.example)."
EVIL = "<script>alert(1)</script></script><img src=x onerror=alert(1)>\"'&‮"


def posted(text: str = TEXT, found: str = FOUND, author: str = "alice", **fields) -> Project:
    """Save a project with one appearance."""
    project = make_project(**{"title": "Ledger", "primary_url": "https://ledger.example"} | fields)
    comment = make_comment(text, author=author, posted_at=project.last_seen_at)
    Submission.objects.create(project=project, comment=comment, text=found)
    return project


def shown(client, project: Project) -> str:
    answer = client.get(project.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_tells_what_is_known_of_a_project(client):
    project = posted(
        idea_score=7, idea_reason="Solves a real problem.", urls=["https://ledger.example", "https://dead.example/"],
        url_summaries={"https://ledger.example": "Says what the ledger does."},
    )  # fmt: skip
    project.tags.add(Tag.objects.create(name="accounting"))
    now = timezone.now()
    Page.objects.create(url="https://ledger.example", status=200, title="Ledger’s own page", fetched_at=now)
    Page.objects.create(url="https://dead.example/", error="timed out", fetched_at=now)
    Extraction.objects.create(
        comment=project.submissions.get().comment, analyst="gpt-oss", prompt_version=4, status="succeeded",
        started_at=now, finished_at=now,
        steps=[{"step": "segment_and_judge", "seconds": 0.5, "outcome": "1 of 2 segments are projects"}],
    )  # fmt: skip
    page = shown(client, project)
    for text in (
        "<mark>I am building Ledger: plain-text accounting (https://ledger.example).</mark>", "And I read a lot.",
        "Solves a real problem.", 'value="7"', "Says what the ledger does.", "Ledger’s own page", "timed out",
        "language model gpt-oss, with version 4", "1 of 2 segments are projects", "/tags/accounting/",
        "/authors/hn/alice/", f"/api/projects/{project.pk}", "No person has looked at it yet",
        f"https://news.ycombinator.com/item?id={project.submissions.get().comment_id}",
    ):  # fmt: skip
        assert text in page


def test_what_strangers_wrote_stays_text(client):
    project = posted(
        EVIL, EVIL, title=f"A {EVIL}", short_description=EVIL, description=EVIL, primary_url="javascript:x"
    )
    project.tags.add(Tag.objects.create(name="<b>x"))
    page = shown(client, project)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "<b>x" not in page
    assert 'href="javascript' not in page


def test_the_facts_for_machines_are_json_whatever_the_texts_are(client):
    project = posted(title=f"A {EVIL}", author="alice")
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', shown(client, project), re.DOTALL)[1]
    facts = json.loads(data)
    assert facts["name"] == project.title
    assert facts["author"] == [{"@type": "Person", "name": "alice"}]
    assert facts["url"] == "https://ledger.example"


def test_a_page_costs_eight_queries_at_most(client, django_assert_max_num_queries):
    first, *_ = make_embedded(12, source="hn")
    for number in range(4):
        comment = make_comment(TEXT, posted_at=POSTED_AT - timedelta(days=30 * number))
        Submission.objects.create(project=first, comment=comment, text=FOUND)
    for other in Project.objects.exclude(pk=first.pk)[:5]:
        Submission.objects.create(project=other, comment=make_comment(TEXT), text=FOUND)
    client.get("/")  # what is read once a process
    with django_assert_max_num_queries(8):
        page = shown(client, first)
    assert "Most alike" in page
    assert "By the same author" in page


def test_hidden_comments_are_not_told_of(client):
    project = posted("<p>I regret this text", "I regret this text")
    project.submissions.get().comment.__class__.objects.update(deleted=True)
    page = shown(client, project)
    assert "I regret" not in page
    assert "alice" not in page


def test_a_merged_project_leads_to_the_one_that_stayed(client):
    kept, absorbed, third = posted(), posted(author="bob", title="Other"), posted(author="carl", title="Third")
    merge(absorbed.pk, third.pk)
    record = merge(kept.pk, absorbed.pk)
    for gone in (absorbed, third):
        for url in (gone.get_absolute_url(), f"/projects/{gone.pk}/"):
            answer = client.get(url)
            assert (answer.status_code, answer["Location"]) == (301, kept.get_absolute_url())
        answer = client.get(f"/projects/{gone.pk}/picture.png")
        assert (answer.status_code, answer["Location"]) == (301, f"/projects/{kept.pk}/picture.png")
    unmerge(record.pk)
    assert client.get(absorbed.get_absolute_url()).status_code == 200


def test_a_rejected_project_is_gone_and_so_is_what_was_merged_into_it(client):
    kept, absorbed = posted(title="A secret title"), posted(author="bob")
    merge(kept.pk, absorbed.pk)
    Project.objects.update(review_status="rejected")
    for url in (kept.get_absolute_url(), f"/projects/{kept.pk}/", f"/projects/{kept.pk}/picture.png"):
        answer = client.get(url)
        assert answer.status_code == 410
        assert "A secret title" not in answer.content.decode()
    assert client.get(absorbed.get_absolute_url(), follow=True).status_code == 410


def test_a_project_that_waits_where_strangers_see_approved_ones_alone_is_not_gone(client, settings):
    settings.PUBLIC_PROJECTS = "approved"
    project = posted()
    assert client.get(project.get_absolute_url()).status_code == 404
    Project.objects.update(review_status="approved")
    assert client.get(project.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, ["No person has looked at it yet: all of this is as a machine read it."]),
        ({"edited_fields": ["title", "short_description"]}, ["A person wrote or corrected: short description, title."]),
        ({"flag_reason": "It is gone."}, ["The machine noted: It is gone."]),
        (
            {"review_status": "approved", "reviewed_at": POSTED_AT},
            ["A person looked at it on 13 September 2026 and approved it."],
        ),
    ],
)
def test_its_review_is_told_in_honest_words(fields, said):
    assert set(said) <= set(review_in_words(Project(**fields)))


@pytest.mark.parametrize(
    "title", ["Ledger", "A title of many words " * 20, "W" * 200, "工具", "🚀 Rocket", "", EVIL, "a\nb"], ids=range(8)
)
def test_any_title_makes_a_picture(title):
    image = Image.open(BytesIO(picture(title, title, title)))
    assert (image.format, image.size) == ("PNG", (1200, 630))


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Tōkyō, naïve & Łódź: “C++” → €5", "Tōkyō, naïve & Łódź: “C++” → €5"),
        ("Словарь для Ґудзиків", "Словарь для Ґудзиків"),
        ("Λεξικό για μεταφραστές", "Λεξικό για μεταφραστές"),
        ("🚀 Rocket🚀 launcher 👩\u200d💻", "Rocket launcher"),
        ("Maps of 東京 京都, in Москва", "Maps of … in Москва"),
        ("家計簿アプリ：日本語", ""),
        ("تطبيق لإدارة", ""),
        ("한국어 • हिन्दी", ""),
        ("🎉 — 🎉", ""),
    ],
)
def test_a_picture_leaves_out_what_would_be_boxes(text, drawn):
    assert drawable(text) == drawn


def test_a_picture_of_which_nothing_can_be_drawn_shows_what_stands_instead():
    assert picture("日本語", "漢字", "", instead="kanji.example") == picture("kanji.example", "", "")
    assert picture("日本語", "", "") != picture("kanji.example", "", "")


def test_the_picture_has_its_address_in_the_page(client):
    project = posted()
    url = f"/projects/{project.pk}/picture.png"
    assert f'<meta property="og:image" content="http://testserver{url}">' in shown(client, project)
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
