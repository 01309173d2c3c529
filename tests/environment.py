"""The suite runs on servers of its own: nothing that the operator has is read or touched."""

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# Settings are read before any conftest.py, so this is a plugin (pyproject.toml): no .env, no URL of a real service.
EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"
VARIABLES = re.findall(r"^# ([A-Z_]+)=", EXAMPLE.read_text(), re.MULTILINE)
# Each process of pytest-xdist imports this for itself and has a folder, a database and a broker of its own, inside the
# folder of the process that started it.
WORKER = os.environ.get("PYTEST_XDIST_WORKER")
VAR_DIR = Path(os.environ["VAR_DIR"], WORKER) if WORKER else Path(tempfile.mkdtemp(prefix="waywo-tests-"))
VAR_DIR.mkdir(exist_ok=True)
for variable in (*VARIABLES, "FLOWER_ADDRESS"):
    os.environ.pop(variable, None)
os.environ["VAR_DIR"] = str(VAR_DIR)
os.environ["ENV_FILE"] = os.devnull
# The network is shut: a test that wants Hacker News or pages serves them on loopback.
os.environ["HN_API_BASE_URL"] = os.environ["HN_SEARCH_BASE_URL"] = os.environ["LOBSTERS_BASE_URL"] = (
    "http://127.0.0.1:9/closed"
)
os.environ["FETCH_PAGES"] = "false"
PROCESSES = 2
# What runs one after another in one process, the longest first. Tests that break or load the machine are not to meet;
# those of a browser, and those of the API, share servers.
TOGETHER = {
    "heavy": ("tests/faults/", "tests/projects/extraction/test_real_model.py", "tests/ideas/test_real_model.py"),
    "browser": ("tests/browser/",),
    "api": ("tests/waywo_site/api/",),
}


def together(nodeid: str) -> str | None:
    """Return the name of those that a test runs with, None where that is its file alone."""
    return next((name for name, paths in TOGETHER.items() if nodeid.startswith(paths)), None)


class ByFile(LoadFileScheduling):
    """The tests of a file share servers, so they run in one process, and those of some folders as well."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid) or super()._split_scope(nodeid)


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run a single file or test in this process, anything more in two."""
    single = len(config.args) == 1 and Path(config.args[0].partition("::")[0]).is_file()
    return 0 if single else PROCESSES


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Hand out tests in that way."""
    return ByFile(config, log)


def pytest_unconfigure() -> None:
    """Stop this process's servers, and those of its workers that were killed, and remove their data."""
    from waywo_site.embedded import PostgreSQL, Valkey

    for folder in (VAR_DIR, *VAR_DIR.glob("gw*")):
        PostgreSQL(folder).stop()
        Valkey(folder).stop()
    shutil.rmtree(VAR_DIR, ignore_errors=True)
