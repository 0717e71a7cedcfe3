"""The KUM matcher with the weights of the package."""

from __future__ import annotations

import numpy as np
import pytest

from trackspeak.plugins.contract import Frame, Segments
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
