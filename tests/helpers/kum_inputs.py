"""A KUM with random weights, and what it is asked."""

from __future__ import annotations

import torch
from torch import Tensor

from trackspeak.models.kum import Kum, KumConfig, KumMode, build_kum
from trackspeak.models.trajectory import FEATURES, POINTS


def random_kum(mode: KumMode, trajectory_width: int) -> Kum:
    """A KUM whose weights, biases and running statistics are all away from where they begin."""
    torch.manual_seed(1)
    config = KumConfig(
        mode=mode,
        visual_width=32,
        text_width=16,
        output_width=16,
        local_size=2,
        global_size=3,
        trajectory_width=trajectory_width,
    )
    kum = build_kum(config).eval()
    for name, value in kum.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn_like(value) * (0.3 if value.dim() < 2 else value[0].numel() ** -0.5)
            value.copy_(noise.abs() + 0.5 if name.endswith("running_var") else noise)
    return kum


def inputs(looks: int, frames: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(2)
    return (
        torch.randn(looks, 32, 2, 2),
        torch.randn(frames, 32, 3, 3),
        torch.randint(frames, (looks,)),
        torch.randint(looks, (4, 2)),
        torch.randn(4, POINTS, len(FEATURES)),
        torch.randn(5, 10, 16),
        torch.randn(5, 16),
    )
