"""Finds projects by their words, and by the few letters that a person types."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import log
from typing import Any

from django.contrib.postgres.search import SearchQuery as TextQuery
from django.db.models import Case, FloatField, Func, Q, QuerySet, When

from comments.search import beginnings, by_author, letters, spelt, written
from core.round_trips import Statement, asked_together
from projects.models import Project, ProjectQuerySet, Tag, TagAlias
from projects.search.query import SearchQuery, parse

CONFIG = "english"
TEXTS = ("title", "short_description", "description")
# Words that are looked at for a rank; the rarest of more.
MOST_WORDS = 8
# Rows that are ranked at most: of words that more have, the newest.
MOST_RANKED = 1_000
# How much more a word counts in the title.
IN_TITLE = 1.5
# Each word as it was typed and as full-text search writes it, and the share of projects that have it: PostgreSQL's
# statistics know the common ones.
LEXEMES = """
    SELECT word, lexeme, coalesce(frequency, 0),
        (SELECT reltuples FROM pg_class WHERE oid = 'projects_project'::regclass)
    FROM unnest(%s::text[]) WITH ORDINALITY AS typed (word, place)
    CROSS JOIN LATERAL unnest(to_tsvector('english', word)) LEFT JOIN (
        SELECT unnest(most_common_elems::text::text[]) AS common, unnest(most_common_elem_freqs) AS frequency
        FROM pg_stats
        WHERE schemaname = current_schema() AND tablename = 'projects_project' AND attname = 'search_vector'
    ) AS statistics ON common = lexeme
    ORDER BY place, positions[1]
"""


@dataclass(frozen=True)
class Lexeme:
    """A word as full-text search writes it, about how many projects have it, and as what it was typed first."""

    text: str
    rows: float
    of: float
    typed: str = ""

    @property
    def weight(self) -> float:
        """How much it says: the logarithm of one in how many has it."""
        return log(1 + max(self.of, 1) / max(self.rows, 1))


def with_words(projects: ProjectQuerySet, text: str) -> ProjectQuerySet:
    """Return those of ``projects`` whose texts hold the words of ``text``; it may say "exact words", or, -not."""
    query = parse(text, conditions=False)
    projects = projects.filter(all_words(query)) if query.alternatives else projects
    for excluded in query.excluded:
        projects = projects.exclude(exactly(excluded))
    return projects


def all_words(query: SearchQuery) -> Q:
    """Return the condition that a project's texts have all words and exact words of one of the alternatives."""
    found = Q()
    for group in query.alternatives:
        signed = [term for term in group if spelt(term)]
        plain = " ".join(term for term in group if not spelt(term))
        condition = Q(search_vector=TextQuery(plain, search_type="websearch", config=CONFIG)) if plain else Q()
        for term in signed:
            condition &= signed_word(term)
        found |= condition
    return found


def exactly(text: str) -> Q:
    """Return the condition that a project's texts have the words of ``text`` one behind the other."""
    if spelt(text):
        return signed_word(text)
    return Q(search_vector=TextQuery(text, search_type="phrase", config=CONFIG))


def signed_word(word: str) -> Q:
    """Return the condition that a project has ``word`` (C++, C#, .NET) in its texts or as a tag."""
    pattern = written(word)
    texts = Q()
    for name in TEXTS:
        texts |= Q(**{f"{name}__iregex": pattern})
    # The letters alone, by the index, before each text is read.
    if (by_index := letters(word)) is not None:
        texts = Q(texts, search_vector=by_index)
    found = Project.objects.filter(texts).order_by().values("pk")
    return Q(pk__in=found.union(tagged_with(word)))


def tagged_with(name: str) -> QuerySet[Any]:
    """Return the ids of projects that have the tag ``name``, or one that it is another name of."""
    tags = Tag.objects.filter(Q(name=name.lower()) | Q(aliases__name=name.lower())).values("pk")
    return Project.tags.through.objects.filter(tag__in=tags).order_by().values("project")


def typed(projects: QuerySet[Project], text: str) -> QuerySet[Project]:
    """Return those of ``projects`` whose texts have words that begin as all words of ``text`` do.

    So have those with a tag of that name or alias, by an author whose name begins so, an address that holds it, or
    that id. Words with signs (C++, .NET) are looked for as they are written. All of it where ``text`` is empty. Each
    condition has an index but the address, which is looked at only for a text with a dot or a slash.
    """
    text = " ".join(text.replace("\0", "").split())
    if not text:
        return projects
    # One set of ids: of conditions that are joined by OR PostgreSQL would try each project.
    found = tagged_with(text)
    found = found.union(by_author(text).filter(submissions__isnull=False).order_by().values("submissions__project"))
    words = text.split()
    signed = [word for word in words if spelt(word)]
    begun = beginnings(" ".join(word for word in words if not spelt(word)))
    if signed or begun is not None:
        condition = Q() if begun is None else Q(search_vector=begun)
        for word in signed:
            condition &= signed_word(word)
        found = found.union(Project.objects.filter(condition).order_by().values("pk"))
    if "." in text or "/" in text:
        found = found.union(Project.objects.filter(primary_url__icontains=text).order_by().values("pk"))
    if text.isdecimal() and len(text) < 19:
        found = found.union(Project.objects.filter(pk=int(text)).order_by().values("pk"))
    return projects.filter(pk__in=found)


