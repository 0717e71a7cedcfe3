"""Fits a frame into the fixed input of a network, as YOLOX does."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_PAD = 114


def letterbox(rgb: npt.NDArray[np.uint8], width: int, height: int) -> tuple[npt.NDArray[np.float32], float]:
    """Scale a frame to fit, put it at the top left, and fill the rest with gray.

    Args:
        rgb: (H, W, 3) uint8.
        width: the network's, in pixels.
        height: the network's, in pixels.

    Returns:
        (3, height, width) float32 BGR in 0..255, and by what the frame's pixels were multiplied.
    """
    import cv2

    scale = min(width / rgb.shape[1], height / rgb.shape[0])
    size = max(1, int(rgb.shape[1] * scale)), max(1, int(rgb.shape[0] * scale))
    canvas = np.full((height, width, 3), _PAD, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR)
    bgr = canvas[:, :, ::-1]
    return np.ascontiguousarray(bgr.transpose(2, 0, 1), np.float32), scale  # (height, width, 3) -> (3, height, width)
