"""The months and threads that have figures, and what each looks back on."""

import hashlib
import json
from dataclasses import dataclass

from comments.models import Post

# Raised when a figure is computed otherwise, so that every row is recomputed.
VERSION = 2
MONTHS_BEFORE = 3


@dataclass(frozen=True)
class Period:
    """A month (``post_id`` None) or a thread: its threads, those before it, and those of the 3 months before."""

    year: int
    month: int
    post_id: int | None
    posts: tuple[int, ...]
    earlier: tuple[int, ...]
    months_before: tuple[int, ...]

    def fingerprint(self, sources: dict[int, str]) -> str:
        """Return a hash of all that its figures come from: what is equal has equal figures."""
        content = [[[post, sources.get(post, "")] for post in posts] for posts in (self.posts, self.earlier)]
        return hashlib.sha256(json.dumps([VERSION, self.months_before, content]).encode()).hexdigest()


def all_periods() -> list[Period]:
    """Return every month that has a thread, and every thread, oldest first."""
    posts = list(Post.objects.visible().order_by("year", "month", "posted_at", "id").values_list("id", "year", "month"))
    periods: list[Period] = []
    for place, (post_id, year, month) in enumerate(posts):
        before = _of_months(posts, {_months_back(year, month, back) for back in range(1, MONTHS_BEFORE + 1)})
        earlier = tuple(key for key, *_ in posts[:place])
        periods.append(Period(year, month, post_id, (post_id,), earlier, before))
        if not place or posts[place - 1][1:] != (year, month):
            own = _of_months(posts, {(year, month)})
            periods.append(Period(year, month, None, own, earlier, before))
    return periods


def _of_months(posts: list[tuple[int, int, int]], months: set[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(key for key, *month in posts if tuple(month) in months)


def _months_back(year: int, month: int, back: int) -> tuple[int, int]:
    years, rest = divmod(year * 12 + month - 1 - back, 12)
    return years, rest + 1
