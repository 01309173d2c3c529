"""Reading over HTTP, from the real server."""

import csv
import io
import json
from datetime import timedelta

import pytest

from projects.models import Project, Submission, Tag
from tests.factories import POSTED_AT, make_comment, make_post, make_project

pytestmark = pytest.mark.django_db(transaction=True)

SECRETS = ("reviewer", "review_note", "reviewed_at", "is_bookmarked", "flag_reason", "edited_fields")


@pytest.fixture
def index(transactional_db):
    """Three projects that strangers may see, one that they may not, in two months."""
    september, august = make_post(), make_post(year=2026, month=8, title="Ask HN: August")
    rust, cli = Tag.objects.create(name="rust"), Tag.objects.create(name="cli")
    found = {}
    for number, (title, post, tags, fields) in enumerate(
        [
            (
                "Alpha",
                september,
                [rust, cli],
                {"idea_score": 9, "complexity_score": 3, "primary_url": "https://a.example"},
            ),
            ("Beta", september, [rust], {"idea_score": 4, "review_status": "approved", "review_note": "a secret note"}),
            ("Gamma", august, [], {"description": "A quiet garden planner", "is_bookmarked": True}),
            ("Rejected", september, [cli], {"review_status": "rejected"}),
        ]
    ):
        seen = POSTED_AT + timedelta(hours=number)
        project = make_project(title=title, first_seen_at=seen, last_seen_at=seen, **fields)
        project.tags.set(tags)
        comment = make_comment("I build <i>it</i>", post=post, author=f"author{number}")
        Submission.objects.create(project=project, comment=comment, text="I build it")
        found[title] = project
    return found


def titles(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["title"] for item in response.json()["items"]]


def test_the_filters_find_what_they_name_and_never_a_rejected_project(web, index):
    with web.client() as client:
        for query, expected in {
            "": ["Gamma", "Beta", "Alpha"],
            "order=last_seen_at": ["Alpha", "Beta", "Gamma"],
            "order=-idea_score": ["Alpha", "Beta", "Gamma"],
            "order=complexity_score": ["Beta", "Gamma", "Alpha"],
            "order=id": ["Alpha", "Beta", "Gamma"],
            "tags=rust": ["Beta", "Alpha"],
            "tags=rust&tags=CLI": ["Alpha"],
            "tags_any=rust&tags_any=cli": ["Beta", "Alpha"],
            "tags=nothing": [],
            "min_idea_score=5": ["Alpha"],
            "max_idea_score=4": ["Beta"],
            "min_complexity_score=3&max_complexity_score=3": ["Alpha"],
            "month=2026-08": ["Gamma"],
            "month=2026-08&month=2026-09": ["Gamma", "Beta", "Alpha"],
            "author=author1": ["Beta"],
            "month=2026-08&author=author1": [],
            "source=nemo_data_designer": [],
            "has_link=true": ["Alpha"],
            "has_link=false": ["Gamma", "Beta"],
            "q=gardens": ["Gamma"],
            "q='; DROP TABLE": [],
        }.items():
            assert titles(client.get(f"/api/projects?{query}")) == expected, query


def test_a_rejected_project_is_not_found_and_no_reviewer_data_is_told(web, index):
    with web.client() as client:
        assert client.get(f"/api/projects/{index['Rejected'].pk}").status_code == 404
        found = client.get(f"/api/projects/{index['Beta'].pk}")
        everything = found.text + client.get("/api/projects").text + client.get("/api/projects/export").text
        assert "a secret note" not in everything
        assert not any(f'"{name}"' in everything for name in SECRETS)
        assert "Rejected" not in everything
        [submission] = found.json()["submissions"]
        assert (submission["author"], submission["month"]) == ("author1", "2026-09")
        tags = client.get("/api/tags").json()["items"]
        assert tags == [{"name": "rust", "project_count": 2}, {"name": "cli", "project_count": 1}]
        assert client.get("/api/months").json()["items"] == [
            {"month": "2026-09", "posts": 1, "comments": 3, "projects": 2},
            {"month": "2026-08", "posts": 1, "comments": 1, "projects": 1},
        ]


