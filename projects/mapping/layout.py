"""Where each project lies: alike ones beside each other, and where they lay before.

Principal components, then t-SNE. A drawing that follows another begins at the places of that one, a new project beside
the one that it is most like, and is turned, mirrored and scaled to fit it. Pure: arrays in, arrays out.
"""

import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.progress import Progress, no_progress

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

SEED = 16
COMPONENTS = 50
PERPLEXITY = 30
# With fewer there are no neighbours to speak of: two components are the whole truth.
LEAST_FOR_TSNE = 10
# Below this many the exact forces are quicker than the grid of the FFT.
GRID_FROM = 3_000
# From scratch: first everything is pulled together so that clusters find each other, then it unfolds.
GATHERING, UNFOLDING = 250, 500
PULL = 12
# Of t-SNE's own measure. A drawing with a smaller unit had fallen into one point: its places say nothing.
LEAST_UNIT = 1e-3
# After another drawing nothing is gathered: that would loosen what lies well.
SETTLING = 120
# When fewer of the projects have a place, the drawing before is no beginning; it is only turned to fit.
LEAST_KNOWN = 0.3
# How much of the map a first drawing fills, so that the next ones have room to grow.
FILLED = 0.9
# When a drawing has shrunk below this it is stretched again.
LEAST_FILLED = 0.6
STEPS_TOLD = 10  # of the iterations, between two tellings
# The threads that build the index of neighbours. It depends on their number, and one picture shall come of one index.
INDEX_THREADS = 2


@dataclass(frozen=True)
class Layout:
    """Places from -1 to 1, and how they came about."""

    places: "Array"
    """One row with x and y for each project."""
    method: str
    """In words."""
    unit: float | None
    """What a length of 1 is in t-SNE's own measure; None where it was not used."""
    median_moved: float | None
    """Of the projects that had a place, as a share of the width; None where none had."""
    iterations: int = 0


def lay_out(vectors: "Array", before: "Array", unit: float | None = None, progress: Progress = no_progress) -> Layout:
    """Return where each project lies.

    ``vectors`` has a row for each, ``before`` its x and y in the last drawing or NaN, ``unit`` is that drawing's. The
    same arguments give the same places.
    """
    import numpy as np

    count = len(vectors)
    if count == 0:
        return Layout(np.zeros((0, 2)), "Nothing is embedded that could be drawn.", None, None)
    known = ~np.isnan(before[:, 0])
    progress("components", 0, 1)
    components = _components(vectors)
    spread = float(np.abs(components).max())
    iterations, new_unit = 0, None
    if spread < 1e-6:
        places, method = _spiral(count), _said_alike(count)
        return Layout(places, method, None, _moved(places, before, known))
    if count < LEAST_FOR_TSNE:
        places = np.zeros((count, 2))
        places[:, : components.shape[1]] = components[:, :2]
        method = f"{count} projects are too few for neighbourhoods: their two principal components."
    else:
        begins_there = unit is not None and unit >= LEAST_UNIT and known.mean() >= LEAST_KNOWN
        start = before * unit if begins_there and unit is not None else None
        places, iterations = _tsne(components, start, progress)
        method = f"The first {components.shape[1]} principal components, then t-SNE"
        method += " from the places of the drawing before." if begins_there else "."
    places, per_unit = _fitted(places, before, known)
    if iterations:
        new_unit = per_unit
    return Layout(places, method, new_unit, _moved(places, before, known), iterations)


def _components(vectors: "Array") -> "Array":
    """Return the principal components, the widest first."""
    import numpy as np

    centred = vectors.astype(np.float32) - vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    # Of the covariances: that needs memory for dimensions by dimensions alone, however many projects there are.
    values, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    axes = axes[:, np.argsort(values)[::-1][: min(COMPONENTS, len(centred))]]
    # An axis has no sign of its own: the largest part of each shall be positive, so that it is the same each time.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    return centred @ axes.astype(np.float32)


