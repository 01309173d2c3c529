"""The table of faults: each test says what its fault cost, and the end of the session shows it."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass

import pytest

from waywo_site.embedded import Valkey


@dataclass(frozen=True)
class Row:
    """What was broken, what was under way, and what it cost."""

    fault: str
    in_flight: str
    lost: int
    ran_twice: int
    seconds: float


TABLE = pytest.StashKey[list[Row]]()
HEADS = ("fault", "in flight", "lost", "ran twice", "seconds to recover")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = []


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Return what writes a line of the table, and fails the test where something was lost or ran twice."""

    def write(fault: str, in_flight: str, *, lost: int, ran_twice: int, seconds: float) -> None:
        request.config.stash[TABLE].append(Row(fault, in_flight, lost, ran_twice, round(seconds)))
        assert (lost, ran_twice) == (0, 0)

    return write


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = [HEADS, *(tuple(map(str, astuple(row))) for row in config.stash[TABLE])]
    if len(rows) == 1:
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    terminalreporter.section("faults")
    for row in rows:
        terminalreporter.line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@pytest.fixture
def valkey(tmp_path) -> Iterator[Valkey]:
    """Return a running Valkey of the test's own, to be broken."""
    server = Valkey(tmp_path / "broker")
    server.ensure_running()
    yield server
    server.stop()
