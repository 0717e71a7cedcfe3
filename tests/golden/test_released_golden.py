"""A checkpoint in the released format, at RN50's size with the CLIP towers in it, holds the authors' values."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trackspeak.models.backbone import Backbone
from trackspeak.models.kum import KumConfig, KumMode, build_kum
from trackspeak.models.referring import Referring
from trackspeak.models.released import convert_released

RN50 = {
    "embed_dim": 1024,
    "quick_gelu": True,
    "vision_cfg": {"layers": [3, 4, 6, 3], "width": 64, "image_size": 224, "patch_size": None},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12},
}


MODES: tuple[KumMode, ...] = ("none", "cascade_attention", "cross_correlation", "text_first_modulation")


@pytest.fixture(scope="module")
def clip_state(fill_by_rule: Callable[..., None]) -> dict[str, torch.Tensor]:
    """The CLIP towers of a checkpoint, which are the same in all modes."""
    backbone = Backbone(RN50)
    fill_by_rule(backbone.clip, "clip.")
    return {f"module.clip.{name}": value for name, value in backbone.clip.state_dict().items()}


@pytest.mark.parametrize("mode", MODES)
def test_the_authors_values_hold_through_a_released_checkpoint(
    shared_dir: Path,
    fill_by_rule: Callable[..., None],
    clip_state: dict[str, torch.Tensor],
    tmp_path: Path,
    mode: KumMode,
) -> None:
    golden = np.load(shared_dir / "golden" / f"kum_full_{mode}.npz")
    kum = build_kum(KumConfig(mode=mode))
    fill_by_rule(kum)
    state = {f"module.{name}": value for name, value in kum.state_dict().items()} | clip_state
    torch.save({"model": state, "epoch": 99}, tmp_path / "ikun.pth")
    del kum, state
    # the rule moves statistics that text-first modulation leaves as they began, which reads as cross correlation
    told = mode if mode == "text_first_modulation" else None
    convert_released(tmp_path / "ikun.pth", tmp_path / "model", told)
    model = Referring.from_folder(tmp_path / "model")
    assert (model.config.kum.mode, model.config.crop_size, model.config.frame_size) == (mode, 224, 672)
    rng = np.random.default_rng(11)
    shapes = ((2, 2, 2048, 7, 7), (2, 2, 2048, 21, 21), (2, 10, 1024), (2, 1024))
    local, glob, hidden, sentence = (
        torch.from_numpy(rng.standard_normal(shape).astype(np.float32)) for shape in shapes
    )
    with torch.inference_mode():
        looks = model.kum.observe(local.flatten(0, 1), glob.flatten(0, 1), torch.arange(4))
        texts = model.kum.describe(hidden, sentence)
        scores = model.kum.pair_scores(looks, torch.arange(4).reshape(2, 2), None, texts)
    np.testing.assert_allclose(texts.feature.numpy(), golden["text_feat"], rtol=0, atol=1e-5)
    np.testing.assert_allclose(scores.diagonal().numpy(), golden["logits"], rtol=0, atol=1e-5)