def _tsne(components: "Array", start: "Array | None", progress: Progress) -> tuple["Array", int]:
    """Return the places in t-SNE's own measure, and how many iterations it took."""
    import numpy as np
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.initialization import rescale

    count, chance = len(components), np.random.default_rng(SEED)
    progress("neighbours", 0, 1)
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    method = "exact" if count < GRID_FROM else "annoy"
    threads = 1 if count < GRID_FROM else INDEX_THREADS
    near = PerplexityBasedNN(components, perplexity=perplexity, method=method, n_jobs=threads, random_state=SEED)
    if start is None:
        # Equal ones would never part.
        begin = rescale(components[:, :2] + chance.normal(scale=1e-6, size=(count, 2)))
        phases = [(GATHERING, PULL, 0.5), (UNFOLDING, 1, 0.8)]
    else:
        begin = _beside_neighbours(near.P, start, chance)
        phases = [(SETTLING, 1, 0.8)]

    def begun() -> TSNEEmbedding:
        return TSNEEmbedding(
            begin.copy(),
            near,
            negative_gradient_method="bh" if count < GRID_FROM else "fft",
            # Threads that meet after each of hundreds of short steps would mostly wait for each other.
            n_jobs=1 if count < GRID_FROM else os.cpu_count() or 1,
            random_state=SEED,
        )

    embedding = begun()
    total, done = sum(phase[0] for phase in phases), 0

    def tell(iteration: int, *_: Any) -> None:
        progress("places", done + iteration, total)

    for iterations, exaggeration, momentum in phases:
        embedding.optimize(
            iterations,
            exaggeration=exaggeration,
            momentum=momentum,
            inplace=True,
            callbacks=tell,
            callbacks_every_iters=STEPS_TOLD,
        )
        done += iterations
        # Where each is a neighbour of most others, the pull draws all into one point or line that never unfolds.
        if exaggeration == PULL and _narrowest(embedding) < _narrowest(begin):
            embedding = begun()
    return np.asarray(embedding, dtype=np.float64), total


def _narrowest(places: "Array") -> float:
    """Return how far the places spread along the axis on which they spread least."""
    import numpy as np

    return float(np.linalg.svd(places - places.mean(axis=0), compute_uv=False)[-1])


def _beside_neighbours(near: Any, start: "Array", chance: Any) -> "Array":
    """Return ``start`` with a place for each project that has none: beside the one it is most like among those with
    one, at the edge where it is like none of them. ``near`` has how near each is to each, sparse."""
    import numpy as np

    places, near = start.copy(), near.tocsr()
    unplaced = np.isnan(places[:, 0])
    # What is like new ones only gets its place from them, a round later.
    while unplaced.any():
        found = False
        for row in np.flatnonzero(unplaced):
            beside = near.indices[near.indptr[row] : near.indptr[row + 1]]
            weights = np.where(unplaced[beside], 0.0, near.data[near.indptr[row] : near.indptr[row + 1]])
            if len(weights) and weights.max() > 0:
                places[row] = places[beside[weights.argmax()]]
                found = True
        if not found:
            edge, turns = np.nanmax(np.abs(places)), chance.uniform(0, 2 * math.pi, size=unplaced.sum())
            places[unplaced] = edge * np.column_stack((np.cos(turns), np.sin(turns)))
        unplaced = np.isnan(places[:, 0])
    was_new = np.isnan(start[:, 0])
    places[was_new] += chance.normal(scale=0.1, size=(was_new.sum(), 2))
    return places


def _fitted(places: "Array", before: "Array", known: "Array") -> tuple["Array", float]:
    """Return the places within the map, turned to fit those of before, and what a length of 1 is in them now."""
    import numpy as np

    places = places - places.mean(axis=0)
    reach = float(np.abs(places).max())
    fitted, per_unit = places * FILLED / reach, reach / FILLED
    if known.sum() >= 2:
        turned, scale = procrustes(places, before, known)
        now = float(np.abs(turned).max())
        if scale > 0 and now >= LEAST_FILLED:
            # Only what would lie outside makes it shrink, by no more than it must.
            shrunk = min(1.0, 1.0 / now)
            return turned * shrunk, 1 / (scale * shrunk)
        if scale > 0:
            return turned * FILLED / now, now / (FILLED * scale)
    return np.clip(fitted, -1, 1), per_unit


def procrustes(places: "Array", before: "Array", known: "Array") -> tuple["Array", float]:
    """Return ``places`` moved, turned, mirrored and scaled so that the ``known`` lie as near as can be to ``before``,
    and the scale (0 where those all lie at one point)."""
    import numpy as np

    ours, theirs = places[known], before[known]
    our_middle, their_middle = ours.mean(axis=0), theirs.mean(axis=0)
    left, sizes, right = np.linalg.svd((ours - our_middle).T @ (theirs - their_middle))
    size = float(((ours - our_middle) ** 2).sum())
    scale = float(sizes.sum()) / size if size > 0 else 0.0
    return (places - our_middle) @ (left @ right) * scale + their_middle, scale


def _moved(places: "Array", before: "Array", known: "Array") -> float | None:
    """Return how far the known ones moved: the median, as a share of the map's width of 2."""
    import numpy as np

    if not known.any():
        return None
    return float(np.median(np.linalg.norm(places[known] - before[known], axis=1))) / 2


def _spiral(count: int) -> "Array":
    """Return places that lie evenly over a disc, for projects that nothing tells apart."""
    import numpy as np

    at = np.arange(count)
    away = FILLED * np.sqrt(at / max(count - 1, 1))
    turn = at * math.pi * (3 - math.sqrt(5))
    return np.column_stack((away * np.cos(turn), away * np.sin(turn)))


def _said_alike(count: int) -> str:
    if count == 1:
        return "One project, in the middle."
    return f"All {count} projects have the same embedding: they lie in a spiral, in the order of their ids."
