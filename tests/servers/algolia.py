"""What Algolia's copy of Hacker News says of a set of items: whole threads, and search over stories and comments.

As seen at https://hn.algolia.com/api: deleted and dead items are absent, with all that hangs below them.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

Item = Mapping[str, Any]

MOST_HITS = 1_000
FILTER = re.compile(r"(created_at_i|points|num_comments)\s*(<=|>=|=|<|>)\s*(-?\d+)")


class BadQuery(ValueError):
    """The search cannot be understood; Algolia answers 400 with this message."""


class Copy:
    """A copy of ``items`` without ``missing`` ids and with the older texts of ``stale``."""

    def __init__(self, items: Mapping[int, Item], missing: Collection[int], stale: Mapping[int, str]) -> None:
        self._stale = stale
        # A test may put anything into ``items``, to see what the reader of the item API makes of it.
        self._known = {
            item_id: item
            for item_id, item in list(items.items())
            if item_id not in missing and isinstance(item, dict) and item.keys() >= {"id", "type", "time"}
            if not item.get("deleted") and not item.get("dead")
        }

    def thread(self, item_id: int) -> dict[str, Any] | None:
        """Return an item with all that hangs below it, None when the copy lacks it."""
        if item_id not in self._known:
            return None
        below: dict[int, list[int]] = defaultdict(list)
        for known_id, item in sorted(self._known.items()):
            below[item.get("parent", 0)].append(known_id)
        story_id = self._story_of(item_id)
        root = self._node(item_id, story_id)
        waiting = [root]
        while waiting:
            node = waiting.pop()
            node["children"] = [self._node(child, story_id) for child in below[node["id"]]]
            waiting.extend(node["children"])
        return root

    def search(self, query_string: str, *, newest_first: bool) -> dict[str, Any]:
        """Return the page of hits that the query string asks for.

        Understood are ``query`` (every word or "quoted phrase" must occur in title, text or author), ``tags``,
        ``numericFilters``, ``page``, ``hitsPerPage`` (20, at most 1,000) and ``restrictSearchableAttributes``.
        Raises BadQuery.
        """
        given = {name: values[-1] for name, values in parse_qs(query_string).items()}
        page, size = _number(given, "page", 0), min(_number(given, "hitsPerPage", 20), MOST_HITS)
        hits = [self._hit(item) for item in self._known.values()]
        hits = [hit for hit in hits if _has_tags(hit, given.get("tags", "")) and _has_words(hit, given)]
        for name, sign, value in _filters(given.get("numericFilters", "")):
            hits = [hit for hit in hits if _compare(hit[name] or 0, sign, value)]
        hits.sort(key=lambda hit: (0 if newest_first else hit["points"] or 0, hit["created_at_i"]), reverse=True)
        reachable = hits[:MOST_HITS]
        return {
            "hits": reachable[page * size : (page + 1) * size],
            "page": page,
            "nbHits": len(hits),
            "nbPages": -(-len(reachable) // size) if size else 0,
            "hitsPerPage": size,
            "exhaustiveNbHits": True,
            "processingTimeMS": 1,
            "query": given.get("query", ""),
            "params": query_string,
        }

    def _text(self, item: Item) -> str | None:
        return self._stale.get(item["id"], item.get("text")) or None

    def _story_of(self, item_id: int) -> int:
        while self._known.get(item_id, {}).get("parent"):
            item_id = self._known[item_id]["parent"]
        return item_id

    def _node(self, item_id: int, story_id: int) -> dict[str, Any]:
        item = self._known[item_id]
        return {
            "id": item_id,
            "type": item["type"],
            "author": item.get("by"),
            "title": item.get("title"),
            "url": item.get("url"),
            "text": self._text(item),
            "points": item.get("score"),
            "parent_id": item.get("parent"),
            "story_id": story_id,
            "created_at": _moment(item, ".000Z"),
            "created_at_i": item["time"],
            "options": [],
            "children": [],
        }

    def _hit(self, item: Item) -> dict[str, Any]:
        story_id = self._story_of(item["id"])
        tags = [item["type"], f"author_{item.get('by')}", f"story_{story_id}"]
        hit = {
            "objectID": str(item["id"]),
            "author": item.get("by"),
            "created_at": _moment(item, "Z"),
            "created_at_i": item["time"],
            "points": item.get("score"),
            "num_comments": item.get("descendants"),
            "story_id": story_id,
            "_tags": tags,
        }
        if item["type"] == "comment":
            return hit | {"parent_id": item.get("parent"), "comment_text": self._text(item)}
        title = item.get("title", "")
        tags += [tag for tag in ("ask_hn", "show_hn") if title.lower().startswith(tag.replace("_", " "))]
        own = {"title": title, "url": item.get("url"), "children": list(item.get("kids", []))}
        return hit | own | ({"story_text": self._text(item)} if self._text(item) else {})


def as_json(value: object) -> bytes:
    """Return ``value`` as both APIs send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _moment(item: Item, end: str) -> str:
    return datetime.fromtimestamp(item["time"], UTC).strftime("%Y-%m-%dT%H:%M:%S") + end


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isdecimal():
        raise BadQuery(f"invalid value for {name}: {value}")
    return int(value)


def _has_tags(hit: dict[str, Any], tags: str) -> bool:
    """Say whether the hit has all tags; those in brackets are alternatives: ``story,(author_a,author_b)``."""
    groups = [group.strip("(),").split(",") for group in re.findall(r"\([^()]*\)|[^(),]+", tags)]
    return all(any(tag.strip() in hit["_tags"] for tag in group) for group in groups)


def _has_words(hit: dict[str, Any], given: Mapping[str, str]) -> bool:
    names = ["title", "story_text", "comment_text", "author"]
    if restricted := given.get("restrictSearchableAttributes"):
        names = restricted.split(",")
    searched = " ".join(re.findall(r"\w+", " ".join(str(hit.get(name) or "") for name in names).lower()))
    for phrase, word in re.findall(r'"([^"]*)"|([^\s"]+)', given.get("query", "").lower()):
        wanted = " ".join(re.findall(r"\w+", phrase or word))
        if f" {wanted} " not in f" {searched} " and not (word and f" {wanted}" in f" {searched}"):
            return False
    return True


def _filters(text: str) -> list[tuple[str, str, int]]:
    filters = []
    for part in filter(None, (part.strip() for part in text.strip("[]").replace('"', "").split(","))):
        found = FILTER.fullmatch(part)
        if not found:
            raise BadQuery(f"invalid numeric filter: {part}")
        filters.append((found[1], found[2], int(found[3])))
    return filters


def _compare(left: int, sign: str, right: int) -> bool:
    order = (left > right) - (left < right)
    return order in {"<": {-1}, "<=": {-1, 0}, "=": {0}, ">=": {0, 1}, ">": {1}}[sign]
