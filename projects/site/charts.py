"""Charts as plain numbers, which a template draws as SVG without any style, with a table beside each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.dates import MONTHS

from projects.trends import Month

# Units of the drawing, which the page stretches to its own width.
WIDTH, HEIGHT = 600, 100
WIDEST_BAR = 48
# Labels below the axis at most; on a phone more would overlap.
MOST_LABELS = 6


@dataclass(frozen=True)
class Bar:
    """One bar with its place in the drawing, and the address that its row of the table leads to."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float
    url: str
    is_labelled: bool


@dataclass(frozen=True)
class Chart:
    """A drawing with its table; ``what`` is counted, as "projects"."""

    title: str
    what: str
    kind: str
    bars: list[Bar]
    summary: str
    width: int = WIDTH
    height: int = HEIGHT


def month_text(month: Month) -> str:
    """Return a month as addresses have it: 2026-09."""
    return f"{month[0]}-{month[1]:02}"


def month_name(month: Month) -> str:
    """Return a month as people say it: September 2026."""
    return f"{MONTHS[month[1]]} {month[0]}"


def by_month(title: str, counts: Mapping[Month, int], months: Sequence[Month], *, what: str = "projects") -> Chart:
    """Return the chart of ``counts`` over ``months``; rows of its table lead to the months that have any."""
    values = []
    for month in months:
        url = reverse("site:month", args=[month_text(month)]) if counts.get(month) else ""
        values.append((month_text(month), counts.get(month, 0), url))
    return bar_chart(title, values, what=what, kind="month")


def by_score(title: str, counts: Sequence[int]) -> Chart:
    """Return the chart of how many projects have each score, from 1."""
    values = [(str(score), count, "") for score, count in enumerate(counts, start=1)]
    return bar_chart(title, values, what="projects", kind="score")


def bar_chart(title: str, values: Sequence[tuple[str, int, str]], *, what: str, kind: str) -> Chart:
    """Return a bar for each of ``values``: label, value, and the address behind it or nothing."""
    step = WIDTH / max(len(values), 1)
    width = min(step * 0.78, WIDEST_BAR)
    largest = max((value for _, value, _ in values), default=0)
    every = -(-len(values) // MOST_LABELS) if kind == "month" else 1
    made = []
    for number, (label, value, url) in enumerate(values):
        # What is there is seen, however small beside the largest.
        height = max(HEIGHT * value / largest, 1.5) if value else 0
        made.append(
            Bar(
                label=label,
                value=value,
                x=round(number * step + (step - width) / 2, 1),
                y=round(HEIGHT - height, 1),
                width=round(width, 1),
                height=round(height, 1),
                url=url,
                is_labelled=(len(values) - 1 - number) % every == 0,
            )
        )
    return Chart(title, what, kind, made, _in_words(made, what, kind))


def _in_words(bars: Sequence[Bar], what: str, kind: str) -> str:
    """Return what the drawing shows, for who cannot see it, too."""
    if not any(bar.value for bar in bars):
        return f"No {what}."
    most = max(bars, key=lambda bar: bar.value)
    if len(bars) > 1 and all(bar.value == most.value for bar in bars):
        return f"{most.value} in each of {len(bars)} {kind}s."
    if len(bars) == 1:
        return f"{most.value} in {most.label}."
    last = "" if bars[-1] is most else f" In {bars[-1].label}: {bars[-1].value}."
    return f"Most in {most.label}: {most.value}.{last}"
