"""A real Hacker News on loopback: its item API and Algolia's, over any items, as slow and as broken as asked.

By hand: ``python -m tests.servers.hackernews --items FILE.jsonl --port 0 --latency 0.05`` prints its address first.
"""

import argparse
import json
import re
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.servers.algolia import BadQuery, Copy, as_json
from tests.servers.loopback import Answer, Fault, LoopbackServer, Rule
from tests.servers.threads import generate_thread, sample_thread

__all__ = ["Fault", "HackerNewsServer", "Rule"]

ITEM = re.compile(r"/v0/item/([^/?]+)\.json(?:\?.*)?")
THREAD = re.compile(r"/api/v1/items/(\d+)(?:\?.*)?")
SEARCH = re.compile(r"/api/v1/(search|search_by_date)(?:\?(.*))?")


class HackerNewsServer(LoopbackServer):
    """``with HackerNewsServer(items, latency=0.05) as server``; see LoopbackServer for latency, faults and counts.

    ``items`` (by id) may be changed while it runs: the next answer shows it. ``search_missing`` holds ids that
    Algolia's copy lacks, with all below them; ``search_stale`` older texts by id; ``updated`` the ids that
    ``/v0/updates.json`` names.
    """

    def __init__(self, items: Iterable[dict[str, Any]], *, latency: float = 0.0, port: int = 0) -> None:
        super().__init__(latency=latency, port=port)
        self.items: dict[int, dict[str, Any]] = {item["id"]: dict(item) for item in items}
        self.search_missing: set[int] = set()
        self.search_stale: dict[int, str] = {}
        self.updated: list[int] = []

    @property
    def item_api(self) -> str:
        """The address for HN_API_BASE_URL."""
        return f"{self.url}/v0"

    @property
    def search_api(self) -> str:
        """The address for HN_SEARCH_BASE_URL."""
        return f"{self.url}/api/v1"

    def matches_id(self, path: str, item_id: int) -> bool:
        """Say whether ``path`` asks either API for this item."""
        found = ITEM.fullmatch(path) or THREAD.fullmatch(path)
        return found is not None and found[1] == str(item_id)

    def answer(self, path: str) -> Answer:
        """Return what Hacker News or Algolia says to ``path``."""
        if found := ITEM.fullmatch(path):
            item = self.items.get(int(found[1])) if found[1].isdecimal() else None
            return Answer(as_json(item))
        if path.partition("?")[0] == "/v0/updates.json":
            return Answer(as_json({"items": self.updated, "profiles": []}))
        if path == "/v0/maxitem.json":
            return Answer(as_json(max(self.items, default=0)))
        if found := THREAD.fullmatch(path):
            thread = self._copy().thread(int(found[1]))
            return Answer(as_json(thread)) if thread else Answer(as_json({"status": 404, "error": "Not Found"}), 404)
        if found := SEARCH.fullmatch(path):
            try:
                hits = self._copy().search(found[2] or "", newest_first=found[1] == "search_by_date")
            except BadQuery as error:
                return Answer(as_json({"message": str(error), "status": 400}), 400)
            return Answer(as_json(hits))
        return Answer(as_json({"error": f"no such path: {path}"}), 404)

    def _copy(self) -> Copy:
        return Copy(self.items, self.search_missing, self.search_stale)


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; the address is the first line of stdout."""
    parser = argparse.ArgumentParser(description="A Hacker News on loopback.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--items", type=Path, help="items, one JSON object a line (default: the sample thread)")
    what.add_argument("--comments", type=int, help="serve a generated thread of so many comments instead")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--failing", type=float, default=0.0, help="share of answers that are 500, from 0 to 1")
    options = parser.parse_args(arguments)
    try:
        server = HackerNewsServer(_items(options), latency=options.latency, port=options.port)
        with server:
            if options.failing:
                server.fail(None, Fault.SERVER_ERROR, share=options.failing)
            _serve_until_told(server)
    except (OSError, ValueError) as error:
        print(f"The server could not start: {error}", file=sys.stderr)
        return 1
    return 0


def _items(options: argparse.Namespace) -> list[dict[str, Any]]:
    if options.items:
        return [json.loads(line) for line in options.items.read_text(encoding="utf-8").split("\n") if line.strip()]
    return sample_thread() if options.comments is None else generate_thread(options.comments)


def _serve_until_told(server: HackerNewsServer) -> None:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    print(server.url, flush=True)
    stories = [item_id for item_id, item in server.items.items() if item.get("type") == "story"]
    print(f"{len(server.items)} items; stories: {', '.join(map(str, stories))}", flush=True)
    print(f"HN_API_BASE_URL={server.item_api} HN_SEARCH_BASE_URL={server.search_api}", flush=True)
    told.wait()
    print(f"{len(server.requests)} requests over {server.connections} connections", flush=True)


if __name__ == "__main__":
    sys.exit(main())
