"""Fits frames into the inputs of networks, and boxes back into the frames."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_PAD = 114


class Fitted(NamedTuple):
    """A frame as a network takes it.

    Attributes:
        image: (1, 3, height, width) float32 RGB in 0..1.
        gains: by what the frame's pixels were multiplied, in x and y.
        offsets: where the frame's left top corner is, in the network's pixels.
        size: the frame's width and height.
    """

    image: npt.NDArray[np.float32]
    gains: tuple[float, float]
    offsets: tuple[int, int]
    size: tuple[int, int]

    def in_frame(self, boxes_xyxy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Turn boxes in the network's pixels, (N, 4), into ones in the frame's, (N, 4)."""
        offsets, gains = np.array(self.offsets * 2, np.float32), np.array(self.gains * 2, np.float32)
        moved: npt.NDArray[np.float32] = (boxes_xyxy - offsets) / gains
        return moved


def letterbox(rgb: npt.NDArray[np.uint8], width: int, height: int) -> tuple[npt.NDArray[np.float32], float]:
    """Scale a frame to fit, put it at the top left, and fill the rest with gray, as YOLOX does.

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


def letterbox_centred(rgb: npt.NDArray[np.uint8], width: int, height: int, stride: int | None = None) -> Fitted:
    """Scale a frame to fit, put it in the middle, and fill the rest with gray, as ultralytics does.

    Args:
        rgb: (H, W, 3) uint8.
        width: the network's, in pixels.
        height: the network's, in pixels.
        stride: for networks of open sizes: fill no further than to a multiple of it; None fills all.
    """
    import cv2

    frame_height, frame_width = rgb.shape[:2]
    scale = min(width / frame_width, height / frame_height)
    size = max(1, round(frame_width * scale)), max(1, round(frame_height * scale))
    spare = [whole - part for whole, part in zip((width, height), size, strict=True)]
    if stride is not None:
        spare = [pixels % stride for pixels in spare]
    left, top = (pixels // 2 for pixels in spare)  # an odd pixel goes to the right, and to the bottom
    canvas = np.full((size[1] + spare[1], size[0] + spare[0], 3), _PAD, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(rgb, size, interpolation=cv2.INTER_LINEAR)
    gains = size[0] / frame_width, size[1] / frame_height
    return Fitted(_to_input(canvas), gains, (left, top), (frame_width, frame_height))


def stretch(rgb: npt.NDArray[np.uint8], width: int, height: int, *, smooth: bool) -> Fitted:
    """Scale a frame to a size, whatever its shape.

    Args:
        rgb: (H, W, 3) uint8.
        width: the network's, in pixels.
        height: the network's, in pixels.
        smooth: average over all pixels where it gets smaller, as Pillow does; else pick some, as OpenCV does.
    """
    import cv2
    from PIL import Image

    frame_height, frame_width = rgb.shape[:2]
    if smooth:
        scaled = np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR))
    else:
        scaled = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)
    gains = width / frame_width, height / frame_height
    return Fitted(_to_input(scaled), gains, (0, 0), (frame_width, frame_height))


def _to_input(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """(H, W, 3) uint8 -> (1, 3, H, W) float32 in 0..1."""
    return np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
