"""Searching by words, by meaning and by both; the index gives as many as were asked for."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from projects.catalogue import Conditions, published, with_names
from projects.duplicates import cosine
from projects.language.embedding_index import index_name
from projects.language.embedding_service import ServiceEmbedder
from projects.language.embeddings import WordLlamaEmbedder
from projects.models import Project
from projects.search.meaning import similar, similar_pairs
from projects.search.searching import search
from tests.factories import make_embedded, make_project
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


def test_words_and_meaning_are_fused_and_rejected_projects_left_out():
    projects = make_embedded(30)
    Project.objects.filter(pk=projects[3].pk).update(review_status="rejected")
    embedder = WordLlamaEmbedder()
    assert [hit.project.pk for hit in search("gardeners 17", embedder=embedder, limit=1).hits] == [projects[17].pk]
    found = search("gardeners 3", embedder=embedder, limit=50).hits
    assert projects[3].pk not in {hit.project.pk for hit in found}


def test_words_alone_are_searched_while_the_service_is_down():
    make_embedded(2)
    answer = search("gardeners", embedder=ServiceEmbedder("http://127.0.0.1:9/v1", "m"))
    assert (len(answer.hits), answer.mode) == (2, "words")
    assert "words alone" in answer.notice


def test_a_project_without_an_embedding_has_none_that_are_similar():
    make_embedded(2)
    assert similar(make_project(), Project.objects.published(), 10) == []


def test_the_command_finds_by_meaning_what_shares_no_word():
    [project] = make_embedded(1)
    make_project(title="Unlike")
    out = StringIO()
    call_command("search_projects", "gardening", "--json", stdout=out)
    assert [row["id"] for row in json.loads(out.getvalue())["projects"]] == [project.pk]
    Project.objects.all().delete()
    out = StringIO()
    call_command("search_projects", "gardening", stdout=out)
    assert out.getvalue() == "Nothing found.\n"
