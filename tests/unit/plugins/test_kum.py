"""The KUM matcher with the weights of the package."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trackspeak.plugins.contract import Frame, Observations, Segments
from trackspeak.plugins.matchers import _texts_kept, kum
from trackspeak.plugins.matchers._devices import Precision
from trackspeak.plugins.matchers.kum import KumMatcher, KumOptions


@pytest.fixture(scope="module")
def matcher() -> KumMatcher:
    return KumMatcher(KumOptions(device="cpu"))


def frame(index: int) -> Frame:
    return Frame(index, index / 10, np.random.default_rng(index).integers(0, 256, (48, 64, 3), np.uint8))


BOXES = [np.float32([[4, 4, 30, 24], [20, 10, 60, 40]]), np.float32([[0, 0, 16, 16]])]


def test_a_text_is_encoded_once_and_by_itself(matcher: KumMatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    describe, calls = matcher._model.describe, []
    monkeypatch.setattr(matcher._model, "describe", lambda tokens: calls.append(len(tokens)) or describe(tokens))
    alone = matcher.describe(["an orange motorcycle"])
    beside = matcher.describe(["two people that walk slowly to the right", "an orange motorcycle"])
    assert calls == [1, 1], "the second time it is known"
    for name in alone.arrays:
        np.testing.assert_array_equal(beside.arrays[name][1:], alone.arrays[name])


def test_frames_observed_together_are_as_each_by_itself(matcher: KumMatcher) -> None:
    frames = [frame(0), frame(1)]
    together = matcher.observe(frames, BOXES)
    for one, boxes, found in zip(frames, BOXES, together, strict=True):
        (alone,) = matcher.observe([one], [boxes])
        for name, array in alone.look_arrays.items():
            assert len(array) == len(boxes)
            np.testing.assert_allclose(found.look_arrays[name], array, atol=1e-5)


def test_a_word_never_trained_is_named(matcher: KumMatcher) -> None:
    (warning,) = matcher.describe(["a red zeppelin", "a red car"]).warnings
    assert "'zeppelin'" in warning


def test_bfloat16_scores_nearly_the_same(matcher: KumMatcher) -> None:
    half = KumMatcher(KumOptions(device="cpu", precision="bfloat16"))
    windows = np.zeros((1, 16, 19), np.float32)
    segments = Segments(np.array([1]), np.array([0]), np.array([7]), np.array([[0, 1]]), windows)
    scores = []
    for one in (matcher, half):
        (observed,) = one.observe([frame(0)], BOXES[:1])
        scores.append(one.score(observed, segments, one.describe(["a red car", "a bus"])).values)
    np.testing.assert_allclose(scores[1], scores[0], atol=0.1)


def segments_of(look_rows: list[list[int]]) -> Segments:
    count = len(look_rows)
    windows = np.random.default_rng(0).normal(size=(count, 16, 19)).astype(np.float32)
    return Segments(np.arange(count), np.zeros(count, np.int64), np.full(count, 7), np.array(look_rows), windows)


def test_each_part_of_segments_takes_the_rows_that_it_looks_at(
    matcher: KumMatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    observed = Observations.concatenate(matcher.observe([frame(0), frame(1)], BOXES))
    segments, phrases = segments_of([[0, 2], [1, 1], [2, 1]]), matcher.describe(["a red car", "a bus"])
    whole = matcher.score(observed, segments, phrases).values
    score, taken = matcher._model.score, []
    monkeypatch.setattr(kum, "SEGMENTS_AT_ONCE", 1)
    monkeypatch.setattr(
        matcher._model, "score", lambda looks, *rest: taken.append(len(looks.frame_rows)) or score(looks, *rest)
    )
    np.testing.assert_allclose(matcher.score(observed, segments, phrases).values, whole, atol=1e-5)
    assert taken == [2, 1, 2]


def test_rows_taken_are_those_asked_for(matcher: KumMatcher) -> None:
    maps, globes = np.arange(10, dtype=np.float32), np.arange(4, dtype=np.float32)
    frames = np.array([0, 0, 1, 1, 1, 2, 2, 3, 3, 3])
    observations = Observations({"local": maps}, frames, {"global": globes}, np.arange(4))
    for look_rows in ([[9, 2], [3, 9]], [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]):
        asked = np.array(look_rows)
        looks, rows = matcher._looks(observations, asked)
        local, glob = looks.look_arrays["local"], looks.frame_arrays["global"]
        assert len(local) == len(np.unique(asked))
        assert len(glob) == len(np.unique(frames[asked]))
        np.testing.assert_array_equal(local[rows], maps[asked])
        np.testing.assert_array_equal(glob[looks.frame_rows[rows]], globes[frames[asked]])


def test_on_a_gpu_unknown_texts_are_encoded_together(matcher: KumMatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a white van", "a black bus", "a green lorry", "a white van"]
    one_by_one = matcher.describe(texts)
    fresh = KumMatcher(KumOptions(device="cpu"))
    describe, calls = fresh._model.describe, []
    monkeypatch.setattr(fresh._model, "describe", lambda tokens: calls.append(len(tokens)) or describe(tokens))
    monkeypatch.setattr(fresh._kept, "_at_once", 2)
    monkeypatch.setattr(kum, "to_device", lambda tensor, _: tensor)  # the numbers stay where they are
    monkeypatch.setattr(fresh, "_device", torch.device("cuda"))
    together = fresh.describe(texts)
    assert calls == [2, 1]
    for name, array in one_by_one.arrays.items():
        np.testing.assert_allclose(together.arrays[name], array, atol=1e-5)


def test_texts_asked_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_texts_kept, "TEXTS_KEPT", 2)
    matcher = KumMatcher(KumOptions(device="cpu"))
    matcher.describe(["a car", "a bus"])
    matcher.describe(["a car"])
    matcher.describe(["a van"])
    assert list(matcher._kept._kept) == ["a car", "a van"]
    assert len(matcher.describe(["a man", "a dog", "a bus"]).texts) == 3, "more than are kept"
    assert len(matcher._kept._kept) == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-4), ("float16", 0.1)])
def test_a_gpu_scores_as_a_cpu(
    matcher: KumMatcher, precision: Precision, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tolerances are of logits, which are cosines times a learned scale."""
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    texts, scores = ["a red car", "a bus", "two people that walk"], []
    for one in (matcher, KumMatcher(KumOptions(device="cuda", precision=precision))):
        observed = Observations.concatenate(one.observe([frame(0), frame(1)], BOXES))
        scores.append(one.score(observed, segments_of([[0, 2], [1, 1], [2, 1]]), one.describe(texts)).values)
    np.testing.assert_allclose(scores[1], scores[0], atol=tolerance)
