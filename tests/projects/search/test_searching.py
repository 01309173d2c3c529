"""Searching by names, words and meaning; the index gives as many as were asked for."""

import json
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from core.round_trips import asked_together
from projects.catalogue import Conditions, published, with_names
from projects.duplicates import cosine
from projects.embedding import embedding_text
from projects.language.embedding_index import index_name
from projects.language.embedding_service import ServiceEmbedder
from projects.language.embeddings import WordLlamaEmbedder
from projects.links import canonical_url
from projects.models import Project, Submission
from projects.search.meaning import WHOLE_SCANS, nearest_asked, similar, similar_pairs
from projects.search.searching import SearchTooSlow, search
from projects.tags import resolve
from tests.factories import make_comment, make_embedded, make_post, make_project
from tests.plans import plans_of_likeness, use_the_index

pytestmark = pytest.mark.django_db


def test_ten_asked_ten_got_by_the_index_though_few_fit_the_filter_and_those_are_far_away():
    project, *others = make_embedded(600)
    others.sort(key=lambda other: cosine(project.embedding, other.embedding))
    far = [other.pk for other in others[:30]]
    Project.objects.filter(pk__in=far).update(idea_score=9)
    use_the_index()
    found = similar(project, published(Conditions(min_idea_score=9)), 10)
    assert len(found) == 10
    assert {other.pk for other in found} <= set(far)
    likeness = [other.similarity for other in found]
    assert likeness == sorted(likeness, reverse=True)


@pytest.mark.parametrize("most_compared", [3, 1_000], ids=["by the index", "each compared"])
def test_the_nearest_of_those_that_fit_are_found_in_both_ways(monkeypatch, most_compared):
    monkeypatch.setattr("projects.search.meaning.MOST_COMPARED", most_compared)
    project, *others = make_embedded(60)
    fitting = others[::3]
    Project.objects.filter(pk__in=[other.pk for other in fitting]).update(idea_score=9)
    fitting.sort(key=lambda other: cosine(project.embedding, other.embedding), reverse=True)
    use_the_index()
    wanted = published(Conditions(min_idea_score=9))
    asked = nearest_asked(wanted, wanted, list(project.embedding), project.embedding_model, 5)
    [found] = asked_together([asked], before=WHOLE_SCANS)
    assert [pk for pk, _ in found] == [other.pk for other in fitting[:5]]
    [plan] = asked_together([(f"EXPLAIN (ANALYZE) {asked[0]}", asked[1])], before=WHOLE_SCANS)
    [scan] = [line for (line,) in plan if index_name(WordLlamaEmbedder.name) in line]
    assert ("never executed" in scan) == (most_compared > 3)


def test_the_search_by_meaning_runs_over_the_index(django_assert_num_queries):
    projects = make_embedded(30)
    use_the_index()
    with django_assert_num_queries(5) as queries:  # dimensions, savepoint, settings, the search, release
        similar(projects[17], with_names(published(Conditions())), 10)
    [plan] = plans_of_likeness(queries)
    assert f"Index Scan using {index_name(WordLlamaEmbedder.name)}" in plan


def test_the_pairs_of_projects_are_found_over_the_index(django_assert_num_queries):
    make_embedded(30)
    use_the_index()
    with django_assert_num_queries(2) as queries:
        pairs = similar_pairs(Project.objects.published(), WordLlamaEmbedder.name, 0.5, 10)
    assert len(pairs) == 10
    assert all(first < second for _, first, second in pairs)
    [plan] = plans_of_likeness(queries)
    assert f"Index Scan using {index_name(WordLlamaEmbedder.name)}" in plan


def test_rejected_projects_are_left_out():
    projects = make_embedded(30)
    Project.objects.filter(pk=projects[3].pk).update(review_status="rejected")
    assert [hit.project.pk for hit in search("gardeners 17", limit=1).hits] == [projects[17].pk]
    assert projects[3].pk not in {hit.project.pk for hit in search("gardeners 3", limit=50).hits}


