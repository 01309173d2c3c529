"""Cells of CSV files that open safely in a spreadsheet."""

from typing import Any

# A spreadsheet runs what begins with one of these as a formula (CWE-1236).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(value: Any) -> Any:
    """Return ``value`` as a cell: lists joined by ", ", a would-be formula with a leading "'"."""
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
