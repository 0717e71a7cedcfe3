"""The exact shortcuts give the plain form's scores."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from kum_inputs import inputs, random_kum
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from trackspeak.models import frame_attention, kum_fast, parts
from trackspeak.models.frame_attention import LOOKS_PER_FRAME
from trackspeak.models.kum import KumMode, Texts
from trackspeak.models.kum_fast import FastKum, build_fast

MODES: tuple[KumMode, ...] = ("none", "cascade_attention", "cross_correlation", "text_first_modulation")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("trajectory_width", [0, 8])
@pytest.mark.parametrize("frames", [6, 1])
@pytest.mark.parametrize(
    "looks", [LOOKS_PER_FRAME + 2, 6 * LOOKS_PER_FRAME + 3]
)  # in 1 frame, in both: too many to move
@pytest.mark.parametrize("chunk", [1, 600, 2**24])  # a frame's map has 288 numbers
def test_scores_are_the_plain_form_s(
    mode: KumMode, trajectory_width: int, frames: int, looks: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "LEAST_VALUES", chunk)
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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at_once", [2, 5])
def test_texts_scored_together_as_on_a_gpu_score_as_in_the_plain_form(
    mode: KumMode, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = mode == "text_first_modulation"
    monkeypatch.setattr(kum_fast, "_texts_at_once", lambda *_: 1 if one_by_one else at_once)
    local, glob, frame_rows, look_rows, windows, hidden, sentence = inputs(looks=7, frames=6)
    kum = random_kum(mode, 8)
    with torch.inference_mode():
        texts = kum.describe(hidden, sentence)
        scores = [
            form.pair_scores(form.observe(local, glob, frame_rows), look_rows, windows, texts)
            for form in (kum, build_fast(kum))
        ]
    torch.testing.assert_close(scores[1], scores[0], rtol=0, atol=1e-5)


class LargestStorage(TorchDispatchMode):
    """Notes the numbers in the largest memory that any operation's result lies in."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self.numbers = max(self.numbers, leaf.untyped_storage().nbytes() // leaf.element_size())
        return result


def largest_temporary(fast: FastKum, looks: int, frames: int, texts: int) -> tuple[int, int]:
    """The numbers in the largest array in observing what knows its place, and in scoring."""
    torch.manual_seed(3)
    local, glob, frame_rows = torch.randn(looks, 4, 32), torch.randn(frames, 9, 32), torch.arange(looks) % frames
    look_rows = torch.stack([torch.arange(looks), torch.arange(looks).roll(1)], dim=1)
    observing, scoring = LargestStorage(), LargestStorage()
    with torch.no_grad():  # in inference mode operations made of others would be seen as one
        described = fast.describe(torch.randn(texts, 10, 16), torch.randn(texts, 16))
        with observing:
            observed = fast._fuse(local, glob, frame_rows)
        with scoring:
            fast.pair_scores(observed, look_rows, None, described)
    return observing.numbers, scoring.numbers


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frames", [30, 10])  # 4 and 12 looks in each: keys and values are moved, or projected
def test_no_temporary_array_goes_over_the_bound(mode: KumMode, frames: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 120
    fast = build_fast(random_kum(mode, 0))
    bound = looks * 4 * 32  # what goes in and comes out: the maps of all looks
    monkeypatch.setattr(parts, "LEAST_VALUES", bound)
    assert max(largest_temporary(fast, looks, frames, texts=40)) <= bound
    if mode != "none":
        monkeypatch.setattr(parts, "LEAST_VALUES", 2**24)
        assert max(largest_temporary(fast, looks, frames, texts=40)) > bound, "the bound is worth something"


@pytest.mark.parametrize("mode", MODES)
def test_on_a_cpu_a_text_s_scores_do_not_depend_on_what_else_is_asked(mode: KumMode) -> None:
    local, glob, frame_rows, look_rows, windows, hidden, sentence = inputs(looks=7, frames=3)
    fast = build_fast(random_kum(mode, 8))
    with torch.inference_mode():
        looks, texts = fast.observe(local, glob, frame_rows), fast.describe(hidden, sentence)
        together = fast.pair_scores(looks, look_rows, windows, texts)
        for row in range(len(texts.feature)):
            one = Texts(texts.feature[row : row + 1], texts.guide[row : row + 1])
            alone = fast.pair_scores(looks, look_rows, windows, one)
            assert torch.equal(alone[:, 0], together[:, row])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("frames", [6, 1])
@pytest.mark.parametrize("chunk", [1, 2**24])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float16, 2e-2)])
def test_a_gpu_gives_the_scores_of_a_cpu(
    mode: KumMode, frames: int, chunk: int, dtype: torch.dtype, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    local, glob, frame_rows, look_rows, windows, hidden, sentence = inputs(LOOKS_PER_FRAME + 2, frames)
    fast = build_fast(random_kum(mode, 8))
    with torch.inference_mode():
        looks = fast.observe(local, glob, frame_rows)
        expected = fast.pair_scores(looks, look_rows, windows, fast.describe(hidden, sentence))
        fast.to("cuda", dtype)
        local, glob, windows, hidden, sentence = (
            tensor.to("cuda", dtype) for tensor in (local, glob, windows, hidden, sentence)
        )
        if chunk == 1:
            monkeypatch.setattr(kum_fast, "values_at_once", lambda _: 1)
            monkeypatch.setattr(frame_attention, "values_at_once", lambda _: 1)
        looks = fast.observe(local, glob, frame_rows.cuda())
        scores = fast.pair_scores(looks, look_rows.cuda(), windows, fast.describe(hidden, sentence))
    torch.testing.assert_close(scores.float().cpu(), expected, rtol=0, atol=tolerance)


def test_a_look_keeps_one_vector_where_that_is_enough() -> None:
    local, glob, frame_rows, *_ = inputs(3, 3)
    for mode, positions in (("none", 1), ("cross_correlation", 1), ("cascade_attention", 4)):
        with torch.inference_mode():
            looks = build_fast(random_kum(mode, 0)).observe(local, glob, frame_rows)
        assert looks.look_arrays["fused"].shape == (3, positions, 32)
        assert looks.frame_arrays == {}
