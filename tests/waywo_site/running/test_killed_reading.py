"""A worker that is killed (-9) in the middle of reading a comment again."""

import pytest

from comments.models import Comment
from core.jobs import sending
from projects.extraction.language_model import LanguageModelAnalyst
from projects.extraction.reading import read_comment
from projects.language.embeddings import WordLlamaEmbedder
from projects.language.model import LanguageModel
from projects.models import Extraction, Project, Submission
from tests.factories import make_comment
from tests.servers.llm import LLMServer, Says, description, segments
from tests.servers.processes import Worker
from tests.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("empty_queues")]

TEXT = "I build Foo (https:&#x2F;&#x2F;foo.example). I build Bar, too: https:&#x2F;&#x2F;bar.example is its address."


def index() -> dict[str, list]:
    """Return every row that a reading writes, except what it says of itself and of the comment."""
    tags = Project.tags.through.objects.order_by("id")
    return {
        "projects": [{**row, "embedding": list(row["embedding"])} for row in Project.objects.order_by("id").values()],
        "submissions": list(Submission.objects.order_by("id").values()),
        "tags": list(tags.values_list("project_id", "tag__name")),
    }


def test_a_reviewed_project_is_as_before_and_only_the_extraction_tells(tmp_path):
    comment = make_comment(TEXT)
    judged = segments((1, 1, "project"), (2, 2, "project"))
    foo, bar = description(title="Foo"), description(title="Bar", description="Names birds.", tags=["birds", "a", "b"])
    with LLMServer([judged, foo, bar]) as server:
        analyst = LanguageModelAnalyst(LanguageModel(server.url, "scripted"))
        [reviewed, _] = read_comment(comment.pk, analyst=analyst, embedder=WordLlamaEmbedder()).project_ids
    Project.objects.filter(pk=reviewed).update(review_status="approved", review_note="Good.", is_bookmarked=True)
    before = index()

    # The first project is described again, then the server hangs over the second one.
    answers = [judged, description(title="Foo renamed"), Says(hang=300)]
    with (
        LLMServer(answers) as server,
        Worker(tmp_path, processes=1, LLM_BASE_URL=server.url, LLM_MODEL="scripted") as w,
    ):
        task_id = sending.send("process_waywo_comment", {"comment_id": comment.pk})
        wait_until(lambda: len(server.requests) == 3, "the reading is under way", 60)
        w.kill()
    assert index() == before
    assert list(Extraction.objects.order_by("id").values_list("status", flat=True)) == ["succeeded", "running"]
    assert Comment.objects.get().status == "processing"

    # The message comes back to another worker, which finishes the job and says what became of the first.
    with LLMServer([judged, description(title="Foo renamed"), bar]) as server:
        analyst = LanguageModelAnalyst(LanguageModel(server.url, "scripted"))
        again = read_comment(comment.pk, task_id=task_id, analyst=analyst, embedder=WordLlamaEmbedder())
    project = Project.objects.get(pk=reviewed)
    assert reviewed in again.project_ids
    assert (project.title, project.review_status, project.is_bookmarked) == ("Foo renamed", "approved", True)
    told = list(Extraction.objects.order_by("id").values_list("status", "error"))
    assert told == [("succeeded", ""), ("failed", "its worker died"), ("succeeded", "")]
    assert Project.objects.count() == 2
