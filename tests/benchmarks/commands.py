"""What a command burns before it does anything: ``.venv/bin/python -m tests.benchmarks.commands``.

Prints the processor time, user and system, of starting ``manage.py`` with some commands: the median of ``STARTS``.
"""

import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from tests.benchmarks.figures import figure

ROOT = Path(__file__).resolve().parent.parent.parent
STARTS = 5
COMMANDS = (("version",), ("queues", "--help"), ("process_waywo_comments", "--help"), ("check", "--tag", "waywo"))


def main() -> None:
    """Start each command some times and print what it took."""
    for arguments in COMMANDS:
        seconds = median(started(arguments) for _ in range(STARTS))
        print(f"manage.py {' '.join(arguments):40} {seconds:.2f} s of processor time")
        figure(f"manage.py {' '.join(arguments)}", seconds, "s")


def started(arguments: tuple[str, ...]) -> float:
    """Return the seconds of processor time that one start takes, with all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
