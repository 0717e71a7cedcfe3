"""Bins, intervals and errors of probabilities, on numbers small enough to be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from trackspeak.models.errors import InputError
from trackspeak.models.training.evaluate import prior_weights
from trackspeak.models.training.reliability import area_under_curve, effective_count, reliability, wilson

PROBABILITIES = np.array([0.1, 0.15, 0.6, 0.7, 1.0], np.float32)
LABELS = np.array([False, True, False, True, True])
APART = np.arange(5)


def test_bins_hold_what_lies_in_them() -> None:
    low, high = reliability(PROBABILITIES, LABELS, np.ones(5), APART, bins=2).bins
    assert (low.low, low.high, low.count, high.low, high.high, high.count) == (0.0, 0.5, 2, 0.5, 1.0, 3)
    assert (low.mean, low.share) == (pytest.approx(0.125), 0.5)
    assert (high.mean, high.share) == (pytest.approx(2.3 / 3), pytest.approx(2 / 3))
    assert (high.least, high.most) == pytest.approx(wilson(2 / 3, 3))
    assert (low.effective, high.effective) == pytest.approx((2, 3))


def test_errors_are_those_reckoned_by_hand() -> None:
    found = reliability(PROBABILITIES, LABELS, np.ones(5), APART, bins=2)
    assert found.ece == pytest.approx(2 / 5 * (0.5 - 0.125) + 3 / 5 * (2.3 / 3 - 2 / 3))
    assert found.brier == pytest.approx((0.01 + 0.85**2 + 0.36 + 0.09 + 0) / 5)
    assert found.gap == pytest.approx((2.55 - 3) / 5)


def test_a_weight_of_two_is_a_pair_seen_twice() -> None:
    weights = np.array([1.0, 2.0, 1.0, 1.0, 2.0])
    twice = np.repeat(np.arange(5), weights.astype(int))
    weighted = reliability(PROBABILITIES, LABELS, weights, APART, bins=2)
    seen = reliability(PROBABILITIES[twice], LABELS[twice], np.ones(7), np.arange(7), bins=2)
    assert (weighted.ece, weighted.brier, weighted.gap) == pytest.approx((seen.ece, seen.brier, seen.gap))
    assert [row.share for row in weighted.bins] == pytest.approx([row.share for row in seen.bins])


def test_a_bound_belongs_to_the_bin_above_and_empty_bins_are_left_out() -> None:
    found = reliability(np.array([0.5, 0.5, 1.0, 0.0]), LABELS[:4], np.ones(4), APART[:4], bins=4)
    assert [(row.low, row.count) for row in found.bins] == [(0.0, 1), (0.5, 2), (0.75, 1)]


@pytest.mark.parametrize(("fit", "pairs"), [(0, 4), (3, 10), (50, 100), (7, 7)])
def test_wilson_is_that_of_scipy(fit: int, pairs: int) -> None:
    known = binomtest(fit, pairs).proportion_ci(method="wilson")
    assert wilson(fit / pairs, pairs) == pytest.approx((known.low, known.high), abs=1e-9)


def test_pairs_of_a_group_that_agree_tell_no_more_than_one() -> None:
    labels = np.array([True, False, True, False, False])
    alone = effective_count(labels, np.ones(5), APART)
    copied = effective_count(np.repeat(labels, 8), np.ones(40), np.repeat(APART, 8))
    assert alone == pytest.approx(5)
    # A spread is divided by one less than what it is of: 5 groups here, 40 pairs there.
    assert copied == pytest.approx(5 * (4 / 5) * (40 / 39))
    assert effective_count(np.ones(40, bool), np.ones(40), np.repeat(APART, 8)) == 5
    assert effective_count(labels, np.ones(5), np.zeros(5, np.int64)) == 1


def test_unequal_weights_tell_less() -> None:
    labels = np.arange(20) % 2 == 0
    weights = np.where(np.arange(20) < 10, 1.0, 3.0)
    assert effective_count(labels, weights, np.arange(20)) < 20 * 0.81
    assert effective_count(labels, 2 * weights, np.arange(20)) == pytest.approx(
        effective_count(labels, weights, np.arange(20))
    )


def test_the_area_counts_pairs_in_order_and_ties_half() -> None:
    labels = np.array([True, False, True, False])
    assert area_under_curve(np.array([3.0, 2.0, 2.0, 1.0]), labels) == (1 + 1 + 0.5 + 1) / 4
    assert area_under_curve(np.array([1.0, 2.0, 1.0, 2.0]), labels) == 0


def test_weights_give_the_prior() -> None:
    weights = prior_weights(LABELS[:4], 0.3)
    assert weights.mean() == pytest.approx(1)
    assert np.average(LABELS[:4], weights=weights) == pytest.approx(0.3)
    assert weights == pytest.approx([1.4, 0.6, 1.4, 0.6])


@pytest.mark.parametrize("labels", [np.ones(3, bool), np.zeros(3, bool), np.zeros(0, bool)])
def test_one_kind_of_pair_is_refused(labels: np.ndarray) -> None:
    with pytest.raises(InputError, match="labels must have pairs that fit and pairs that do not"):
        prior_weights(labels)
    with pytest.raises(InputError, match="labels must have pairs that fit and pairs that do not"):
        area_under_curve(np.zeros(len(labels)), labels)


@pytest.mark.parametrize(
    ("probabilities", "reason"),
    [
        (np.array([0.5, 1.5, 0, 0, 0]), r"must be in \[0, 1\], got 0.0 to 1.5"),
        (np.array([0.5, np.nan, 0, 0, 0]), r"must be in \[0, 1\], got nan"),
        (np.array([0.5]), "must be of one length and not empty, got"),
    ],
)
def test_what_is_no_probability_is_refused(probabilities: np.ndarray, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        reliability(probabilities, LABELS, np.ones(5), APART)
