from collections.abc import Callable, Iterator

import pytest

from tests.faults.table import PROPERTY
from waywo_site.embedded import Valkey


@pytest.fixture
def record(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return what writes a line of the table of faults, and fails the test where something was lost or ran twice."""

    def write(fault: str, in_flight: str, *, lost: int, ran_twice: int, seconds: float) -> None:
        record_property(PROPERTY, [fault, in_flight, lost, ran_twice, round(seconds)])
        assert (lost, ran_twice) == (0, 0)

    return write


@pytest.fixture
def valkey(tmp_path) -> Iterator[Valkey]:
    """Return a running Valkey of the test's own, to be broken."""
    server = Valkey(tmp_path / "broker")
    server.ensure_running()
    yield server
    server.stop()
