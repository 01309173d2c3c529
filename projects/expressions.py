"""Functions of the database that indexes of projects are made over; migration 0013 makes them.

pg_trgm would do for some of it, but the PostgreSQL that comes as a wheel has no other extension than pgvector.
"""

from django.contrib.postgres.fields import ArrayField
from django.db.models import Func, TextField

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
