"""Making ideas on a scripted model: what is saved, refused, asked again and counted."""

import json
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings as waywo
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.http import Down, Unavailable
from core.locks import try_lock_session
from core.models import MAX_DEATHS
from ideas.asking import check_wish
from ideas.generation import generate_ideas
from ideas.models import Idea, IdeaRun
from ideas.pipeline import Record, hashtags
from ideas.runs import GenerationFailed
from ideas.saving import save_idea
from projects import tags
from projects.language.embedding_index import index_name
from projects.language.embeddings import WordLlamaEmbedder
from projects.models import Project, Tag
from tests.factories import make_embedded, make_project
from tests.plans import plans_of_likeness, use_the_index
from tests.servers.ideas import metadata, prose, quality, question, said, subject_of
from tests.servers.llm import Says
from waywo_site.operations import metrics

pytestmark = pytest.mark.django_db(transaction=True)


def tagged(*names: str, **fields) -> Project:
    project = make_project(**fields)
    project.tags.set([Tag.objects.get_or_create(name=name)[0] for name in names])
    return project


def asked(server, which: str) -> list[dict]:
    return [request for request in server.requests if question(request) == which]


def test_ideas_are_saved_as_pending_projects_with_their_lineage(model):
    tagged("rust", "cli")
    steps = []
    with model() as server:
        run = generate_ideas(4, creativity=1.2, progress=lambda *step: steps.append(step))
    assert run.as_result() == {
        "status": "success",
        "num_saved": 4,
        "project_ids": list(Project.objects.generated().order_by("pk").values_list("pk", flat=True)),
        "errors": [],
    }
    assert (run.rows_asked, run.llm_calls, len(server.requests)) == (4, 13, 13)
    assert (run.tokens_in, run.tokens_out, run.language_model) == (1300, 260, "scripted")
    assert run.seconds > 0
    for project in Project.objects.generated():
        assert (project.source, project.created_by, project.review_status) == (
            "nemo_data_designer",
            "scripted",
            "pending",
        )
        assert (project.idea_score, project.complexity_score, project.idea_reason) == (7, 4, "Its idea is clear.")
        assert 3 <= project.tags.count() <= 5
        assert project.embedding is not None
        idea = project.lineage
        assert {idea.primary_tag, *idea.secondary_tags} == {"rust", "cli"}
        assert 1 <= idea.target_complexity <= 10
        assert "Nobody keeps" in idea.prose
    assert {request["temperature"] for request in asked(server, "idea")} == {1.2}
    assert {request["temperature"] for request in asked(server, "metadata")} == {0.1}
    assert {request["temperature"] for request in asked(server, "judge")} == {0.2}
    assert steps[0] == ("building_pipeline", 0, 1)
    assert ("generating", 0, 4) in steps
    assert steps[-1] == ("saving", 4, 4)
    assert not (waywo.VAR_DIR / "ideas" / f"run-{run.pk}").exists()


def test_every_idea_combines_all_seed_tags(model):
    for name in ("rust", "education", "maps"):
        tagged(name)
    with model() as server:
        generate_ideas(3, ["rust", "#Education", "maps"])
    for request in asked(server, "idea"):
        assert all(f"#{tag}" in said(request, "user") for tag in ("rust", "education", "maps"))
    for project in Project.objects.generated():
        assert {"rust", "education", "maps"} <= set(project.tags.values_list("name", flat=True))


# The product is longer than chance brings into the random marks of a fence.
HOSTILE = ("{{ 7777*7777 }}", '"quoted"', "{% raw %}", "'; drop table", "null", '["a" "b"]', "<b>&amp;", "7")


