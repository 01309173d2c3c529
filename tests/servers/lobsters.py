"""A real Lobsters on loopback: the stories of a tag, and whole threads, as JSON."""

import json
import re
from typing import Any

from tests.servers.loopback import Answer, LoopbackServer

STORY = re.compile(r"/s/([0-9a-z]+)\.json")


class LobstersServer(LoopbackServer):
    """``with LobstersServer([story(…)]) as server``; ``stories`` may be changed while it runs."""

    def __init__(self, stories: list[dict[str, Any]], *, latency: float = 0.0) -> None:
        super().__init__(latency=latency)
        self.stories = {story["short_id"]: story for story in stories}

    def matches_id(self, path: str, item_id: int) -> bool:
        """Say whether ``path`` asks for this story."""
        return path == f"/s/{item_id}.json"

    def answer(self, path: str) -> Answer:
        """Return what Lobsters says to ``path``."""
        if path == "/t/ask.json":
            listed = [
                {key: value for key, value in story.items() if key != "comments"} for story in self.stories.values()
            ]
            return Answer(json.dumps(listed).encode())
        found = STORY.fullmatch(path)
        if found and found[1] in self.stories:
            return Answer(json.dumps(self.stories[found[1]]).encode())
        return Answer(b'{"error":"not found"}', 404)


def story(
    short_id: str, title: str, comments: int, created_at: str = "2026-11-16T05:12:33.000-06:00"
) -> dict[str, Any]:
    """Return a weekly thread with so many top-level comments, the first of which has an answer."""
    nodes = [_comment(f"{short_id}{number}", None, f"<p>I am building thing {number}.</p>", created_at)
             for number in range(comments)]  # fmt: skip
    if nodes:
        nodes.insert(1, _comment(f"{short_id}r", nodes[0]["short_id"], "<p>Nice.</p>", created_at))
    return {
        "short_id": short_id,
        "title": title,
        "url": "",
        "description": "<p>What are you doing this week?</p>",
        "created_at": created_at,
        "score": 12,
        "comment_count": len(nodes),
        "submitter_user": "caius",
        "tags": ["ask", "programming"],
        "comments": nodes,
    }


def _comment(short_id: str, parent: str | None, text: str, created_at: str) -> dict[str, Any]:
    return {
        "short_id": short_id,
        "created_at": created_at,
        "is_deleted": False,
        "is_moderated": False,
        "score": 3,
        "parent_comment": parent,
        "comment": text,
        "depth": 1 if parent else 0,
        "commenting_user": f"user_{short_id}",
    }
