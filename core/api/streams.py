"""Answers that take their time: how many there may be at once, and for how long."""

import threading
from collections.abc import Generator, Iterator

from django.http import StreamingHttpResponse

from core.api.problems import Problem

# Each stream holds one of the web server's 8 threads (waywo_site/running/processes.py): five stay for everybody else.
MOST_AT_ONCE = 3
BUSY_SECONDS = 5

# Set when the web server is told to stop (waywo_site/gunicornconfig.py): a stream that only waits ends then.
stopping = threading.Event()
_slots = threading.BoundedSemaphore(MOST_AT_ONCE)


class _Slot:
    """The chunks of a stream, which gives its slot back once, whether it was read to its end, broken off or never."""

    def __init__(self, chunks: Iterator[str | bytes]) -> None:
        self._chunks = chunks
        self._held = True

    def __iter__(self) -> Iterator[str | bytes]:
        return self

    def __next__(self) -> str | bytes:
        try:
            return next(self._chunks)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._held:
            self._held = False
            _slots.release()
            if isinstance(self._chunks, Generator):
                self._chunks.close()


def stream(chunks: Iterator[str | bytes], media_type: str, **headers: str) -> StreamingHttpResponse:
    """Answer with ``chunks`` (a generator) as they come.

    Raises the problem 503 with Retry-After when as many streams as may be are under way in this process.
    """
    if not _slots.acquire(blocking=False):
        raise Problem(
            503,
            f"{MOST_AT_ONCE} streams are under way, which is as many as there may be. Try again soon.",
            headers={"Retry-After": str(BUSY_SECONDS)},
        )
    return StreamingHttpResponse(
        _Slot(chunks),
        content_type=f"{media_type}; charset=utf-8",
        # A proxy must hand each piece on as it comes.
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"} | headers,
    )
