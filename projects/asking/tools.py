"""The tools of an answer: typed functions over what the site's own pages show. Never SQL from a model.

Each takes a checked call and gives what it found, of published projects alone.
"""

import calendar
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Count, Prefetch, QuerySet
from django.urls import reverse
from psycopg.errors import QueryCanceled

from core.text import counted
from projects import catalogue, trends
from projects.asking.plans import Call, in_periods
from projects.conditions import MOST_VALUES, UNKNOWN, Conditions
from projects.facets import facets
from projects.language.tokens import cut_to_tokens
from projects.models import Project, Submission
from projects.search.meaning import similar
from projects.search.searching import SearchTooSlow, search
from projects.tags import lookup

SECONDS = 5
HITS = 8
ALIKE, RETURNED = 6, 8
APPEARANCES = 12
MOST_ROWS, LISTED_TAGS = 24, 8
TEXT_TOKENS = 110  # of a project, as a model reads it

# What is told of an appearance.
APPEARANCE = ("project", "comment__author", "comment__post__year", "comment__post__month")


class ToolFailed(Exception):
    """A tool could not do its work; the message is one line."""


@dataclass
class Found:
    """One thing that a tool found: a project, or figures in ``rows`` on those ``named``. A model reads ``text``."""

    kind: str
    label: str
    text: str = ""
    project: int | None = None
    rows: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""
    tool: str = ""
    named: list[int] = field(default_factory=list)

    def as_dict(self, number: int) -> dict[str, Any]:
        """Return the JSON form, as result ``number``."""
        return {
            "number": number,
            "kind": self.kind,
            "label": self.label,
            "text": self.text,
            "project": self.project,
            "rows": [list(row) for row in self.rows],
            "address": self.address,
            "tool": self.tool,
            "named": self.named,
        }


