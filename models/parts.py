"""Images through a network in parts of bounded size."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

BYTES_PER_PIXEL = 400
"""What a ResNet-50 in single precision holds at its widest, per pixel of its input."""

LEAST_PIXELS = 2**21
"""Pixels at once on a CPU, where more is no faster, and at least: 42 crops of 224, 4 frames of 672."""

GPU_SHARE = 0.25
"""Share of a GPU's memory to fill; of all that it has, not of what is free, so that parts do not differ by chance."""


def in_parts(encode: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Encode (N, C, H, W) images, as many at once as the device's memory is for; give the rows in their order."""
    pixels = LEAST_PIXELS
    if images.device.type == "cuda":
        memory = torch.cuda.get_device_properties(images.device).total_memory
        pixels = max(pixels, int(GPU_SHARE * memory / BYTES_PER_PIXEL))
    at_once = max(1, pixels // max(1, images.shape[-2] * images.shape[-1]))
    return torch.cat([encode(part) for part in torch.split(images, at_once)])
