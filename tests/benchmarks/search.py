"""How well and how fast the search finds: ``.venv/bin/python -m tests.benchmarks.search``.

Reads the comments of the shared thread by rules into a database of its own and looks for each project by what a person
could type: a labelled one-liner of its comment, its title, its title with one letter wrong, two of its words, the first
letters of its title. Prints how often it comes first and among the first five, the mean reciprocal rank, and p50 and
p95 of a search; for words, meaning and both. With ``--projects 50000`` it times searches among so many made-up ones.
"""

import argparse
import json
import random
import re
import statistics
import string
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import figure
from tests.benchmarks.own_servers import own_servers, vacuum
from tests.benchmarks.seeding import DATA, TAGS, seeded_servers
from tests.benchmarks.wording import KINDS, name, one_liner, word

THREAD = Path("/work/shared/data/hn-2024-08")
MODES = ("words", "meaning", "hybrid")
AIMS = {"one-liners": 0.88, "exact titles": 0.99, "one letter wrong": 0.90}
LOOKED_AT = 20
TIMED, WARMING = 100, 10


@dataclass(frozen=True)
class Try:
    """A text that a person could type, and the projects that it is right to find first."""

    text: str
    right: frozenset[int]


def load(folder: Path) -> None:
    """Read the thread by rules, pages left out."""
    from comments.models import Comment
    from projects.evaluation import _load_thread
    from projects.extraction.reading import get_analyst, read_comment

    _load_thread(folder / "items.jsonl")
    analyst = get_analyst("rules")
    for pk in Comment.objects.order_by("pk").values_list("pk", flat=True):
        read_comment(pk, analyst=analyst)


