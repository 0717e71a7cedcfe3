"""Cutting and scaling of crops and frames: the same pixels for the pipeline and for training."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trackspeak.models.errors import ContractError

_LEAST_MARGIN = -0.5


def crop_boxes(
    rgb: npt.NDArray[np.uint8],
    boxes_xyxy: npt.NDArray[np.float32],
    size: int,
    *,
    square_pad: bool = True,
    margin: float = 0.0,
) -> Tensor:
    """Cut boxes out of a frame and scale each to a square.

    Args:
        rgb: (H, W, 3) frame.
        boxes_xyxy: (N, 4) pixels; what lies outside the frame is cut off, and at least one pixel remains.
        size: side of the result in pixels, at least 1.
        square_pad: keep the box's proportions and fill up with black, half on either side, as iKUN does;
            otherwise stretch.
        margin: share of the box's sides added on each side, above -0.5.

    Returns:
        (N, 3, size, size) uint8.

    Raises:
        ContractError: if `margin` or `size` is out of range.
    """
    if not margin > _LEAST_MARGIN:
        raise ContractError(f"margin must be above {_LEAST_MARGIN}, got {margin}")
    boxes = boxes_xyxy.astype(np.float64)
    grown = np.tile(boxes[:, 2:] - boxes[:, :2], 2) * np.array([-margin, -margin, margin, margin])
    pixels = _pixel_boxes(boxes + grown, rgb.shape[1], rgb.shape[0])
    crops = [_scale(rgb[top:bottom, left:right], size, square_pad) for left, top, right, bottom in pixels]
    stacked = np.stack(crops) if crops else np.zeros((0, size, size, 3), np.uint8)
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous()  # (N, size, size, 3) -> (N, 3, size, size)


def whole_frame(rgb: npt.NDArray[np.uint8], size: int, *, square_pad: bool = True) -> Tensor:
    """Scale a whole (H, W, 3) frame to (3, size, size) uint8, by the rules of `crop_boxes`."""
    scaled = torch.from_numpy(_scale(rgb, size, square_pad))
    return scaled.permute(2, 0, 1).contiguous()  # (size, size, 3) -> (3, size, size)


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Turn uint8 pixels into what a backbone reads: (x / 255 - mean) / std, in float32.

    Args:
        images: (..., 3, S, S) uint8.
        mean: of the three channels, on the scale of 0 to 1.
        std: the same, above 0.
    """
    scale, shift = 1 / (255 * torch.tensor(std)), torch.tensor(mean) / torch.tensor(std)
    scale, shift = (values[:, None, None].to(images.device, non_blocking=True) for values in (scale, shift))
    return images.float() * scale - shift


def _pixel_boxes(boxes_xyxy: npt.NDArray[np.float64], width: int, height: int) -> list[list[int]]:
    """Round boxes to whole pixels inside the frame, each at least one pixel wide and high."""
    limits = np.array([width, height])
    rounded = np.rint(np.clip(boxes_xyxy, -1, np.tile(limits + 1, 2))).astype(np.int64)
    start = np.clip(rounded[:, :2], 0, limits - 1)
    stop = np.clip(rounded[:, 2:], start + 1, limits)
    pixels: list[list[int]] = np.concatenate([start, stop], axis=1).tolist()
    return pixels


def _scale(patch: npt.NDArray[np.uint8], size: int, square_pad: bool) -> npt.NDArray[np.uint8]:
    """Scale an (h, w, 3) patch to (size, size, 3): by area where it shrinks, linearly where it grows."""
    if size < 1:
        raise ContractError(f"size must be at least 1, got {size}")
    height, width = patch.shape[:2]
    longest = max(height, width) if square_pad else 0
    new_width = max(1, round(width * size / longest)) if square_pad else size
    new_height = max(1, round(height * size / longest)) if square_pad else size
    shrinks = new_width <= width and new_height <= height
    scaled = cv2.resize(patch, (new_width, new_height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    if (new_height, new_width) == (size, size):
        return np.asarray(scaled, np.uint8)
    canvas = np.zeros((size, size, 3), np.uint8)
    left, top = (size - new_width) // 2, (size - new_height) // 2
    canvas[top : top + new_height, left : left + new_width] = scaled
    return canvas
