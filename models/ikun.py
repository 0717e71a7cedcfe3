"""The protocol of iKUN's authors: how they cut and scale pictures, and how they put expressions.

Facts of their public code (https://github.com/dyhBUPT/iKUN, dataloader.py and utils.py): boxes truncated to whole
pixels, what lies outside the frame black, squared by black on both sides, scaled by Pillow's bilinear filter, which
averages where it shrinks.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

_WORDS = MappingProxyType(
    {
        "cars": "car",
        "vehicles": "car",
        "people": "pedestrian",
        "persons": "pedestrian",
        "males": "men",
        "females": "women",
        "light-colors": "light-color",
    }
)


def normalise_expression(text: str) -> str:
    """Put an expression as the weights were trained on it.

    Examples:
        >>> normalise_expression("left-vehicles-which-are-in-light-colors")
        'left car which are in light-color'
    """
    words = text.replace("-", " ").replace("light color", "light-color").split(" ")
    return " ".join(_WORDS.get(word, word) for word in words)


def crop_boxes(rgb: npt.NDArray[np.uint8], boxes_xyxy: npt.NDArray[np.float32], size: int) -> Tensor:
    """Cut boxes out of a frame and scale each to a square.

    Args:
        rgb: (H, W, 3) frame.
        boxes_xyxy: (N, 4) pixels; truncated, at least one pixel, and at most one frame beyond the frame's sides.
        size: side of the result in pixels.

    Returns:
        (N, 3, size, size) uint8.
    """
    frame = Image.fromarray(rgb)
    limits = np.array([rgb.shape[1], rgb.shape[0]] * 2)
    pixels = np.clip(np.trunc(boxes_xyxy), -limits, 2 * limits).astype(np.int64)
    pixels[:, 2:] = np.maximum(pixels[:, 2:], pixels[:, :2] + 1)
    crops = [_square(frame.crop((left, top, right, bottom)), size) for left, top, right, bottom in pixels.tolist()]
    stacked = np.stack(crops) if crops else np.zeros((0, size, size, 3), np.uint8)
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous()  # (N, size, size, 3) -> (N, 3, size, size)


def whole_frame(rgb: npt.NDArray[np.uint8], size: int) -> Tensor:
    """Scale a whole (H, W, 3) frame to (3, size, size) uint8, by the rules of `crop_boxes`."""
    scaled = torch.from_numpy(_square(Image.fromarray(rgb), size))
    return scaled.permute(2, 0, 1).contiguous()  # (size, size, 3) -> (3, size, size)


def _square(image: Image.Image, size: int) -> npt.NDArray[np.uint8]:
    longest = max(image.size)
    canvas = Image.new("RGB", (longest, longest))
    canvas.paste(image, ((longest - image.width) // 2, (longest - image.height) // 2))
    return np.array(canvas.resize((size, size), Image.Resampling.BILINEAR))
