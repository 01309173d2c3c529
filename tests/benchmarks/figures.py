"""The figures that ``make bench`` collects: what a benchmark gives beside the lines that it prints for people."""

import json
import os
from dataclasses import dataclass

# Where figures are collected: a file with a JSON object a line. Without it, they are printed by the benchmarks alone.
FILE = "WAYWO_FIGURES"


@dataclass(frozen=True)
class Figure:
    """One measured number: ``name`` says of what, ``unit`` is "ms", "s", "MB", "queries", "a second", "bytes" …"""

    name: str
    value: float
    unit: str


def figure(name: str, value: float, unit: str) -> None:
    """Give one figure to who collects them, if anybody does."""
    if path := os.environ.get(FILE):
        with open(path, "a") as file:
            print(json.dumps({"name": name, "value": round(value, 4), "unit": unit}), file=file)


def collected(path: str) -> list[Figure]:
    """Return the figures that were written to ``path``, in their order."""
    with open(path) as file:
        return [Figure(**json.loads(line)) for line in file]
