"""Where a frame shows something that is not background: brighter, another colour, or other edges.

A shadow only makes its ground darker: it has neither edges nor a colour of its own, so darkness alone
is weak evidence, enough to fill the dark parts of an object between its edges and lights.
"""

from __future__ import annotations

import numpy as np

from .motion_background import Background, Exposure
from .motion_edges import ByteImage, FloatImage, slopes, steepness

_LUMA_FLOOR, _CHROMA_FLOOR, _EDGE_FLOOR = 10.0, 10.0, 7.0
_LUMA_NOISES, _CHROMA_NOISES, _EDGE_NOISES = 6.0, 6.0, 5.0
_BRIGHTER = 0.12
_RATIO_OFFSET = 4.0
_KNOWN_EDGE_SHARE = 0.6
"""What of a background edge's strength is forgiven where it reappears: tone curves and jitter move it a little."""
_DENSE = 115
_SHADOW_START, _SHADOW_SLOPE, _SHADOW_LIMIT = 0.9, 200.0, 100.0


def evidence(
    rgb: FloatImage, luma: FloatImage, background: Background, exposure: Exposure, sensitivity: float
) -> ByteImage:
    """How much each pixel speaks for an object: (h, w) uint8, 255 surely, up to 100 for mere darkness.

    Args:
        rgb: (3, h, w) float32 levels, the frame.
        luma: (h, w) float32, its luma.
        background: what is expected there.
        exposure: how the frame should show it.
        sensitivity: divides all thresholds.
    """
    import cv2

    expected = cv2.multiply(background.luma, exposure.tone)
    ratio = cv2.divide(luma + _RATIO_OFFSET, expected + _RATIO_OFFSET)
    shade = cv2.max(cv2.min(ratio, 1.0), 0.3)

    known_x, known_y = (cv2.multiply(slope, exposure.tone) for slope in background.slopes)
    seen_x, seen_y = slopes(luma)
    edges = steepness(seen_x - known_x * shade, seen_y - known_y * shade)
    forgiven = cv2.dilate(steepness(known_x, known_y), np.ones((3, 3), np.uint8))
    forgiven = cv2.multiply(forgiven, shade, scale=_KNOWN_EDGE_SHARE)

    tint = cv2.multiply(exposure.tone, ratio)
    red, green, blue = (
        cv2.absdiff(seen, cv2.multiply(known, tint, scale=float(channel)))
        for seen, known, channel in zip(rgb, background.rgb, exposure.balance, strict=True)
    )
    chroma = cv2.max(cv2.max(red, green), blue)

    def least(floor: float, noises: float) -> float:
        return max(floor, noises * background.noise) / sensitivity

    sure = cv2.compare(edges - forgiven, least(_EDGE_FLOOR, _EDGE_NOISES), cv2.CMP_GT)
    brighter = cv2.compare(luma - expected - forgiven, least(_LUMA_FLOOR, _LUMA_NOISES), cv2.CMP_GT)
    sure |= brighter & cv2.compare(ratio, 1 + _BRIGHTER / sensitivity, cv2.CMP_GT)
    sure |= cv2.compare(chroma - forgiven, least(_CHROMA_FLOOR, _CHROMA_NOISES), cv2.CMP_GT)
    darkness = cv2.convertScaleAbs(cv2.max(_SHADOW_START - ratio, 0.0), alpha=_SHADOW_SLOPE)
    strength: ByteImage = cv2.max(sure, cv2.min(darkness, _SHADOW_LIMIT))
    return strength


def sure_only(strength: ByteImage) -> ByteImage:
    """Evidence without what is merely dark, (h, w) uint8 of 0 and 255: it keeps neighbours apart."""
    import cv2

    sure: ByteImage = cv2.compare(strength, 254, cv2.CMP_GT)
    return sure


def object_mask(strength: ByteImage) -> ByteImage:
    """Turn evidence into solid areas, (h, w) uint8 of 0 and 1.

    An area is where the evidence around a pixel is dense, so that outlines fill up and lone lines go.
    The windows are wider than high: what stands side by side on the ground is stacked in the image.
    """
    import cv2

    width = strength.shape[1]
    size = (odd(width / 53), odd(width / 96))
    dense = cv2.blur(strength, size)
    mask = (dense > _DENSE).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(mask, outlines, -1, 1, cv2.FILLED)
    solid: ByteImage = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones(size[::-1], np.uint8))
    return solid


def odd(length: float) -> int:
    """The odd kernel length nearest below, at least 3."""
    return max(3, (int(length) - 1) // 2 * 2 + 1)
