"""What a reader asks the index for, as it stands in the query of an address: of a page and of the API alike."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, get_args
from urllib.parse import urlencode

from django.http import QueryDict
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from core.api.listing import NO_NUL, ShortText
from projects.models import Project

UNKNOWN = "unknown"
MONTH = r"20[0-9]{2}-(0[1-9]|1[0-2])"
SHOWN_OF_A_VALUE = 60
MOST_VALUES = 60

TagName = Annotated[str, Field(min_length=1, max_length=50, pattern=NO_NUL)]
Score = Annotated[int, Field(ge=1, le=10)] | None
# A text, so that one rule says both; the number is read from it.
ScoreOrUnknown = Annotated[str, Field(pattern=rf"^([1-9]|10|{UNKNOWN})$", examples=["7", UNKNOWN])]
Month = Annotated[str, Field(pattern=rf"^({MONTH}|{UNKNOWN})$", examples=["2026-09"])]
SourceName = Literal["hn", "lobsters", "nemo_data_designer"]
PostedOn = Literal["hn", "lobsters", "sample"]
LinkKind = Literal["repository", "site", "store", "none"]
TRUTH = {"1": True, "0": False}


def _flag(value: Any) -> Any:
    return TRUTH.get(value, value)


Flag = Annotated[bool | None, BeforeValidator(_flag)]


def _any_of(what: str) -> Any:
    return Field([], max_length=MOST_VALUES, description=f"{what} one of these; the parameter is repeated.")


def _none_of(what: str) -> Any:
    return Field([], max_length=MOST_VALUES, description=f"{what} none of these.")


class Conditions(BaseModel):
    """Which projects; all conditions must hold. Of one that is not named everything fits, "unknown" included."""

    tags: list[TagName] = Field([], max_length=20, description="All of these; the parameter is repeated.")
    tags_any: list[TagName] = Field([], max_length=20, description="One of these or more.")
    tags_not: list[TagName] = Field([], max_length=20, description="None of these.")
    has_tags: Flag = None
    min_idea_score: Score = None
    max_idea_score: Score = None
    idea_score: list[ScoreOrUnknown] = _any_of("The score is")
    idea_score_not: list[ScoreOrUnknown] = _none_of("The score is")
    min_complexity_score: Score = None
    max_complexity_score: Score = None
    complexity_score: list[ScoreOrUnknown] = _any_of("The score is")
    complexity_score_not: list[ScoreOrUnknown] = _none_of("The score is")
    month: list[Month] = Field(
        [], max_length=MOST_VALUES, description='Posted in the thread of one of these months; "unknown": in none.'
    )
    month_not: list[Month] = _none_of("Posted in")
    source: list[SourceName] = Field(
        [],
        max_length=MOST_VALUES,
        description="Where it comes from. Generated ideas (nemo_data_designer) come only where they are named here.",
    )
    source_not: list[SourceName] = _none_of("It comes from")
    author: ShortText = Field(None, description="Who posted it, as the name is written there.")
    author_source: PostedOn | None = Field(None, description="Where `author` posted it: a name belongs to one source.")
    link: list[LinkKind] = _any_of("The primary URL is")
    link_not: list[LinkKind] = _none_of("The primary URL is")
    has_link: Flag = None
    seen_before: Flag = Field(None, description="Posted more than once.")
    q: ShortText = Field(None, description='Words in title and description; "exact words", or, -not.')

    def contradictions(self) -> list[str]:
        """Return a sentence for each pair of conditions that no project can meet both."""
        found = []
        for name in ("idea_score", "complexity_score"):
            least, most = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if least is not None and most is not None and least > most:
                found.append(f"min_{name}={least} is above max_{name}={most}.")
        for name in ("tags", "month", "source", "link", "idea_score", "complexity_score"):
            wanted, unwanted = _lower(getattr(self, name)), _lower(getattr(self, f"{name}_not"))
            both = wanted & unwanted if name == "tags" else wanted if wanted and wanted <= unwanted else ()
            found += [f"{name}={value} and {name}_not={value} exclude each other." for value in sorted(both)]
        if self.has_link is not None and self.link and not self._link_fits():
            found.append(f"has_link={str(self.has_link).lower()} and link={', '.join(self.link)} exclude each other.")
        if self.has_tags is False and (self.tags or self.tags_any):
            found.append("has_tags=false excludes every tag.")
        return found

    def _link_fits(self) -> bool:
        return any((kind != "none") == self.has_link for kind in self.link)

    def given(self) -> dict[str, Any]:
        """Return the conditions that say something, by name."""
        return {name: value for name in Conditions.model_fields if (value := getattr(self, name)) not in (None, [])}

    def with_value(self, name: str, value: Any) -> Self:
        """Return these conditions with ``value`` as well: added to a list, else in place of what stood there."""
        old = getattr(self, name)
        new = list(dict.fromkeys([*old, value])) if isinstance(old, list) else value
        return self.model_copy(update={name: new})

    def without_value(self, name: str, value: Any = None) -> Self:
        """Return these conditions without ``value``, or without all that stands under ``name``."""
        old = getattr(self, name)
        if not isinstance(old, list):
            return self.model_copy(update={name: None})
        return self.model_copy(update={name: [] if value is None else [each for each in old if each != value]})

    def query(self, **more: Any) -> str:
        """Return them as the query of an address, without "?"; ``more`` are parameters of the page beside them."""
        values = {**self.given(), **more}
        return urlencode(
            [
                (name, _written(each))
                for name, value in values.items()
                for each in (value if isinstance(value, list) else [value])
            ]
        )


class BadConditions(ValueError):
    """What an address asks for cannot be; ``problems`` has a sentence for each value, which is named in it."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(self.problems))


