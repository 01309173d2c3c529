"""Pages of months, tags, authors, threads and trends: what they show, and what they answer to what is wrong."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comments.models import Comment, RemovedAuthor
from projects.analytics.computing import generate_analytics
from projects.models import Project, Tag
from tests.factories import make_project
from tests.projects.site.conftest import make_thread, submit, tagged

pytestmark = pytest.mark.django_db

MOST_QUERIES = 8
EMPTY = ["/months/", "/tags/", "/authors/", "/trends/", "/trends/months/", "/digests/", "/saved/", "/random/?seed=a"]
FULL = [
    *EMPTY,
    "/months/2026-09/",
    "/months/2026-07/?order=idea&view=cards",
    "/tags/rust/",
    "/tags/ci/cd/",
    "/tags/c++/",
    "/tags/?q=RU&order=name",
    "/authors/hn/ann/",
    "/authors/?order=months&q=a",
    "/authors/?order=name",
    "/trends/?tag=rust&tag=python,c%2B%2B",
    "/trends/?tag=unknown",
    "/trends/months/?before=2026-07&after=2026-09",
    "/digests/2026-09/",
    "/saved/?ids=1,2,3",
]
ODD = [
    "",
    "a" * 10_000,
    "\0",
    "'\"",
    "'; DROP TABLE x; --",
    "<script>alert(1)</script>",
    "שלום\u202eabc",
    "🦀",
    "%",
    "\\",
    "-1",
]


def text_of(client, url: str, status: int = 200) -> str:
    """Return the page at ``url``."""
    answer = client.get(url)
    assert answer.status_code == status, url
    return answer.content.decode()


@pytest.mark.parametrize("url", EMPTY)
def test_pages_of_an_empty_index_say_so(client, url):
    assert '<p class="empty">' in text_of(client, url) or "/saved/" in url


@pytest.mark.parametrize("url", FULL)
def test_each_page_takes_few_queries(client, index, url):
    with CaptureQueriesContext(connection) as queries:
        text_of(client, url)
    assert len(queries) <= MOST_QUERIES, [query["sql"][:100] for query in queries]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/months/2026-10/", 404),
        ("/months/2026-13/", 404),
        ("/months/2026-9/", 404),
        ("/months/1999-01/", 404),
        ("/months/2026-06/", 404),
        ("/months/2026-09/?page=99", 404),
        ("/months/2026-09/?page=x", 400),
        ("/months/2026-09/?order=best", 400),
        ("/months/2026-10/feed", 404),
        ("/tags/unknown/", 404),
        ("/tags/%00/", 404),
        ("/tags/?order=x", 400),
        ("/tags/?page=0", 400),
        ("/tags/unknown/feed", 404),
        ("/authors/hn/nobody/", 404),
        ("/authors/reddit/ann/", 404),
        ("/authors/hn/%00/", 404),
        ("/authors/hn/nobody/feed", 404),
        ("/threads/1/", 404),
        ("/threads/99999999999999999999/", 404),
        ("/threads/x/", 404),
        ("/trends/?tag=" + ",".join("abcdefghi"), 400),
        ("/trends/?tag=" + "x" * 51, 400),
        ("/trends/months/?before=2026-13", 400),
        ("/trends/months/?after=2020-01", 400),
        ("/trends/months/?after=2026-06", 400),
        ("/digests/2026-06/", 404),
        ("/digests/2026-00/", 404),
        ("/saved/?ids=x", 400),
        ("/saved/?ids=" + "9" * 30, 400),
        ("/saved/?ids=" + ",".join(map(str, range(1, 102))), 400),
        ("/saved/?ids=²", 400),
        ("/random/?seed=" + "s" * 41, 400),
        ("/random/?seed=a&page=77", 404),
        ("/sitemap-nothing.xml", 404),
        ("/sitemap-projects.xml?p=9", 404),
        ("/sitemap-projects.xml?p=x", 404),
    ],
)
def test_what_is_wrong_gets_a_page_that_says_so(client, index, url, status):
    page = text_of(client, url, status)
    assert f'<p class="kicker">{status}</p>' in page


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/months/2026-09/", "page"),
        ("/months/2026-09/", "order"),
        ("/tags/", "q"),
        ("/tags/", "order"),
        ("/authors/", "q"),
        ("/authors/", "page"),
        ("/trends/", "tag"),
        ("/trends/months/", "before"),
        ("/saved/", "ids"),
        ("/random/", "seed"),
        ("/tags/rust/", "page"),
        ("/authors/hn/ann/", "view"),
        ("/sitemap-projects.xml", "p"),
    ],
)
def test_no_text_in_a_parameter_breaks_a_page(client, index, path, name, value):
    answer = client.get(path, {name: value})
    assert answer.status_code in (200, 302, 400, 404)
    assert b"<script>alert" not in answer.content


@pytest.mark.parametrize("value", [value for value in ODD if value and len(value) < 300])
@pytest.mark.parametrize("view", ["tag", "author", "tag-feed", "author-feed"])
def test_no_name_in_an_address_breaks_a_page(client, index, view, value):
    arguments = ["hn", value] if "author" in view else [value]
    answer = client.get(reverse(f"site:{view}", args=arguments))
    assert answer.status_code == 404
    assert b"<script>alert" not in answer.content


def test_a_month_shows_its_threads_figures_and_projects(client, index):
    page = text_of(client, "/months/2026-09/")
    assert "September 2026" in page
    assert f'href="/threads/{index.september.pk}/"' in page
    assert 'href="/months/2026-08/"' in page
    for project in (index.kept, index.other, index.third):
        assert f'href="{project.get_absolute_url()}"' in page
    assert "Steady &lt;b&gt;&amp;" in page
    assert "Refused" not in page
    assert "secret" not in page
    assert 'href="/tags/ci/cd/"' in page
    assert "Other" not in text_of(client, "/months/2026-07/")


def test_a_month_without_figures_still_has_its_projects(client, index):
    october = make_thread(10)
    submit(october, "ann", index.kept)
    page = text_of(client, "/months/2026-10/")
    assert "was not yet for this month" in page
    assert index.kept.get_absolute_url() in page
    assert "/months/2026-10/" in text_of(client, "/months/")


def test_an_absent_month_names_those_around_it(client, index):
    assert "There is one of 2026-07." in text_of(client, "/months/2026-06/", 404)
    assert "There is one of 2026-09." in text_of(client, "/months/2027-01/", 404)


def test_another_writing_or_name_of_a_tag_leads_to_it(client, index):
    for name in ("Rust", "RUST", "rustlang", "RustLang"):
        answer = client.get(f"/tags/{name}/")
        assert (answer.status_code, answer["Location"]) == (301, "/tags/rust/")


def test_a_tags_course_stands_in_a_picture_and_in_a_table(client, index):
    page = text_of(client, "/tags/rust/")
    assert page.count("<rect ") == 3
    assert "2026-09: 3" in page
    assert '<tr><th scope="row"><a href="/months/2026-07/">2026-07</a></th><td class="number">1</td></tr>' in page
    assert "style=" not in page


def test_months_without_a_thread_stand_in_the_course_as_none(client, index):
    submit(make_thread(12), "ann", index.kept)
    assert '<tr><th scope="row">2026-11</th><td class="number">0</td></tr>' in text_of(client, "/tags/rust/")


def test_an_authors_page_has_all_of_their_projects_over_time(client, index):
    page = text_of(client, "/authors/hn/ann/")
    assert "3 comments from July 2026 to September 2026, with projects in 3 months, 3 of them in a row" in page
    assert "https://news.ycombinator.com/user?id=ann" in page
    assert "seen 3 times" in page
    assert "Other" not in page
    assert "Other" in text_of(client, "/authors/hn/bob/")
    assert "No project was found" in text_of(client, "/authors/hn/dan/")


def test_authors_are_found_and_ordered(client, index):
    page = text_of(client, "/authors/")
    assert page.index("/authors/hn/bob/") < page.index("/authors/hn/ann/")
    assert "eve" not in page
    page = text_of(client, "/authors/?order=months")
    assert page.index("/authors/hn/ann/") < page.index("/authors/hn/bob/")
    assert "bob" not in text_of(client, "/authors/?q=AN")


def test_one_name_on_two_sources_is_two_authors(client, index):
    lobsters = make_thread(5, source="lobsters", id=10**12 + 7)
    project = tagged("go", title="Elsewhere")
    submit(lobsters, "ann", project, source="lobsters", id=10**12 + 8)
    assert "Elsewhere" not in text_of(client, "/authors/hn/ann/")
    page = text_of(client, "/authors/lobsters/ann/")
    assert "Elsewhere" in page
    assert "https://lobste.rs/~ann" in page
    assert "Steady" not in page


def test_a_thread_shows_how_far_it_is_read(client, index):
    page = text_of(client, f"/threads/{index.september.pk}/")
    assert "5 comments: 4 read, 1 still to be read." in page
    assert "Any <i>new</i> ideas?" in page
    assert "<script>x" not in page
    assert index.third.get_absolute_url() in page
    assert client.get(f"/threads/{index.dead.pk}/").status_code == 404
    assert Comment.objects.set_aside(Comment.objects.filter(post=index.september).values("pk")) == 1
    assert "5 comments: 4 read, 1 left unread." in text_of(client, f"/threads/{index.september.pk}/")


def test_trends_show_what_grows_is_new_goes_together_and_comes_back(client, index):
    page = text_of(client, "/trends/")
    for heading in ("Growing", "New", "Together", "Projects that keep coming back"):
        assert f">{heading}</h2>" in page, heading
    assert "in 3 months, by ann" in page
    wanted = text_of(client, "/trends/?tag=python, nothing")
    assert "Nothing is counted of nothing." in wanted
    assert 'value="python, nothing"' in wanted


@pytest.mark.django_db(transaction=True)
def test_two_months_stand_beside_each_other(client, index):
    page = text_of(client, "/trends/months/?before=2026-07&after=2026-09")
    assert '<th scope="row">Projects</th><td class="number">1</td><td class="number">3</td>' in page
    assert "More of" not in page  # of python there is 1: too few to say
    assert "Less of" in page
    for post in (index.july, index.september):
        for number in range(3):
            submit(post, "gus", tagged("go", title=f"{post.month} {number}"))
    generate_analytics()
    assert "/tags/go/" in text_of(client, "/trends/months/?before=2026-07&after=2026-09")


def test_a_digest_tells_of_its_month(client, index):
    page = text_of(client, "/digests/2026-09/")
    assert "3 projects in 5 comments by 4 authors." in page
    assert "1 of the authors had written in an earlier thread, too, and 1 project had been there before." in page
    assert index.kept.get_absolute_url() in page
    assert "/digests/2026-07/" in text_of(client, "/digests/")


def test_a_project_rejected_after_the_figures_were_made_is_named_nowhere(client, index):
    index.kept.review_status = "rejected"
    index.kept.save()
    for url in (
        "/months/2026-09/",
        "/trends/",
        "/digests/2026-09/",
        "/authors/hn/ann/",
        "/tags/rust/",
        "/digests/feed",
    ):
        assert "Steady" not in text_of(client, url), url


def test_the_walk_keeps_its_order_and_meets_each_project_once(client):
    for number in range(25):
        make_project(title=f"Number {number}")
    titles: list[str] = []
    for page in (1, 2, 3):
        shown = client.get("/random/", {"seed": "apple", "page": page}).context["projects"]
        titles += [project.title for project in shown]
    assert sorted(titles) == sorted(f"Number {number}" for number in range(25))
    assert titles != sorted(titles)
    again = client.get("/random/", {"seed": "apple"}).context["projects"]
    assert [project.title for project in again] == titles[:10]
    other = client.get("/random/", {"seed": "pear"}).context["projects"]
    assert [project.title for project in other] != titles[:10]
    # A project that comes later moves none of the others.
    make_project(title="Late")
    later = [
        project.title
        for page in (1, 2, 3)
        for project in client.get("/random/", {"seed": "apple", "page": page}).context["projects"]
    ]
    later.remove("Late")
    assert later == titles


def test_a_walk_without_a_seed_gets_one_and_a_surprise_leads_to_a_project(client):
    assert client.get("/random/one").status_code == 404
    project = make_project()
    answer = client.get("/random/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/random/?seed=")
    assert answer["Cache-Control"] == "no-store"
    answer = client.get("/random/one")
    assert (answer.status_code, answer["Location"]) == (302, project.get_absolute_url())
    assert answer["Cache-Control"] == "no-store"


def test_saved_projects_are_shown_in_their_order_without_the_hidden(client, index):
    ids = [index.third.pk, index.hidden.pk, index.kept.pk, 999, index.third.pk]
    page = text_of(client, "/saved/?ids=" + ",".join(map(str, ids)))
    assert page.index("Third") < page.index("Steady")
    assert page.count("<article") == 2
    assert "Refused" not in page


def test_tags_are_found_by_a_part(client, index):
    page = text_of(client, "/tags/?q=RU")
    assert "/tags/rust/" in page
    assert "/tags/python/" not in page
    assert Tag.objects.filter(name="secret").exists()
    assert "secret" not in text_of(client, "/tags/")


def test_an_author_who_asked_to_be_removed_is_named_nowhere(client, index):
    RemovedAuthor.objects.create(source="hn", name="bob", reason="A mail.")
    assert client.get("/authors/hn/bob/").status_code == 404
    assert client.get("/authors/hn/bob/feed").status_code == 404
    urls = (
        "/authors/",
        "/months/2026-09/",
        "/digests/2026-09/",
        "/trends/",
        "/tags/rust/",
        "/projects/feed",
        "/random/",
    )
    for url in urls:
        text = client.get(url, follow=True).content.decode()
        assert "bob" not in text, url
        assert "Third" not in text, url
    assert "Third" not in client.get("/projects/feed").content.decode()
    saved = client.get(f"/saved/?ids={index.third.pk},{index.kept.pk}").content.decode()
    assert "Third" not in saved
    assert "Steady" in saved


def test_pages_are_answered_from_the_readers_copy_until_the_index_changes(client, index):
    for url in ("/months/2026-09/", "/trends/", "/authors/", "/tags/rust/feed", "/sitemap.xml", "/digests/"):
        answer = client.get(url)
        assert answer["ETag"], url
        assert client.get(url, headers={"if-none-match": answer["ETag"]}).status_code == 304


@pytest.mark.parametrize("page", ["/months/2026-09/", "/tags/rust/", "/threads/{thread}/"])
def test_a_list_whose_ids_are_kept_goes_on_and_follows_the_index(client, index, page):
    url = page.format(thread=index.september.pk)
    for number in range(40):
        submit(index.september, "dora", tagged("rust", title=f"Loom {number}"))
    shown = [client.get(url, {"page": number}).context["projects"] for number in (1, 2)]
    titles = [project.title for each in shown for project in each if project.pk not in (index.kept.pk,)]
    assert (len(shown[0]), shown[0].paginator.count, len(titles)) == (30, 43, len(set(titles)))
    assert client.get(url, {"page": 3}).status_code == 404
    Project.objects.filter(title__startswith="Loom").update(review_status="rejected")
    assert client.get(url).context["projects"].paginator.count == 3
    assert "Loom" not in client.get(url).content.decode()
