"""Holds the two import orders, what start-up may load, and that migrations are up to date."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
APPS = ("comments", "projects", "ideas", "waywo_site")
HEAVY = ("llama_index", "data_designer", "trafilatura", "wordllama", "workflows", "numpy", "pandas")

# Inside an app: models <- outside clients <- domain <- tasks <- faces. What is not named here is domain.
LAYERS = ("models", "client", "domain", "tasks", "face")
MODELS = {"models", "batch_models", "migrations"}
CLIENTS = {
    "comments": {
        *("http", "json_client", "event_loop", "text", "threads", "item_ids", "sample_thread"),
        *("hackernews", "algolia", "lobsters", "sources"),
    },
    "projects": {
        "addresses",
        "fetching",
        "page_text",
        "robots",
        "embeddings",
        "embedding_service",
        "llm",
        "answers",
        *("circuit", "tokens", "embedding_index", "turns"),
    },
    "ideas": {"designer", "prompts"},
}
TASKS = {"tasks"}
FACES = {"admin", "api", "views", "urls", "management", "commands"}


def modules(app: str) -> Iterator[tuple[Path, str]]:
    """Yield each Python file of an app and its dotted name."""
    for path in sorted((ROOT / app).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield path, ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names that a file imports, inside functions too; not those for type checking alone."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(node)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and getattr(branch.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(branch)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative imports hide what is imported"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(app: str, name: str) -> int:
    """Return the layer of a module, as an index of LAYERS."""
    module = name.split(".")[1] if "." in name else ""
    if module in MODELS:
        return 0
    if module in CLIENTS[app]:
        return 1
    if module in TASKS:
        return 3
    return 4 if module in FACES or module.startswith("api_") else 2


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_what_stands_to_its_left(app):
    allowed = APPS[: APPS.index(app) + 1]
    wrong = [
        f"{name} imports {imported}"
        for path, name in modules(app)
        for imported in imports(path)
        if imported.split(".")[0] in APPS and imported.split(".")[0] not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("app", ["comments", "projects", "ideas"])
def test_inside_an_app_imports_run_from_faces_down_to_models(app):
    wrong = [
        f"{name} ({LAYERS[layer(app, name)]}) imports {imported} ({LAYERS[layer(app, imported)]})"
        for path, name in modules(app)
        for imported in imports(path)
        if imported.startswith(f"{app}.") and layer(app, imported) > layer(app, name)
    ]
    assert wrong == []


def test_what_the_web_server_beat_and_migrate_load_is_light():
    code = (
        "import sys, django; django.setup()\n"
        "import waywo_site.urls, waywo_site.celery; waywo_site.celery.app.loader.import_default_modules()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
