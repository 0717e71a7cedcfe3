"""Where the camera stands and how the road or car park lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trackspeak.models.training.render.camera import Camera, look_at_origin

Float = npt.NDArray[np.float64]
LANE_M = 3.5


@dataclass(frozen=True, slots=True)
class Lane:
    """A line that vehicles follow: offset to the left of the road's axis in metres, and travel sign along it."""

    offset_m: float
    sign: float


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The ground's plan: one straight road (or a driveway in a car park) at an angle to the camera.

    Attributes:
        place: a road with sides, or a car park.
        angle: direction of the road's axis, radians from the x axis.
        origin_xy: (2,) a point on the axis.
        lanes: the lanes.
        half_width_m: from the axis to the road's edge.
        parking: whether vehicles park along the edge (road) or in bays (car park).
    """

    place: Literal["road", "lot"]
    angle: float
    origin_xy: Float
    lanes: tuple[Lane, ...]
    half_width_m: float
    parking: bool

    def at(self, along_m: float | Float, aside_m: float | Float) -> Float:
        """Ground places (..., 2) at a distance along the axis and to its left."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        x = self.origin_xy[0] + c * np.asarray(along_m) - s * np.asarray(aside_m)
        y = self.origin_xy[1] + s * np.asarray(along_m) + c * np.asarray(aside_m)
        return np.stack(np.broadcast_arrays(x, y), axis=-1)

    def strip(self, along: tuple[float, float], aside: tuple[float, float]) -> Float:
        """Corners (4, 3) of a rectangle on the ground."""
        (a0, a1), (b0, b1) = along, aside
        corners = self.at(np.array([a0, a1, a1, a0]), np.array([b0, b0, b1, b1]))
        return np.concatenate([corners, np.zeros((4, 1))], axis=1)


def sample_layout(rng: np.random.Generator) -> Layout:
    """Draw a road or car park: across the image, along it, or diagonal."""
    axis = str(rng.choice(["across", "along", "diagonal"], p=[0.38, 0.4, 0.22]))
    angle = {"across": rng.normal(0, 5), "along": 90 + rng.normal(0, 7), "diagonal": rng.uniform(20, 70)}[axis]
    if axis == "diagonal" and rng.random() < 0.5:
        angle = 180 - angle
    place: Literal["road", "lot"] = "lot" if rng.random() < 0.25 else "road"
    count = (
        int(rng.integers(1, 3)) if place == "lot" else int(rng.choice([1, 2, 3, 4, 5], p=[0.08, 0.4, 0.17, 0.25, 0.1]))
    )
    forward = int(rng.integers(0, count + 1)) if rng.random() < 0.35 else (count + int(rng.integers(2))) // 2
    side = 1.0 if rng.random() < 0.75 else -1.0
    gap = float(rng.choice([0.0, rng.uniform(0.3, 3.0)], p=[0.75, 0.25])) if 0 < forward < count else 0.0
    width = float(rng.uniform(3.1, 3.8))
    half = 0.5 * (count * width + gap)
    lanes = []
    for k in range(count):
        ahead = k < forward
        offset = -half + (k + 0.5) * width + (0.0 if ahead else gap)
        lanes.append(Lane(side * offset, 1.0 if ahead else -1.0))
    shift = rng.uniform(-0.5, 0.5) * half * np.array([-np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    edge = float(rng.uniform(0.3, 1.2)) if place == "road" else 0.4
    return Layout(place, float(np.radians(angle)), shift, tuple(lanes), half + edge, bool(rng.random() < 0.4))


def sample_camera(rng: np.random.Generator, width: int, height: int, layout: Layout) -> Camera:
    """Draw a camera: from the side, obliquely from above, or from high above."""
    across = abs(np.sin(layout.angle)) < 0.3
    view = str(rng.choice(["low", "oblique", "high"], p=[0.28, 0.5, 0.22] if across else [0.15, 0.55, 0.3]))
    low, high = {"low": (5, 18), "oblique": (18, 52), "high": (52, 89)}[view]
    pitch, field = float(rng.uniform(low, high)), float(rng.uniform(16, 62))
    car_px = float(np.exp(rng.uniform(np.log(38), np.log(165)))) * width / 480
    scale = car_px / 4.6
    distance = 0.5 * width / np.tan(np.radians(field) / 2) / scale
    least = 2.0 if across else 4.5
    if layout.half_width_m + 3.0 > distance * np.cos(np.radians(pitch)):
        least = max(least, 5.0)
    pitch = max(pitch, float(np.degrees(np.arcsin(min(least / distance, 0.95)))))
    roll = float(rng.normal(0, 1.2))
    return look_at_origin(width, height, pitch_deg=pitch, field_deg=field, scale_px=scale, roll_deg=roll)


def plain_layout() -> Layout:
    """A plain wide road across the image, for scenes whose objects a caller fixes."""
    lanes = tuple(Lane(k * LANE_M, 1.0 if k < 0 else -1.0) for k in (-1.0, 0.0, 1.0))
    return Layout("road", 0.0, np.zeros(2), lanes, 1.7 * LANE_M, False)


def plain_camera(width: int, height: int) -> Camera:
    """A camera obliquely above the plain road, about 28 metres of it in view."""
    return look_at_origin(width, height, pitch_deg=38, field_deg=32, scale_px=width / 28)
