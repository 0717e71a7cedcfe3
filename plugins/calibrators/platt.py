"""Turns cosines into probabilities by two numbers (Platt scaling)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Phrases, Requirements, Scores


@dataclass(frozen=True, slots=True)
class PlattOptions:
    """Options of the calibrator `platt`; both numbers are fitted for one matcher with its weights.

    Attributes:
        slope: what a score is multiplied by.
        intercept: what is added then; the score -intercept / slope becomes the probability 0.5.
    """

    slope: Annotated[float, Gt(0)] = 1.0
    intercept: float = 0.0


class PlattCalibrator:
    """Probabilities from scores: sigmoid(slope x score + intercept)."""

    Options: ClassVar[type[PlattOptions]] = PlattOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: PlattOptions) -> None:
        """Keep the two numbers."""
        self._options = options

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights."""
        return {}

    def __call__(self, scores: Scores, phrases: Phrases) -> Scores:  # noqa: ARG002 the same for every text
        """Give (segments, texts) float32 probabilities in [0, 1].

        Raises:
            ContractError: if the scores already are probabilities.
        """
        if scores.kind == "probability":
            raise ContractError("platt must be given scores of kind cosine, got probability")
        logits = self._options.slope * scores.values.astype(np.float64) + self._options.intercept
        # 1 / (1 + exp(-x)) written so that no x overflows.
        return Scores((0.5 * (1 + np.tanh(logits / 2))).astype(np.float32), "probability")
