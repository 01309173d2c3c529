"""Which area of a new drawing is one of the drawing before, so that it keeps its number and its name. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

# Of the projects that either of the two has, both have as many.
MOSTLY = 0.5


def same_areas(now: Sequence[int], before: Sequence[int | None]) -> dict[int, int]:
    """Return of each area that is mostly one of before which one that is.

    Both have the area of each project, in the same order: ``now`` below 0 for none, ``before`` None for none and for
    projects that the drawing before did not have.
    """
    here = Counter(area for area in now if area >= 0)
    there = Counter(area for area in before if area is not None)
    both = Counter(
        (area, earlier) for area, earlier in zip(now, before, strict=True) if area >= 0 and earlier is not None
    )
    found: dict[int, int] = {}
    for (area, earlier), common in sorted(both.items(), key=lambda pair: (-pair[1], pair[0])):
        # At half and more no two can claim the same one, but for a tie of exactly half.
        if common / (here[area] + there[earlier] - common) >= MOSTLY and earlier not in found.values():
            found.setdefault(area, earlier)
    return found


def numbers(areas: Sequence[int], kept: Mapping[int, int]) -> dict[int, int]:
    """Return a number for each of ``areas``: the ``kept`` one, else the lowest that is free."""
    taken = {kept[area] for area in areas if area in kept}
    free = (number for number in range(len(areas) + len(taken)) if number not in taken)
    return {area: kept[area] if area in kept else next(free) for area in areas}
