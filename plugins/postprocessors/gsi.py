"""Gaussian-smoothed interpolation (StrongSORT, Du et al. 2023, https://arxiv.org/abs/2202.13514, section 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from trackspeak.plugins.contract import Postprocessed, Requirements, Trajectory

from .filling import fill_gaps

_NOISE = 1e-10
"""Variance of the noise, over that of the process; the authors'."""


@dataclass(frozen=True, slots=True)
class GsiOptions:
    """Options of Gaussian-smoothed interpolation; the defaults are the paper's.

    Attributes:
        interval: gaps between two frames of a track that are fewer frames apart are filled.
        tau: how much boxes are smoothed; 0 fills gaps by straight lines and smooths nothing.
    """

    interval: Annotated[int, Ge(1)] = 20
    tau: Annotated[float, Ge(0), Le(15)] = 10.0


class GsiPostprocessor:
    """Fills short gaps of tracks and smooths their boxes by Gaussian processes."""

    Options: ClassVar[type[GsiOptions]] = GsiOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: GsiOptions) -> None:
        """Take the options."""
        self._options = options

    @property
    def weights(self) -> dict[str, str]:
        """It reads no weights."""
        return {}

    def __call__(self, trajectories: Sequence[Trajectory], frame_times_s: npt.NDArray[np.float64]) -> Postprocessed:
        """Give the tracks filled and smoothed; their ids stay."""
        filled = (fill_gaps(trajectory, self._options.interval, frame_times_s) for trajectory in trajectories)
        return Postprocessed(tuple(self._smooth(trajectory) for trajectory in filled))

    def _smooth(self, trajectory: Trajectory) -> Trajectory:
        """Replace each side of the boxes by the mean of a Gaussian process through it.

        Kernel and length are the paper's: exp(-d^2 / 2 l^2) over d frames, with l = tau log(tau^3 / frames) between
        1 / tau and tau^2. Tracks of tau^3 frames and more have the shortest length, which smooths nothing.
        """
        from scipy.linalg import cho_factor, cho_solve

        tau, count = self._options.tau, len(trajectory.frame_indices)
        if count < 2 or count >= tau**3:
            return trajectory
        length = np.clip(tau * np.log(tau**3 / count), 1 / tau, tau**2)
        frames = trajectory.frame_indices.astype(float)
        kernel = np.exp(-(((frames[:, None] - frames[None, :]) / length) ** 2) / 2)  # (T, T)
        factor = cho_factor(kernel + _NOISE * np.eye(count), lower=True, overwrite_a=True)
        boxes = kernel @ cho_solve(factor, trajectory.boxes_xyxy.astype(float))  # (T, 4)
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2])
        return replace(trajectory, boxes_xyxy=boxes.astype(np.float32))
