"""KUM equals the authors' implementation: their outputs for weights filled by a rule."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from trackspeak.models.kum import KumConfig, KumMode, build_kum
from trackspeak.models.kum_fast import build_fast

MODES: tuple[KumMode, ...] = ("none", "cascade_attention", "cross_correlation", "text_first_modulation")
TOLERANCE = {"rtol": 0.0, "atol": 1e-5}
FFN = {"fusion_ffn.mlp.weight", "fusion_ffn.mlp.bias", "fusion_ffn.norm.weight", "fusion_ffn.norm.bias"}


FillByRule = Callable[..., None]


def golden_inputs(golden: "np.lib.npyio.NpzFile", widths: tuple[int, int]) -> list[Tensor]:
    if "local" in golden:
        return [torch.from_numpy(golden[name]) for name in ("local", "glob", "hidden", "text")]
    visual, text = widths
    rng = np.random.default_rng(11)
    shapes = ((2, 2, visual, 7, 7), (2, 2, visual, 21, 21), (2, 10, text), (2, text))
    return [torch.from_numpy(rng.standard_normal(shape).astype(np.float32)) for shape in shapes]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("size", "visual", "text"), [("small", 64, 32), ("full", 2048, 1024)])
def test_equals_the_authors_outputs(
    shared_dir: Path, fill_by_rule: FillByRule, mode: KumMode, size: str, visual: int, text: int
) -> None:
    golden = np.load(shared_dir / "golden" / f"kum_{size}_{mode}.npz")
    kum = build_kum(KumConfig(mode=mode, visual_width=visual, text_width=text, output_width=text)).eval()
    fill_by_rule(kum)
    local, glob, hidden, sentence = golden_inputs(golden, (visual, text))
    with torch.inference_mode():
        logits = kum(local, glob, hidden, sentence)
        rows = torch.arange(local.shape[0] * local.shape[1])
        looks = kum.observe(local.flatten(0, 1), glob.flatten(0, 1), rows)
        texts = kum.describe(hidden, sentence)
        unified = kum.unify(looks, rows, texts.guide, rows // local.shape[1])
        pooled = unified.unflatten(0, local.shape[:2]).mean(dim=1)
        visual_feature = kum.embed(pooled, None, texts.feature)
    np.testing.assert_allclose(texts.feature.numpy(), golden["text_feat"], **TOLERANCE)
    np.testing.assert_allclose(visual_feature.numpy(), golden["vis_feat"], **TOLERANCE)
    np.testing.assert_allclose(logits.numpy(), golden["logits"], **TOLERANCE)


@pytest.mark.parametrize("mode", MODES)
def test_all_pairs_hold_the_authors_logits_on_their_diagonal(
    shared_dir: Path, fill_by_rule: FillByRule, mode: KumMode
) -> None:
    golden = np.load(shared_dir / "golden" / f"kum_small_{mode}.npz")
    kum = build_kum(KumConfig(mode=mode, visual_width=64, text_width=32, output_width=32)).eval()
    fill_by_rule(kum)
    local, glob, hidden, sentence = golden_inputs(golden, (64, 32))
    rows = torch.arange(local.shape[0] * local.shape[1])
    with torch.inference_mode():
        looks = kum.observe(local.flatten(0, 1), glob.flatten(0, 1), rows)
        scores = kum.pair_scores(looks, rows.unflatten(0, local.shape[:2]), None, kum.describe(hidden, sentence))
    np.testing.assert_allclose(scores.diagonal().numpy(), golden["logits"], **TOLERANCE)


def test_names_are_those_of_the_released_weights() -> None:
    attention = {"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"}
    norm = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
    shared = {"pos_emb_local", "pos_emb_global", "img_fc.weight", "img_fc.bias"}
    shared |= {f"text_fc.{layer}.{part}" for layer in (0, 2) for part in ("weight", "bias")}
    shared |= {f"fusion_local_global.{part}" for part in attention}
    cascade = {f"fusion_visual_textual.{part}" for part in attention} | {"fusion_fc.weight", "fusion_fc.bias"} | FFN
    kernels = {f"fusion_conv{number}.0.weight" for number in (1, 2)}
    kernels |= {f"fusion_conv{number}.1.{part}" for number in (1, 2) for part in norm}
    extra = {
        "none": set(),
        "cascade_attention": cascade,
        "cross_correlation": kernels,
        "text_first_modulation": kernels,
    }
    for mode in MODES:
        kum = build_kum(KumConfig(mode=mode, visual_width=8, text_width=4, output_width=4))
        assert set(kum.state_dict()) == shared | extra[mode]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("size", "visual", "text"), [("small", 64, 32), ("full", 2048, 1024)])
def test_the_shortcuts_hold_the_authors_logits(
    shared_dir: Path, fill_by_rule: FillByRule, mode: KumMode, size: str, visual: int, text: int
) -> None:
    golden = np.load(shared_dir / "golden" / f"kum_{size}_{mode}.npz")
    kum = build_kum(KumConfig(mode=mode, visual_width=visual, text_width=text, output_width=text)).eval()
    fill_by_rule(kum)
    local, glob, hidden, sentence = golden_inputs(golden, (visual, text))
    rows = torch.arange(local.shape[0] * local.shape[1])
    with torch.inference_mode():
        fast = build_fast(kum)
        looks = fast.observe(local.flatten(0, 1), glob.flatten(0, 1), rows)
        scores = fast.pair_scores(looks, rows.unflatten(0, local.shape[:2]), None, fast.describe(hidden, sentence))
    np.testing.assert_allclose(scores.diagonal().numpy(), golden["logits"], **TOLERANCE)
