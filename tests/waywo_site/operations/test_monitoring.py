"""Prometheus, Grafana, RabbitMQ and Phoenix beside Waywo: what their files name exists, and no password is ours.

No container starts here: files are held against their schemas and checkers, and against the metrics that there are.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.utils import timezone
from flower.events import get_prometheus_metrics
from flower.utils.broker import Broker
from prometheus_client.parser import text_string_to_metric_families

from comments.models import Comment
from projects.models import Extraction
from tests.factories import make_comment
from waywo_site.models import HealthResult
from waywo_site.operations import metrics
from waywo_site.operations.health.looking import SEVERITY

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "waywo_site/operations/monitoring"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
BESIDE = {"prometheus": "monitoring", "alertmanager": "monitoring", "grafana": "monitoring"} | {
    "rabbitmq": "rabbitmq",
    "phoenix": "tracing",
}
PROMETHEUS = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
RULES = [rule for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
PANELS = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
ASKED = [target["expr"] for panel in PANELS for target in panel.get("targets", ())]
WORDS = {"by", "on", "and", "or", "unless"}


def named(expression: str) -> set[str]:
    """Return the metrics that a PromQL expression names: the words that are no function, label, number or operator."""
    bare = re.sub(r"\{[^}]*\}|\[\w+\]|\b(by|on) \([^)]*\)", " ", expression)
    return set(re.findall(r"\b[a-z_:][\w:]*\b(?!\s*\()", bare)) - WORDS


def selected(expression: str) -> list[tuple[str, set[str]]]:
    """Return each metric of an expression that is narrowed by labels, with the names of those."""
    return [(name, set(re.findall(r"(\w+)=", labels))) for name, labels in re.findall(r"(\w+)\{([^}]*)\}", expression)]


def of_flower() -> dict[str, set[str]]:
    """Return the labels of each metric of Flower by its name."""
    labels = {}
    for metric in vars(get_prometheus_metrics()).values():
        for family in metric.describe():
            endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [""])
            for ending in endings:
                labels[family.name + ending] = set(metric._labelnames) | ({"le"} if ending == "_bucket" else set())
    return labels


def of_waywo() -> dict[str, set[str]]:
    """Return the labels of each metric of Waywo, with or without a sample."""
    families = list(text_string_to_metric_families(metrics.text().decode()))
    return {family.name: {label for sample in family.samples for label in sample.labels} for family in families}


@pytest.fixture
def work(settings):
    """Leave something of each kind that metrics count."""
    settings.LLM_MODEL, settings.LLM_PRICE_IN, settings.LLM_PRICE_OUT = "tiny-model", 0.5, 2.0
    Extraction.objects.create(
        comment=make_comment(), analyst="tiny-model", prompt_version=1, status=Extraction.Status.FAILED,
        started_at=timezone.now(), llm_calls=2, tokens_in=1_000_000, tokens_out=100_000,
    )  # fmt: skip
    HealthResult.objects.create(name="disk", state=SEVERITY[0], seconds=0, checked_at=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues", "work")
def test_every_metric_of_the_dashboard_and_of_the_alerts_exists_with_its_labels():
    asked = ASKED + [rule["expr"] for rule in RULES]
    known = {**of_waywo(), **of_flower(), "up": {"job", "instance"}}
    assert {name for expression in asked for name in named(expression)} - set(known) == set()
    for name, labels in (pair for expression in asked for pair in selected(expression)):
        # What has no sample shows no labels.
        assert not known[name] or labels <= known[name], name


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues", "work")
def test_the_dashboard_leaves_out_no_metric_of_ours():
    shown = {name for expression in ASKED for name in named(expression)}
    assert set(of_waywo()) - shown == {"waywo_broker_up"}  # an alert, and a finding of waywo_health


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("empty_queues", "work")
def test_metrics_say_what_the_last_hour_cost_where_prices_are_known(settings):
    assert b'waywo_llm_cost_last_hour{model="tiny-model"} 0.7\n' in metrics.text()
    settings.LLM_PRICE_IN = settings.LLM_PRICE_OUT = None
    assert b"waywo_llm_cost_last_hour{" not in metrics.text()


def test_the_values_that_rules_name_are_those_of_the_code():
    text = " ".join([*ASKED, *(rule["expr"] for rule in RULES)])
    assert set(re.findall(r'waywo_comments\{status="(\w+)"', text)) <= set(Comment.Status.values)
    queues = set(re.findall(r'queue="(\w+)"', text))
    assert queues <= {queue for service in SERVICES.values() for queue in _queues(service)}
    assert set(re.findall(r'job="(\w+)"', text)) <= {job["job_name"] for job in PROMETHEUS["scrape_configs"]}


def _queues(service: dict) -> list[str]:
    command = service.get("command", [])
    return command[command.index("--queues") + 1].split(",") if "--queues" in command else []


def test_every_alert_says_what_is_wrong_and_the_way_out():
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["remedy"]
        assert rule["for"]


def test_panels_have_a_place_of_their_own_and_ask_the_source_that_is_provisioned():
    source = yaml.safe_load((FOLDER / "datasource.yml").read_text())["datasources"][0]
    places = [panel["gridPos"] for panel in PANELS]
    taken = [(at["x"] + x, at["y"] + y) for at in places for x in range(at["w"]) for y in range(at["h"])]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
    assert {panel["datasource"]["uid"] for panel in PANELS if panel["type"] != "row"} == {source["uid"]}
    assert {panel["title"] for panel in PANELS if panel["type"] == "row"} >= {"Queues", "Tasks", "Costs", "Reading"}
    assert source["url"] == "http://prometheus:9090"


def test_what_stands_beside_waywo_starts_by_its_profile_alone_in_a_version_that_stays():
    assert {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service} == {
        name: [profile] for name, profile in BESIDE.items()
    }
    for service in SERVICES.values():
        if "build" not in service:
            assert re.search(r":[\w.-]*\d[\w.-]*$", service["image"]), service["image"]
    kept = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert {name for name in kept if not name.startswith(".")} == set(COMPOSE["volumes"])


def test_the_files_that_are_mounted_exist_and_stand_where_the_others_look_for_them():
    mounted = dict(
        volume.removeprefix("./").split(":")[:2]
        for name in BESIDE
        for volume in SERVICES[name]["volumes"]
        if volume.startswith("./")
    )
    assert {ROOT / path for path in mounted} == set(FOLDER.iterdir())
    inside = set(mounted.values())
    configuration = mounted["waywo_site/operations/monitoring/prometheus.yml"]
    assert f"--config.file={configuration}" in SERVICES["prometheus"]["command"]
    assert {f"/etc/prometheus/{name}" for name in PROMETHEUS["rule_files"]} <= inside
    provider = yaml.safe_load((FOLDER / "dashboards.yml").read_text())["providers"][0]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home in inside
    assert provider["options"]["path"] == str(Path(home).parent)


def test_prometheus_asks_services_that_exist_by_a_name_that_waywo_answers_to():
    configs = [config for job in PROMETHEUS["scrape_configs"] for config in job["static_configs"]]
    targets = [target for config in configs for target in config["targets"]]
    assert {target.partition(":")[0] for target in targets} == {"web", "flower"}
    assert SERVICES["web"]["environment"]["ALLOWED_HOSTS"].endswith(",web")
    assert '"0.0.0.0:8000"' in json.dumps(SERVICES["web"]["command"])
    assert "web:8000" in targets
    assert "--port=5555" in SERVICES["flower"]["command"]
    assert "flower:5555" in targets


@pytest.mark.parametrize(
    ("service", "variable", "name"),
    [
        ("prometheus", "METRICS_TOKEN", "METRICS_TOKEN"),
        ("grafana", "GF_SECURITY_ADMIN_PASSWORD", "GRAFANA_PASSWORD"),
        ("rabbitmq", "RABBITMQ_DEFAULT_PASS", "RABBITMQ_PASSWORD"),
    ],
)
def test_without_its_secret_a_service_does_not_start_and_names_it(service, variable, name):
    """What a container runs first, as the image's shell would; its own program is not here."""
    assert SERVICES[service]["environment"][variable] == f"${{{name}:-}}"
    shell, *arguments = [word.replace("$$", "$") for word in SERVICES[service]["entrypoint"]]
    variables = {variable: "", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([shell, *arguments], env=variables, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr == f"{name} is not set: set it in .env.\n"


def test_the_token_reaches_the_file_that_prometheus_reads_and_no_one_else(tmp_path):
    entrypoint = SERVICES["prometheus"]["entrypoint"]
    file = PROMETHEUS["scrape_configs"][0]["authorization"]["credentials_file"]
    program = tmp_path / "prometheus"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    script = entrypoint[2].replace("$$", "$").replace(file, f"{tmp_path}/token")
    assert f"{tmp_path}/token" in script
    variables = {"METRICS_TOKEN": "a token 'with' $signs", "PATH": f"{tmp_path}:/usr/bin:/bin"}
    command = [*entrypoint[:2], script, entrypoint[3], *SERVICES["prometheus"]["command"]]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    assert (tmp_path / "token").read_text() == variables["METRICS_TOKEN"]
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0
    assert done.stdout.splitlines() == SERVICES["prometheus"]["command"]
    assert str(Path(file).parent) in SERVICES["prometheus"]["tmpfs"]


@pytest.mark.parametrize(
    ("url", "receiver"), [("", "nobody"), ("https://user:a&b@example.com/hook?x=1&y=|2\\", "webhook")]
)
def test_alerts_reach_the_address_that_is_given_and_else_nobody(url, receiver, tmp_path):
    program = tmp_path / "alertmanager"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    service = SERVICES["alertmanager"]
    script = service["entrypoint"][2].replace("$$", "$")
    script = script.replace("/etc/alertmanager/waywo.yml", str(FOLDER / "alertmanager.yml"))
    script = script.replace("/tmp/alertmanager.yml", f"{tmp_path}/alertmanager.yml")
    variables = {"ALERTMANAGER_WEBHOOK_URL": url, "PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run([*service["entrypoint"][:2], script], env=variables, check=True)
    written = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())
    assert written["route"]["receiver"] == receiver
    [configured] = [one["webhook_configs"][0]["url"] for one in written["receivers"] if "webhook_configs" in one]
    assert configured == url or not url
    assert (tmp_path / "alertmanager.yml").stat().st_mode & 0o077 == 0
    assert "--config.file=/tmp/alertmanager.yml" in service["command"]
    [known] = PROMETHEUS["alerting"]["alertmanagers"]
    assert known["static_configs"] == [{"targets": ["alertmanager:9093"]}]


@pytest.mark.skipif(
    not shutil.which("amtool"), reason="amtool is not installed: apt-get install prometheus-alertmanager"
)
def test_alertmanager_takes_its_configuration():
    done = subprocess.run(["amtool", "check-config", FOLDER / "alertmanager.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_variable_of_compose_alone_is_used_there():
    alone = (ROOT / ".env.example").read_text().partition("# For docker-compose.yml alone:")[2]
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    assert set(re.findall(r"^# ([A-Z_]+)=", alone, re.MULTILINE)) - {"COMPOSE_PROFILES"} <= used


def test_flower_finds_the_queues_of_rabbitmq_by_its_management_page():
    example = (ROOT / ".env.example").read_text()
    url = re.search(r"CELERY_BROKER_URL=(amqp://[^\s.]+)", example)[1]
    given = re.search(r"as (http://\S+:15672/api/);", example)[1]
    service = SERVICES["rabbitmq"]["environment"]
    for api in (None, given):
        broker = Broker(url, http_api=api)
        assert (broker.username, broker.vhost) == (service["RABBITMQ_DEFAULT_USER"], service["RABBITMQ_DEFAULT_VHOST"])
        assert broker.http_api.startswith("http://waywo:password@rabbitmq:15672/api/")
    assert SERVICES["flower"]["environment"]["FLOWER_BROKER_API"] == "${FLOWER_BROKER_API:-}"


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed: apt-get install prometheus")
def test_prometheus_takes_its_configuration_and_its_rules():
    for command in (["check", "config", "--syntax-only", "prometheus.yml"], ["check", "rules", "alerts.yml"]):
        done = subprocess.run(["promtool", *command], cwd=FOLDER, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
