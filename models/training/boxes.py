"""Where the boxes of a training clip come from: the truth, disturbed, or a real detector and tracker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import UnknownNameError

from .truth import ClipTruth

ENTRY_POINT_GROUP = "trackspeak.training_boxes"


@dataclass(frozen=True, slots=True, eq=False)
class BoxTrack:
    """One track over a training clip, whoever found it.

    Attributes:
        frame_indices: (T,) int64, strictly increasing.
        boxes_xyxy: (T, 4) float32 pixels.
    """

    frame_indices: npt.NDArray[np.int64]
    boxes_xyxy: npt.NDArray[np.float32]


BoxSource = Callable[[ClipTruth], list[BoxTrack]]
"""Tracks the objects of a clip, from its frames or from its truth."""


def box_source(name: str) -> BoxSource:
    """Give a box source by name: "truth", or one that a package offers as an entry point.

    Detectors and trackers are plugins, which training must not import; so the plugins offer theirs
    under the group `trackspeak.training_boxes`.

    Raises:
        UnknownNameError: if there is none of that name.
    """
    if name == "truth":
        return true_boxes
    found = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in found:
        raise UnknownNameError("box source", name, ["truth", *found])
    source: BoxSource = found[name].load()
    return source


def true_boxes(clip: ClipTruth) -> list[BoxTrack]:
    """Give every object's true boxes as a good detector would: margins per track, jitter per frame."""
    rng = np.random.default_rng((clip.seed, 0xB0))
    return [
        BoxTrack(truth.frame_indices, _disturb(truth.boxes_xyxy, rng))
        for truth in clip.objects
        if len(truth.boxes_xyxy)
    ]


def _disturb(boxes_xyxy: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Move each side by up to some percent of the box's size; sides never cross."""
    sizes = np.tile(boxes_xyxy[:, 2:] - boxes_xyxy[:, :2], 2)
    margin = rng.normal(0, 0.04, 4)
    jitter = rng.normal(0, rng.uniform(0, 0.03), boxes_xyxy.shape)
    disturbed: npt.NDArray[np.float32] = (boxes_xyxy + sizes * np.clip(margin + jitter, -0.2, 0.2)).astype(np.float32)
    return disturbed
