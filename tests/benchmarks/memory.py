"""What the processes of ``make run`` hold of memory, pages that they share counted once (PSS): a start of its own.

.venv/bin/python -m tests.benchmarks.memory [--pid PID --var-dir VAR_DIR]

It reads the sample thread by rules before it looks. With ``--pid`` it looks at a running ``manage.py up`` instead.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.benchmarks.figures import figure

ROOT = Path(__file__).resolve().parents[2]
PORT = 18_970
CLOSED = "http://127.0.0.1:9/closed"
# The name of a process by what stands in its command line; the first that fits.
NAMES = {
    "PostgreSQL": r"postgres", "Valkey": r"valkey", "web": r"gunicorn", "worker": r"celery .*\bworker\b",
    "beat": r"beat_process", "Flower": r"celery .*\bflower\b", "watch": r"manage\.py health",
    "supervisor": r"manage\.py up",
}  # fmt: skip


def main() -> None:
    """Print a line for each process, and the sum."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.memory")
    parser.add_argument("--pid", type=int)
    parser.add_argument("--var-dir", default="var")
    options = parser.parse_args()
    if options.pid:
        look(options.pid, options.var_dir)
        return
    with running() as (pid, folder):
        look(pid, folder)


def look(pid: int, folder: str) -> None:
    """Print what the start ``pid`` and its servers, whose data is in ``folder``, hold."""
    seen = {process.pid: process for root in [psutil.Process(pid), *servers(folder)] for process in family(root)}
    rows = sorted(filter(None, map(row_of, seen.values())), key=lambda row: (row[0], -row[1]))
    for name, megabytes, private in rows:
        print(f"{name:12} {megabytes:7.1f} MB, {private:6.1f} of them its own alone")
    for name in dict.fromkeys(name for name, *_ in rows):
        sizes = [megabytes for each, megabytes, _ in rows if each == name]
        figure(f"memory, {name} ({len(sizes)} processes)" if len(sizes) > 1 else f"memory, {name}", sum(sizes), "MB")
    total = sum(megabytes for _, megabytes, _ in rows)
    print(f"{'all':12} {total:7.1f} MB")
    figure("memory, all of make run", total, "MB")


def family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def servers(folder: str) -> Iterator[psutil.Process]:
    """Yield the embedded servers that were started for ``folder``: they outlive their starter, so are no children."""
    for process in psutil.process_iter():
        try:
            command = " ".join(process.cmdline())
            is_ours = folder in command or process.cwd().startswith(folder)
        except psutil.Error:
            continue
        if is_ours and re.search(r"postgres|valkey", command):
            yield process


def row_of(process: psutil.Process) -> tuple[str, float, float] | None:
    """Return the name of a process, its proportional share in MB, and what it alone holds; None for one that ended."""
    try:
        command = " ".join(process.cmdline())
        fields = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except (psutil.NoSuchProcess, OSError):
        return None
    name = next((name for name, pattern in NAMES.items() if re.search(pattern, command)), command[:30])
    sizes = {key: int(value) / 1024 for key, value in re.findall(r"^(\w+):\s+(\d+) kB", fields, re.MULTILINE)}
    return name, sizes["Pss"], sizes["Private_Clean"] + sizes["Private_Dirty"]


@contextmanager
def running() -> Iterator[tuple[int, str]]:
    """Start all of Waywo in a folder of its own, and yield its pid once the sample thread is read."""
    with tempfile.TemporaryDirectory(prefix="waywo-benchmark-") as folder, tempfile.TemporaryFile("w+") as log:
        variables = {"VAR_DIR": folder, "PORT": str(PORT), "ENV_FILE": os.devnull, "FETCH_PAGES": "false"}
        variables |= dict.fromkeys(("HN_API_BASE_URL", "HN_SEARCH_BASE_URL", "LOBSTERS_BASE_URL"), CLOSED)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("LLM_", "EMBEDDING_"))}
        for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
            environment.pop(name, None)
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment | variables, stdout=log, stderr=log
        )
        try:
            for _ in range(600):
                time.sleep(1)
                log.seek(0)
                if "Ready" in log.read() or process.poll() is not None:
                    break
            if process.poll() is not None:
                log.seek(0)
                raise SystemExit(log.read())
            yield process.pid, folder
        finally:
            process.terminate()
            process.wait()
            for server in servers(folder):
                server.terminate()


if __name__ == "__main__":
    main()
