"""From areas of motion to boxes: components, merged neighbours cut apart, fragments joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from .motion_boxes import Box, are_parts, overlap, size, union
from .motion_edges import ByteImage

_MOST_PARTS = 100
_MOSTLY = 0.8
_GOOD_PART = 0.2


def find_boxes(mask: ByteImage, cut: Callable[[Box], Sequence[Box]] | None = None) -> list[Box]:
    """The boxes of the connected areas of a mask, the `_MOST_PARTS` largest ones, largest first.

    Args:
        mask: (h, w) uint8 of 0 and 1.
        cut: for the box of an area, the boxes of the objects expected in it: two or more cut it apart.
    """
    import cv2

    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes: list[Box] = []
    for outline in outlines:
        x, y, w, h = cv2.boundingRect(outline)
        box = (float(x), float(y), float(x + w), float(y + h))
        expected = cut(box) if cut else ()
        if len(expected) < 2:
            boxes.append(box)
        else:
            inside = cv2.drawContours(np.zeros((h, w), np.uint8), [outline], -1, 1, cv2.FILLED, offset=(-x, -y))
            boxes += _shared_out(inside, (x, y), expected)
    return largest_first(boxes)[:_MOST_PARTS]


def largest_first(boxes: Sequence[Box]) -> list[Box]:
    """Boxes by falling area, then by place."""
    return sorted(boxes, key=lambda box: (-size(box), box))


def held_by(box: Box, boxes: Sequence[Box]) -> list[Box]:
    """Those boxes that lie mostly within a box and make up a good part of it."""
    return [b for b in boxes if overlap(b, box) > _MOSTLY * size(b) and size(b) > _GOOD_PART * size(box)]


def _shared_out(inside: npt.NDArray[np.uint8], corner: tuple[int, int], expected: Sequence[Box]) -> list[Box]:
    """Give each pixel of an area, (h, w) nonzero at `corner`, to the expected box it is least outside of."""
    ys, xs = np.nonzero(inside)
    x, y = xs + corner[0] + 0.5, ys + corner[1] + 0.5
    outside = [np.max([box[0] - x, x - box[2], box[1] - y, y - box[3]], axis=0) for box in expected]
    owner = np.argmin(outside, axis=0)  # (expected, pixels) to (pixels,)
    boxes = []
    for number in range(len(expected)):
        own_x, own_y = xs[owner == number] + corner[0], ys[owner == number] + corner[1]
        if len(own_x):
            boxes.append((float(own_x.min()), float(own_y.min()), float(own_x.max() + 1), float(own_y.max() + 1)))
    return boxes


def join_fragments(boxes: Sequence[Box], apart: Callable[[Box, Box], bool]) -> list[Box]:
    """Join boxes that look like parts of one object until nothing more joins; largest first.

    Args:
        boxes: what was found.
        apart: whether two boxes are known to be different objects.
    """
    left = largest_first(boxes)
    joined = True
    while joined:
        joined = False
        for first in range(len(left)):
            for second in range(len(left) - 1, first, -1):
                if are_parts(left[first], left[second]) and not apart(left[first], left[second]):
                    left[first] = union(left[first], left[second])
                    del left[second]
                    joined = True
    return largest_first(left)
