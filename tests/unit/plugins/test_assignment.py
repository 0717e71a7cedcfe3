"""The assignment by cost, against all there are."""

from itertools import permutations

import numpy as np
import pytest

from trackspeak.plugins.assignment import assign


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_goes_with_nothing(shape: tuple[int, int]) -> None:
    rows, columns = assign(np.zeros(shape), 1.0)
    assert len(rows) == len(columns) == 0


def test_what_is_refused_or_too_dear_stays_alone() -> None:
    cost = np.array([[0.2, np.inf, 5.0], [np.inf, np.inf, np.inf]])
    rows, columns = assign(cost, 1.0)
    assert (rows.tolist(), columns.tolist()) == ([0], [0])
    assert len(assign(np.full((4, 4), np.inf), 0.0)[0]) == 0


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_cheapest_of_all(seed: int) -> None:
    cost = np.random.default_rng(seed).random((3, 4))
    rows, columns = assign(cost, 0.6)
    assert (cost[rows, columns] <= 0.6).all()
    assert len(set(columns.tolist())) == len(columns)
    unassigned = 0.6  # a row and a column alone cost as much as a pair at the limit

    def total(chosen: tuple[int, ...]) -> float:
        return sum(min(cost[row, column], unassigned) for row, column in enumerate(chosen))

    best = min(total(chosen) for chosen in permutations(range(4), 3))
    found = cost[rows, columns].sum() + unassigned * (3 - len(rows))
    assert found == pytest.approx(best)
