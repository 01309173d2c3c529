"""The tags that ideas are drawn from: those of real projects, with what they occur together with."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import yaml
from django.db import connection

from projects.catalogue import tags_with_counts

DATA = Path(__file__).parent / "data"
# Drawn from without seed tags: beyond these a tag stands on a project or two.
MOST_USED = 200
PARTNERS = 8

# Ideas are left out: what the generator made must not steer what it makes next.
TOGETHER = """
WITH tagged AS (
    SELECT pt.tag_id, pt.project_id FROM projects_project_tags pt JOIN projects_project p ON p.id = pt.project_id
    WHERE p.source <> 'nemo_data_designer' AND p.review_status <> 'rejected'
), used AS (
    SELECT tag_id, count(*) AS uses FROM tagged
    WHERE cardinality(%(seeds)s::text[]) = 0
        OR tag_id IN (SELECT id FROM projects_tag WHERE name = ANY(%(seeds)s::text[]))
    GROUP BY tag_id ORDER BY uses DESC, tag_id LIMIT %(most)s
), pairs AS (
    SELECT a.tag_id, b.tag_id AS partner_id,
        row_number() OVER (PARTITION BY a.tag_id ORDER BY count(*) DESC, b.tag_id) AS place
    FROM tagged a JOIN tagged b USING (project_id)
    WHERE a.tag_id <> b.tag_id AND a.tag_id IN (SELECT tag_id FROM used)
    GROUP BY a.tag_id, b.tag_id
)
SELECT tag.name, used.uses, array_remove(array_agg(partner.name ORDER BY pairs.place), NULL)
FROM used JOIN projects_tag tag ON tag.id = used.tag_id
LEFT JOIN pairs ON pairs.tag_id = used.tag_id AND pairs.place <= %(partners)s
LEFT JOIN projects_tag partner ON partner.id = pairs.partner_id
GROUP BY tag.name, used.uses ORDER BY used.uses DESC, tag.name
"""


@dataclass(frozen=True)
class TagPool:
    """What is drawn from: primary tags with their weights, and for each the sets of tags it is combined with."""

    weights: dict[str, int]
    combinations: dict[str, list[tuple[str, ...]]]
    is_starter_list: bool = False

    def draw(self, count: int) -> list[tuple[str, ...]]:
        """Return ``count`` examples of tags that an idea would combine, the primary one first."""
        names = random.choices(list(self.weights), list(self.weights.values()), k=count)  # noqa: S311 - no secret
        return [(name, *random.choice(self.combinations[name])) for name in names]  # noqa: S311


@cache
def starter_tags() -> dict[str, list[str]]:
    """Return the shipped tags, each with those it goes with."""
    return yaml.safe_load((DATA / "starter_tags.yml").read_text(encoding="utf-8"))


@cache
def personas() -> list[str]:
    """Return the 14 audiences."""
    return yaml.safe_load((DATA / "personas.yml").read_text(encoding="utf-8"))


def known_tags(names: Iterable[str] | None = None) -> set[str]:
    """Return the tags of real projects and those of the starter list; only those among ``names`` where given."""
    tags = tags_with_counts()
    starters = {*starter_tags(), *(tag for partners in starter_tags().values() for tag in partners)}
    if names is not None:
        names = set(names)
        tags, starters = tags.filter(name__in=names), starters & names
    return {*tags.values_list("name", flat=True), *starters}


def tag_pool(seed_tags: Iterable[str] = ()) -> TagPool:
    """Return what ideas are drawn from.

    Several seed tags are all combined with each other; one is combined with what it occurs together with. Without
    any, all tags are drawn, weighted by use. While no project has a tag the starter list stands in.
    """
    seeds = list(seed_tags)
    if len(seeds) > 1:
        combined = {name: [tuple(other for other in seeds if other != name)] for name in seeds}
        return TagPool(dict.fromkeys(seeds, 1), combined)
    with connection.cursor() as cursor:
        cursor.execute(TOGETHER, {"seeds": seeds, "most": MOST_USED, "partners": PARTNERS})
        rows = cursor.fetchall()
    if rows:
        return TagPool({name: uses for name, uses, _ in rows}, {name: _sets(with_) for name, _, with_ in rows})
    starters = starter_tags()
    chosen = {name: starters.get(name, []) for name in seeds} or starters
    return TagPool(dict.fromkeys(chosen, 1), {name: _sets(with_) for name, with_ in chosen.items()}, True)


def _sets(partners: list[str]) -> list[tuple[str, ...]]:
    """Return the pairs of the partners; one alone, or none, where there are fewer."""
    return list(combinations(partners, 2)) or [tuple(partners)]
