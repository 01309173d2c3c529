"""Reading with a language model through a real broker and a real worker; its traces; the system checks."""

import json
import subprocess
import sys

import pytest
from celery.result import AsyncResult
from django.core.checks import run_checks

from comments.models import Comment
from core.jobs import following, sending
from projects import checks
from projects.extraction import prompts
from projects.models import Extraction, Project
from tests.factories import make_comment, make_post
from tests.servers.llm import LLMServer, Says, reader
from tests.servers.otlp import TraceReceiver
from tests.servers.processes import ROOT, Worker, command, environment
from tests.waiting import wait_until

TEXT = "I am building Thing {0} (https://thing{0}.example), number {0} of its kind."


def make_comments(count: int) -> list[Comment]:
    post = make_post()
    return [make_comment(TEXT.format(number), author=f"author{number}", post=post) for number in range(count)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
@pytest.mark.process
def test_a_worker_reads_by_the_model_and_sends_its_traces(tmp_path):
    comments = make_comments(3)
    with TraceReceiver() as receiver, LLMServer() as server:
        with Worker(
            tmp_path,
            processes=1,
            LLM_BASE_URL=server.url,
            LLM_MODEL="scripted",
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        ):
            ids = [sending.send("process_waywo_comment", {"comment_id": row.pk}) for row in comments]
            for task_id in ids:
                wait_until(AsyncResult(task_id).ready, "the comment is read")
                assert AsyncResult(task_id).get()["valid_projects"] == 1
        wait_until(lambda: receiver.spans, "traces came")
    assert len(server.requests) == 6
    assert {service for service, _, _ in receiver.spans} == {"waywo-worker"}
    kinds = [attributes.get("openinference.span.kind") for _, _, attributes in receiver.spans]
    assert kinds.count("LLM") >= 6
    names = " ".join(name for _, name, _ in receiver.spans)
    assert "ExtractionWorkflow" in names
    assert set(Extraction.objects.values_list("analyst", "llm_calls", "tokens_in")) == {("scripted", 2, 200)}


@pytest.mark.parametrize(
    ("queues", "model", "opened"),
    [
        ("extraction,priority", "scripted", True),
        ("collection,operations", "scripted", False),
        ("extraction", "", False),
    ],
)
@pytest.mark.process
def test_the_models_client_is_opened_only_in_a_worker_that_serves_extraction(queues, model, opened):
    code = (
        "import sys, django; django.setup()\n"
        "from celery.signals import worker_process_init\n"
        "from waywo_site.celery import app, load_worker\n"
        "load_worker(app.conf)\n"
        "app.amqp.queues.select(sys.argv[1].split(','))\n"
        "before = 'llama_index' in sys.modules\n"
        "worker_process_init.send(sender=None)\n"
        "print(before, 'llama_index' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, queues],
        cwd=ROOT,
        env=environment(
            DJANGO_SETTINGS_MODULE="waywo_site.settings", LLM_BASE_URL="http://127.0.0.1:9/v1", LLM_MODEL=model
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", str(opened)]


@pytest.mark.process
def test_web_and_beat_never_open_it_though_a_model_is_configured():
    code = (
        "import sys\n"
        "import waywo_site.wsgi, waywo_site.urls, waywo_site.celery, waywo_site.schedules.beat\n"
        "from waywo_site.celery import app; app.loader.import_default_modules(); app.Beat(app=app)\n"
        "print([name for name in ('llama_index', 'openai', 'wordllama', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(
            DJANGO_SETTINGS_MODULE="waywo_site.settings", LLM_BASE_URL="http://127.0.0.1:9/v1", LLM_MODEL="scripted"
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().endswith("[]")


@pytest.mark.process
def test_without_a_receiver_and_a_model_nothing_of_them_is_imported():
    code = (
        "import sys, django; django.setup()\n"
        "from waywo_site.running import worker_signals; worker_signals.start_process(); worker_signals.end_process()\n"
        "from projects.extraction.reading import get_analyst; get_analyst()\n"
        "import projects.extraction.workflow\n"
        "heavy = ('opentelemetry', 'openinference', 'llama_index.core', 'llama_index.llms', 'openai')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
@pytest.mark.process
def test_a_queue_waits_while_the_server_is_down_and_burns_no_tries(tmp_path):
    """The pause of the circuit is a second here, so that the test need not wait for a minute."""
    make_comments(20)
    with LLMServer() as server:

        def goes_down(request):
            if len(server.requests) == 10:
                server.otherwise = lambda _: Says(status=503, body=b"{}", headers={"Retry-After": "1"})
            return reader(request)

        server.otherwise = goes_down
        variables = {"LLM_BASE_URL": server.url, "LLM_MODEL": "scripted", "PYTHONPATH": f"{tmp_path}:{ROOT}"}
        (tmp_path / "sitecustomize.py").write_text(
            "import core.circuit as c\n"
            "c.Circuit.__init__.__kwdefaults__['pause'] = 1.0\n"
            "import core.jobs.retrying as r\nr.SPREAD = 1\n"
        )
        with Worker(tmp_path, processes=1, **variables):
            batch = sending.start_batch(
                "process_waywo_comment", [{"comment_id": row.pk} for row in Comment.objects.all()]
            )
            wait_until(lambda: len(server.requests) >= 15, "the circuit opens")
            failed_calls = len(server.requests) - 10
            server.otherwise = reader
            wait_until(lambda: following.progress_of(batch.group_id).is_finished, "all are read", 60)
    assert following.failures(batch.group_id) == []
    assert Comment.objects.filter(status="processed").count() == 20
    assert Extraction.objects.filter(status="succeeded").count() == 20
    assert Project.objects.count() == 20
    assert failed_calls <= 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues")
@pytest.mark.process
@pytest.mark.parametrize("is_there", [True, False], ids=["it says 503", "nobody listens"])
def test_a_model_that_is_down_for_long_costs_no_comment_a_try(is_there, tmp_path):
    """The pauses are fractions of a second here; more tries fail than a task has."""
    make_comments(2)
    with LLMServer(otherwise=lambda _: Says(status=503, body=b"loading")) as server:
        if not is_there:
            server.stop()
        variables = {"LLM_BASE_URL": server.url, "LLM_MODEL": "scripted"}
        (tmp_path / "sitecustomize.py").write_text(
            "import core.circuit as c\n"
            "c.Circuit.__init__.__kwdefaults__['pause'] = 1.0\n"
            "import core.jobs.retrying as r\nr.SPREAD = 0.5\n"
        )
        calls = [{"comment_id": row.pk} for row in Comment.objects.all()]
        with Worker(tmp_path, processes=1, PYTHONPATH=f"{tmp_path}:{ROOT}", **variables) as worker:
            batch = sending.start_batch("process_waywo_comment", calls)
            wait_until(lambda: worker.log.count("state=RETRY") >= 10, "it was tried in vain", 300)
            assert not Comment.objects.exclude(status__in=("pending", "processing")).exists()
            assert set(batch.tasks.values_list("retries", flat=True)) == {0}
            server.otherwise = reader
            if not is_there:
                server.start()
            wait_until(lambda: following.progress_of(batch.group_id).is_finished, "all are read", 120)
    assert following.failures(batch.group_id) == []
    assert set(Comment.objects.values_list("status", "attempts", "last_error")) == {("processed", 0, "")}
    # What nobody answered left no trace.
    assert set(Extraction.objects.values_list("status", flat=True)) == {"succeeded"}


@pytest.mark.django_db(transaction=True)
def test_the_command_chooses_what_to_read_again():
    comments = make_comments(3)
    post = comments[0].post_id
    Comment.objects.filter(pk=comments[0].pk).update(status="failed")
    other = make_comment("Nothing to see.")
    with LLMServer() as server:
        model = {"LLM_BASE_URL": server.url, "LLM_MODEL": "scripted"}

        def read(*arguments: str) -> dict:
            done = command("process_waywo_comments", "--json", *arguments, **model)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout.splitlines()[-1])

        assert read("--failed", "--analyst", "rules")["comments"] == 1
        assert server.requests == []
        assert read("--post", str(post))["comments"] == 3
        assert read("--prompt-version-below", str(prompts.VERSION))["comments"] == 0
        assert read("--prompt-version-below", str(prompts.VERSION + 1))["comments"] == 3
        assert read("--analyst", "rules", "--prompt-version-below", "1")["comments"] == 2
    other.refresh_from_db()
    assert other.status == "pending"
    wrong = command("process_waywo_comments", "--failed", "--comment-ids", "1")
    assert wrong.returncode == 2
    assert "goes with none of" in wrong.stderr
    missing = command("process_waywo_comments", "--post", "77")
    assert (missing.returncode, "no comment of thread 77" in missing.stderr) == (1, True)


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({"LLM_BASE_URL": "http://localhost:1/v1"}, ["projects.E001"]),
        ({"LLM_MODEL": "m"}, ["projects.W001"]),
        ({"LLM_BASE_URL": "http://localhost:1/v1", "LLM_MODEL": "m"}, []),
        ({"EMBEDDING_BASE_URL": "http://localhost:1/v1"}, ["projects.E003"]),
        ({"EMBEDDING_DIMENSIONS": 8}, ["projects.W005"]),
    ],
)
def test_half_a_configuration_is_named(settings, values, ids):
    for name, value in values.items():
        setattr(settings, name, value)
    assert [message.id for message in run_checks() if message.id.startswith("projects.")] == ids


def test_a_wrong_address_key_or_model_is_named_before_a_deployment(settings):
    with LLMServer(models=["there"]) as server:
        settings.LLM_BASE_URL, settings.LLM_MODEL = server.url, "there"
        assert checks.check_models_are_there() == []
        settings.LLM_MODEL = "elsewhere"
        [message] = checks.check_models_are_there()
        assert "no model 'elsewhere'" in message.msg
        assert "there" in message.hint
    [message] = checks.check_models_are_there()
    assert "cannot be reached" in message.msg
    with LLMServer(models=["there"], key="right") as server:
        settings.LLM_BASE_URL, settings.LLM_MODEL, settings.LLM_API_KEY = server.url, "there", "wrong"
        [(kind, problem, remedy)] = checks.endpoint_problems()
        assert (kind, remedy) == ("LLM", "Correct LLM_API_KEY.")
        assert "refuses the key (401)" in problem
        settings.LLM_API_KEY = "right"
        assert checks.endpoint_problems() == []
