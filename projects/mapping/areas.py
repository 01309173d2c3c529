"""Which projects make an area of the map: HDBSCAN over their places; neighbouring fine areas make a broad one. Pure."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

# With fewer projects there are no areas to speak of.
LEAST_PROJECTS = 10
# The least size of an area, by the square root of the number of projects: 4 of 150, 7 of 450, 60 of 50,000.
SIZE_BY_ROOT = 1 / 3
SMALLEST, LARGEST = 4, 60
MOST_BROAD = 12
# So many fine areas make a broad one, at least.
PARTS = 3
# A project between the areas belongs to the nearest one within so many times the distance at which its own projects
# mostly lie from each other.
REACH = 3.0
NEIGHBOURS = 5


@dataclass(frozen=True)
class Areas:
    """The fine area of each project (-1 for none), the broad one of each fine one (empty where there are none)."""

    fine: "Array"
    broad: "Array"
    least_size: int


def find_areas(places: "Array") -> Areas:
    """Return the areas of places that have been laid out."""
    import numpy as np
    from sklearn.cluster import HDBSCAN

    count = len(places)
    least_size = int(min(max(SMALLEST, round(math.sqrt(count) * SIZE_BY_ROOT)), LARGEST))
    nothing = Areas(np.full(count, -1), np.zeros(0, dtype=int), least_size)
    if count < LEAST_PROJECTS or np.ptp(places, axis=0).max() == 0:
        return nothing
    found = HDBSCAN(
        min_cluster_size=least_size, min_samples=max(2, least_size // 4), cluster_selection_method="leaf", copy=True
    )
    labels = found.fit_predict(places)
    if labels.max() < 0:
        return nothing
    labels = _with_those_between(places, labels)
    return Areas(labels, _broad(places, labels), least_size)


def _with_those_between(places: "Array", labels: "Array") -> "Array":
    """Return the labels with those that belong to none given to the nearest area, unless they lie far from all."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    inside, outside = np.flatnonzero(labels >= 0), np.flatnonzero(labels < 0)
    if not len(outside):
        return labels
    neighbours = min(NEIGHBOURS, len(inside))
    near = NearestNeighbors(n_neighbors=neighbours).fit(places[inside])
    usual = np.median(near.kneighbors(places[inside])[0][:, -1])
    away, which = near.kneighbors(places[outside])
    given = labels.copy()
    close = away[:, 0] <= REACH * usual
    given[outside[close]] = labels[inside][which[close, 0]]
    return given


def _broad(places: "Array", labels: "Array") -> "Array":
    """Return the broad area of each fine one: those whose middles lie together."""
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage

    fine = int(labels.max()) + 1
    wanted = min(MOST_BROAD, fine // PARTS)
    if wanted < 2:
        return np.zeros(0, dtype=int)
    middles = np.array([np.median(places[labels == label], axis=0) for label in range(fine)])
    return fcluster(linkage(middles, method="ward"), wanted, criterion="maxclust") - 1
