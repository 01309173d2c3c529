"""The filters beside a list: each value with how many projects it would show, and the address that chooses it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core.index_version import kept
from projects.conditions import BadConditions, Conditions, parse
from projects.facets import Facets, FacetValue
from projects.site.errors import BadRequest

# Values of a group that are shown at once; the others unfold.
SHOWN = 12
# The groups in their order: the condition and its heading.
GROUPS = {
    "tags": "Tag",
    "month": "Month",
    "link": "Link",
    "seen_before": "Seen before",
    "idea_score": "Idea score",
    "complexity_score": "Complexity score",
    "source": "Source",
}
# How a condition that holds is told: what stands before its value.
TOLD = {
    "tags": "tag", "tags_any": "any tag of", "tags_not": "not tag", "has_tags": "has tags",
    "min_idea_score": "idea at least", "max_idea_score": "idea at most", "idea_score": "idea",
    "idea_score_not": "not idea", "min_complexity_score": "complexity at least",
    "max_complexity_score": "complexity at most", "complexity_score": "complexity",
    "complexity_score_not": "not complexity", "month": "month", "month_not": "not month", "source": "source",
    "source_not": "not source", "author": "author", "author_source": "author on", "link": "link",
    "link_not": "not link", "has_link": "has a link", "seen_before": "seen before", "q": "words",
}  # fmt: skip
# Parameters of the page that stay when a filter changes.
STAYING = ("view", "order", "waiting")


@dataclass(frozen=True)
class Choice:
    """A value of a filter. ``without_url`` is empty where there is nothing to exclude."""

    value: FacetValue
    url: str
    """Chooses the value; takes the choice back where it is chosen or excluded."""
    without_url: str = ""


@dataclass(frozen=True)
class Group:
    """The values of one filter."""

    name: str
    title: str
    choices: list[Choice] = field(default_factory=list)

    @property
    def first(self) -> list[Choice]:
        return self.choices[:SHOWN]

    @property
    def more(self) -> list[Choice]:
        return self.choices[SHOWN:]


@dataclass(frozen=True)
class Held:
    """A condition that holds, in words, and the address without it."""

    text: str
    url: str


def asked(request: HttpRequest) -> Conditions:
    """Return what the address asks for. Raises BadRequest for values that cannot be and for contradictions."""
    try:
        return parse(request.GET)
    except BadConditions as error:
        raise BadRequest(str(error)) from None


def groups(request: HttpRequest, wanted: Conditions, counted: Facets) -> list[Group]:
    """Return the filters with their counts, those that have a choice."""
    found = []
    for name, title in GROUPS.items():
        choices = [_choice(request, wanted, name, value) for value in getattr(counted, name)]
        # What is chosen first, so that it is never folded away.
        choices.sort(key=lambda choice: not (choice.value.is_included or choice.value.is_excluded))
        is_held = any(choice.value.is_included or choice.value.is_excluded for choice in choices)
        if len(choices) > 1 or is_held:
            found.append(Group(name, title, choices))
    return found


def kept_panel(request: HttpRequest, wanted: Conditions, counted: Facets, to_staff: bool) -> SafeString:
    """Return the filters as HTML, kept until the index changes: each page of a list has the same."""
    return kept(
        ("filters", _url(request, wanted), to_staff, settings.PUBLIC_PROJECTS),
        lambda: render_to_string("projects/site/filter_groups.html", {"groups": groups(request, wanted, counted)}),
    )


def held(request: HttpRequest, wanted: Conditions) -> list[Held]:
    """Return the conditions that hold, each with the address that leaves it out."""
    return [Held(text, _url(request, others)) for text, others in _held(wanted)]


def _held(wanted: Conditions) -> Iterator[tuple[str, Conditions]]:
    for name, value in wanted.given().items():
        told = TOLD.get(name, name.replace("_", " "))
        if isinstance(value, bool):
            yield f"{told}: {'yes' if value else 'no'}", wanted.without_value(name)
        elif isinstance(value, list):
            for each in value:
                yield f"{told}: {each}", wanted.without_value(name, each)
        else:
            yield f"{told}: {value}", wanted.without_value(name)


def hidden_fields(request: HttpRequest, wanted: Conditions, *without: str) -> list[tuple[str, str]]:
    """Return name and value of all that a form beside the list must send again."""
    for name in without:
        wanted = wanted.without_value(name)
    return parse_qsl(_url(request, wanted).removeprefix("?"))


def _choice(request: HttpRequest, wanted: Conditions, name: str, value: FacetValue) -> Choice:
    flag: Any = value.value == "true" if name == "seen_before" else value.value
    can_exclude = f"{name}_not" in Conditions.model_fields
    without = wanted.without_value(name, flag)
    if can_exclude:
        without = without.without_value(f"{name}_not", flag)
    if value.is_included or value.is_excluded:
        return Choice(value, _url(request, without))
    return Choice(
        value,
        _url(request, without.with_value(name, flag)),
        _url(request, without.with_value(f"{name}_not", flag)) if can_exclude else "",
    )


def _url(request: HttpRequest, wanted: Conditions) -> str:
    staying = {name: request.GET[name] for name in STAYING if request.GET.get(name)}
    return f"?{wanted.query(**staying)}"
