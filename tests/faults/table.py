"""The table of faults at the end of a run: what each fault cost. A plugin, since the process that prints it runs no
test itself; each line comes to it with the report of its test."""

import pytest

PROPERTY = "fault"
HEADS = ("fault", "in flight", "lost", "ran twice", "seconds to recover")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table where a fault test ran."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    lines = [
        tuple(map(str, value))
        for report in reports
        if report.when == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if not lines:
        return
    rows = [HEADS, *lines]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    terminalreporter.section("faults")
    for row in rows:
        terminalreporter.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
