"""Whole answers, kept in the memory of a process."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

from django.http import HttpResponse

# Of all that may be kept, what one answer may take at most.
LARGEST_SHARE = 1 / 20
# However small they are: beside its content each takes a kilobyte or two.
MOST_ANSWERS = 2_000


@dataclass(frozen=True)
class _Answer:
    content: bytes
    headers: dict[str, str]


class KeptAnswers:
    """The answers that were asked for last, up to ``most`` and ``most_bytes`` of content; for several threads."""

    def __init__(self, most_bytes: int, most: int = MOST_ANSWERS) -> None:
        self._most_bytes = most_bytes
        self._most = most
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable) -> HttpResponse | None:
        """Return a response of its own for the answer kept under ``key``; None where there is none."""
        with self._lock:
            found = self._answers.get(key)
            if found is None:
                return None
            self._answers.move_to_end(key)
        return HttpResponse(found.content, headers=found.headers)

    def put(self, key: Hashable, response: HttpResponse) -> None:
        """Keep ``response``, of status 200, unless it is very large; those that nobody asked for longest go."""
        size = len(response.content)
        if size > self._most_bytes * LARGEST_SHARE:
            return
        with self._lock:
            if (before := self._answers.pop(key, None)) is not None:
                self._bytes -= len(before.content)
            self._answers[key] = _Answer(response.content, dict(response.items()))
            self._bytes += size
            while self._bytes > self._most_bytes or len(self._answers) > self._most:
                _, gone = self._answers.popitem(last=False)
                self._bytes -= len(gone.content)
