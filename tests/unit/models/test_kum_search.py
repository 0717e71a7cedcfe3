"""Summaries of segments give the scores of the segments, and probes come near them."""

from __future__ import annotations

import pytest
import torch
from kum_inputs import inputs, random_kum
from torch import Tensor

from trackspeak.models.errors import ContractError
from trackspeak.models.kum import KumMode, Texts
from trackspeak.models.kum_fast import FastKum, build_fast
from trackspeak.models.kum_search import can_summarise, probes, score_summaries, summarise

SEARCHED: tuple[KumMode, ...] = ("none", "cross_correlation")


def parts(mode: KumMode, trajectory_width: int) -> tuple[FastKum, Texts, Tensor, tuple[Tensor, Tensor, Tensor | None]]:
    """A fast KUM, texts, the exact scores, and what segments are: looks, rows and windows."""
    local, glob, frame_rows, _, _, hidden, sentence = inputs(60, 6)
    torch.manual_seed(3)
    rows, windows = torch.randint(60, (200, 2)), torch.randn(200, 16, 19)
    fast = build_fast(random_kum(mode, trajectory_width))
    looks, texts = fast.observe(local, glob, frame_rows), fast.describe(hidden, sentence)
    given = windows if trajectory_width else None
    return fast, texts, fast.pair_scores(looks, rows, given, texts), (looks, rows, given)  # type: ignore[return-value]


@pytest.mark.parametrize("mode", SEARCHED)
@pytest.mark.parametrize("trajectory_width", [0, 8])
def test_summaries_score_as_segments_do(mode: KumMode, trajectory_width: int) -> None:
    with torch.inference_mode():
        fast, texts, wanted, (looks, rows, windows) = parts(mode, trajectory_width)
        summaries = summarise(fast, looks, rows, windows)  # type: ignore[arg-type]
        assert can_summarise(fast)
        assert summaries.vectors.shape == (200, 32 + trajectory_width + 1)
        torch.testing.assert_close(score_summaries(fast, summaries, texts), wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("mode", SEARCHED)
@pytest.mark.parametrize("trajectory_width", [0, 8])
def test_probes_have_the_sign_and_nearly_the_order(mode: KumMode, trajectory_width: int) -> None:
    with torch.inference_mode():
        fast, texts, wanted, (looks, rows, windows) = parts(mode, trajectory_width)
        near = summarise(fast, looks, rows, windows).vectors @ probes(fast, texts).T  # type: ignore[arg-type]
    sure = wanted.abs() > 1e-4
    assert (near.sign() == wanted.sign())[sure].all()
    for column in range(wanted.shape[1]):
        order = torch.corrcoef(
            torch.stack([near[:, column].argsort().argsort(), wanted[:, column].argsort().argsort()])
        )
        assert order[0, 1] > 0.9


def test_without_a_guide_probes_are_exact() -> None:
    with torch.inference_mode():
        fast, texts, wanted, (looks, rows, windows) = parts("none", 8)
        near = summarise(fast, looks, rows, windows).vectors @ probes(fast, texts).T  # type: ignore[arg-type]
    torch.testing.assert_close(near, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("mode", ["cascade_attention", "text_first_modulation"])
def test_designs_that_look_at_maps_are_refused(mode: KumMode) -> None:
    with torch.inference_mode():
        fast, _, _, (looks, rows, windows) = parts(mode, 0)
        assert not can_summarise(fast)
        assert not can_summarise(random_kum(mode, 0))
        with pytest.raises(ContractError, match="none and cross correlation"):
            summarise(fast, looks, rows, windows)  # type: ignore[arg-type]
