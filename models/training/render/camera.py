"""A pinhole camera over a ground plane: x to the right, y away from the camera, z up, in metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

NEAR_M = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A camera that looks at the world's origin.

    Attributes:
        width: image width in pixels.
        height: image height in pixels.
        focal_px: focal length in pixels.
        position: (3,) the camera's place in metres.
        rotation: (3, 3) rows are the camera's right, down and forward axes in the world.
        centre_xy: (2,) the principal point in pixels.
    """

    width: int
    height: int
    focal_px: float
    position: Float
    rotation: Float
    centre_xy: Float

    def project(self, points: Float) -> tuple[Float, Float]:
        """Project world points.

        Args:
            points: (N, 3) metres.

        Returns:
            (N, 2) image pixels (a pixel i covers i..i+1) and (N,) depths in metres; points nearer than
            `NEAR_M` are projected as if they lay there.
        """
        local = (points - self.position) @ self.rotation.T
        depth = local[:, 2]
        pixels = local[:, :2] * (self.focal_px / np.maximum(depth, NEAR_M))[:, None] + self.centre_xy
        return pixels, depth

    def project_polygon(self, points: Float) -> Float:
        """Project a convex world polygon (N, 3), cut to what is near the view; (M, 2) pixels, M may be 0."""
        local = (points - self.position) @ self.rotation.T
        slope = 1.5 * max(self.width, self.height) / self.focal_px
        planes = np.array([[0.0, 0, 1], [1, 0, slope], [-1, 0, slope], [0, 1, slope], [0, -1, slope]])
        for plane, least in zip(planes, (NEAR_M, 0.0, 0.0, 0.0, 0.0), strict=True):
            local = _cut(local, local @ plane - least)
            if len(local) < 3:
                return np.zeros((0, 2))
        pixels: Float = local[:, :2] * (self.focal_px / local[:, 2:3]) + self.centre_xy
        return pixels

    def horizon_y(self) -> float:
        """Image row of the horizon at the middle column; negative where it lies above the image."""
        forward = self.rotation[2]
        flat = np.array([forward[0], forward[1], 0.0])
        norm = float(np.linalg.norm(flat))
        if norm < 0.05:
            return -1e4
        local = self.rotation @ (flat / norm)
        return float(self.centre_xy[1] + self.focal_px * local[1] / max(local[2], 1e-3))


def _cut(corners: Float, inside: Float) -> Float:
    """Keep the part of a polygon (N, 3) where `inside` (N,), linear over it, is not negative."""
    kept: list[Float] = []
    for i in range(len(corners)):
        j = (i + 1) % len(corners)
        if inside[i] >= 0:
            kept.append(corners[i])
        if (inside[i] >= 0) != (inside[j] >= 0):
            kept.append(corners[i] + inside[i] / (inside[i] - inside[j]) * (corners[j] - corners[i]))
    return np.stack(kept) if kept else np.zeros((0, 3))


def look_at_origin(
    width: int, height: int, *, pitch_deg: float, field_deg: float, scale_px: float, roll_deg: float = 0.0
) -> Camera:
    """Make a camera that looks at the origin.

    Args:
        width: image width in pixels.
        height: image height in pixels.
        pitch_deg: how steeply it looks down: 0 is level, 90 straight down.
        field_deg: horizontal field of view.
        scale_px: pixels per metre at the origin.
        roll_deg: rotation about the viewing axis.
    """
    focal = 0.5 * width / np.tan(np.radians(field_deg) / 2)
    distance = focal / scale_px
    pitch, roll = np.radians(pitch_deg), np.radians(roll_deg)
    forward = np.array([0.0, np.cos(pitch), -np.sin(pitch)])
    right, down = np.array([1.0, 0.0, 0.0]), np.array([0.0, -np.sin(pitch), -np.cos(pitch)])
    rotation = np.stack(
        [np.cos(roll) * right + np.sin(roll) * down, np.cos(roll) * down - np.sin(roll) * right, forward]
    )
    centre = np.array([width / 2, height / 2])
    return Camera(width, height, float(focal), -distance * forward, rotation, centre)