def tries(folder: Path) -> dict[str, list[Try]]:
    """Return the tries by kind, the same at each run."""
    from projects.models import Project

    chance = random.Random(14)
    rows = list(Project.objects.published().order_by("pk").values_list("pk", "title", "short_description"))
    by_title: dict[str, set[int]] = {}
    for pk, title, _ in rows:
        by_title.setdefault(title.casefold(), set()).add(pk)
    found: dict[str, list[Try]] = {"one-liners": _one_liners(folder)}
    for pk, title, short in rows:
        same = frozenset(by_title[title.casefold()])
        found.setdefault("exact titles", []).append(Try(title, same))
        if wrong := one_letter_wrong(title, chance):
            found.setdefault("one letter wrong", []).append(Try(wrong, same))
        words = telling_words(f"{title} {short}")
        if len(words) >= 2:
            found.setdefault("two words", []).append(Try(" ".join(chance.sample(words, 2)), frozenset({pk})))
        if len(title) >= 8:
            found.setdefault("first letters", []).append(Try(title[: max(5, len(title) // 2)], same))
    return found


def telling_words(text: str) -> list[str]:
    """Return the words of four letters and more, each once, that full-text search does not leave out."""
    from django.db import connection

    words = list(dict.fromkeys(re.findall(r"[^\W\d_]{4,}", text.lower())))
    with connection.cursor() as cursor:
        cursor.execute("SELECT word FROM unnest(%s::text[]) AS word WHERE to_tsvector('english', word) <> ''", [words])
        known = {word for (word,) in cursor.fetchall()}
    return [word for word in words if word in known]


def _one_liners(folder: Path) -> list[Try]:
    from projects.models import Submission

    of_comment: dict[int, set[int]] = {}
    for comment, project in Submission.objects.values_list("comment_id", "project_id"):
        of_comment.setdefault(comment, set()).add(project)
    labels = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines() if line.strip()]
    return [
        Try(label["one_liner"], frozenset(of_comment[label["id"]]))
        for label in labels
        if label["is_project"] and label.get("one_liner") and label["id"] in of_comment
    ]


def one_letter_wrong(title: str, chance: random.Random) -> str:
    """Return ``title`` with one letter of a word of four or more replaced, left out, doubled or swapped; else ""."""
    places = [match.start() + at for match in re.finditer(r"[^\W\d_]{4,}", title) for at in range(len(match[0]))]
    if not places:
        return ""
    at = chance.choice(places)
    kind = chance.randrange(4)
    if kind == 0:
        other = chance.choice([letter for letter in string.ascii_lowercase if letter != title[at].lower()])
        return title[:at] + other + title[at + 1 :]
    if kind == 1:
        return title[:at] + title[at + 1 :]
    if kind == 2:
        return title[:at] + chance.choice(string.ascii_lowercase) + title[at:]
    following = at + 1 if at + 1 in places else at - 1
    low, high = sorted((at, following))
    return title[:low] + title[high] + title[low] + title[high + 1 :]


def measure(made: dict[str, list[Try]], modes: tuple[str, ...] = MODES, missed: int = 0) -> dict[str, dict[str, Any]]:
    """Print the figures of each kind and mode, and the first ``missed`` that did not come first in hybrid."""
    from projects.search.searching import search

    figures: dict[str, dict[str, Any]] = {}
    print(f"{'':18}{'tries':>6}  {'mode':9}{'top 1':>7}{'top 5':>7}{'MRR':>7}{'p50':>9}{'p95':>9}")
    for kind, each in made.items():
        for mode in modes:
            places, seconds = [], []
            for one in each:
                started = time.perf_counter()
                hits = search(one.text, mode=mode, limit=LOOKED_AT).hits
                seconds.append(time.perf_counter() - started)
                ids = [hit.project.pk for hit in hits]
                places.append(next((place for place, pk in enumerate(ids, 1) if pk in one.right), 0))
                if mode == "hybrid" and places[-1] != 1 and missed > 0:
                    missed -= 1
                    first = f"{hits[0].project.title} {hits[0].reasons}" if hits else "nothing"
                    print(f"   {one.text!r}: {places[-1] or 'not found'}; first: {first}")
            top1, top5 = (sum(0 < place <= most for place in places) / len(places) for most in (1, 5))
            rank = sum(1 / place for place in places if place) / len(places)
            figures.setdefault(kind, {})[mode] = {"top 1": top1, "top 5": top5, "MRR": rank}
            aim = f"  aim {AIMS[kind]:.2f}" if mode == "hybrid" and kind in AIMS else ""
            print(f"{kind:18}{len(each):6}  {mode:9}{top1:7.3f}{top5:7.3f}{rank:7.3f}   {shown(seconds)}{aim}")
    return figures


def p50_and_p95(seconds: list[float]) -> tuple[float, float]:
    """Return both."""
    cuts = statistics.quantiles(seconds, n=100)
    return cuts[49], cuts[94]


def shown(seconds: list[float]) -> str:
    """Return p50 and p95 in milliseconds."""
    p50, p95 = p50_and_p95(seconds)
    return f"{p50 * 1000:6.1f}{p95 * 1000:9.1f}"


def time_many(rows: int) -> None:
    """Print how long searches take among ``rows`` made-up projects, by kind and mode, one after another.

    p50 and p95 of the whole search and of what it waits for the database, which the share of Python is told beside.
    """
    from django.db import connection

    from projects.search.searching import SearchTooSlow, search

    chance = random.Random(5)
    kinds = {
        "one word": lambda: word(chance),
        "two words": lambda: f"{word(chance)} {word(chance)}",
        "a sentence": lambda: one_liner(chance),
        "title": lambda: name(chance.randrange(rows)),
        "one letter wrong": lambda: one_letter_wrong(name(chance.randrange(rows)), chance),
        "tag": lambda: f"tag{chance.randrange(TAGS)}",
        "word and tag:": lambda: f"{word(chance)} tag:tag{chance.randrange(TAGS)}",
        "words and month:": lambda: f"{chance.choice(KINDS)} month:2026-{chance.randrange(1, 13):02}",
        "words and author:": lambda: f"{chance.choice(KINDS)} author:author{chance.randrange(20_000)}",
        "first letters": lambda: name(chance.randrange(rows))[:5],
    }
    for typed in kinds.values():
        # After a start what is looked up is still on the disk.
        for _ in range(WARMING):
            with suppress(SearchTooSlow):
                search(typed())
    print(f"{'':18}{'':9}{'p50':>6}{'p95':>9}   in the database {'p50':>6}{'p95':>9}")
    for kind, typed in kinds.items():
        for mode in MODES:
            seconds, waited, processor = [], [], time.process_time()
            for _ in range(TIMED):
                text, asked, started = typed(), Waited(), time.perf_counter()
                with connection.execute_wrapper(asked):
                    search(text, mode=mode)
                seconds.append(time.perf_counter() - started)
                waited.append(asked.seconds)
            used = (time.process_time() - processor) / len(seconds) * 1000
            print(
                f"{kind:18}{mode:9}{shown(seconds)}                  {shown(waited)}   {used:5.1f} ms of Python",
                flush=True,
            )
            if mode == "hybrid":
                p50, p95 = (value * 1000 for value in p50_and_p95(waited))
                figure(f"search for {kind}, in the database, p50", p50, "ms")
                figure(f"search for {kind}, in the database, p95", p95, "ms")


class Waited:
    """Sums the seconds that queries take, as a wrapper of ``connection.execute_wrapper``."""

    seconds = 0.0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.seconds += time.perf_counter() - started


def main() -> None:
    """Run it on servers and data of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--thread", type=Path, default=THREAD, help="Folder with items.jsonl and labels.jsonl.")
    parser.add_argument("--missed", type=int, default=0, help="Show so many that did not come first.")
    parser.add_argument("--projects", type=int, help="Time searches among so many made-up projects instead.")
    parser.add_argument("--data", **DATA)
    options = parser.parse_args()
    if options.projects:
        with seeded_servers(options.projects, options.data):
            time_many(options.projects)
        return
    if not (options.thread / "items.jsonl").exists():
        sys.exit(f"{options.thread} holds no items.jsonl: name a folder that does with --thread.")
    with own_servers(FETCH_PAGES="false"):
        load(options.thread)
        vacuum()
        measure(tries(options.thread), missed=options.missed)


if __name__ == "__main__":
    main()
