"""How far probabilities can be trusted: bins of a reliability diagram with intervals, and what they amount to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import InputError

Z_95 = 1.959963984540054
"""Standard deviations of a normal distribution on either side of its mean that hold 95 % of it."""

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The pairs whose probability lies in a range.

    Attributes:
        low: where the range begins; what lies on it belongs to the bin.
        high: where it ends; what lies on it belongs to the next one, or to this one if it is the last.
        mean: their mean probability, weighted.
        share: of them, those that fit, weighted.
        least: lower end of the 95 % interval of the share.
        most: upper end.
        count: how many pairs, each counted once.
        effective: how many independent pairs would tell as much, see `effective_count`.
    """

    low: float
    high: float
    mean: float
    share: float
    least: float
    most: float
    count: int
    effective: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """What the probabilities of a set of pairs amount to.

    Attributes:
        bins: those that are not empty, the lowest first.
        ece: expected calibration error: how far mean and share of a bin are apart, over all bins by their weight.
        gap: mean probability less the share that fits; above 0, more is promised than is true.
        brier: the mean squared difference of probability and truth; 0 is best.
    """

    bins: tuple[Bin, ...]
    ece: float
    gap: float
    brier: float


def reliability(
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    groups: npt.NDArray[np.int64],
    bins: int = BINS,
) -> Reliability:
    """Sort pairs into bins of one width and compare what was promised with what is true.

    Args:
        probabilities: (P,) in [0, 1].
        labels: (P,) bool: the pair fits.
        weights: (P,) positive: how much each pair counts.
        groups: (P,) which pairs are alike, such as those of one scene.
        bins: how many.

    Raises:
        InputError: if there are no pairs, the arrays differ in length, or a probability is outside [0, 1].
    """
    _check(probabilities, labels, weights, groups)
    values = probabilities.astype(np.float64)
    edges = np.linspace(0, 1, bins + 1)
    places = np.digitize(values, edges[1:-1])
    found, ece = [], 0.0
    for place in np.unique(places).tolist():
        mine = places == place
        one = _bin(edges[place : place + 2], values[mine], labels[mine], weights[mine], groups[mine])
        ece += float(weights[mine].sum() / weights.sum()) * abs(one.mean - one.share)
        found.append(one)
    gap = float(np.average(values - labels, weights=weights))
    return Reliability(tuple(found), ece, gap, float(np.average((values - labels) ** 2, weights=weights)))


def _check(
    probabilities: npt.NDArray[np.floating],
    labels: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    groups: npt.NDArray[np.int64],
) -> None:
    lengths = [len(array) for array in (probabilities, labels, weights, groups)]
    if len(set(lengths)) > 1 or not lengths[0]:
        raise InputError(
            f"probabilities, labels, weights and groups must be of one length and not empty, got {lengths}"
        )
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise InputError(f"probabilities must be in [0, 1], got {probabilities.min()} to {probabilities.max()}")


def _bin(
    edges: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    labels: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    groups: npt.NDArray[np.int64],
) -> Bin:
    share = float(np.average(labels, weights=weights))
    effective = effective_count(labels, weights, groups)
    low, high = edges.tolist()
    mean = float(np.average(values, weights=weights))
    return Bin(low, high, mean, share, *wilson(share, effective), len(values), effective)


def wilson(share: float, count: float) -> tuple[float, float]:
    """Give Wilson's 95 % interval of a share.

    Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Args:
        share: of the pairs seen, those that fit, in [0, 1].
        count: independent pairs seen, above 0; may be a fraction.
    """
    square = Z_95**2 / count
    middle = (share + square / 2) / (1 + square)
    reach = Z_95 / (1 + square) * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def effective_count(
    labels: npt.NDArray[np.bool_], weights: npt.NDArray[np.float64], groups: npt.NDArray[np.int64]
) -> float:
    """Say how many independent pairs of equal weight would tell a share as well as these do.

    Weights that differ tell less (Kish, "Survey Sampling", 1965), and so do pairs of one group that fit or fail
    together: the spread of the share is taken from that between groups. Where all pairs agree nothing tells how
    alike a group's are, and each group counts once.

    Args:
        labels: (P,) bool, one or more.
        weights: (P,) positive.
        groups: (P,) which pairs are alike.
    """
    _, rows = np.unique(groups, return_inverse=True)
    totals: npt.NDArray[np.float64] = np.bincount(rows, weights).astype(np.float64)
    if len(totals) == 1 or labels.all() or not labels.any():
        return _alike(totals)
    share = float(np.average(labels, weights=weights))
    pairs = _alike(weights)
    off = np.bincount(rows, weights * (labels - share))
    variance = float(off @ off) / float(weights.sum()) ** 2 * len(off) / (len(off) - 1)
    independent = share * (1 - share) / (pairs - 1)
    return min(pairs, pairs * independent / variance) if variance > 0 else pairs


def _alike(weights: npt.NDArray[np.float64]) -> float:
    """How many equal weights tell as much as these."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def area_under_curve(scores: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_]) -> float:
    """Give the chance that a pair that fits scores higher than one that does not; equal scores count half.

    No weight that depends on the label alone, and no rising function of the scores, changes it.

    Raises:
        InputError: if all pairs fit, or none does.
    """
    from scipy.stats import rankdata

    fitting = int(labels.sum())
    if fitting in (0, len(labels)):
        raise InputError(f"labels must have pairs that fit and pairs that do not, got {len(labels)} of one kind")
    ranks = float(rankdata(scores)[labels].sum())
    return (ranks - fitting * (fitting + 1) / 2) / (fitting * (len(labels) - fitting))
