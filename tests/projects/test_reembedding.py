"""Embeddings by a service, moving the index to another model, and searching meanwhile."""

import asyncio
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection

from core.http import InvalidAnswer, NotAsked, OutsideError, Refused, Unavailable
from projects.language.embedding_index import index_name
from projects.language.embedding_service import BATCH, ServiceEmbedder
from projects.language.embeddings import WordLlamaEmbedder, get_embedder
from projects.models import Project
from projects.reembedding import generate_embeddings, reembed
from projects.search.meaning import similar
from projects.search.searching import search
from tests.factories import make_project
from tests.servers.llm import LLMServer, Says


def embed(embedder: ServiceEmbedder, texts: list[str]) -> list[list[float]]:
    return asyncio.run(embedder.embed(texts))


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'project_hnsw%'")
        return {name for (name,) in cursor.fetchall()}


def test_indexes_of_before_are_made_again_over_half_precision(db):
    name = index_name("a-model")
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE INDEX {name} ON projects_project USING hnsw ((embedding::vector(8)) vector_cosine_ops) "
            "WHERE embedding_model = 'a-model'"
        )
        import_module("projects.migrations.0026_half_precision_index").rebuild(
            None, SimpleNamespace(connection=connection)
        )
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
        [(definition,)] = cursor.fetchall()
    assert "embedding)::halfvec(8)) halfvec_cosine_ops) WITH (m='24', ef_construction='128')" in definition
    assert definition.endswith("WHERE ((embedding_model)::text = 'a-model'::text)")


def test_texts_are_embedded_in_batches_as_vectors_of_unit_length():
    texts = [f"text {number}" for number in range(BATCH + 5)]
    with LLMServer(models=["m"]) as server:
        embedder = ServiceEmbedder(server.url, "m", "a key")
        vectors = embed(embedder, texts)
    assert [len(batch) for batch in server.embedded] == [BATCH, 5]
    assert embedder.dimensions == 8
    assert all(sum(number**2 for number in vector) == pytest.approx(1) for vector in vectors)
    assert server.keys == {"Bearer a key"}


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says(status=500, body=b"no"), Unavailable),
        (Says(status=429, body=b"no", headers={"Retry-After": "9"}), Unavailable),
        (Says(body=b"<html>"), Unavailable),
        (Says(status=401, body=b"no"), Refused),
        (Says(body=b'{"data": []}'), InvalidAnswer),
        (Says(body=b'{"error": "x"}'), Unavailable),
        (Says(body=b'{"data": [{"index": 0, "embedding": [1, 2, 3]}]}'), InvalidAnswer),
        (Says(body=b'{"data": [{"index": 0, "embedding": [0, 0, 0, 0, 0, 0, 0, 0]}]}'), InvalidAnswer),
        (Says(body=b'{"data": [{"index": 0, "embedding": "AAAA"}]}'), InvalidAnswer),
    ],
)
def test_what_is_no_embedding_becomes_an_error(says, error):
    with LLMServer() as server:
        server.embedding_answers = [says]
        with pytest.raises(error) as caught:
            embed(ServiceEmbedder(server.url, "m", dimensions=8), ["text"])
    assert caught.value.permanent is (error.permanent)


def test_a_service_that_is_down_opens_the_circuit():
    embedder = ServiceEmbedder("http://127.0.0.1:9/v1", "m")
    for _ in range(5):
        with pytest.raises(Unavailable):
            embed(embedder, ["text"])
    with pytest.raises(NotAsked):
        embed(embedder, ["text"])


@pytest.mark.django_db
def test_the_settings_choose_who_embeds(settings):
    get_embedder.cache_clear()
    try:
        assert isinstance(get_embedder(), WordLlamaEmbedder)
        get_embedder.cache_clear()
        settings.EMBEDDING_BASE_URL, settings.EMBEDDING_MODEL = "http://127.0.0.1:9/v1", "m"
        assert get_embedder().name == "m"
    finally:
        get_embedder.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_another_dimension_behind_the_same_name_is_refused_and_the_variable_moves_the_index(settings):
    old = WordLlamaEmbedder()
    project = make_project(title="Birds", embedding=[0.0] * 15 + [1.0], embedding_model="m")
    with LLMServer(dimensions=8) as server:
        settings.EMBEDDING_BASE_URL, settings.EMBEDDING_MODEL = server.url, "m"
        get_embedder.cache_clear()
        with pytest.raises(InvalidAnswer, match="m gave 8 dimensions instead of 16: set EMBEDDING_DIMENSIONS=8"):
            embed(get_embedder(), ["text"])
        assert [hit.project.pk for hit in search("birds", embedder=get_embedder()).hits] == [project.pk]  # by its words
        settings.EMBEDDING_DIMENSIONS = 8
        get_embedder.cache_clear()
        assert reembed(get_embedder())["embedded"] == 1
        assert [hit.project.pk for hit in search("what flies", embedder=get_embedder()).hits] == [project.pk]
    get_embedder.cache_clear()
    project.refresh_from_db()
    assert (project.embedding_model, len(project.embedding)) == ("m@8", 8)
    reembed(old)  # the default's index is back for the other tests


