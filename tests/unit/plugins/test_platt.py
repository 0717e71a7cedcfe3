"""Platt scaling."""

from __future__ import annotations

import numpy as np
import pytest

from trackspeak.models.errors import ContractError, OptionError
from trackspeak.plugins.calibrators.platt import PlattCalibrator, PlattOptions
from trackspeak.plugins.contract import Phrases, Scores
from trackspeak.plugins.registry import create

PHRASES = Phrases(("a", "b"), {})


def test_scores_become_probabilities() -> None:
    cosines = np.array([[-1, 0], [0.25, 1]], np.float32)
    calibrated = PlattCalibrator(PlattOptions(4.0, -1.0))(Scores(cosines, "cosine"), PHRASES)
    assert (calibrated.kind, calibrated.values.dtype.name) == ("probability", "float32")
    np.testing.assert_allclose(calibrated.values, 1 / (1 + np.exp(-(4.0 * cosines - 1.0))), rtol=1e-6)
    assert calibrated.values[1, 0] == 0.5


def test_large_scores_do_not_overflow() -> None:
    scores = Scores(np.array([[-3e38, 3e38]], np.float32), "cosine")
    assert PlattCalibrator(PlattOptions(100.0))(scores, PHRASES).values.tolist() == [[0, 1]]


def test_no_segments_are_no_probabilities() -> None:
    assert PlattCalibrator(PlattOptions())(Scores(np.zeros((0, 2), np.float32), "cosine"), PHRASES).values.shape == (
        0,
        2,
    )


def test_probabilities_are_not_calibrated_again() -> None:
    with pytest.raises(ContractError, match="kind cosine, got probability"):
        PlattCalibrator(PlattOptions())(Scores(np.zeros((1, 2), np.float32), "probability"), PHRASES)


def test_a_slope_that_turns_the_order_around_is_refused() -> None:
    with pytest.raises(OptionError, match=r"calibrator\.slope must be greater than 0, got -2"):
        create("calibrator", "platt", {"slope": -2})
