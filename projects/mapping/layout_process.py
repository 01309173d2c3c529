"""The heavy part of a drawing in a process of its own: its libraries and arrays take some hundred megabytes, which a
worker would keep, and all processors for minutes, which are better left to those who wait for something.

The parent writes a line of JSON, then blocks (a count in 4 bytes, so many records), then an empty block. Back come
lines of JSON: how far it is, at last the result. A process whose parent is gone finds the end of its input and ends.
"""

import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from math import nan
from pathlib import Path
from typing import IO, Any

from core.progress import Progress

NICE = 10
BLOCK = 1_000
COUNT = struct.Struct("<I")
PLACE = struct.Struct(">2f")
FOLDER = Path(__file__).resolve().parent.parent.parent
# Threads that wait for each other at every step would otherwise do so by counting.
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}


class DrawingFailed(Exception):
    """The map could not be drawn; the message says why."""


@dataclass(frozen=True)
class Drawn:
    """What the process made of the projects, in their order."""

    places: list[tuple[float, float]]
    fine: list[int]
    """The fine area of each, from 0; -1 for none."""
    broad: list[int]
    """The broad area of each fine one; empty where there are none."""
    method: str
    unit: float | None
    median_moved: float | None
    parameters: dict[str, Any]
    peak_megabytes: int


def draw(
    records: Iterable[tuple[bytes, tuple[float, float] | None]], dimensions: int, unit: float | None, progress: Progress
) -> Drawn:
    """Lay projects out and find their areas, in a process of its own.

    A record is an embedding (32-bit floats, big-endian, as PostgreSQL sends them) and the place in the drawing before,
    or None. Raises DrawingFailed.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "projects.mapping.layout_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=FOLDER,
        env=PATIENT | os.environ,
    )
    # For the type checker: both are pipes.
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
    try:
        # Where it has ended, it is told below why.
        with suppress(BrokenPipeError):
            _write(process.stdin, records, {"dimensions": dimensions, "unit": unit})
        for line in process.stdout:
            said = json.loads(line)
            if "step" in said:
                progress(said["step"], said["done"], said["total"])
            else:
                return Drawn(**said | {"places": [(x, y) for x, y in said["places"]]})
        raise DrawingFailed(_why(process.wait()))
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
        # What was left to write is for nobody.
        with suppress(BrokenPipeError):
            process.stdin.close()


def _why(code: int) -> str:
    if code < 0:
        memory = " Most often that is a lack of memory: 50,000 projects take about 700 MB." if code == -9 else ""
        return f"The process that draws the map was ended by signal {-code}.{memory} The map stays as it was."
    return f"The process that draws the map failed (code {code}); its log says why. The map stays as it was."


def _write(stdin: IO[bytes], records: Iterable[tuple[bytes, tuple[float, float] | None]], header: Any) -> None:
    stdin.write(json.dumps(header).encode() + b"\n")
    rows = iter(records)
    while block := [vector + PLACE.pack(*(place or (nan, nan))) for vector, place in islice(rows, BLOCK)]:
        stdin.write(COUNT.pack(len(block)) + b"".join(block))
    stdin.write(COUNT.pack(0))
    stdin.flush()


def _read(stdin: IO[bytes]) -> tuple[dict[str, Any], bytearray]:
    header = json.loads(stdin.readline())
    width, content = 4 * header["dimensions"] + PLACE.size, bytearray()
    while (count := COUNT.unpack(_exactly(stdin, COUNT.size))[0]) > 0:
        content += _exactly(stdin, count * width)
    return header, content


def _exactly(stdin: IO[bytes], size: int) -> bytes:
    content = stdin.read(size)
    if len(content) < size:
        sys.exit("The process that asked for the map is gone.")
    return content


def _end_with_parent(stdin: IO[bytes]) -> None:
    def watch() -> None:
        # Not by the buffer: its lock, held by a thread that waits, would abort the process as it ends.
        os.read(stdin.fileno(), 1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _tell(**said: Any) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _tell_step(step: str, done: int, total: int) -> None:
    _tell(step=step, done=done, total=total)


def main() -> None:
    """Read projects, draw them, and tell the result."""
    os.nice(NICE)
    header, content = _read(sys.stdin.buffer)
    _end_with_parent(sys.stdin.buffer)
    import resource

    import numpy as np

    from projects.mapping.areas import find_areas
    from projects.mapping.layout import lay_out

    rows = np.frombuffer(content, dtype=">f4").reshape(-1, header["dimensions"] + 2).astype(np.float32)
    del content
    vectors, before = rows[:, :-2], rows[:, -2:].astype(np.float64)
    layout = lay_out(vectors, before, header["unit"], _tell_step)
    _tell_step("areas", 0, 1)
    areas = find_areas(layout.places)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _tell(
        places=layout.places.round(6).tolist(),
        fine=areas.fine.tolist(),
        broad=areas.broad.tolist(),
        method=layout.method,
        unit=layout.unit,
        median_moved=layout.median_moved,
        parameters={"iterations": layout.iterations, "least_size": areas.least_size, "unit": layout.unit},
        # Linux tells kilobytes, macOS bytes.
        peak_megabytes=peak // (1_048_576 if sys.platform == "darwin" else 1024),
    )


if __name__ == "__main__":
    main()
