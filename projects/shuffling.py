"""Projects in an order by chance that an address can hold."""

import hashlib
import secrets

from django.db.models import BigIntegerField, F, Func, QuerySet, Value

from projects.models import Project

LONGEST_SEED = 40


def new_seed() -> str:
    """Return a seed that nobody had, short enough to be read out."""
    return secrets.token_hex(4)


def shuffled(projects: QuerySet[Project], seed: str) -> QuerySet[Project]:
    """Return ``projects`` in the order that ``seed`` (any text) stands for.

    The database tells each project's place from its id and the seed alone: a project that comes later does not move
    the others.
    """
    number = int.from_bytes(hashlib.blake2b(seed.encode(), digest_size=8).digest(), signed=True)
    place = Func(
        F("pk"),
        Value(number, output_field=BigIntegerField()),
        function="hashint8extended",
        output_field=BigIntegerField(),
    )
    return projects.order_by(place, "pk")