LISTS = {name for name, field in Conditions.model_fields.items() if field.default == []}


def parse(query: QueryDict) -> Conditions:
    """Return what the query of a page asks for.

    An empty value, as forms send it, is none; other parameters may stand beside. Raises BadConditions for values that
    cannot be, and for conditions that contradict each other.
    """
    given: dict[str, Any] = {}
    for name in Conditions.model_fields:
        values = [value for value in query.getlist(name) if value.strip()]
        if values:
            given[name] = values if name in LISTS else values[-1]
    try:
        wanted = Conditions.model_validate(given)
    except ValidationError as error:
        raise BadConditions(dict.fromkeys(_sentence(fault) for fault in error.errors())) from None
    if contradictions := wanted.contradictions():
        raise BadConditions(contradictions)
    return wanted


def _sentence(fault: Any) -> str:
    value = str(fault["input"])
    shown = f"“{value[:SHOWN_OF_A_VALUE]}…”" if len(value) > SHOWN_OF_A_VALUE else f"“{value}”"
    if fault["type"] == "too_long":
        return f"{fault['loc'][0]} has more than {fault['ctx']['max_length']} values."
    return f"{fault['loc'][0]}={shown.replace(chr(0), '␀')} is invalid: it expects {EXPECTED.get(fault['loc'][0], '')}."


EXPECTED = {
    **dict.fromkeys(("tags", "tags_any", "tags_not"), "the name of a tag, of at most 50 characters"),
    **dict.fromkeys(("has_tags", "has_link", "seen_before"), "true or false"),
    **{
        name: "a whole number from 1 to 10"
        for kind in ("idea_score", "complexity_score")
        for name in (f"min_{kind}", f"max_{kind}")
    },
    **{name: "1 to 10, or unknown" for kind in ("idea_score", "complexity_score") for name in (kind, f"{kind}_not")},
    **dict.fromkeys(("month", "month_not"), "a month as 2026-09, or unknown"),
    **dict.fromkeys(("source", "source_not"), ", ".join(get_args(SourceName))),
    "author_source": ", ".join(get_args(PostedOn)),
    **dict.fromkeys(("link", "link_not"), ", ".join(get_args(LinkKind))),
    **dict.fromkeys(("author", "q"), "at most 200 characters"),
}


def _lower(values: list[str]) -> set[str]:
    return {value.lower() for value in values}


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


IDEAS = Project.Source.NEMO_DATA_DESIGNER.value
