"""Kalman filters of constant velocity over boxes, many at once; the measurement noise follows the detector's score.

State and noise are those of DeepSORT (Wojke et al. 2017, https://arxiv.org/abs/1703.07402), the noise scale that of
NSA Kalman (GIAOTracker, Du et al. 2021, https://arxiv.org/abs/2202.11983), which StrongSORT uses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_POSITION, _VELOCITY = 1 / 20, 1 / 160
"""Standard deviations of a position and of a velocity per frame, in heights of the box."""

_ASPECT, _ASPECT_MEASURED, _ASPECT_VELOCITY = 1e-2, 1e-1, 1e-5
"""Those of the aspect ratio: as predicted, as measured, of its velocity."""

_SMALLEST_SIDE_PX = 1e-3


@dataclass(slots=True)
class BoxMotion:
    """N boxes that move.

    Attributes:
        means: (N, 8): centre x and y, aspect ratio (width / height), height, in pixels, and their velocities per frame.
        covariances: (N, 8, 8).
    """

    means: Floats
    covariances: Floats

    @classmethod
    def begin(cls, boxes_xyxy: npt.NDArray[np.float32]) -> BoxMotion:
        """Begin N boxes, (N, 4), at rest."""
        measured = to_xyah(boxes_xyxy)
        means = np.concatenate([measured, np.zeros_like(measured)], axis=1)
        deviations = _deviations(measured[:, 3], 2 * _POSITION, _ASPECT, 10 * _VELOCITY)
        return cls(means, _diagonal(deviations))

    @property
    def boxes_xyxy(self) -> npt.NDArray[np.float32]:
        """(N, 4) float32: where the boxes are."""
        x, y, aspect, height = self.means[:, :4].T
        half_width, half_height = np.maximum(aspect, 0) * np.maximum(height, 0) / 2, np.maximum(height, 0) / 2
        sides = [x - half_width, y - half_height, x + half_width, y + half_height]
        return np.stack(sides, axis=1).astype(np.float32)

    def take(self, rows: npt.NDArray[np.generic]) -> BoxMotion:
        """Give some boxes, by index or by mask."""
        return BoxMotion(self.means[rows], self.covariances[rows])

    def join(self, other: BoxMotion) -> BoxMotion:
        """Give these boxes and then others."""
        return BoxMotion(
            np.concatenate([self.means, other.means]), np.concatenate([self.covariances, other.covariances])
        )

    def put(self, rows: npt.NDArray[np.intp], other: BoxMotion) -> None:
        """Replace the boxes in some rows."""
        self.means[rows] = other.means
        self.covariances[rows] = other.covariances

    def predict(self) -> BoxMotion:
        """Give the boxes one frame later."""
        step = np.eye(8)
        step[:4, 4:] = np.eye(4)
        noise = _diagonal(_deviations(self.means[:, 3], _POSITION, _ASPECT, _VELOCITY))
        return BoxMotion(self.means @ step.T, step @ self.covariances @ step.T + noise)

    def warp(self, matrix: Floats) -> BoxMotion:
        """Move with the camera: `matrix` (2, 3) maps points of the frame before to points of this one."""
        turn, shift = matrix[:, :2], matrix[:, 2]
        scale = float(np.sqrt(abs(np.linalg.det(turn))))
        whole = np.eye(8)
        whole[:2, :2] = whole[4:6, 4:6] = turn
        whole[3, 3] = whole[7, 7] = scale
        means = self.means @ whole.T
        means[:, :2] += shift
        return BoxMotion(means, whole @ self.covariances @ whole.T)

    def squared_distances(self, boxes_xyxy: npt.NDArray[np.float32]) -> Floats:
        """Give the (N, M) squared Mahalanobis distances of M measured boxes, (M, 4), from each predicted one."""
        expected = self._expected(np.zeros(len(self.means)))
        apart = to_xyah(boxes_xyxy)[None] - self.means[:, None, :4]  # (N, M, 4)
        solved = np.linalg.solve(expected, apart.swapaxes(1, 2)).swapaxes(1, 2)  # (N, M, 4)
        distances: Floats = (apart * solved).sum(axis=2)
        return distances

    def update(self, boxes_xyxy: npt.NDArray[np.float32], scores: npt.NDArray[np.float32]) -> BoxMotion:
        """Give the boxes after each was measured.

        Args:
            boxes_xyxy: (N, 4), one for each.
            scores: (N,) in [0, 1]; the surer the detector, the less noise: R times 1 - score.
        """
        expected = self._expected(scores.astype(float))
        gain = np.linalg.solve(expected, self.covariances[:, :4, :]).swapaxes(1, 2)  # (N, 4, 8) -> (N, 8, 4)
        apart = to_xyah(boxes_xyxy) - self.means[:, :4]
        means = self.means + (gain @ apart[:, :, None])[:, :, 0]  # (N, 8, 1) -> (N, 8)
        covariances = self.covariances - gain @ expected @ gain.swapaxes(1, 2)
        return BoxMotion(means, (covariances + covariances.swapaxes(1, 2)) / 2)

    def _expected(self, scores: Floats) -> Floats:
        """Give the (N, 4, 4) covariances of what will be measured with these scores."""
        noise = _deviations(self.means[:, 3], _POSITION, _ASPECT_MEASURED, 0.0)[:, :4]
        return self.covariances[:, :4, :4] + _diagonal(noise) * (1 - scores)[:, None, None]


def to_xyah(boxes_xyxy: npt.NDArray[np.float32]) -> Floats:
    """Turn (N, 4) boxes into (N, 4) centre x and y, aspect ratio, height; empty sides count as a thousandth pixel."""
    boxes = boxes_xyxy.astype(float)
    sizes = np.maximum(boxes[:, 2:] - boxes[:, :2], _SMALLEST_SIDE_PX)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.concatenate([centres, sizes[:, :1] / sizes[:, 1:], sizes[:, 1:]], axis=1)


def _deviations(heights: Floats, position: float, aspect: float, velocity: float) -> Floats:
    """Give the (N, 8) standard deviations of N states, those of positions and velocities in heights."""
    heights = np.maximum(heights, _SMALLEST_SIDE_PX)
    ones = np.ones_like(heights)
    columns = [position * heights, position * heights, aspect * ones, position * heights]
    columns += [velocity * heights, velocity * heights, _ASPECT_VELOCITY * ones, velocity * heights]
    return np.stack(columns, axis=1)


def _diagonal(deviations: Floats) -> Floats:
    """Turn (N, D) standard deviations into (N, D, D) covariances."""
    return np.eye(deviations.shape[1]) * (deviations**2)[:, None, :]
