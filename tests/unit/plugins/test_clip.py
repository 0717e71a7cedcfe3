"""The zero-shot matcher: its arithmetic on random weights in the official layout; how well CLIP sees is not tested."""

from __future__ import annotations

import json
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
from trackspeak.service import RunOptions, track

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


def test_precision_is_of_the_arithmetic(matcher: Any, tiny_clip_weights: Path) -> None:
    coarse, _ = create("matcher", "clip", {"weights": tiny_clip_weights, "precision": "bfloat16", "device": "cpu"})
    fine, got = (observe(one, 4).look_arrays["feature"] for one in (matcher, coarse))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, fine, atol=0.03)
    np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1, atol=1e-5)
    assert np.abs(got - fine).max() > 1e-5
    scores = coarse.score(observe(coarse, 4), segments(-40, 40), coarse.describe(TEXTS))
    assert scores.values.dtype == np.float32
    with pytest.raises(OptionError, match=r"matcher\.precision must be float32 or bfloat16 on a CPU, got float16"):
        create("matcher", "clip", {"weights": tiny_clip_weights, "precision": "float16", "device": "cpu"})


@pytest.mark.parametrize(
    ("normalisation", "mean", "std"),
    [
        ("openai", (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
        ("inception", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ],
)
def test_pixels_are_normalised_as_the_weights_want(
    tiny_clip_weights: Path, normalisation: str, mean: tuple[float, ...], std: tuple[float, ...]
) -> None:
    given, _ = create("matcher", "clip", {"weights": tiny_clip_weights, "normalisation": normalisation, "margin": 0.0})
    rgb = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    (observed,) = given.observe([Frame(0, 0.0, rgb)], [np.array([[0, 0, 32, 32]], np.float32)])
    pixels = (torch.from_numpy(rgb).float() / 255 - torch.tensor(mean)) / torch.tensor(std)
    with torch.inference_mode():
        expected = load_clip(tiny_clip_weights).encode_image(pixels.permute(2, 0, 1)[None], normalize=True)
    np.testing.assert_allclose(observed.look_arrays["feature"], expected.numpy(), atol=1e-5)


def test_tracks_of_a_file_are_matched_from_python_too(
    tiny_clip_weights: Path, tiny_clip: Path, command: Any, tmp_path: Path
) -> None:
    tracks = tmp_path / "tracks.txt"
    lines = [
        (frame, track, left, 40) for frame in range(1, 25) for track, left in ((3, 4 * frame), (5, 120 - 4 * frame))
    ]
    tracks.write_text("".join(f"{frame},{track},{left},{top},30,20,1,-1,-1,-1\n" for frame, track, left, top in lines))
    chosen = ("--tracks", tracks, "--matcher", "clip", "--set", f"matcher.weights={tiny_clip_weights}")
    done = command("run", tiny_clip, "-q", "moving left", "-q", "the red car", *chosen, "--json")
    assert done.code == 0, done.err
    shown = json.loads(done.out)
    assert [found["track_id"] for found in shown["queries"][0]["tracks"]] == [5]
    options = {"tracker.path": str(tracks), "matcher.weights": str(tiny_clip_weights)}
    result = track(
        tiny_clip, ["moving left", "the red car"], RunOptions(tracker="from_file", matcher="clip", set=options)
    ).to_dict()
    assert result["queries"] == shown["queries"]
    assert [result["plugins"][kind]["name"] for kind in ("tracker", "matcher")] == ["from_file", "clip"]


def test_the_whole_path_runs(tiny_clip_weights: Path, command: Any, tiny_clip: Path) -> None:
    done = command(
        "run", tiny_clip, "-q", "moving left", "-q", "moving right", "--matcher", "clip",
        "--set", f"matcher.weights={tiny_clip_weights}", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    answers = json.loads(done.out)["queries"]
    assert [len(answer["tracks"]) for answer in answers] == [1, 1]
    assert answers[0]["tracks"][0]["track_id"] != answers[1]["tracks"][0]["track_id"]
