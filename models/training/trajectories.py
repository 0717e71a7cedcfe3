"""The true trajectories of a rendered scene's objects, dense over its frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .truth import ObjectTruth


@dataclass(frozen=True, slots=True, eq=False)
class SceneTrajectories:
    """All objects of a scene, dense over its frames.

    Attributes:
        frame_rate: frames per second.
        frame_size_wh: width and height of the image in pixels.
        centres_xy: (O, T, 2) float64, box centres; 0 where absent.
        sizes_wh: (O, T, 2) float64, box sizes; 1 where absent.
        velocities_xy: (O, T, 2) float64, pixels per second; 0 where absent.
        present: (O, T) bool, any of it is in the image.
        whole: (O, T) bool, present and not cut by the image's border.
    """

    frame_rate: float
    frame_size_wh: tuple[int, int]
    centres_xy: npt.NDArray[np.float64]
    sizes_wh: npt.NDArray[np.float64]
    velocities_xy: npt.NDArray[np.float64]
    present: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.bool_]


def scene_trajectories(
    objects: Sequence[ObjectTruth], frame_rate: float, frame_size_wh: tuple[int, int]
) -> SceneTrajectories:
    """Lay the objects' truths out over the frames, once a scene.

    Args:
        objects: the scene's objects.
        frame_rate: frames per second.
        frame_size_wh: width and height of the image in pixels.

    Returns:
        The scene, for `segment_facts`.
    """
    count = len(objects)
    frames = max((int(truth.frame_indices[-1]) + 1 for truth in objects if len(truth.frame_indices)), default=1)
    boxes_xyxy = np.tile(np.array([0.0, 0.0, 1.0, 1.0]), (count, frames, 1))
    velocities_xy = np.zeros((count, frames, 2))
    present = np.zeros((count, frames), dtype=bool)
    for row, truth in enumerate(objects):
        boxes_xyxy[row, truth.frame_indices] = truth.boxes_xyxy
        velocities_xy[row, truth.frame_indices] = truth.velocities_xy
        present[row, truth.frame_indices] = True
    inside = (boxes_xyxy[..., :2] > 0.5).all(-1) & (boxes_xyxy[..., 2:] < np.array(frame_size_wh) - 0.5).all(-1)
    return SceneTrajectories(
        frame_rate=frame_rate,
        frame_size_wh=frame_size_wh,
        centres_xy=(boxes_xyxy[..., :2] + boxes_xyxy[..., 2:]) / 2,
        sizes_wh=np.maximum(boxes_xyxy[..., 2:] - boxes_xyxy[..., :2], 1.0),
        velocities_xy=velocities_xy,
        present=present,
        whole=present & inside,
    )
