"""The zero-shot matcher: its arithmetic on random weights in the official layout; how well CLIP sees is not tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trackspeak.models.clip_weights import load_clip
from trackspeak.models.contrasts import aspects
from trackspeak.models.errors import OptionError, QueryError
from trackspeak.models.phrases import take_apart
from trackspeak.models.tokenizer import ClipTokenizer
from trackspeak.models.trajectory import trajectory_window
from trackspeak.plugins.contract import Frame, Observations, Segments
from trackspeak.plugins.registry import create

TEXTS = ("the red car", "vehicles moving to the left", "a tall tree", "moving left")


@pytest.fixture(scope="module")
def matcher(tiny_clip_weights: Path) -> Any:
    return create("matcher", "clip", {"weights": tiny_clip_weights})[0]


def window(velocity_x: float) -> np.ndarray:
    times_s = np.arange(20) / 10
    left = 100 + velocity_x * times_s
    boxes = np.stack([left, 0 * left + 50, left + 30, 0 * left + 70], axis=1).astype(np.float32)
    return trajectory_window(times_s, boxes, (320, 240))


def segments(*velocities_x: float) -> Segments:
    count = len(velocities_x)
    rows = np.arange(2 * count).reshape(count, 2)
    ids = np.arange(count, dtype=np.int64)
    return Segments(ids, 0 * ids, 0 * ids + 7, rows, np.stack([window(velocity) for velocity in velocities_x]))


def observe(matcher: Any, count: int) -> Observations:
    rng = np.random.default_rng(0)
    frames = [Frame(index, index / 10, rng.integers(0, 256, (60, 80, 3), np.uint8)) for index in range(count)]
    return Observations.concatenate(matcher.observe(frames, [np.array([[5, 5, 40, 50]], np.float32)] * count))


def test_a_sentence_is_as_sure_as_the_least_of_what_it_says(matcher: Any, tiny_clip_weights: Path) -> None:
    observed, cut = observe(matcher, 4), segments(-40, 40)
    scores = matcher.score(observed, cut, matcher.describe(TEXTS))
    assert scores.kind == "cosine"
    clip, tokenizer = load_clip(tiny_clip_weights), ClipTokenizer()
    looks = observed.look_arrays["feature"].reshape(2, 2, -1).mean(axis=1)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    expected = []
    for aspect in aspects(take_apart("the red car")):
        with torch.inference_mode():
            prompts = tokenizer.encode([aspect.prompt, *aspect.contrasts]).tokens
            shares = (100 * torch.from_numpy(looks) @ clip.encode_text(prompts, normalize=True).T).softmax(dim=-1)
        expected.append(torch.logit(shares[:, 0].double()).numpy())
    np.testing.assert_allclose(scores.values[:, 0], np.minimum(*expected), atol=1e-3)


def test_motion_is_judged_on_the_path_alone(matcher: Any) -> None:
    scores = matcher.score(observe(matcher, 4), segments(-40, 40), matcher.describe(TEXTS))
    left, right = scores.values[:, TEXTS.index("moving left")]
    assert left > 0 > right
    assert scores.values[1, TEXTS.index("vehicles moving to the left")] < 0


def test_contrasts_are_of_the_same_class() -> None:
    colour, kind = aspects(take_apart("the silver van"))
    assert colour.prompt == "a photo of a silver van"
    assert "a photo of a red van" in colour.contrasts
    assert "a photo of a grey van" not in colour.contrasts
    assert kind.prompt == "a photo of a van"
    assert "a photo of a car" in kind.contrasts
    assert aspects(take_apart("moving left")) == ()


def test_what_cannot_be_judged_is_told(matcher: Any) -> None:
    (warning,) = matcher.describe(["a fast car", "a car"]).warnings
    assert warning == "query 'a fast car': 'fast' cannot be judged by this matcher and is left out"
    (warning,) = matcher.describe(["the car that is not behind a bus", "the left car", "a tall tree"]).warnings
    assert "'not', 'behind', 'bus' cannot be judged" in warning


def test_no_looks_and_no_texts_are_taken(matcher: Any) -> None:
    assert matcher.score(observe(matcher, 2), segments(1), matcher.describe(())).values.shape == (1, 0)
    with pytest.raises(QueryError):
        matcher.describe([" ".join(["word"] * 80)])


def test_weights_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"matcher\.weights must be an existing file"):
        create("matcher", "clip", {"weights": tmp_path / "absent.pt"})


def test_the_whole_path_runs(tiny_clip_weights: Path, command: Any, tiny_clip: Path) -> None:
    done = command(
        "run", tiny_clip, "-q", "moving left", "-q", "moving right", "--matcher", "clip",
        "--set", f"matcher.weights={tiny_clip_weights}", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    import json

    answers = json.loads(done.out)["queries"]
    assert [len(answer["tracks"]) for answer in answers] == [1, 1]
    assert answers[0]["tracks"][0]["track_id"] != answers[1]["tracks"][0]["track_id"]