@pytest.fixture
def library(embedded):
    """Projects of which each is a name, or only like one."""
    make = partial(embedded, description="Nothing more is said.")
    make(title="Lantern", short_description="Reads your electricity meter", primary_url="https://lantern.example/")
    make(title="Lantern Pro: meters for landlords", short_description="Bills by the month")
    make(title="Paper Lantern Maps", short_description="Draws maps of old towns", tags=["maps"])
    make(title="Glow", short_description="A lamp like a lantern for camping", description="lantern lantern lantern")
    make(title="Cartographer", short_description="Draws the streets of a city", tags=["maps", "c++"])
    make(title="Sharpener", short_description="Written in C# and .NET", author="Grace_H")
    make(title="Vitamin C tracker", short_description="How much C you ate")
    make(title="Typewriter", primary_url="https://github.com/grace/typewriter", urls=["https://typewriter.example/"])
    make(title="Beekeeping", short_description="Keeps books of hives", month=8)


@pytest.fixture
def embedded():
    """Return a function that makes a project with its embedding, tags, and a comment that it was in."""

    def make(tags=(), author="alice", month=9, **fields):
        project = make_project(**fields, canonical_url=canonical_url(fields.get("primary_url", "")))
        [vector] = WordLlamaEmbedder().embed_now([embedding_text(project)])
        Project.objects.filter(pk=project.pk).update(embedding=vector, embedding_model=WordLlamaEmbedder.name)
        with transaction.atomic():
            project.tags.set(resolve(tags))
        comment = make_comment(author=author, post=make_post(month=month))
        Submission.objects.create(project=project, comment=comment, text="")
        return project

    return make


def titles(text, **more):
    return [hit.project.title for hit in search(text, **more).hits]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("text", "first"),
    [
        # The title itself, its beginning, words of it; then what only says it.
        ("lantern", ["Lantern", "Lantern Pro: meters for landlords", "Paper Lantern Maps", "Glow"]),
        ("LANTERN pro", ["Lantern Pro: meters for landlords"]),
        ("lant", ["Lantern", "Lantern Pro: meters for landlords", "Paper Lantern Maps"]),
        ("lantern.example", ["Lantern"]),
        ("https://lantern.example/", ["Lantern"]),
        ("maps", ["Paper Lantern Maps", "Cartographer"]),
        ("paper maps", ["Paper Lantern Maps"]),
        # Typing errors: wrong, missing, one too many, swapped, in two words, run together, parted.
        ("lantarn", ["Lantern"]),
        ("carographer", ["Cartographer"]),
        ("typeewriter", ["Typewriter"]),
        ("sahrpener", ["Sharpener"]),
        ("papr lantrn maps", ["Paper Lantern Maps"]),
        ("vitaminc tracker", ["Vitamin C tracker"]),
        ("bee keeping", ["Beekeeping"]),
        # Signs are part of a name.
        ("C++", ["Cartographer"]),
        ("c#", ["Sharpener"]),
        (".net", ["Sharpener"]),
        ("maps in c++", ["Cartographer"]),
        # Words of which some are tags.
        ("maps streets", ["Cartographer"]),
        ("city maps", ["Cartographer"]),
        ("grace_h", ["Sharpener"]),
        ("where do I keep notes about my hives", ["Beekeeping"]),
    ],
)
def test_what_is_named_comes_first(text, first):
    for mode in ("hybrid", "words"):
        assert titles(text, mode=mode)[: len(first)] == first


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tag:maps", {"Paper Lantern Maps", "Cartographer"}),
        ("tag:maps -tag:c++", {"Paper Lantern Maps"}),
        ("author:grace_h", {"Sharpener"}),
        ("month:2026-08", {"Beekeeping"}),
        ("month:2026-08 author:grace_h", set()),
        ("lantern -paper", {"Lantern", "Lantern Pro: meters for landlords", "Glow"}),
        ('"lantern maps"', {"Paper Lantern Maps"}),
        ('"maps lantern"', set()),
        ('maps -"paper lantern"', {"Cartographer"}),
        ("site:github.com", {"Typewriter"}),
        ("site:typewriter.example", {"Typewriter"}),
        ("site:github.com/grace", {"Typewriter"}),
        ("site:github.com/gra", set()),
        ("site:hub.com", set()),
        ("hives or electricity", {"Beekeeping", "Lantern"}),
        ("hives or c#", {"Beekeeping", "Sharpener"}),
        ("qwzxv", set()),
        ("\U0001f680", set()),
    ],
)
def test_what_fits_the_conditions_is_found(text, found):
    assert set(titles(text, mode="words")) == found


