"""The search page: whole, and its results alone for htmx."""

import pytest

from projects.language.embeddings import get_embedder
from tests.factories import make_embedded, make_project
from tests.projects.site.strange import STRANGE, as_sent
from tests.servers.web import free_port

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE)
def test_whatever_is_typed_is_answered(client, text):
    make_project(title="Rust ledger")
    answer = client.get("/search", {"q": as_sent(text)})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("mode=words", 200), ("mode=", 200), ("mode=nonsense", 400), ("mode=%00", 400), ("page=", 200), ("page=0", 400),
        ("page=-1", 400), ("page=1.5", 400), ("page=x", 400), ("page=%00", 400), ("page=2", 404), ("page=٣", 400),
        ("page=99999999999999999999999", 404), ("page=" + "9" * 5000, 404), ("unknown=1", 200),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_told(client, query, status):
    make_project(title="Rust ledger")
    assert client.get(f"/search?q=ledger&{query}").status_code == status


def test_a_hit_leads_to_its_project(client):
    project = make_project(title="Rust ledger")
    page = client.get("/search", {"q": "ledger"}).content.decode()
    assert project.get_absolute_url() in page
    assert "1 project for “ledger”" in page


def test_nothing_found_says_so_and_what_one_can_type(client):
    make_project(title="Rust ledger", review_status="rejected")
    page = client.get("/search", {"q": "ledger", "mode": "words"}).content.decode()
    assert "Nothing found" in page
    assert "month:2026-08" in page


def test_htmx_gets_the_results_alone(client):
    make_project(title="Rust ledger")
    part = client.get("/search", {"q": "ledger"}, headers={"HX-Request": "true"}).content.decode()
    assert "Rust ledger" in part.replace("<mark>", "").replace("</mark>", "")
    assert "<html" not in part
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in client.get("/search", {"q": "ledger"}, headers=again).content.decode()


def test_a_part_that_the_browser_has_does_not_stand_for_the_whole_page(client):
    make_project(title="Rust ledger")
    typing = {"HX-Request": "true"}
    part = client.get("/search?q=ledger", headers=typing)
    back = typing | {"HX-History-Restore-Request": "true", "If-None-Match": part["ETag"]}
    assert client.get("/search?q=ledger", headers=back).status_code == 200
    assert "HX-History-Restore-Request" in part["Vary"]


@pytest.fixture
def silent_embedding_service(settings):
    """An embedding service that does not answer."""
    settings.EMBEDDING_BASE_URL, settings.EMBEDDING_MODEL = f"http://127.0.0.1:{free_port()}/v1", "absent"
    get_embedder.cache_clear()
    yield
    get_embedder.cache_clear()


@pytest.mark.parametrize("path", ["/search?q=ledger", "/search/feed?q=ledger", "/search?q=ledger&mode=meaning"])
def test_what_was_found_without_the_embedding_service_is_not_kept(client, silent_embedding_service, path):
    make_project(title="Rust ledger")
    assert "ETag" in client.get(f"{path}&mode=words")
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert "ETag" not in answer


def test_pages_of_hits_go_on_until_the_last(client):
    make_embedded(45)
    first = client.get("/search", {"q": "gardeners"}).content.decode()
    assert first.count("data-project=") == 20
    assert "page=2" in first
    last = client.get("/search", {"q": "gardeners", "page": "3"}).content.decode()
    assert last.count("data-project=") == 5
    assert "page=4" not in last


def test_a_search_costs_eight_queries_at_most(client, django_assert_max_num_queries):
    make_embedded(30)
    client.get("/search", {"q": "tool"})  # what is read once a process
    with django_assert_max_num_queries(8):
        assert client.get("/search", {"q": "number gardeners"}).status_code == 200
