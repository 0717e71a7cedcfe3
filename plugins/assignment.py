"""Which rows go with which columns, by cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]


def assign(cost: npt.NDArray[np.floating], limit: float) -> tuple[Rows, Rows]:
    """Give the rows and columns of the assignment that costs least, leaving one unassigned costing half the limit.

    Args:
        cost: (N, M), N or M may be 0; infinite where a pair is refused.
        limit: no pair of the assignment costs more.

    Returns:
        (K,) rows, rising, and the (K,) column of each.
    """
    import lap

    if not cost.size:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    # lap's sums must stay finite; twice the limit is refused as infinity would be
    finite = np.minimum(np.ascontiguousarray(cost, float), 2 * limit + 1)
    columns = lap.lapjv(finite, extend_cost=True, cost_limit=limit, return_cost=False)[0]
    rows = np.flatnonzero(columns >= 0)
    rows = rows[finite[rows, columns[rows]] <= limit]
    return rows, columns[rows].astype(np.intp)
