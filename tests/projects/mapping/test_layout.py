"""Where projects are laid: alike ones together, the same each time, and where they lay before."""

import numpy as np
import pytest

from projects.mapping.areas import find_areas
from projects.mapping.layout import LEAST_UNIT, lay_out, procrustes

GROUPS, EACH, DIMENSIONS = 5, 24, 32


def grouped(each: int = EACH, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors around a few middles, and the group of each."""
    chance = np.random.default_rng(seed)
    middles = np.random.default_rng(0).normal(size=(GROUPS, DIMENSIONS))
    group = np.repeat(np.arange(GROUPS), each)
    return (middles[group] + 0.3 * chance.normal(size=(len(group), DIMENSIONS))).astype(np.float32), group


def nowhere(count: int) -> np.ndarray:
    return np.full((count, 2), np.nan)


def narrowness(places: np.ndarray) -> float:
    """Return how wide the places lie for their length: 0 is a line."""
    longest, widest = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
    return widest / longest


@pytest.fixture(scope="module")
def first():
    vectors, group = grouped()
    return vectors, group, lay_out(vectors, nowhere(len(vectors)))


def test_alike_ones_lie_together(first):
    _, group, layout = first
    assert np.abs(layout.places).max() <= 1
    distances = np.linalg.norm(layout.places[:, None] - layout.places[None], axis=2) + 9 * np.eye(len(group))
    assert (group[distances.argmin(axis=1)] == group).mean() > 0.95


@pytest.mark.parametrize("count", [10, 12, 20, 35, 60])
def test_few_spread_over_the_map(count):
    """Each is a neighbour of most others: to gather them first would draw them into one point, and then a line."""
    vectors = np.random.default_rng(2).normal(size=(count, DIMENSIONS)).astype(np.float32)
    layout = lay_out(vectors, nowhere(count))
    assert layout.unit > LEAST_UNIT
    assert narrowness(layout.places) > 0.3


def test_a_drawing_that_fell_into_a_line_is_no_beginning(first):
    vectors, _, _ = first
    line = np.column_stack((np.zeros(len(vectors)), np.linspace(-0.9, 0.9, len(vectors))))
    again = lay_out(vectors, line, unit=8e-53)
    assert "from the places of the drawing before" not in again.method
    assert narrowness(again.places) > 0.3


def test_the_same_embeddings_are_drawn_the_same(first):
    vectors, _, layout = first
    assert np.array_equal(lay_out(vectors, nowhere(len(vectors))).places, layout.places)


def test_a_second_drawing_leaves_things_where_they_were(first):
    vectors, group, layout = first
    more, their_group = grouped(each=2, seed=7)
    before = np.vstack((layout.places, nowhere(len(more))))
    again = lay_out(np.vstack((vectors, more)), before, layout.unit)
    assert "from the places of the drawing before" in again.method
    assert again.median_moved < 0.02
    assert np.abs(again.places).max() <= 1
    middles = np.array([again.places[: len(vectors)][group == one].mean(axis=0) for one in range(GROUPS)])
    news = again.places[len(vectors) :]
    nearest = np.linalg.norm(news[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (nearest == their_group).mean() > 0.8


def test_one_drawn_by_another_measure_is_turned_to_fit(first):
    vectors, _, layout = first
    upside_down = layout.places @ np.array([[0.0, 1.0], [1.0, 0.0]])
    again = lay_out(vectors, upside_down)
    assert again.median_moved < 0.001


def test_turning_finds_the_turn_the_mirror_and_the_scale():
    chance = np.random.default_rng(3)
    places = chance.normal(size=(20, 2))
    mirrored = (places * [1, -1]) @ np.array([[0.6, 0.8], [-0.8, 0.6]]) * 0.1 + [0.2, -0.3]
    turned, scale = procrustes(places, mirrored, np.ones(20, dtype=bool))
    assert np.allclose(turned, mirrored)
    assert scale == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("count", "said"), [(0, "Nothing is embedded"), (1, "One project"), (3, "too few"), (9, "too few"), (10, "t-SNE")]
)
def test_few_projects_are_drawn_too_and_it_is_said_how(count, said):
    vectors = np.random.default_rng(4).normal(size=(count, DIMENSIONS)).astype(np.float32)
    layout = lay_out(vectors, nowhere(count))
    assert said in layout.method
    assert layout.places.shape == (count, 2)
    assert np.isfinite(layout.places).all()
    assert np.abs(layout.places).max(initial=0) <= 1
    assert len(find_areas(layout.places).fine) == count


def test_equal_embeddings_lie_in_a_spiral_without_areas():
    layout = lay_out(np.ones((30, DIMENSIONS), dtype=np.float32), nowhere(30))
    assert "same embedding" in layout.method
    assert len(np.unique(layout.places.round(6), axis=0)) == 30


def test_many_equal_ones_among_others_break_nothing():
    vectors, _ = grouped()
    vectors[:60] = vectors[0]
    layout = lay_out(vectors, nowhere(len(vectors)))
    assert np.isfinite(layout.places).all()


def test_areas_are_the_groups(first):
    _, group, layout = first
    areas = find_areas(layout.places)
    assert (areas.fine >= 0).mean() > 0.8
    for area in range(areas.fine.max() + 1):
        inside = np.bincount(group[areas.fine == area])
        assert inside.max() / inside.sum() > 0.9
    assert areas.broad.size == 0 or len(areas.broad) == areas.fine.max() + 1
