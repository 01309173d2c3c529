"""What README, CONTRIBUTING and docs/ say of the code is true: paths, links, commands, variables, the reference."""

import re
from itertools import takewhile

import pytest

from tests import reference
from waywo_site.operations.health.parts import PARTS
from waywo_site.task_table import TASKS

ROOT = reference.ROOT
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])
SOURCES = [path for app in reference.APPS for path in (ROOT / app).rglob("*.py")]
TOP = {path.name for path in ROOT.iterdir()} - {".git", ".venv", "var"}
# What docs/extending.md lets its reader make.
TO_MAKE = re.compile(r"count_words|words\.py$|/example(_api)?\.py$|^EXAMPLE_BASE_URL$")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def _quoted(text: str) -> list[str]:
    """Return what stands between backticks, and the lines of code."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)) + [
        line for block in fenced for line in block.splitlines()
    ]


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@each_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if not target.startswith("https://"):
            path, _, anchor = target.partition("#")
            linked = page.parent / path if path else page
            assert linked.is_file(), target
            assert not anchor or anchor in _anchors(linked.read_text()), target


@each_page
def test_files_that_are_named_exist(page):
    words = [word.strip("(),;:") for line in _quoted(page.read_text()) for word in line.split()]
    named = [word for word in words if word.split("/")[0] in TOP and re.fullmatch(r"[\w./-]+", word)]
    missing = [name for name in named if not (ROOT / name.partition("::")[0]).exists()]
    assert [name for name in missing if not TO_MAKE.search(name)] == []


@each_page
def test_commands_that_are_shown_exist_with_their_options(page):
    ours, known, text = reference.commands(), reference.get_commands(), page.read_text()
    table = re.search(r"^\| command \|.*?\n\n", text, re.DOTALL | re.MULTILINE)
    shown = re.findall(r"`(\w+)([^`]*)`.*?\|", table[0]) if table else []
    shown += [each for line in _quoted(text) for each in re.findall(r"manage\.py ([a-z_]+)([^#|]*)", line)]
    for name, rest in shown:
        assert name in known or TO_MAKE.search(name)
        if name in ours:
            options = ours[name].create_parser("", "")._option_string_actions
            assert set(re.findall(r"--[a-z-]+", rest)) <= set(options), name


@each_page
def test_targets_of_make_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {name for line in _quoted(page.read_text()) for name in re.findall(r"\bmake ([a-z-]+)", line)} <= targets


def test_the_reference_is_that_of_the_code():
    assert reference.REFERENCE.read_text() == reference.build(), f"Renew it: {reference.RENEW}"


def test_the_variables_that_the_code_reads_are_those_of_the_example():
    ours, compose = reference.described()
    assert set(ours) == set(reference.variables())
    read = {name for path in SOURCES for name in re.findall(r'environ\.get\("([A-Z_]+)"', path.read_text())}
    assert read - {"ENV_FILE", "FLOWER_ADDRESS"} <= set(ours | compose)
    assert all({**ours, **compose}.values()), "A variable without a line that says what it is"


@pytest.mark.parametrize("page", sorted({*PAGES} - {reference.REFERENCE}), ids=lambda page: page.name)
def test_variables_that_are_named_exist(page):
    known = {name for names in reference.described() for name in names}
    code = "".join(path.read_text() for path in SOURCES)
    for name in re.findall(r"`([A-Z]+_[A-Z_]+)[`=]", page.read_text()):
        assert name in known or TO_MAKE.search(name) or re.search(rf"^{name}\b", code, re.MULTILINE), name


def test_the_defaults_in_the_readme_are_those_of_the_settings():
    rows = re.findall(r"^\| `([A-Z_]+)` \| `(.+?)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert rows
    assert dict(rows) == {name: reference.variables()[name][0] for name, _ in rows}


def test_contributing_tells_where_to_change_what():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| (.+) \| (.+) \|$", text.partition("I want to change")[2], re.MULTILINE)[1:]
    assert len(rows) >= 15
    for what, where in rows:
        file = None
        for quoted in re.findall(r"`([^`]+)`", where):
            if "/" in quoted or quoted.startswith("."):
                file = ROOT / quoted
                assert file.is_file(), f"{what}: {quoted}"
            else:
                assert re.search(rf"\b{quoted}\b", file.read_text()), f"{what}: {quoted} does not stand in {file}"
        assert file, what


def test_operations_says_what_each_alert_means():
    rows = "".join(re.findall(r"^\| (`.+?) \|", (ROOT / "docs/operations.md").read_text(), re.MULTILINE))
    assert {part.name for part in PARTS} <= set(re.findall(r"`(\w+)`", rows))


def test_every_task_stands_in_the_page_of_tasks_with_its_queue_limits_and_retries():
    row = r"^\| `(\w+)` \| `(\w+)` \| (\d+), (\d+) \| (\d+) \|"
    rows = re.findall(row, (ROOT / "docs/tasks.md").read_text(), re.MULTILINE)
    told = {name: (queue, int(soft), int(hard), int(retries)) for name, queue, soft, hard, retries in rows}
    assert told == {name: (task.queue, task.soft, task.hard, task.retries) for name, task in TASKS.items()}


def test_the_tree_of_contributing_is_that_of_the_project():
    folder = ROOT
    lines = re.search(r"```text\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[1].splitlines()
    assert len(lines) <= 35
    for line in lines:
        folder = folder if line.startswith(" ") else ROOT
        named = list(takewhile(re.compile(r"[\w.]+(/|\.py)$").match, line.split()))
        assert named, line
        assert all((folder / name).exists() for name in named), line
        folder = folder if line.startswith(" ") else ROOT / named[0]
    shown = {line.split()[0].strip("/") for line in lines if not line.startswith(" ")}
    assert set(reference.APPS) <= shown