def test_tags_with_quotes_and_braces_stay_text(model):
    for name in HOSTILE:
        tagged(name)
    with model() as server:
        run = generate_ideas(2, list(HOSTILE))
    assert run.status == "success"
    for request in asked(server, "idea") + asked(server, "metadata"):
        assert all(f"#{name}" in said(request, "user") for name in HOSTILE), said(request, "user")
        assert str(7777 * 7777) not in said(request, "user")
    for idea in Idea.objects.all():
        assert {idea.primary_tag, *idea.secondary_tags} == set(HOSTILE)
        assert set(HOSTILE) <= set(idea.project.tags.values_list("name", flat=True))


def test_what_the_model_writes_is_never_rendered(model):
    text = prose("tide tables") + " {{ 7*7 }} {% for x in y %} <script>alert(1)</script>"
    with model(
        idea=lambda _: text,
        metadata=lambda _: metadata("tide tables", title="{{ 7*7 }} tides", description="{{ primary_tag }} as it is."),
    ) as server:
        generate_ideas(1)
    assert "{{ 7*7 }} {% for x in y %} <script>alert(1)</script>" in said(asked(server, "judge")[0], "user")
    project = Project.objects.generated().get()
    assert (project.title, project.description) == ("{{ 7*7 }} tides", "{{ primary_tag }} as it is.")


def test_an_empty_index_falls_back_to_the_starter_list_and_says_so(model):
    with model():
        run = generate_ideas(2, ["rust", "education"])
        assert generate_ideas(1).is_from_starter_tags
    assert run.status == "success"


def test_a_near_copy_is_refused_and_another_asked_for(model):
    first = []

    def same_at_first(request):
        first.append(request)
        return prose("bird calls") if len(first) <= 3 else prose("font kerning")

    with model(idea=same_at_first) as server:
        run = generate_ideas(2)
    assert run.status == "success"
    assert {project.title for project in Project.objects.generated()} == {"Bird Calls Keeper", "Font Kerning Keeper"}
    assert [refused["title"] for refused in run.refusals] == ["Bird Calls Keeper"] * 2
    assert "too like 'Bird Calls Keeper'" in run.refusals[0]["reason"]
    assert run.rows_asked == 4
    assert "Bird Calls Keeper" in said(asked(server, "idea")[-1], "user"), "the model is told what is taken"


def test_copies_of_real_and_of_rejected_projects_are_refused_for_good_after_two_more_tries(model):
    with model(idea=lambda _: prose("bird calls")):
        generate_ideas(1)
        Project.objects.generated().update(review_status="rejected")
        with pytest.raises(GenerationFailed, match="too like what is there"):
            generate_ideas(1)
    run = IdeaRun.objects.first()
    assert (run.status, run.rows_asked, len(run.refusals), Project.objects.count()) == ("failed", 3, 3, 1)


def test_an_idea_that_words_a_real_project_anew_is_refused(model):
    with model():
        generate_ideas(1)
    project = Project.objects.get()
    project.source, project.title = "hn", "Another name altogether"
    project.save()
    with model(idea=lambda _: prose("beehive scales")), pytest.raises(GenerationFailed):
        generate_ideas(1)


