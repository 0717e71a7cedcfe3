"""What is known of a rendered clip: the frames, and the truth about every object in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Kind = Literal["car", "van", "truck", "bus", "motorcycle", "bicycle", "person"]
KINDS: tuple[Kind, ...] = ("car", "van", "truck", "bus", "motorcycle", "bicycle", "person")


@dataclass(frozen=True, slots=True, eq=False)
class ObjectTruth:
    """One object of a rendered clip.

    Attributes:
        kind: what it is.
        passes_for: other kinds that its looks allow: a minivan is a van to some, a pickup a truck.
        paint_rgb: (3,) uint8, the sRGB body paint of a vehicle, or a person's upper clothing, in
            neutral light.
        seen_rgb: (3,) float32, the same as the camera records it in the scene's light, averaged over the
            frames; NaN where too little of the paint shows to call the object by it.
        trim_rgb: (3,) float32, as `seen_rgb`, of another surface about as large: trousers, a rider's
            clothes, a truck's body of its own colour; NaN where there is none.
        frame_indices: (T,) int64, frames in which any of it is inside the image, increasing.
        boxes_xyxy: (T, 4) float32, the whole drawn body clipped to the image, hidden parts
            included, shadow excluded.
        visible: (T,) float32 in [0, 1], the share of the whole body (outside the image too) that is
            seen: not covered by others, not outside.
        velocities_xy: (T, 2) float32, the true velocity of the object's centre in image pixels per
            second (exactly 0 while it stands), not touched by clipping.
    """

    kind: Kind
    passes_for: tuple[Kind, ...]
    paint_rgb: npt.NDArray[np.uint8]
    seen_rgb: npt.NDArray[np.float32]
    trim_rgb: npt.NDArray[np.float32]
    frame_indices: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float32]
    visible: npt.NDArray[np.float32]
    velocities_xy: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ClipTruth:
    """One rendered clip.

    Attributes:
        seed: the seed that made it; the same seed makes the same bytes.
        frame_rate: frames per second, constant.
        rgb: (T, H, W, 3) uint8.
        objects: every object seen in it.
    """

    seed: int
    frame_rate: float
    rgb: npt.NDArray[np.uint8]
    objects: tuple[ObjectTruth, ...]
