"""Plain geometry of boxes (x1, y1, x2, y2) in pixels of the working size, and which look like parts of one object."""

from __future__ import annotations

import math

Box = tuple[float, float, float, float]

_FRAGMENT_AREA_SHARE, _FRAGMENT_REACH = 0.35, 0.15
_CRUMB_AREA_SHARE, _CRUMB_REACH = 0.2, 0.35
_SAME_BAND, _BAND_GAP = 0.7, 0.2
_TOUCHING_BAND, _TOUCHING_GAP = 0.3, 0.05
_SHORTEST, _LONGEST = 1.4, 3.5
_UPRIGHT = 1.5
_INSIDE = 0.5


def width(box: Box) -> float:
    """The width of a box."""
    return box[2] - box[0]


def height(box: Box) -> float:
    """The height of a box."""
    return box[3] - box[1]


def size(box: Box) -> float:
    """The area of a box."""
    return width(box) * height(box)


def overlap(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    shared = overlap(a, b)
    return shared / max(size(a) + size(b) - shared, 1e-9)


def union(a: Box, b: Box) -> Box:
    """The box around two boxes."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def pixel_box(box: Box, shape: tuple[int, ...], margin: int = 0) -> tuple[int, int, int, int]:
    """A box with a margin as whole pixels, x1, y1, x2, y2, inside an image of (h, w, ...)."""
    x1, y1 = max(0, int(box[0]) - margin), max(0, int(box[1]) - margin)
    return x1, y1, min(shape[1], math.ceil(box[2]) + margin), min(shape[0], math.ceil(box[3]) + margin)


def are_parts(a: Box, b: Box) -> bool:
    """Whether two boxes look like parts of one object: one in the other, a crumb beside it, or halves in a row."""
    big, small = (a, b) if size(a) >= size(b) else (b, a)
    if overlap(big, small) > _INSIDE * size(small):
        return True
    share = size(small) / max(size(big), 1e-9)
    if share < _FRAGMENT_AREA_SHARE and overlap(_grown(big, share < _CRUMB_AREA_SHARE), small) > _INSIDE * size(small):
        return True
    both = union(a, b)
    return _in_a_row(a, b, both) or _in_a_column(a, b, both)


def _grown(box: Box, lengthwise: bool) -> Box:
    """A box with a margin, if `lengthwise` a wider one at the ends of its longer sides."""
    side = min(width(box), height(box))
    across = down = _FRAGMENT_REACH * side
    if lengthwise and width(box) > height(box):
        across = _CRUMB_REACH * side
    elif lengthwise:
        down = _CRUMB_REACH * side
    return box[0] - across, box[1] - down, box[2] + across, box[3] + down


def _in_a_row(a: Box, b: Box, both: Box) -> bool:
    """Front and rear of something long: of about the same height with a small gap, or touching."""
    shared = min(a[3], b[3]) - max(a[1], b[1])
    gap = max(a[0], b[0]) - min(a[2], b[2])
    same_band = shared > _SAME_BAND * height(both) and gap < _BAND_GAP * height(both)
    touching = shared > _TOUCHING_BAND * height(both) and gap < _TOUCHING_GAP * height(both)
    return (same_band or touching) and _SHORTEST * height(both) < width(both) < _LONGEST * height(both)


def _in_a_column(a: Box, b: Box, both: Box) -> bool:
    """Parts above each other that make something upright, as a person is."""
    shared = min(a[2], b[2]) - max(a[0], b[0])
    gap = max(a[1], b[1]) - min(a[3], b[3])
    return shared > _INSIDE * width(both) and gap < _BAND_GAP * width(both) and height(both) > _UPRIGHT * width(both)
