"""Holds the two import orders, what start-up may load, and that migrations are up to date."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
APPS = ("core", "comments", "projects", "ideas", "waywo_site")
HEAVY = (
    "llama_index",
    "data_designer",
    "trafilatura",
    "wordllama",
    "workflows",
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "openTSNE",
)

# Inside an app: models <- outside clients <- domain <- tasks <- faces. A file or folder of one of these names says the
# layer of all that stands in it; whatever stands elsewhere is domain.
LAYERS = ("models", "clients", "domain", "tasks", "faces")
PLACES = {
    "models": {"models", "migrations"},
    "clients": {"sources", "pages", "language", "embedded"},
    "tasks": {"tasks"},
    "faces": {
        "admin",
        "api",
        "views",
        "urls",
        "site",
        "dashboard",
        "management",
        "templatetags",
        "commands",
        "probes",
        "security",
        "compression",
    },
}


@cache
def modules() -> dict[str, Path]:
    """Return the Python files of all apps by their dotted names."""
    names = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            names[".".join(part for part in parts if part != "__init__")] = path
    return names


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of ours that a file imports: at its top, inside functions, and for types alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide what is imported"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield from (each for each in (name, node.module) if each in modules())


@cache
def graph() -> dict[str, set[str]]:
    """Return for each module those of ours that it imports. ``from a import b`` is an import of b where b is a file."""
    found = {}
    for name, path in modules().items():
        named = set(imports(path)) - {name}
        found[name] = named - {each.rpartition(".")[0] for each in named if modules()[each].name != "__init__.py"}
        found[name] |= {each for each in named if modules()[each].name != "__init__.py"}
    return found


def layer(name: str) -> int:
    """Return the layer of a module as an index of LAYERS: the highest that a part of its path names."""
    parts = set(name.split(".")[1:])
    return max((LAYERS.index(layer) for layer, places in PLACES.items() if parts & places), default=2)


def app_of(name: str) -> str:
    return name.split(".")[0]


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_what_stands_to_its_left(app):
    allowed = APPS[: APPS.index(app) + 1]
    wrong = [
        f"{name} imports {imported}"
        for name, path in modules().items()
        for imported in imports(path)
        if app_of(name) == app and app_of(imported) not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("app", APPS)
def test_inside_an_app_imports_run_from_faces_down_to_models(app):
    # What stands on nothing of its app (words, numbers, pure functions) may serve every layer of it.
    ground = {name for name, imported in graph().items() if app_of(name) not in map(app_of, imported)}
    wrong = [
        f"{name} ({LAYERS[layer(name)]}) imports {imported} ({LAYERS[layer(imported)]})"
        for name in modules()
        for imported in graph()[name]
        if app_of(name) == app_of(imported) == app and layer(imported) > layer(name) and imported not in ground
    ]
    assert wrong == []


def test_no_files_import_each_other_by_any_way_round():
    try:
        order = list(TopologicalSorter(graph()).static_order())
    except CycleError as error:
        pytest.fail(f"A circle of imports: {' -> '.join(error.args[1])}")
    assert len(order) == len(modules())


def test_the_rules_are_a_closed_room():
    room = "projects.extraction.rules"
    inside = [name for name in modules() if name.startswith(f"{room}.")]
    assert inside
    for name, imported in graph().items():
        if name != room and not name.startswith(f"{room}."):
            assert not imported & set(inside), (
                f"{name} imports what stands inside {room}: only RulesAnalyst is its face"
            )


def test_the_layers_are_those_of_the_design():
    """One example each, so that a rule which sees nothing any more is noticed."""
    assert LAYERS[layer("core.models")] == "models"
    assert LAYERS[layer("comments.sources.hackernews_api")] == "clients"
    assert LAYERS[layer("projects.extraction.saving")] == "domain"
    assert LAYERS[layer("ideas.tasks")] == "tasks"
    assert LAYERS[layer("waywo_site.schedules.admin")] == "faces"


def test_what_the_web_server_beat_and_migrate_load_is_light():
    code = (
        "import sys, django; django.setup()\n"
        "import waywo_site.urls, waywo_site.celery; waywo_site.celery.app.loader.import_default_modules()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_commands_load_neither_the_admin_nor_the_api_nor_the_tasks():
    """What a command loads for its own work it loads when it runs."""
    code = (
        "import sys, django; django.setup()\n"
        "from django.core.checks import run_checks\n"
        "from django.core.management import BaseCommand, get_commands, load_command_class\n"
        "from core.commands import OWN_CHECKS, WaywoCommand\n"
        "ours = [load_command_class(app, name) for name, app in get_commands().items()\n"
        f"        if not isinstance(app, BaseCommand) and app in {APPS!r}]\n"
        "assert len(ours) > 30\n"
        "run_checks(tags=[OWN_CHECKS])\n"
        "from waywo_site.celery import app\n"
        "print([type(one).__module__ for one in ours if not isinstance(one, WaywoCommand)], app.finalized)\n"
        f"pages = {[f'{app}.{part}' for app in APPS for part in ('admin', 'urls', 'tasks', 'dashboard')]!r}\n"
        "print([name for name in sys.modules if name in (*pages, 'waywo_site.api', 'projects.site', 'projects.api')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[] False", "[]"]


def test_what_worker_and_beat_load_as_they_start_serves_no_pages():
    """Nor does beat load what plugs into Celery's command line. What is loaded once stays for as long as it runs."""
    code = (
        "import sys\n"
        "from waywo_site.celery import app\n"
        "import waywo_site.running.beat_process, celery.apps.beat, celery.apps.worker\n"
        "app.loader.init_worker()\n"
        "from waywo_site.running import worker_signals\n"
        f"heavy = {('flower', 'tornado', 'prompt_toolkit', *HEAVY)!r}\n"
        "pages = ('waywo_site.urls', 'waywo_site.api', 'projects.admin', 'projects.api', 'projects.site')\n"
        "print([name for name in (*heavy, *pages) if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_no_beat_schedule_stands_in_the_settings(settings):
    assert not hasattr(settings, "CELERY_BEAT_SCHEDULE")


def test_every_contracted_task_is_registered_and_routed(settings):
    from waywo_site.celery import app

    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith(("celery.", "django_celery"))}
    assert ours == set(settings.TASK_QUEUES)
    declared = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    assert set(settings.TASK_QUEUES.values()) <= declared