def lexemes(text: str) -> list[Lexeme]:
    """Return the words of ``text`` that full-text search looks for, in their order, each once."""
    [rows] = asked_together([lexemes_asked(text)])
    return lexemes_of(rows)


def lexemes_asked(text: str) -> Statement:
    """Return the statement that gets the words of ``text`` for ``lexemes_of``."""
    return LEXEMES, [text.split()]


def lexemes_of(rows: Iterable[tuple[str, str, float, float]]) -> list[Lexeme]:
    """Return the words that ``lexemes_asked`` got, each once."""
    found: dict[str, Lexeme] = {}
    for word, lexeme, share, of in rows:
        found.setdefault(lexeme, Lexeme(lexeme, share * max(of, 0), max(of, 0), word.lower()))
    return list(found.values())


@dataclass(frozen=True)
class Worded:
    """The ids of projects that have the words, best first, and whether they have all of them."""

    ids: list[int]
    has_all: bool


def by_words(projects: ProjectQuerySet, query: SearchQuery, words: list[Lexeme], most: int) -> Worded:
    """Return those of ``projects`` that have the ``words`` of ``query``, the best ``most`` first.

    Where one has all words, those that lack some are left out; else one of the rarer words is enough. A rare word
    counts more than a common one, and in the title half more.
    """
    if not words:
        return Worded([], False)
    words = sorted(words, key=lambda word: word.rows)[:MOST_WORDS]
    everything = Q(search_vector=_raw(" & ".join(_quoted(word.text) for word in words)))
    if len(query.alternatives) > 1:
        wanted, expected = all_words(query), sum(word.rows for word in words)
    else:
        rare, expected = _rare(words)
        wanted = (
            everything | Q(search_vector=_raw(" | ".join(_quoted(word.text) for word in rare))) if rare else everything
        )
    found = projects.filter(wanted)
    if expected > MOST_RANKED:
        newest = found.order_by("-last_seen_at", "-id").values("pk")[:MOST_RANKED]
        found = Project.objects.filter(pk__in=newest)
    ranked = found.annotate(score=Score(words), all_there=Case(When(everything, then=True), default=False))
    rows = list(ranked.order_by("-score", "-id").values_list("pk", "all_there")[:most])
    whole = [pk for pk, all_there in rows if all_there]
    return Worded(whole or [pk for pk, _ in rows], bool(whole))


class Score(Func):
    """How much a project has of some words: the weight of each that it has, and all of them once more for all."""

    output_field = FloatField()

    def __init__(self, words: list[Lexeme]) -> None:
        super().__init__("search_vector")
        self.words = words

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> tuple[str, list[Any]]:
        """Return one sum: as Django's expressions it would take longer to write than to compute."""
        vector, parameters = compiler.compile(self.get_source_expressions()[0])
        match = f"({vector} @@ %s::tsquery)::int * %s"
        parts = [
            (" & ".join(_quoted(word.text) for word in self.words), sum(word.weight for word in self.words)),
            *((_quoted(word.text), word.weight) for word in self.words),
            *((f"{_quoted(word.text)}:A", word.weight * (IN_TITLE - 1)) for word in self.words),
        ]
        given = [value for part in parts for value in (*parameters, *part)]
        return f"({' + '.join([match] * len(parts))})", given


def tags_asked(query: SearchQuery) -> Statement | None:
    """Return the statement that gets which words of ``query`` are tags; None for one word alone, and for more than a
    person would say tags in.
    """
    words = [word.lower() for word in query.words]
    if not 2 <= len(words) <= MOST_WORDS:
        return None
    names = Tag.objects.filter(name__in=words).order_by().values_list("name")
    aliases = TagAlias.objects.filter(name__in=words).order_by().values_list("name")
    return names.union(aliases).query.sql_with_params()


def by_tags_and_words(
    projects: ProjectQuerySet, query: SearchQuery, tags: Collection[str], words: list[Lexeme], most: int
) -> Worded | None:
    """Return those of ``projects`` that have each word of ``query`` as a tag or in their texts, and one as a tag.

    ``tags`` are those of its words that are tags, and ``words`` all of them. None where there are none.
    """
    if not tags:
        return None
    for word in tags:
        texts = Project.objects.filter(exactly(word)).order_by().values("pk")
        projects = projects.filter(pk__in=tagged_with(word).union(texts))
    if rest := [word for word in words if word.typed not in tags]:
        found = by_words(projects, query, rest, most)
        return found if found.has_all else None
    ids = list(projects.order_by("-last_seen_at", "-id").values_list("pk", flat=True)[:most])
    return Worded(ids, True) if ids else None


def _rare(words: list[Lexeme]) -> tuple[list[Lexeme], float]:
    """Return the rarest of ``words`` that no more rows have than are ranked, and how many rows are to be expected."""
    rare: list[Lexeme] = []
    expected = 0.0
    for word in words:
        if expected + word.rows > MOST_RANKED:
            # Then all words must be there, and no more rows have all than have the rarest.
            return rare, expected + words[0].rows
        rare.append(word)
        expected += word.rows
    return rare, expected


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _raw(text: str) -> TextQuery:
    # Lexemes are stems already: another configuration would stem them again.
    return TextQuery(text, search_type="raw", config="simple")
