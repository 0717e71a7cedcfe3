"""Batch norms folded into convolutions."""

from __future__ import annotations

import open_clip
import pytest
import torch
from torch import nn

from trackspeak.models.folding import fold_batch_norms


def tower(layers: object) -> nn.Module:
    vision = {"layers": layers, "width": 16 if isinstance(layers, list) else 64, "image_size": 64}
    vision["patch_size"] = None if isinstance(layers, list) else 16
    text = {"context_length": 8, "vocab_size": 16, "width": 16, "heads": 2, "layers": 1}
    torch.manual_seed(0)
    visual = open_clip.CLIP(embed_dim=16, vision_cfg=vision, text_cfg=text).visual
    for module in visual.modules():
        if isinstance(module, nn.BatchNorm2d):
            for numbers in (module.weight, module.running_var):
                nn.init.uniform_(numbers, 0.5, 2.0)
            for numbers in (module.bias, module.running_mean):
                nn.init.normal_(numbers)
    return visual.eval()


@pytest.mark.parametrize("layers", [[1, 2, 2, 1], 2])
def test_folding_changes_nothing_but_rounding(layers: object) -> None:
    visual, images = tower(layers), torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        before = visual(images)
        fold_batch_norms(visual)
        torch.testing.assert_close(visual(images), before, rtol=1e-4, atol=1e-5)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in visual.modules())


def test_a_tower_in_training_is_refused() -> None:
    with pytest.raises(ValueError, match="evaluation"):
        fold_batch_norms(tower([1, 1, 1, 1]).train())