def test_what_is_alike_is_looked_for_over_the_index_for_all_wait_for_it_that_save_ideas():
    make_embedded(30)
    run, wish = IdeaRun.objects.create(num_ideas=1, language_model="scripted"), check_wish(1)
    texts = {"title": "Beehive scales", "short_description": "Weighs hives", "description": "It weighs a hive."}
    scores = {"idea_score": 7, "idea_reason": "Clear.", "complexity_score": 4, "complexity_reason": "Small."}
    record = Record("iot", (), "beekeepers", 4, prose("beehive scales"), **texts, hashtags=["iot"], **scores)
    with transaction.atomic():
        use_the_index()
        with CaptureQueriesContext(connection) as queries:
            save_idea(run, wish, record, WordLlamaEmbedder())
        plans = plans_of_likeness(queries.captured_queries)
    assert len(plans) == 2
    assert all(f"Index Scan using {index_name(WordLlamaEmbedder.name)}" in plan for plan in plans)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"judge": lambda _: quality(idea=11)}, "quality: "),
        ({"judge": lambda _: quality(idea="high")}, "quality: "),
        ({"judge": lambda _: '{"other": "JSON"}'}, "quality: "),
        ({"metadata": lambda _: '{"name": "x"}'}, "metadata: "),
        ({"metadata": lambda _: "no JSON at all"}, "metadata: "),
        ({"metadata": lambda _: metadata("maps", hashtags=["one"])}, "metadata: "),
        ({"metadata": lambda _: metadata("maps", title="Untitled")}, "'Untitled' is not a title"),
        ({"metadata": lambda _: metadata("maps", title="***")}, "is not a title"),
        ({"idea": lambda _: "Hm."}, "which say nothing"),
        ({"idea": lambda _: "I will build a gift. It is a gift. " * 20}, "says 2 things in 40 sentences"),
        ({"idea": lambda _: Says(status=400, body=b'{"error": {"message": "too long"}}')}, "idea: "),
        ({"idea": lambda _: Says(body=b"<html>Welcome</html>")}, "idea: "),
        ({"idea": lambda _: Says(body=b'{"unexpected": 1}')}, "has no choices"),
        ({"idea": lambda _: Says(None, refusal="Not that.")}, "declined: 'Not that.'"),
    ],
)
def test_an_answer_that_cannot_be_used_is_refused_and_named(model, answers, message):
    with model(**answers), pytest.raises(GenerationFailed, match=f".*{message}"):
        generate_ideas(1)
    run = IdeaRun.objects.get()
    assert run.status == "failed"
    assert not Project.objects.exists()
    assert all("\n" not in error and "Traceback" not in error for error in run.errors)


def test_a_wrong_score_is_asked_for_again_with_the_error(model):
    wrong = [quality(idea=11), quality(idea="high", complexity="3")]
    with model(judge=lambda _: wrong.pop(0) if wrong else quality(idea="8", complexity=3.0)) as server:
        with pytest.raises(GenerationFailed):
            generate_ideas(1)
        run = generate_ideas(1)
    assert len(asked(server, "judge")) == 3
    assert run.status == "success"
    project = Project.objects.get()
    assert (project.idea_score, project.complexity_score) == (8, 3)


def test_a_fence_that_the_model_repeats_is_taken_off(model):
    with model(idea=lambda _: "<<<data-0123456789abcdef\n" + prose("tide tables") + "\ndata-0123456789abcdef>>>"):
        generate_ideas(1)
    assert Idea.objects.get().prose == prose("tide tables")


def test_many_hashtags_and_long_titles_are_cut(model):
    many = [f"#Tag {number}" for number in range(9)] + ["x" * 80]
    with model(metadata=lambda _: metadata("maps", title='"' + "Long " * 60 + '"', hashtags=many)):
        generate_ideas(1)
    project = Project.objects.get()
    assert len(project.title) <= 100
    assert sorted(project.tags.values_list("name", flat=True)) == [f"tag {number}" for number in range(5)]


def test_an_alias_that_the_model_writes_becomes_its_tag(model):
    tagged("maps")
    tags.add_alias(Tag.objects.create(name="game"), "games")
    with model(metadata=lambda _: metadata("maps", hashtags=["maps", "games", "birds"])):
        generate_ideas(1)
    assert sorted(Project.objects.generated().get().tags.values_list("name", flat=True)) == ["birds", "game", "maps"]
    assert not Tag.objects.filter(name="games").exists()


def test_a_row_that_fails_costs_itself_only(model):
    with model(
        metadata=lambda request: "no JSON" if subject_of(request) == "sheet music" else metadata(subject_of(request))
    ):
        run = generate_ideas(4)
    result = run.as_result()
    assert (result["status"], result["num_saved"], len(result["errors"])) == ("partial", 3, 1)
    assert "metadata: " in result["errors"][0]
    assert run.rows_asked == 4, "a failed row was asked for twice already"