@pytest.mark.parametrize("order", ["-last_seen_at", "last_seen_at", "-idea_score", "complexity_score", "id", "-id"])
def test_pages_stay_right_while_rows_are_added(web, order):
    for number in range(25):
        # Half of them share a time and a score, so that the id must tell them apart.
        seen = POSTED_AT + timedelta(hours=number // 2)
        make_project(title=f"P{number}", last_seen_at=seen, first_seen_at=seen, idea_score=number // 5 or None)
    before = set(Project.objects.values_list("title", flat=True))
    seen_titles, cursor = [], ""
    with web.client() as client:
        while cursor is not None:
            place = {"cursor": cursor} if cursor else {}
            answer = client.get("/api/projects", params={"order": order, "limit": 7} | place)
            seen_titles += titles(answer)
            cursor = answer.json()["next"]
            make_project(title="late", last_seen_at=POSTED_AT + timedelta(days=9), first_seen_at=POSTED_AT)
            make_project(title="late", last_seen_at=POSTED_AT - timedelta(days=9), first_seen_at=POSTED_AT)
    old = [title for title in seen_titles if title != "late"]
    assert len(old) == len(set(old)) == 25
    assert set(old) == before


def test_tags_are_paged_by_their_counts(web):
    for number in range(9):
        project = make_project()
        for name in range(number + 1):
            project.tags.add(Tag.objects.get_or_create(name=f"tag{name}")[0])
    names, cursor = [], None
    with web.client() as client:
        while True:
            answer = client.get("/api/tags", params={"limit": 4} | ({"cursor": cursor} if cursor else {})).json()
            names += [tag["name"] for tag in answer["items"]]
            if (cursor := answer["next"]) is None:
                break
    assert names == [f"tag{number}" for number in range(9)]


def test_fields_are_chosen_and_an_unknown_one_is_named_with_what_there_is(web, index):
    with web.client() as client:
        assert client.get("/api/projects?fields=id,title&limit=1").json()["items"] == [
            {"id": index["Gamma"].pk, "title": "Gamma"}
        ]
        wrong = client.get("/api/projects?fields=title,review_note")
        assert wrong.status_code == 422
        [error] = wrong.json()["errors"]
        assert "'review_note'" in error["problem"]
        assert "short_description" in error["allowed"]
        assert client.get("/api/projects?tgas=rust").json()["errors"][0]["field"] == "query.tgas"


def test_accept_chooses_csv_json_lines_or_json(web, index):
    Project.objects.filter(title="Alpha").update(title="=HYPERLINK(1)")
    with web.client() as client:
        for path in ("/api/projects", "/api/projects/export"):
            as_csv = client.get(path, headers={"Accept": "text/csv"})
            assert as_csv.headers["content-type"].startswith("text/csv")
            rows = list(csv.DictReader(io.StringIO(as_csv.text)))
            assert {row["title"] for row in rows} == {"'=HYPERLINK(1)", "Beta", "Gamma"}
            lines = client.get(path, headers={"Accept": "application/x-ndjson"}).text.splitlines()
            assert {json.loads(line)["title"] for line in lines} == {"=HYPERLINK(1)", "Beta", "Gamma"}
            assert len(client.get(path).json()["items"]) == 3
            assert client.get(path, headers={"Accept": "image/png"}).status_code == 406
        paged = client.get("/api/projects?limit=1", headers={"Accept": "text/csv"})
        assert 'rel="next"' in paged.headers["Link"]


def test_an_etag_saves_the_second_answer_until_something_changes(web, index):
    with web.client() as client:
        for path in ("/api/projects", f"/api/projects/{index['Alpha'].pk}", "/api/tags", "/api/posts", "/api/months"):
            first = client.get(path)
            again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b""), path
            other = client.get(path, headers={"If-None-Match": 'W/"other"'})
            assert other.status_code == 200
        first = client.get("/api/projects")
        Project.objects.filter(title="Alpha").update(title="Alpha 2")
        assert client.get("/api/projects", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_threads_and_comments_are_told_without_what_was_deleted(web):
    post = make_post(text="<p>What are <script>alert(1)</script>you working on?")
    shown = make_comment("I build <a href='javascript:x'>it</a>", post=post)
    make_comment("deleted text", post=post, deleted=True)
    make_comment("flagged text", post=post, dead=True)
    with web.client() as client:
        [listed] = client.get("/api/posts").json()["items"]
        assert (listed["id"], listed["comment_count"]) == (post.pk, 1)
        assert "script" not in client.get(f"/api/posts/{post.pk}").json()["html"]
        [comment] = client.get(f"/api/posts/{post.pk}/comments").json()["items"]
        assert (comment["id"], comment["text"]) == (shown.pk, "I build it")
        assert "javascript" not in comment["html"]
        assert client.get("/api/posts/1/comments").status_code == 404
        assert client.get("/api/posts?year=2025").json()["items"] == []


def test_similar_projects_come_most_alike_first_and_fit_the_conditions(web, index):
    for title, vector in {"Alpha": [1, 0], "Beta": [0.6, 0.8], "Gamma": [0.8, 0.6], "Rejected": [1, 0]}.items():
        Project.objects.filter(title=title).update(embedding=vector, embedding_model="m")
    address = f"/api/projects/{index['Alpha'].pk}/similar"
    with web.client() as client:
        rows = client.get(address).json()
        assert [(row["title"], row["similarity"]) for row in rows["items"]] == [("Gamma", 0.8), ("Beta", 0.6)]
        assert rows["next"] is None
        assert titles(client.get(f"{address}?limit=1")) == ["Gamma"]
        assert titles(client.get(f"{address}?tags=rust")) == ["Beta"]
        lines = client.get(f"{address}?fields=title,similarity", headers={"Accept": "text/csv"}).text
        assert lines == "title,similarity\nGamma,0.8\nBeta,0.6\n"
        assert client.get(f"{address}?limit=51").status_code == 422
        assert client.get(f"{address}?order=id").status_code == 422
        assert client.get(f"/api/projects/{index['Rejected'].pk}/similar").status_code == 404
        assert titles(client.get(f"/api/projects/{make_project().pk}/similar")) == []
