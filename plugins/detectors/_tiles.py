"""Cuts large frames into tiles, and joins what was found in them to what was found in the whole frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Detections

_SAME_OBJECT = 0.5  # overlap from which boxes of two views are one object
_EDGE = 0.03  # share of a tile's side within which a box reaches its edge; detectors are no more exact
_ROWS_AT_ONCE = 512  # bounds memory where very many boxes are compared


class Box(NamedTuple):
    """A part of a frame, in pixels; right and bottom are not in it."""

    left: int
    top: int
    right: int
    bottom: int


class View(NamedTuple):
    """A part of a frame that was looked at, and what was found in it, in its own pixels."""

    box: Box
    found: Detections


def tiles_of(width: int, height: int, side: int, overlap: float) -> list[Box]:
    """Give tiles of one size that cover a frame, by rows; none for a frame that is no larger than a tile.

    Args:
        width: the frame's.
        height: the frame's.
        side: of a tile; where the frame is less wide or high, so is the tile.
        overlap: the share of a side that neighbours have in common, at least.
    """
    if max(width, height) <= side:
        return []
    return [
        Box(left, top, min(left + side, width), min(top + side, height))
        for top in _starts(height, side, overlap)
        for left in _starts(width, side, overlap)
    ]


def _starts(length: int, side: int, overlap: float) -> list[int]:
    """Give where tiles begin along one side of the frame, evenly apart."""
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * (1 - overlap))) + 1
    return [round(number * (length - side) / (count - 1)) for number in range(count)]


def join(views: Sequence[View], width: int, height: int) -> Detections:
    """Put what several views of a frame found together, so that an object is there once.

    Of two boxes of one class from different views that overlap, the one with the higher score stays. A box that ends at
    a tile's edge may be a part of something, and its class a guess: it goes if it lies in a box of another view that
    does not end so, or in a larger part, whatever their classes. Boxes of one view do not compete: the detector has
    told them apart.

    Args:
        views: at least one.
        width: the frame's.
        height: the frame's.
    """
    import supervision

    moved = [_in_frame(view, width, height) for view in views]
    boxes_xyxy = np.concatenate([boxes for boxes, _ in moved])
    parts = np.concatenate([part for _, part in moved])
    scores = np.concatenate([view.found.scores for view in views])
    class_ids = np.concatenate([view.found.class_ids for view in views])
    number = np.repeat(np.arange(len(views)), [len(view.found) for view in views])
    sizes = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(axis=1)
    order = np.lexsort((-np.where(parts, sizes, scores), parts))  # stable; whole ones first
    boxes_xyxy, scores, class_ids = boxes_xyxy[order], scores[order], class_ids[order]
    parts, number = parts[order], number[order]
    kept = np.zeros(len(scores), bool)
    metric = supervision.OverlapMetric
    for first in range(0, len(scores), _ROWS_AT_ONCE):
        some = slice(first, first + _ROWS_AT_ONCE)
        overlaps = np.where(
            parts[some, None],
            supervision.box_iou_batch(boxes_xyxy[some], boxes_xyxy, metric.IOS),
            supervision.box_iou_batch(boxes_xyxy[some], boxes_xyxy, metric.IOU),
        )  # (rows, N): of a row's box with every box
        comparable = parts[some, None] | (class_ids[some, None] == class_ids)
        rivals = comparable & (number[some, None] != number) & (overlaps > _SAME_OBJECT)
        for row, others in enumerate(rivals, first):
            kept[row] = not (others & kept).any()
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(-scores[rows], kind="stable")]
    return Detections(boxes_xyxy[rows], scores[rows], class_ids[rows], views[0].found.class_names)


def _in_frame(view: View, width: int, height: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Give a view's boxes in the frame's pixels, (N, 4), and which end at an edge that is not the frame's, (N,).

    Beyond such an edge nothing was seen, so they are cut there.
    """
    left, top, right, bottom = view.box
    boxes_xyxy = view.found.boxes_xyxy + np.array([left, top, left, top], np.float32)
    inner = np.array([left > 0, top > 0, right < width, bottom < height])
    lowest = np.where(inner[:2], [left, top], -np.inf)
    highest = np.where(inner[2:], [right, bottom], np.inf)
    # (N, 4) -> (N, 2 corners, 2 axes) -> (N, 4)
    cut = np.clip(boxes_xyxy.reshape(-1, 2, 2), lowest, highest).reshape(-1, 4).astype(np.float32)
    margins = np.array((right - left, bottom - top) * 2) * _EDGE
    parts = (np.abs(cut - np.array(view.box, np.float32)) <= margins) & inner
    return cut, parts.any(axis=1)