def run_tool(call: Call) -> list[Found]:
    """Return what ``call`` finds. Raises ToolFailed, also where the database takes longer than SECONDS for it."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{SECONDS}s'")
            found = TOOLS[call.tool](call)
    except SearchTooSlow as error:
        raise ToolFailed(str(error)) from error
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise ToolFailed(f"It took longer than {SECONDS} s.") from error
    for each in found:
        each.tool = each.tool or call.tool
    return found


def known_months() -> list[str]:
    """Return the months that have a thread, newest first."""
    return [row["month"] for row in catalogue.months_with_counts()]


def _search(call: Call) -> list[Found]:
    wanted = _conditions(call)
    if not call.text:
        rows = _whole(catalogue.published(wanted).order_by("-last_seen_at", "-id"))[:HITS]
        return [_project(row) for row in rows]
    hits = search(call.text, catalogue.published(wanted), limit=HITS).hits
    return _in_order([hit.project.pk for hit in hits])


def _count(call: Call) -> list[Found]:
    wanted = _conditions(call, words=call.text)
    counts = facets(wanted)
    # A project that was posted in several months is counted in each.
    months = [(value.value, value.count) for value in counts.month if value.value != UNKNOWN and value.count]
    shown = in_periods(call.months, [month for month, _ in months]) if call.months else [month for month, _ in months]
    rows = [(_month_words(month), f"{count}") for month, count in months if month in shown][:MOST_ROWS]
    label = f"Number of projects {_told(call)}"
    text = f"{label}: {counts.total}. By month: {_listed(rows) or 'none'}."
    if not (call.tags or call.text):
        most = [(value.label, str(value.count)) for value in counts.tags[:LISTED_TAGS]]
        text += f" Most frequent tags: {_listed(most)}."
        rows += most
    rows = [("in all", str(counts.total)), *rows]
    return [Found("count", label, text, rows=rows, address=f"{reverse('site:projects')}?{wanted.query()}")]


def _months(call: Call) -> list[Found]:
    found = []
    for tag in call.tags:
        one = Call("months", tags=(tag,))
        projects = catalogue.published(_conditions(one))
        course = trends.course(projects)
        rows = [(f"{year}-{month:02}", course.get((year, month), 0)) for year, month in trends.axis(course)]
        if call.months:
            kept = set(in_periods(call.months, [month for month, _ in rows]))
            rows = [row for row in rows if row[0] in kept]
        shown = [(_month_words(month), str(count)) for month, count in rows[-MOST_ROWS:]]
        label, total = f"Projects {_told(one)} by month", projects.count()
        text = f"{label}: {_listed(shown) or 'none'}. In all: {total}."
        known = _known_tag(tag)
        address = reverse("site:tag", args=[known]) if known else ""
        found.append(Found("months", label, text, rows=[*shown, ("in all", str(total))], address=address))
    return found


def _compare(call: Call) -> list[Found]:
    if len(call.months) >= 2:
        sides = [(period, Call("count", call.text, call.tags, (period,))) for period in call.months[:2]]
        what, address = _told(Call("count", call.text, call.tags)), reverse("site:compare")
    else:
        sides = [(tag, Call("count", call.text, (tag,), call.months)) for tag in call.tags[:2]]
        what, address = _told(Call("count", call.text, (), call.months)), reverse("site:trends")
    counts = [(name, catalogue.published(_conditions(side, words=call.text)).count()) for name, side in sides]
    (one, before), (other, after) = counts
    gap = abs(after - before)
    more = "as many in both" if not gap else f"{gap} more for {other if after > before else one}"
    label = f"{' '.join(f'Projects {what}'.split())}: {one} and {other}"
    text = f"{label}: {before} for {one} and {after} for {other}, {more}."
    if len(call.months) >= 2 and not call.tags and not call.text:
        text += _grown(one, other)
    rows = [(one, str(before)), (other, str(after)), ("difference", str(gap))]
    return [Found("comparison", label, text, rows=rows, address=address)]


def _grown(one: str, other: str) -> str:
    """Return which tags grew between two months, in words; nothing for years."""
    months = [tuple(map(int, month.split("-"))) for month in (one, other) if "-" in month]
    figures = [trends.month_counted((year, month)) for year, month in months]
    if len(figures) < 2 or not all(figures):
        return ""
    grown = [change for change in trends.changes(figures[0], figures[1]) if change.difference > 0][:LISTED_TAGS]  # type: ignore[arg-type]  # none is None
    listed = _listed([(change.name, f"{change.before} then {change.after}") for change in grown])
    return f" Tags that grew: {listed}." if listed else ""


def _one(call: Call) -> list[Found]:
    project = _named(call.text)
    if project is None:
        # A model looks up by its name what is only described.
        found = _search(Call("search", call.text))
        for each in found:
            each.tool = "search"
        return found
    shown = Submission.objects.visible().filter(project=project).select_related("comment__post").only(*APPEARANCE)
    rows = [
        (_month_words(f"{each.comment.post.year}-{each.comment.post.month:02}"), f"by {each.comment.author}")
        for each in shown.order_by("comment__posted_at")[:APPEARANCES]
    ]
    appearances = f"Appearances of {project.title}"
    text = f"{appearances}: posted {_times(shown.count())}: {_listed(rows)}."
    posted = Found("appearances", appearances, text, project.pk, [("posted", _times(shown.count())), *rows])
    return [_project(project), posted] if rows else [_project(project)]


def _alike(call: Call) -> list[Found]:
    project = _named(call.text)
    if project is None:
        return _search(call)
    near = similar(project, catalogue.published(_conditions(Call("search", months=call.months, tags=call.tags))), ALIKE)
    return [_project(project), *_in_order([row.pk for row in near])]


def _returned(call: Call) -> list[Found]:
    shown = Submission.objects.visible()
    wanted = catalogue.published(Conditions(seen_before=True, **_conditions(call).given()))
    ids = wanted.order_by().values("pk")
    times_of = shown.filter(project__in=ids).order_by().values_list("project").annotate(times=Count("comment"))
    best = list(times_of.order_by("-times", "project")[:RETURNED])
    titles = {row.pk: row for row in _whole(Project.objects.published().filter(pk__in=[pk for pk, _ in best]))}
    rows = [(titles[pk].title, _times(times)) for pk, times in best if pk in titles]
    label = "Projects that were posted most often"
    if not rows:
        return [Found("returned", label, f"{label}: none was posted more than once.", rows=[("more than once", "0")])]
    found = [Found("returned", label, f"{label}: {_listed(rows)}.", rows=rows, named=list(titles))]
    return found + [_project(titles[pk]) for pk, _ in best if pk in titles]


def _conditions(call: Call, words: str = "") -> Conditions:
    """Return which projects a call is about: with its tags, those that there are not as words, in its months."""
    known = {tag: _known_tag(tag) for tag in call.tags}
    words = " ".join([words, *(f'"{tag}"' if " " in tag else tag for tag, name in known.items() if not name)]).strip()
    months = in_periods(call.months, known_months()) if call.months else []
    if call.months and not months:
        # Of a time without a thread there is no project; no month at all would be every project.
        months = [period if "-" in period else f"{period}-01" for period in call.months]
    tags = list(dict.fromkeys(filter(None, known.values())))
    return Conditions(tags=tags, month=months[:MOST_VALUES], q=words or None)


def _known_tag(name: str) -> str:
    """Return the tag that ``name`` stands for, in the singular or plural too; empty for none."""
    spelt = [name, name.replace("-", " "), name.replace(" ", "-"), name.removesuffix("s"), f"{name}s"]
    found = {tag.name: tag for tag in lookup(spelt)}
    return next((each for each in spelt if each in found), next(iter(found), ""))


def _told(call: Call) -> str:
    """Return the conditions of a call as a person reads them."""
    known = [(tag, _known_tag(tag)) for tag in call.tags]
    parts = [f"with the tag {name}" if name else f"with the word {tag} (there is no such tag)" for tag, name in known]
    parts += [f"with the words {call.text}"] if call.text else []
    parts += [f"posted in {' or '.join(map(_month_words, call.months))}"] if call.months else []
    return " ".join(parts)


def _month_words(period: str) -> str:
    """Return "September 2026" for "2026-09", and a year as it is."""
    year, _, month = period.partition("-")
    return f"{calendar.month_name[int(month)]} {year}" if month else year


def _times(count: int) -> str:
    return counted(count, "time")


def _listed(rows: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {value}" for name, value in rows)


def _named(title: str) -> Project | None:
    """Return the published project that ``title`` names: by its title, else what the search finds by name."""
    shown = Project.objects.published()
    exact = shown.filter(title__iexact=title).order_by("-last_seen_at").first()
    if exact is not None:
        return exact
    hits = search(title, shown, limit=1).hits
    by_name = [hit for hit in hits if {"title", "spelling"} & set(hit.reasons)]
    return by_name[0].project if by_name else None


def _whole(projects: QuerySet[Project]) -> QuerySet[Project]:
    """Add what a project is described by."""
    seen = Submission.objects.visible().select_related("comment__post").only(*APPEARANCE).order_by("comment__posted_at")
    heavy = projects.defer("embedding", "search_vector", "url_summaries")
    return heavy.prefetch_related("tags", Prefetch("submissions", seen, to_attr="seen"))


def _in_order(ids: list[int]) -> list[Found]:
    rows = {row.pk: row for row in _whole(Project.objects.published().filter(pk__in=ids))}
    return [_project(rows[pk]) for pk in ids if pk in rows]


def _project(project: Any) -> Found:
    """Return a project as a result; ``project`` is a row of ``_whole``, or one that is fetched as such here."""
    if not hasattr(project, "seen"):
        project = _whole(Project.objects.filter(pk=project.pk)).get()
    said = project.description
    if not said.startswith(project.short_description):
        said = f"{project.short_description}. {said}"
    posted = dict.fromkeys(f"{each.comment.post.year}-{each.comment.post.month:02}" for each in project.seen)
    authors = dict.fromkeys(each.comment.author for each in project.seen)
    parts = [cut_to_tokens(" ".join(said.split()), TEXT_TOKENS)]
    parts += [f"Tags: {', '.join(tag.name for tag in project.tags.all())}."] if project.tags.all() else []
    parts += [f"By {', '.join(authors)}."] if authors else []
    parts += [f"Posted in {', '.join(map(_month_words, posted))}."] if posted else []
    return Found("project", project.title, f"{project.title}: {' '.join(parts)}", project.pk)


TOOLS: dict[str, Callable[[Call], list[Found]]] = {
    "search": _search,
    "count": _count,
    "months": _months,
    "compare": _compare,
    "project": _one,
    "alike": _alike,
    "returned": _returned,
}
