"""Functions of the database that indexes of projects are made over, which migration 0013 makes, and a condition.

pg_trgm would do for some of it, but the PostgreSQL that comes as a wheel has no other extension than pgvector.
"""

from collections.abc import Sequence
from typing import Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, QuerySet, TextField

# As the function cuts words; one that is in every other name finds nothing.
COMMON_WORDS = frozenset(
    "the and for with that your you from this are our its not has have can into more all any out who how what where "
    "when which their them".split()
)
SHORTEST_WORD, LONGEST_WORD = 3, 24


class _Texts(Func):
    arity = 2
    output_field = ArrayField(TextField())


class Spellings(_Texts):
    """The words of two texts, each also with one letter left out, and each two neighbours as one word.

    Two words that differ by one letter (one wrong, missing, too many, or two swapped) share one of them.
    """

    function = "projects_spellings"


class Hosts(_Texts):
    """The hosts of an address and of a list of them, without www, each with those above it ("a.b.org", "b.org")."""

    function = "projects_hosts"


class Listed(Func):
    """The condition that an id is one of a query's, which PostgreSQL gets before it looks at any project.

    Of a condition "id IN (query)" it may go through all projects to find those that the query has.
    """

    template, arg_joiner = "%(expressions)s)", " = ANY("
    output_field = BooleanField()

    def __init__(self, ids: QuerySet[Any], of: str = "pk") -> None:
        super().__init__(F(of), ArraySubquery(ids))

    @classmethod
    def in_all(cls, queries: Sequence[QuerySet[Any]]) -> Self:
        """Return the condition that an id is among the ``project`` of the rows of each of one query or more.

        Before version 17 PostgreSQL tries each pair of the ids of two such conditions; so this is one.
        """
        first, *others = queries
        for other in others:
            first = first.filter(project__in=other)
        return cls(first)
