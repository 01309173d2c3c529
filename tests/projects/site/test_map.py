"""The map: its page with the areas as a list, and what its canvas asks for."""

import gzip
import json
import re

import pytest
from django.contrib.auth import get_user_model

from projects.mapping.models import Cluster, Dot, Drawing
from projects.models import Project
from projects.reviewing.merging import merge
from tests.factories import make_project
from tests.projects.site.filling import draw, fill_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def known() -> dict:
    """A small index that is drawn."""
    return fill_site()


def text(answer) -> str:
    """Return what a reader sees of a page, without the tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def header(content: bytes) -> dict:
    return json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])


def found(client, **query) -> list[str]:
    """Return the titles of what the map lights up."""
    answer = client.get("/map/found", query)
    assert answer.status_code == 200
    titles = dict(Project.objects.values_list("pk", "title"))
    return sorted(titles[pk] for pk in answer.json()["ids"])


def test_every_project_stands_in_the_list_of_areas_or_on_the_page_of_its_area(client, known):
    page = client.get("/map").content.decode()
    assert page.index("Making things") < page.index("Money &amp; &lt;b&gt;books&lt;/b&gt;") < page.index("Sound")
    pages = {url: client.get(url).content.decode() for url in re.findall(r'href="(/map/clusters/[^"]+/)"', page)}
    assert len(pages) == 4
    for project in Project.objects.all():
        url = f'href="{project.get_absolute_url()}"'
        assert url in page or any(url in each for each in pages.values()), project
    assert "5 projects" in text(client.get("/map/clusters/0/"))
    assert "3 projects" in text(client.get("/map/clusters/1/"))
    assert "2 projects" in text(client.get("/map/clusters/between/"))


def test_an_area_counts_and_shows_only_what_strangers_may_see(client, known):
    refused = Project.objects.filter(dot__cluster__number=1).first()
    Project.objects.filter(pk=refused.pk).update(review_status="rejected")
    assert refused.title not in text(client.get("/map"))
    area = text(client.get("/map/clusters/1/"))
    assert "2 projects" in area
    assert refused.title not in area
    assert str(refused.pk) not in client.get(f"/map/titles?ids={refused.pk}").json()["titles"]
    assert client.get(f"/map/projects/{refused.pk}/").status_code == 410
    assert client.get(f"/map?project={refused.pk}").status_code == 410


def test_before_the_first_drawing_it_says_when_it_comes_and_to_staff_how(client):
    make_project()
    page = client.get("/map")
    assert "The map is not drawn yet" in text(page)
    assert page["Cache-Control"] == "no-cache"
    assert "map.js" not in page.content.decode()
    assert "draw_map" not in text(page)
    for url in ("/map/dots", "/map/clusters/1/", "/map/clusters/between/"):
        assert client.get(url).status_code == 404, url
    client.force_login(get_user_model().objects.create_superuser("owner"))
    assert "manage.py draw_map" in text(client.get("/map"))


@pytest.mark.parametrize("number", [1, 3])
def test_a_few_projects_have_a_map_without_areas(client, number):
    drawing = Drawing.objects.create(
        drawn_at="2026-09-20T00:00Z", projects=number, clusters=0, seconds=0, method="By hand."
    )
    for place in range(number):
        Dot.objects.create(project=make_project(title=f"Only {place}"), x=place / 4, y=0)
    page = text(client.get("/map"))
    assert "There are too few projects for areas." in page
    assert all(f"Only {place}" in page for place in range(number))
    assert header(client.get("/map/dots").content)["count"] == number
    assert drawing.areas.count() == 0


def test_the_dots_are_sent_compressed_and_whole_to_who_cannot_read_that(client, known):
    plain, packed = client.get("/map/dots"), client.get("/map/dots", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert header(plain.content)["count"] == 7
    assert "Accept-Encoding" in plain["Vary"]


@pytest.mark.parametrize("url", ["/map", "/map/dots", "/map/found?tags=rust", "/map/titles?ids=1", "/map/clusters/1/"])
def test_who_has_an_answer_gets_304_until_the_index_changes_or_the_map_is_drawn_anew(client, known, url):
    first = client.get(url)
    assert first["Cache-Control"] == "public, max-age=0, s-maxage=60"
    again = {"If-None-Match": first["ETag"]}
    assert client.get(url, headers=again).status_code == 304
    Dot.objects.all().delete()
    Drawing.objects.all().delete()
    draw(Project.objects.order_by("pk"))
    second = client.get(url, headers=again)
    assert second.status_code == 200
    Project.objects.update(title="Another")
    assert client.get(url, headers={"If-None-Match": second["ETag"]}).status_code == 200


def test_search_and_filters_find_what_the_list_and_the_search_find(client, known):
    assert found(client, tags="rust") == sorted(
        Project.objects.filter(tags__name="rust").values_list("title", flat=True)
    )
    assert found(client, q="tag:rust") == found(client, tags="rust")
    assert "Chess engine" in found(client, q="chess")
    assert found(client, q="Chess engine", tags="rust") == []
    assert found(client, q='"Chess engine"') == ["Chess engine"]
    assert found(client, q="-", tags="rust") == found(client, tags="rust")
    assert found(client, q="-") == []
    assert found(client, month="2026-08") == ["Ledger"]


def test_a_search_tells_what_it_did_not_understand(client, known):
    answer = client.get("/map/found", {"q": "month:2026-99 chess"}).json()
    assert any("month:2026-99" in message for message in answer["messages"])


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("/map?project=x", "project=x"),
        ("/map?project=0", "project=0"),
        ("/map?project=99999999999999999999", "project=9999"),
        ("/map?month=2026-13", "month"),
        ("/map?tags=rust&tags_not=rust", "exclude each other"),
        ("/map/found", "Nothing is looked for"),
        ("/map/found?idea_score=11", "idea_score"),
        ("/map/titles?ids=1,x", "ids=x"),
        (f"/map/titles?ids={','.join(map(str, range(101)))}", "101 projects are too many"),
        ("/map/clusters/1/?order=best", "order=best"),
    ],
)
def test_a_value_that_cannot_be_is_named(client, known, url, named):
    answer = client.get(url)
    assert answer.status_code == 400
    assert named in text(answer)


@pytest.mark.parametrize(
    "url",
    [
        "/map/projects/999999/",
        "/map?project=999999",
        "/map/clusters/77/",
        "/map/clusters/99999999/",
        "/map/clusters/x/",
    ],
)
def test_what_there_is_not_is_404(client, known, url):
    assert client.get(url).status_code == 404


def test_a_merged_project_is_shown_by_the_one_that_stayed(client, known):
    stayed, gone = Project.objects.order_by("pk")[:2]
    merge(stayed.pk, gone.pk)
    assert stayed.title in text(client.get(f"/map/projects/{gone.pk}/"))
    assert f'data-here="{stayed.pk}"' in client.get(f"/map?project={gone.pk}").content.decode()


def test_a_project_says_where_it_lies_and_its_page_leads_there(client, known):
    project, new = Project.objects.get(title="Ledger"), make_project(title="Too new")
    assert f'href="/map?project={project.pk}"' in client.get(project.get_absolute_url()).content.decode()
    assert "/map?project" not in client.get(new.get_absolute_url()).content.decode()
    assert "Ledger lies in Making things › Money" in text(client.get(f"/map?project={project.pk}"))
    assert "has no place on the map yet" in text(client.get(f"/map?project={new.pk}"))
    between = Project.objects.get(dot__cluster=None, title="Map of wells")
    assert "lies between the areas" in text(client.get(f"/map/projects/{between.pk}/"))


def test_the_menu_the_home_page_and_the_sitemap_lead_to_it(client, known):
    assert client.get("/").content.decode().count('href="/map"') == 2
    assert "http://testserver/map<" in client.get("/sitemap-pages.xml").content.decode()


def test_it_is_closed_with_the_site(client, known, settings):
    settings.PUBLIC_SITE = False
    for url in ("/map", "/map/dots", "/map/found?q=a", "/map/titles?ids=1", "/map/projects/1/", "/map/clusters/1/"):
        assert client.get(url).status_code == 404, url


def test_approved_projects_alone_are_shown_where_that_is_set(client, known, settings):
    settings.PUBLIC_PROJECTS = "approved"
    approved = Project.objects.filter(review_status="approved").count()
    assert 0 < approved < 7
    assert header(client.get("/map/dots").content)["count"] == approved


def test_its_searches_count_as_searches(client, known, settings):
    settings.SEARCHES_PER_MINUTE = 2
    assert [client.get("/map/found?q=chess").status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/map/found?tags=rust").status_code == 200


def test_areas_without_a_visible_project_are_left_out(client, known):
    broad = Cluster.objects.get(number=0)
    for number, parent in ((9, None), (10, broad)):
        Cluster.objects.create(
            drawing=broad.drawing, number=number, level=0, parent=parent, name="Empty room", x=0, y=0, projects=3
        )
        assert client.get(f"/map/clusters/{number}/").status_code == 404
    assert "Empty room" not in text(client.get("/map"))
    assert "Empty room" not in text(client.get("/map/clusters/0/"))
    assert b"Empty room" not in client.get("/map/dots").content
