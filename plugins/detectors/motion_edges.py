"""Luma and gradients of images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float32]
ByteImage = npt.NDArray[np.uint8]

EDGE_MAP_SCALE = 2
"""How much smaller an edge map is than its image."""


def luma_of(rgb: ByteImage) -> FloatImage:
    """The luma of an (h, w, 3) image, (h, w) float32."""
    import cv2

    luma: FloatImage = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return luma


def slopes(luma: FloatImage) -> tuple[FloatImage, FloatImage]:
    """Sobel gradients of an (h, w) image in x and y, (h, w) float32 each, twice the levels per pixel."""
    import cv2

    return cv2.Sobel(luma, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(luma, cv2.CV_32F, 0, 1, scale=0.25)


def steepness(slope_x: FloatImage, slope_y: FloatImage) -> FloatImage:
    """How steep (h, w) gradients are, (h, w) float32.

    OpenCV's `magnitude` gives other last bits where its memory begins elsewhere.
    """
    steep: FloatImage = np.sqrt(slope_x * slope_x + slope_y * slope_y)
    return steep


def edge_map(luma: FloatImage) -> FloatImage:
    """Edge strengths of an (h, w) image at half its size: what two views are compared by."""
    import cv2

    height, width = (_fourier_side(side // EDGE_MAP_SCALE) for side in luma.shape)
    part = luma[: height * EDGE_MAP_SCALE, : width * EDGE_MAP_SCALE]
    return steepness(*slopes(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)))


def _fourier_side(side: int) -> int:
    """The longest even length up to `side` that is transformed unpadded: on odd ones OpenCV's phase is half off."""
    import cv2

    fitting = (length for length in range(side, 1, -1) if length % 2 == 0 and cv2.getOptimalDFTSize(length) == length)
    return next(fitting, 2)