@pytest.mark.usefixtures("library")
def test_conditions_hold_for_what_is_found_by_meaning_too():
    assert set(titles("a map of the streets", mode="meaning")) >= {"Cartographer", "Paper Lantern Maps"}
    assert "Cartographer" not in titles("a map of the streets -tag:c++", mode="meaning")
    assert titles("a map of the streets month:2026-08", mode="meaning") == ["Beekeeping"]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("lantern", {"title", "host lantern.example", "words"}),
        ("maps", {"title", "tag maps", "words"}),
        ("lantarn", {"spelling", "words"}),
        ("grace_h", {"author grace_h"}),
        ("keeps books", {"words"}),
    ],
)
def test_a_hit_says_why_it_is_there(text, reasons):
    assert set(search(text, mode="words").hits[0].reasons) == reasons


@pytest.mark.usefixtures("library")
def test_a_word_that_is_near_another_is_told():
    assert "“lantarn” may be “lantern”" in search("lantarn").notice


@pytest.mark.usefixtures("library")
def test_what_was_looked_for_is_marked_and_stays_text():
    [hit] = search("hives", mode="words").hits
    assert [segment.text for segment in hit.summary if segment.marked] == ["hives"]
    assert "".join(segment.text for segment in hit.summary) == "Keeps books of hives"
    make_project(title="<b>Zebra</b> & co", short_description="")
    [hit] = search("zebra", mode="words").hits
    assert [(segment.text, segment.marked) for segment in hit.title] == [
        ("<b>", False), ("Zebra", True), ("</b> & co", False)
    ]  # fmt: skip


@pytest.mark.usefixtures("library")
def test_pages_follow_each_other_without_gap_or_repetition():
    whole = titles("lantern", limit=50)
    paged = [title for offset in range(0, len(whole), 2) for title in titles("lantern", limit=2, offset=offset)]
    assert paged == whole
    assert search("lantern", limit=2).has_more
    assert not search("lantern", limit=2, offset=len(whole) - 2).has_more
    assert titles("tag:maps", limit=1) + titles("tag:maps", limit=1, offset=1) == titles("tag:maps")
    assert search("", limit=5).hits == ()


@pytest.mark.parametrize("mode", ["hybrid", "words", "meaning"])
@pytest.mark.parametrize(
    "text",
    ["\0", "\ud800", "x" * 10_000, "x " * 5_000, "'; DROP TABLE projects_project; --", "%s %(a)s", "{0}", "\\", "' | '",
     "& | ! <-> :* ()", "<script>alert(1)</script>", "שלום \u202eabc", "日本語",
     "👩‍👩‍👧‍👦", '"', '"""" -""', "-", "a", "%", "_",
     "tag:' site:' author:'", "site:(.*)/[ month:9999-99", "1e309", "c++ c# .net f# a++", "the and of", "ﬁ İ ß"],
)  # fmt: skip
@pytest.mark.usefixtures("library")
def test_any_text_is_answered(text, mode):
    answer = search(text, mode=mode)
    assert answer.mode == mode