def test_an_endpoint_that_fails_half_way_keeps_what_was_finished(model):
    def breaks(request):
        if len(asked(server, "judge")) > 2:
            return Says(status=400, body=b'{"error": {"message": "out of credit"}}')
        return prose(next(subjects))

    from tests.servers.ideas import SUBJECTS

    subjects = iter(SUBJECTS)
    with model(idea=breaks) as server:
        run = generate_ideas(12)
    assert run.status == "partial"
    assert 2 < run.ideas.count() < 12
    assert run.ideas.count() + len(run.errors) == 12
    assert Project.objects.generated().count() == run.ideas.count()


def test_a_server_that_cannot_be_reached_leaves_a_run_that_goes_on_later(model, settings):
    with model() as server:
        server.stop()
        with pytest.raises(Down):
            generate_ideas(2, task_id="task-1", last_try=False)
        run = IdeaRun.objects.get()
        assert (run.status, run.attempts, run.ideas.count()) == ("queued", 0, 0)
        server.start()
        assert generate_ideas(2, task_id="task-1").pk == run.pk
        calls = len(server.requests)
        again = generate_ideas(2, task_id="task-1")
        assert (again.as_result()["num_saved"], len(server.requests)) == (2, calls), "a second delivery does nothing"
        server.stop()
        with pytest.raises((Down, Unavailable)):  # of a connection that is open still it is told that it ended
            generate_ideas(2, task_id="task-2", last_try=False)
        for _ in range(2):
            with pytest.raises(Down):
                generate_ideas(2, task_id="task-2")
        waits = IdeaRun.objects.get(task_id="task-2")
        assert (waits.status, waits.attempts) == ("queued", 0)
        assert len(waits.errors) == len(set(waits.errors))
        with pytest.raises(Down):
            generate_ideas(2)
    assert IdeaRun.objects.get(task_id="").status == "failed", "nobody goes on with what no task makes"


def test_a_run_whose_workers_keep_dying_is_given_up(model):
    with model():
        IdeaRun.objects.create(num_ideas=1, task_id="poison", status="running", attempts=MAX_DEATHS)
        with pytest.raises(GenerationFailed, match="died 3 times"):
            generate_ideas(1, task_id="poison")
    assert IdeaRun.objects.get().status == "failed"


def test_the_time_limit_of_the_task_ends_a_run_and_keeps_what_it_had(model):
    def stops(step, done, total):
        if (step, done) == ("saving", 2):
            raise SoftTimeLimitExceeded

    with model() as server:
        run = generate_ideas(20, task_id="slow", progress=stops)
        before = len(server.requests)
        assert before < 60, "Data Designer stops too"
    assert (run.status, run.ideas.count()) == ("partial", 2)
    assert "It was stopped at its time limit." in run.errors


def test_a_run_holds_what_all_its_attempts_cost_for_the_metrics(model):
    def stops(step, done, total):
        if step == "saving":
            raise Unavailable("Gone.")

    with model() as server:
        with pytest.raises(Unavailable):
            generate_ideas(1, task_id="twice", last_try=False, progress=stops)
        run = generate_ideas(1, task_id="twice")
        assert (run.status, run.llm_calls) == ("success", len(server.requests))
        with pytest.raises(Unavailable):
            generate_ideas(1, progress=stops)
        seen = metrics.text().decode()
        assert f'waywo_llm_calls_last_hour{{model="scripted"}} {len(server.requests)}.0' in seen
        assert 'waywo_llm_errors_last_hour{model="scripted"} 1.0' in seen


def test_a_run_that_a_dead_worker_left_is_ended_by_the_next(model, settings):
    long_ago = timezone.now() - timedelta(days=1)
    dead = IdeaRun.objects.create(num_ideas=5, task_id="dead", status="running", started_at=long_ago)
    left = settings.VAR_DIR / "ideas" / f"run-{dead.pk}"
    left.mkdir(parents=True)
    with model():
        generate_ideas(1)
    dead.refresh_from_db()
    assert (dead.status, dead.errors) == ("failed", ["Its worker died. What it had finished is kept."])
    assert not left.exists()


