"""Which object a detected segment shows: the one it covers, none, or not to be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .truth import ObjectTruth

NOISE = -1
"""The "object" of a segment that shows none."""

COVERS_IOU = 0.5
"""A box that overlaps an object this much is that object's ..."""

FRAGMENT_SHARE, FRAGMENT_IOU = 0.7, 0.2
"""... and so is one that lies within it by this share, and is this much of it."""

PART_IOU = 0.35
"""A fragment that is less of an object than this shows a part that does not tell a vehicle's kind."""

SECOND_SHARE = 0.3
"""A second object with this share of the box makes it a merge, of which nothing is asked."""

NOISE_SHARE = 0.1
"""A box that is less of any object than this shows none, ..."""

HOLDS_SHARE = 0.5
"""... unless this share of an object lies in it (one with its long shadow, several in a huge box): nothing is asked."""

LEAST_VISIBLE = 0.35
"""Objects less visible than this are not asked about."""


class Match(NamedTuple):
    """Which object a segment shows.

    Attributes:
        object_index: its position, or `NOISE`.
        part: whether it shows only a small part of it.
    """

    object_index: int
    part: bool = False


def match_segments(
    objects: Sequence[ObjectTruth],
    frames: Sequence[npt.NDArray[np.int64]],
    boxes_xyxy: Sequence[npt.NDArray[np.float32]],
) -> list[Match | None]:
    """Tell which object each segment shows.

    Args:
        objects: the clip's objects.
        frames: per segment its (T,) frame indices.
        boxes_xyxy: per segment its (T, 4) boxes.

    Returns:
        Per segment a match, or None where it cannot be told which object it shows.
    """
    return [_match(objects, mine, boxes) for mine, boxes in zip(frames, boxes_xyxy, strict=True)]


def _match(
    objects: Sequence[ObjectTruth], frames: npt.NDArray[np.int64], boxes: npt.NDArray[np.float32]
) -> Match | None:
    if not objects:
        return Match(NOISE)
    overlaps = np.array([_overlap(truth, frames, boxes) for truth in objects])  # (O, 4): share, IoU, visible, held
    shares, ious, visible, held = overlaps.T
    best = int(ious.argmax())
    if shares.max() < NOISE_SHARE and not (held * (visible > LEAST_VISIBLE) >= HOLDS_SHARE).any():
        return Match(NOISE)
    others = np.delete(shares * (visible > LEAST_VISIBLE), best)
    if visible[best] < LEAST_VISIBLE or (len(others) and others.max() > SECOND_SHARE):
        return None
    covers = ious[best] >= COVERS_IOU
    fragment = shares[best] >= FRAGMENT_SHARE and ious[best] >= FRAGMENT_IOU
    return Match(best, part=ious[best] < PART_IOU) if covers or fragment else None


def _overlap(
    truth: ObjectTruth, frames: npt.NDArray[np.int64], boxes: npt.NDArray[np.float32]
) -> tuple[float, float, float, float]:
    """Means over the frames, absent ones 0: share of the box that is the object, IoU, visibility, share in the box."""
    _, mine, theirs = np.intersect1d(frames, truth.frame_indices, return_indices=True)
    if not len(mine):
        return 0.0, 0.0, 0.0, 0.0
    ours, true = boxes[mine], truth.boxes_xyxy[theirs]
    corner = np.minimum(ours[:, 2:], true[:, 2:]) - np.maximum(ours[:, :2], true[:, :2])
    inter = np.clip(corner, 0, None).prod(axis=1)
    area = np.maximum((ours[:, 2:] - ours[:, :2]).prod(axis=1), 1e-6)
    true_area = np.maximum((true[:, 2:] - true[:, :2]).prod(axis=1), 1e-6)
    union = area + true_area - inter
    count = len(frames)
    return (
        float((inter / area).sum() / count),
        float((inter / union).sum() / count),
        float(truth.visible[theirs].sum() / count),
        float((inter / true_area).sum() / count),
    )
