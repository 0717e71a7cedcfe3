"""Work in parts of bounded size."""

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

LEAST_VALUES = 2**24
"""Numbers in the largest temporary array on a CPU, and at least (64 MB in single precision)."""

ARRAYS_AT_ONCE = 16
"""Temporary arrays of the largest size to leave room for in a GPU's share: some live at a time, and freed ones stay."""


def in_parts(encode: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Encode (N, C, H, W) images, as many at once as the device's memory is for; give the rows in their order."""
    pixels = max(LEAST_PIXELS, gpu_bytes(images.device) // BYTES_PER_PIXEL)
    at_once = max(1, pixels // max(1, images.shape[-2] * images.shape[-1]))
    return torch.cat([encode(part) for part in torch.split(images, at_once)])


def values_at_once(device: torch.device) -> int:
    """How many numbers a temporary array may hold; one that a single row needs may be larger."""
    return max(LEAST_VALUES, gpu_bytes(device) // (4 * ARRAYS_AT_ONCE))


def gpu_bytes(device: torch.device) -> int:
    """The memory to fill of a GPU; 0 for a CPU."""
    if device.type != "cuda":
        return 0
    return int(GPU_SHARE * torch.cuda.get_device_properties(device).total_memory)
