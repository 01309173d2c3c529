"""The embedding of a project is that of its texts, whoever wrote them."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from projects.embedding import embedding_text
from projects.extraction.reading import read_comment
from projects.language import embeddings
from projects.language.embedding_service import ServiceEmbedder
from projects.language.embeddings import WordLlamaEmbedder
from projects.models import Project, ReviewAction
from projects.reviewing import acts
from projects.reviewing.undoing import undo_last
from tests.factories import make_comment, make_embedded, make_project
from tests.projects.extraction.test_reading import ScriptedAnalyst

REVIEW = ReviewAction.Place.REVIEW

pytestmark = pytest.mark.django_db(transaction=True)


def is_up_to_date(project: Project) -> bool:
    project.refresh_from_db()
    [vector] = WordLlamaEmbedder().embed_now([embedding_text(project)])
    return project.embedding is not None and list(project.embedding) == pytest.approx(vector, abs=1e-6)


@pytest.mark.parametrize(
    "changes", [{"title": "Loom"}, {"short_description": "For weavers"}, {"description": "It weaves.", "tags": ["a"]}]
)
def test_what_a_person_edits_is_embedded_anew_and_so_is_what_an_undo_puts_back(changes):
    [project] = make_embedded(1)
    rita = User.objects.create_user("rita")
    acts.change(project.pk, changes, rita, REVIEW, None)
    assert is_up_to_date(project)
    undo_last(rita, REVIEW)
    assert is_up_to_date(project)


def test_an_edit_in_the_form_of_a_project_is_embedded(admin_client):
    [project] = make_embedded(1)
    url = reverse("admin:projects_project_change", args=[project.pk])
    form = admin_client.get(url).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    inline = {"submissions-TOTAL_FORMS": 0, "submissions-INITIAL_FORMS": 0}
    answer = admin_client.post(url, fields | inline | {"title": "A loom for weavers", "urls": ""})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    project.refresh_from_db()
    assert project.title == "A loom for weavers"
    assert is_up_to_date(project)


def test_a_later_reading_embeds_the_texts_as_they_are_then():
    comment = make_comment()
    analyst = ScriptedAnalyst(("Foo", "https://foo.example"))
    read_comment(comment.pk, analyst=analyst)
    project = Project.objects.get()
    rita = User.objects.create_user("rita")
    acts.change(project.pk, {"title": "A loom for weavers"}, rita, REVIEW, None)
    read_comment(comment.pk, analyst=analyst)
    assert is_up_to_date(project)
    assert project.title == "A loom for weavers"


def test_without_an_answer_of_the_service_nothing_stands_for_texts_that_are_gone(settings, caplog):
    settings.EMBEDDING_BASE_URL, settings.EMBEDDING_MODEL = "http://127.0.0.1:9/v1", "gone"
    embeddings.get_embedder.cache_clear()
    try:
        assert isinstance(embeddings.get_embedder(), ServiceEmbedder)
        project = make_project(embedding=[0.0] * 255 + [1.0], embedding_model="gone")
        rita = User.objects.create_user("rita")
        acts.change(project.pk, {"title": "Loom"}, rita, REVIEW, None)
    finally:
        embeddings.get_embedder.cache_clear()
    project.refresh_from_db()
    assert (project.title, project.embedding, project.embedding_model) == ("Loom", None, "")
    assert "reembed" in caplog.text
