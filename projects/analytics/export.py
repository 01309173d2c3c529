"""Figures as a table, CSV or JSON."""

from typing import Any

from core.tables import table_file
from projects.models import Analytics

TABLE_LINES = 10
CSV_FIELDS = ("month", "post_id", "kind", "name", "value", "growth")
COUNTS = (
    *("comments", "read_comments", "valid_comments", "projects", "projects_seen_again"),
    *("authors", "returning_authors"),
)


def as_dict(row: Analytics) -> dict[str, Any]:
    """Return one period as JSON."""
    return {
        "month": f"{row.year}-{row.month:02}",
        "post_id": row.post_id,
        **{name: getattr(row, name) for name in COUNTS},
        "valid_share": None if row.valid_share is None else round(row.valid_share, 4),
        **{name: getattr(row, name) for name in ("tags", "new_tags", "tag_pairs", "hosts")},
        "idea_scores": _by_score(row.idea_scores),
        "complexity_scores": _by_score(row.complexity_scores),
        "computed_at": row.computed_at.isoformat(),
    }


def as_csv(rows: list[Analytics]) -> str:
    """Return the periods as lines of period, kind, name, value and growth: one table for all kinds."""
    lines = (
        dict(zip(CSV_FIELDS, (f"{row.year}-{row.month:02}", row.post_id, *line), strict=True))
        for row in rows
        for line in _lines(row)
    )
    return b"".join(table_file(lines, CSV_FIELDS, "csv")).decode()


def as_table(row: Analytics) -> str:
    """Return one period for people: the counts, then the first ten of each list."""
    valid = "—" if row.valid_share is None else f"{row.valid_share:.0%} of {row.read_comments} read"
    lines = [
        f"{row.period}",
        f"  comments   {row.comments:>6}   with a project: {valid}",
        f"  projects   {row.projects:>6}   seen before: {row.projects_seen_again}",
        f"  authors    {row.authors:>6}   returning: {row.returning_authors}",
        "",
        f"  {'tag':<24} {'count':>6}  growth against the 3 months before",
        *(f"  {tag['name']:<24} {tag['count']:>6}  {growth(tag['growth'])}" for tag in row.tags[:TABLE_LINES]),
        "",
        f"  new tags: {', '.join(row.new_tags[:TABLE_LINES]) or '—'}{_more(row.new_tags)}",
        f"  pairs of tags: {_listed((' + '.join(pair['tags']), pair['count']) for pair in row.tag_pairs)}",
        f"  links: {_listed((host['host'], host['count']) for host in row.hosts)}",
        f"  {'score':<12}{''.join(f'{score:>6}' for score in range(1, 11))}",
        f"  {'idea':<12}{''.join(f'{count:>6}' for count in row.idea_scores)}",
        f"  {'complexity':<12}{''.join(f'{count:>6}' for count in row.complexity_scores)}",
    ]
    return "\n".join(lines)


def overview(rows: list[Analytics]) -> str:
    """Return a line for each period."""
    lines = [
        f"{'period':<28} {'comments':>8} {'valid':>6} {'projects':>8} {'again':>6} {'authors':>8} {'returning':>9}"
    ]
    for row in rows:
        valid = "—" if row.valid_share is None else f"{row.valid_share:.0%}"
        lines.append(
            f"{row.period:<28} {row.comments:>8} {valid:>6} {row.projects:>8} {row.projects_seen_again:>6} "
            f"{row.authors:>8} {row.returning_authors:>9}"
        )
    return "\n".join(lines)


def _lines(row: Analytics) -> list[tuple[str, str, Any, Any]]:
    return [
        *(("count", name, getattr(row, name), None) for name in COUNTS),
        *(("tag", tag["name"], tag["count"], tag["growth"]) for tag in row.tags),
        *(("new_tag", name, 1, None) for name in row.new_tags),
        *(("tag_pair", " + ".join(pair["tags"]), pair["count"], None) for pair in row.tag_pairs),
        *(("host", host["host"], host["count"], None) for host in row.hosts),
        *(("idea_score", score, count, None) for score, count in _by_score(row.idea_scores).items()),
        *(("complexity_score", score, count, None) for score, count in _by_score(row.complexity_scores).items()),
    ]


def _by_score(counts: list[int]) -> dict[str, int]:
    return {str(score): count for score, count in enumerate(counts, start=1)}


def growth(share: float | None) -> str:
    """Return how much a tag grew: "+50%", or "new" where it was not there before."""
    return "new" if share is None else f"{share:+.0%}"


def _listed(rows: Any) -> str:
    return ", ".join(f"{name} ({count})" for name, count in list(rows)[:TABLE_LINES]) or "—"


def _more(names: list[str]) -> str:
    return f" and {len(names) - TABLE_LINES} more" if len(names) > TABLE_LINES else ""