def test_words_alone_are_searched_while_the_service_is_down():
    make_embedded(2)
    service = ServiceEmbedder("http://127.0.0.1:9/v1", "m")
    answer = search("gardeners", embedder=service)
    assert (len(answer.hits), answer.mode) == (2, "words")
    assert "words alone" in answer.notice
    answer = search("gardeners", mode="meaning", embedder=service)
    assert (answer.hits, answer.mode) == ((), "meaning")
    assert "nothing can be found by meaning" in answer.notice


def test_a_text_is_embedded_once_though_it_is_asked_for_often():
    make_embedded(2)
    embedder = Counting()
    for text in ("gardeners", "Gardeners ", "gardeners"):
        search(text, embedder=embedder)
    assert embedder.texts == ["gardeners"]


class Counting(WordLlamaEmbedder):
    """Notes what it embeds."""

    name = "counting"

    def __init__(self):
        self.texts = []

    async def embed(self, texts):
        self.texts += texts
        return await super().embed(texts)


def test_a_search_that_takes_too_long_is_ended_with_a_clear_message():
    slow = Project.objects.extra(where=["pg_sleep(3) IS NOT NULL"])
    make_project()
    with pytest.raises(SearchTooSlow, match="took longer than 2 s"):
        search("foo", slow, mode="words")


def test_a_project_without_an_embedding_has_none_that_are_similar():
    make_embedded(2)
    assert similar(make_project(), Project.objects.published(), 10) == []


@pytest.mark.usefixtures("library")
def test_the_command_prints_what_was_found_and_why(capsys):
    call_command("search_projects", "grace_h")
    assert "Sharpener: Written in C# and .NET  (author grace_h)" in capsys.readouterr().out
    call_command("search_projects", "lantarn month:august", "--mode", "words", "--json")
    answer = json.loads(capsys.readouterr().out)
    assert (answer["projects"][0]["title"], answer["mode"]) == ("Lantern", "words")
    assert [message[:12] for message in answer["messages"]] == ["“month:augus", "“lantarn” ma"]
    call_command("search_projects", "qwzxv")
    assert capsys.readouterr().out == "Nothing found.\n"
    with pytest.raises(CommandError, match="nothing to look for"):
        call_command("search_projects", " ")


@pytest.mark.usefixtures("library")
def test_the_api_searches_among_what_fits_the_conditions(client):
    answer = client.get("/api/search", {"q": "lantern", "fields": "title,why,marked_title", "limit": "2"}).json()
    assert [hit["title"] for hit in answer["items"]] == ["Lantern", "Lantern Pro: meters for landlords"]
    assert answer["items"][0]["marked_title"] == [{"text": "Lantern", "marked": True}]
    assert "title" in answer["items"][0]["why"]
    assert (answer["mode"], answer["has_more"]) == ("hybrid", True)
    found = client.get("/api/search", {"q": "lantarn", "tags": "maps", "mode": "words"}).json()
    assert [hit["title"] for hit in found["items"]] == ["Paper Lantern Maps"]
    assert client.get("/api/search", {"q": "tag:maps -tag:c++"}).json()["items"][0]["tags"] == ["maps"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422), ({"q": ""}, 422), ({"q": "x" * 10_000}, 422), ({"q": "\0"}, 422), ({"q": "x", "mode": "magic"}, 422),
        ({"q": "x", "limit": "0"}, 422), ({"q": "x", "offset": "-1"}, 422), ({"q": "x", "size": "3"}, 422),
        ({"q": "x", "fields": "secret"}, 422), ({"q": "'; --"}, 200), ({"q": "שלום 🚀"}, 200), ({"q": "month:"}, 200),
        ({"q": "x", "offset": "9999"}, 200),
    ],
)  # fmt: skip
def test_the_api_answers_any_text_clearly(client, query, status):
    answer = client.get("/api/search", query)
    assert answer.status_code == status
    assert "detail" in answer.json() or "items" in answer.json()
