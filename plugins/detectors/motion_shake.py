"""How far the camera is shifted from where it stood, so that small movements can be undone and large ones told."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from .motion_edges import EDGE_MAP_SCALE, ByteImage, FloatImage, edge_map

Image = TypeVar("Image", ByteImage, FloatImage)

Shift = tuple[float, float]
"""How far the view has moved in x and y, in pixels of the working size."""

_MOST_SHARE = 0.06
_HARDLY_ANY = 0.25
_REFINEMENTS = (1.0, 0.5)
"""Steps of the search around what phase correlation gives, which is off by up to a pixel where edges are thin."""
_CLEARLY_BETTER = 0.95
_TOLD_SHARE = 1 / 250
_TOLD_LOOKS = 0.05


def find_shift(known: FloatImage, edges: FloatImage, free: FloatImage, before: Shift = (0.0, 0.0)) -> Shift:
    """How far `edges` is shifted from `known`, both by `edge_map`.

    What phase correlation proposes is taken only if the still parts then fit clearly better than
    with the shift `before`: moving things, and lanes that look the same all along, mislead it.

    Args:
        known: (h, w) float32.
        edges: (h, w) float32.
        free: (h, w) float32, 0 where something moves, else 1.
        before: the shift that holds unless a better one is found.
    """
    import cv2

    (x, y), _ = cv2.phaseCorrelate(known * free, edges * free)
    found = (EDGE_MAP_SCALE * x, EDGE_MAP_SCALE * y)
    if max(map(abs, found)) > _MOST_SHARE * EDGE_MAP_SCALE * known.shape[1]:
        return before
    if np.hypot(found[0] - before[0], found[1] - before[1]) < _HARDLY_ANY:
        return before
    for step in _REFINEMENTS:
        around = [(found[0] + right * step, found[1] + down * step) for right in (0, -1, 1) for down in (0, -1, 1)]
        found = min(around, key=lambda shift: _misfit(known, edges, free, shift))
    fits_now, fits_before = (_misfit(known, edges, free, shift) for shift in (found, before))
    return found if fits_now < _CLEARLY_BETTER * fits_before else before


def _misfit(known: FloatImage, edges: FloatImage, free: FloatImage, shift: Shift) -> float:
    import cv2

    back = shifted_back(edges, (shift[0] / EDGE_MAP_SCALE, shift[1] / EDGE_MAP_SCALE))
    return float(cv2.mean(cv2.multiply(cv2.absdiff(known, back), free))[0])


def shifted_back(image: Image, shift: Shift) -> Image:
    """The image as if the camera had not moved; what came into view at a side is repeated from there."""
    import cv2

    if shift == (0.0, 0.0):
        return image
    moved = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    back: Image = cv2.warpAffine(
        image,
        moved,
        image.shape[1::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return back


def blank_sides(image: ByteImage, shift: Shift) -> None:
    """Set to 0, in place, what `shifted_back` had to repeat at the sides."""
    height, width = image.shape
    left, right = round(max(-shift[0], 0)), round(max(shift[0], 0))
    top, bottom = round(max(-shift[1], 0)), round(max(shift[1], 0))
    image[:top], image[height - bottom :] = 0, 0
    image[:, :left], image[:, width - right :] = 0, 0


class ShakeMeter:
    """Keeps the last known shift, and how often it was worth telling."""

    def __init__(self) -> None:
        """Begin with a camera that stands still."""
        self.shift: Shift = (0.0, 0.0)
        self.most = 0.0
        self._looks = 0
        self._told = 0

    @property
    def shaky(self) -> bool:
        """Whether the camera was out of place often enough to speak of it."""
        return self._told >= 3 and self._told > _TOLD_LOOKS * self._looks

    def look(self, known: FloatImage, luma: FloatImage, busy: ByteImage) -> Shift:
        """Take the next frame and give its shift, the last one unless another fits better.

        Args:
            known: the background's `edge_map`.
            luma: (h, w) float32, the frame.
            busy: (h, w) uint8, nonzero where objects were just seen: left out.
        """
        import cv2

        free = (cv2.resize(busy, known.shape[::-1], interpolation=cv2.INTER_NEAREST) == 0).astype(np.float32)
        self.shift = find_shift(known, edge_map(luma), free, self.shift)
        size = float(np.hypot(*self.shift))
        self.most = max(self.most, size)
        self._looks += 1
        self._told += size > max(1.0, _TOLD_SHARE * luma.shape[1])
        return self.shift
