"""The exact shortcuts give the plain form's scores."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from trackspeak.models import kum_fast
from trackspeak.models.kum import Kum, KumConfig, KumMode, build_kum
from trackspeak.models.kum_fast import LOOKS_PER_FRAME, build_fast
from trackspeak.models.trajectory import FEATURES, POINTS

MODES: tuple[KumMode, ...] = ("none", "cascade_attention", "cross_correlation", "text_first_modulation")


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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("trajectory_width", [0, 8])
@pytest.mark.parametrize("frames", [6, 1])
@pytest.mark.parametrize("chunk", [1, 2**24])
def test_scores_are_the_plain_form_s(
    mode: KumMode, trajectory_width: int, frames: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kum_fast, "CHUNK_VALUES", chunk)
    looks = LOOKS_PER_FRAME + 2  # in one frame they are more than is worth moving
    local, glob, frame_rows, look_rows, windows, hidden, sentence = inputs(looks, frames)
    kum = random_kum(mode, trajectory_width)
    with torch.inference_mode():
        fast = build_fast(kum)
        scores = [
            form.pair_scores(
                form.observe(local, glob, frame_rows),
                look_rows,
                windows if trajectory_width else None,
                form.describe(hidden, sentence),
            )
            for form in (kum, fast)
        ]
    assert scores[0].std() > 0.01
    torch.testing.assert_close(scores[1], scores[0], rtol=0, atol=1e-5)


def test_a_look_keeps_one_vector_where_that_is_enough() -> None:
    local, glob, frame_rows, *_ = inputs(3, 3)
    for mode, positions in (("none", 1), ("cross_correlation", 1), ("cascade_attention", 4)):
        with torch.inference_mode():
            looks = build_fast(random_kum(mode, 0)).observe(local, glob, frame_rows)
        assert looks.look_arrays["fused"].shape == (3, positions, 32)
        assert looks.frame_arrays == {}