def test_a_run_that_lasts_long_and_is_alive_is_left_alone_by_the_next(model, settings):
    long_ago = timezone.now() - timedelta(days=1)
    running = IdeaRun.objects.create(num_ideas=5, task_id="alive", status="running", started_at=long_ago)
    folder = settings.VAR_DIR / "ideas" / f"run-{running.pk}"
    folder.mkdir(parents=True)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            assert try_lock_session(cursor, f"idea run {running.pk}")
        with model():
            generate_ideas(1)
    finally:
        other.close()
    running.refresh_from_db()
    assert (running.status, running.finished_at, folder.exists()) == ("running", None, True)


def test_the_time_of_a_run_counts_from_its_last_attempt(model):
    long_ago = timezone.now() - timedelta(days=1)
    IdeaRun.objects.create(num_ideas=1, task_id="again", status="running", attempts=1, started_at=long_ago)
    with model():
        run = generate_ideas(1, task_id="again")
    assert (run.status, timezone.now() - run.started_at < timedelta(hours=1)) == ("success", True)


def test_servers_that_take_a_schema_are_given_it_and_others_are_not(model):
    with model() as server:
        generate_ideas(1)
        assert asked(server, "metadata")[0]["response_format"]["type"] == "json_schema"
        assert asked(server, "judge")[0]["response_format"]["json_schema"]["name"] == "Quality"
        assert "response_format" not in asked(server, "idea")[0]
    with model() as server:
        server.takes = set()
        generate_ideas(1)
        assert "response_format" not in asked(server, "metadata")[0]


def thinking(text: str) -> Says:
    return Says(f"<think>Perhaps {{this}}? No.</think>\n{text}")


def wants(name: str, unwanted: str, request: dict) -> Says | None:
    """Refuse a parameter as the models do that do not take it."""
    message = f"Unsupported parameter: '{unwanted}' is not supported with this model. Use '{name}' instead."
    body = {"error": {"message": message, "param": unwanted, "code": "unsupported_parameter"}}
    return Says(status=400, body=json.dumps(body).encode()) if unwanted in request else None


def cut(request: dict, text: str, room: int) -> Says:
    """Think aloud for so long that an answer is cut off before it begins."""
    return Says(text) if request["max_tokens"] >= room else Says("", finish_reason="length", usage=(9, 9))


@pytest.mark.parametrize(
    ("says", "takes"),
    [
        (lambda request, text: thinking(text), ("json_schema",)),
        (lambda request, text: wants("max_completion_tokens", "max_tokens", request) or Says(text), ("json_schema",)),
        (lambda request, text: wants("nothing", "temperature", request) or Says(text), ("json_object",)),
        (lambda request, text: cut(request, text, 5_000), ()),
        (lambda request, text: Says(text.replace('"}', '",}')), ()),
    ],
    ids=["thinks", "another bound", "no temperature", "needs room", "JSON with a mistake"],
)
def test_ideas_come_from_every_server_that_reading_works_with(model, says, takes):
    answers = {
        "idea": lambda request: says(request, prose(subject_of(request))),
        "metadata": lambda request: says(request, metadata(subject_of(request))),
        "judge": lambda request: says(request, quality(idea="7/10", complexity="4")),
    }
    with model(**answers) as server:
        server.takes = set(takes)
        run = generate_ideas(1)
    assert (run.status, run.llm_calls) == ("success", len(server.requests))
    project = Project.objects.get()
    assert (project.idea_score, project.complexity_score) == (7, 4)
    assert "think" not in Idea.objects.get().prose


def test_a_hashtag_is_no_json():
    for name in HOSTILE:
        with pytest.raises(json.JSONDecodeError):
            json.loads(hashtags([name]))