@pytest.mark.django_db(transaction=True)
def test_the_index_moves_to_another_model_and_goes_on_where_it_stopped():
    old = WordLlamaEmbedder()
    for number in range(10):
        [vector] = old.embed_now([f"Project {number}"])
        make_project(title=f"Project {number} about birds", embedding=vector, embedding_model=old.name)
    make_project(title="Never embedded")
    assert indexes() == {index_name(old.name)}
    with LLMServer() as server:
        new = ServiceEmbedder(server.url, "m")
        first = Says(status=503, body=b"", headers={"Retry-After": "3"})
        server.embedding_answers = [first]
        waits: list[float] = []
        found_meanwhile: list[int] = []
        alike_meanwhile: list[tuple[int, int]] = []

        def stop_after_two_batches(step, done, total):
            found_meanwhile.append(len(search("birds", embedder=new).hits))
            moved, waiting = Project.objects.order_by("pk")[0], Project.objects.order_by("pk")[9]
            everything = Project.objects.published()
            alike_meanwhile.append((len(similar(moved, everything, 10)), len(similar(waiting, everything, 10))))
            if done >= 8:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            reembed(new, stop_after_two_batches, batch=4, sleep=waits.append)
        assert waits == [3.0]
        assert found_meanwhile == [10, 10]
        assert alike_meanwhile == [(3, 5), (7, 1)]  # those that the same model embedded
        assert Project.objects.filter(embedding_model="m").count() == 8
        sent = sum(len(batch) for batch in server.embedded if len(batch) > 1)
        result = reembed(new, batch=4)
    assert (result["embedded"], result["dimensions"], result["index"]) == (3, 8, "hnsw")
    assert sent == 12  # 4 of them in the request that failed
    assert Project.objects.exclude(embedding_model="m").count() == 0
    assert indexes() == {index_name("m")}
    with LLMServer() as server:
        assert reembed(ServiceEmbedder(server.url, "m"))["embedded"] == 0
        assert server.embedded == []
    reembed(old)  # the default's index is back for the other tests


@pytest.mark.django_db(transaction=True)
def test_a_wrong_dimension_stops_at_once_and_changes_nothing():
    make_project()
    with LLMServer(dimensions=7) as server, pytest.raises(OutsideError, match="7 dimensions instead of 8"):
        reembed(ServiceEmbedder(server.url, "m", dimensions=8))
    assert Project.objects.filter(embedding_model="").count() == 1
    assert len(server.embedded) == 1


@pytest.mark.django_db
def test_projects_without_an_embedding_are_embedded_and_given_ones_anew():
    embedder = WordLlamaEmbedder()
    first, second, third = (make_project(title=title) for title in ("A", "B", "C"))
    result = generate_embeddings(embedder, limit=2)
    assert result == {"status": "success", "model": embedder.name, "embedded": 2, "left": 1}
    assert [project.embedding_model for project in Project.objects.order_by("pk")] == [embedder.name] * 2 + [""]
    assert generate_embeddings(embedder)["embedded"] == 1
    assert generate_embeddings(embedder)["embedded"] == 0
    Project.objects.filter(pk=second.pk).update(embedding=[1.0] + [0.0] * 255)
    assert generate_embeddings(embedder, [second.pk, first.pk])["embedded"] == 2
    assert Project.objects.get(pk=second.pk).embedding[0] < 1
    with pytest.raises(ValueError, match=f"There is no project {third.pk + 1}"):
        generate_embeddings(embedder, [third.pk, third.pk + 1])
    with pytest.raises(ValueError, match="limit=0 is invalid"):
        generate_embeddings(embedder, limit=0)


@pytest.mark.django_db
def test_a_service_that_is_away_is_asked_once_where_the_task_is_tried_again():
    make_project()
    with LLMServer(models=["m"]) as server:
        server.embedding_answers = [Says(status=503, body=b"no")] * 3
        with pytest.raises(Unavailable):
            generate_embeddings(ServiceEmbedder(server.url, "m"), tries=1)
        assert len(server.embedding_answers) == 2
