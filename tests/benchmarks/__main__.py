"""Runs the benchmarks at a small size and writes docs/benchmarks.md: ``make bench``, or with options:

``.venv/bin/python -m tests.benchmarks [--rounds 3] [--only NAME …]``

Each figure is the median of the rounds, with the figure that the page had before beside it. What the benchmarks print
goes to the terminal.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

from tests.benchmarks.figures import FILE, Figure, collected

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
PROJECTS = 2000
# The heading on the page -> what runs, with its size.
BENCHMARKS = {
    "Commands": ["tests.benchmarks.commands"],
    "Reading": ["tests.benchmarks.reading"],
    "Memory": ["tests.benchmarks.memory"],
    "Pages": ["tests.benchmarks.scale", "--projects", str(PROJECTS)],
    "Jobs": ["tests.benchmarks.scale", "--jobs", "--projects", str(PROJECTS)],
    "Search": ["tests.benchmarks.search", "--projects", str(PROJECTS)],
    "Nearest": ["tests.benchmarks.recall", "--projects", str(PROJECTS)],
    "Map": ["tests.benchmarks.map_frames", "--projects", str(PROJECTS)],
    "Queue": ["pytest", "-q", "-s", "-n0", "tests/benchmarks/queue.py", "tests/benchmarks/backlog.py"],
    "Collecting": ["pytest", "-q", "-s", "-n0", "tests/benchmarks/collection.py"],
}
ROW = re.compile(r"\| (?P<name>.+?) \| (?P<value>-?[\d.,]+) (?P<unit>.+?) \|")
HEAD = """# Benchmarks

`make bench` writes this page. {rounds}; "before" is what this page had until then.
Other work on the machine makes times longer: compare figures of one sitting, and processor time before seconds.

- Commit {commit}, {date}; a benchmark that this run left out (`ONLY`) stands as it was measured before.
- {machine}
- {projects:,} made-up projects. Each benchmark takes its size as an option: `tests/benchmarks/`.
"""


def main() -> int:
    """Run what was chosen, write the page, and return 1 where a benchmark failed."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks")
    parser.add_argument("--rounds", type=int, default=1, help="so many times each; the median counts")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), help="these alone")
    options = parser.parse_args()
    old = PAGE.read_text() if PAGE.exists() else ""
    load = os.getloadavg()[0]
    measured = {name: measure(name, options.rounds) for name in options.only}
    PAGE.write_text(page(measured, old, options.rounds, load))
    failed = [name for name, rows in measured.items() if not rows]
    print(f"Wrote {PAGE.relative_to(ROOT)}" + (f"; no figures of: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def measure(name: str, rounds: int) -> list[Figure]:
    """Run one benchmark ``rounds`` times and return the medians; none where a round failed."""
    taken: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        print(f"\n{name}, round {number + 1} of {rounds}", flush=True)
        with tempfile.NamedTemporaryFile() as file:
            environment = os.environ | {FILE: file.name}
            # Where nothing compiled is kept, every start compiles all that it loads.
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            done = subprocess.run([sys.executable, "-m", *BENCHMARKS[name]], cwd=ROOT, env=environment)
            if done.returncode:
                return []
            for one in collected(file.name):
                taken.setdefault((one.name, one.unit), []).append(one.value)
    return [Figure(what, median(values), unit) for (what, unit), values in taken.items()]


def figures_of(text: str) -> dict[str, str]:
    """Return what a page says: the name of each figure, and its value with its unit."""
    return {row["name"]: f"{row['value']} {row['unit']}" for row in ROW.finditer(text)}


def page(measured: dict[str, list[Figure]], old: str, rounds: int, load: float) -> str:
    """Return the page that follows the ``old`` one: a table for each benchmark. What was not measured stays."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    head = HEAD.format(
        rounds=f"Medians of {rounds} rounds" if rounds > 1 else "One round",
        commit=commit,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        machine=machine(load),
        projects=PROJECTS,
    )
    kept = {text.partition("\n")[0]: text for text in old.split("\n## ")[1:]}
    before = figures_of(old)
    tables = [table(name, measured[name], before) if measured.get(name) else kept.get(name) for name in BENCHMARKS]
    return "\n## ".join([head, *(text.rstrip("\n") + "\n" for text in tables if text)])


def table(name: str, rows: list[Figure], before: dict[str, str]) -> str:
    """Return the table of one benchmark under its name."""
    lines = [f"| {one.name} | {shown(one)} | {before.get(one.name, '')} |" for one in rows]
    return "\n".join([f"{name}\n", "| figure | now | before |", "| --- | ---: | ---: |", *lines])


def shown(one: Figure) -> str:
    """Return a figure's value and unit, with as many digits as it can bear: 0.83 s, 12.4 ms, 2,046 bytes."""
    digits = 0 if one.value >= 100 or one.value == int(one.value) else 1 if one.value >= 10 else 2
    return f"{one.value:,.{digits}f} {one.unit}"


def machine(load: float) -> str:
    """Return what the figures were measured on: processors, memory, Python, and how busy it was."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{psutil.cpu_count()} processors ({platform.machine()}), {memory:.0f} GiB, Python {platform.python_version()},"
        f" load {load:.1f} at the start"
    )


if __name__ == "__main__":
    sys.exit(main())
