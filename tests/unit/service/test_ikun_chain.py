"""Frames, tracks and expressions to scores per frame, against the authors' protocol written out pair by pair."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import functional

from trackspeak.models.kum import KumMode
from trackspeak.models.released import CLIP_MEAN, CLIP_STD
from trackspeak.models.tokenizer import ClipTokenizer

QUERIES = ("cars-in-red", "left-people-who-are-walking", "a light color car")
NORMALISED = ("car in red", "left pedestrian who are walking", "a light-color car")
CROP, FRAME, LENGTH, STRIDE = 64, 96, 8, 4

Key = tuple[int, int, str]
Scored = dict[Key, float]
Run = Callable[..., tuple[Scored, dict[str, Any]]]


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (30, 5, 8, 3), np.uint8)
    for index, picture in enumerate(coarse):
        Image.fromarray(picture).resize((120, 70), Image.Resampling.BICUBIC).save(folder / f"{index:06d}.png")
    return folder


@pytest.fixture
def tracks(tmp_path: Path) -> Path:
    """One with a gap, one below 8 frames, one of a single frame; the first leaves the picture."""
    rows = [(frame, 1, 90.7 + frame, 40.2, 30.9, 21.5) for frame in (*range(12), *range(14, 27))]
    rows += [(frame, 2, 10.3, 5.8 + frame, 25.5, 14.1) for frame in range(3, 8)]
    rows += [(20, 3, -6.5, -4.2, 40.0, 33.3)]
    path = tmp_path / "predict.txt"
    path.write_text("".join(f"{frame},{track},{x},{y},{w},{h},1,-1,-1,-1\n" for frame, track, x, y, w, h in rows))
    return path


def picture(image: Image.Image, size: int) -> torch.Tensor:
    longest = max(image.size)
    left, top = ((longest - side) // 2 for side in image.size)
    square = functional.pad(image, [left, top, longest - image.width - left, longest - image.height - top])
    scaled = functional.to_tensor(functional.resize(square, [size, size]))
    return functional.normalize(scaled, CLIP_MEAN, CLIP_STD)


def segments(run: list[int]) -> list[list[int]]:
    found = []
    for start in range(run[0], run[-1] + 1, STRIDE):
        stop = min(run[-1], start + LENGTH - 1)
        found.append(list(range(max(run[0], stop - LENGTH + 1), stop + 1)))
        if stop == run[-1]:
            break
    return found


def expected_scores(frames: Path, tracks: Path, backbone: Any, kum: Any) -> Scored:
    boxes: dict[int, dict[int, list[int]]] = defaultdict(dict)
    for line in tracks.read_text().splitlines():
        frame, track, x, y, w, h = (float(value) for value in line.split(",")[:6])
        boxes[int(track)][int(frame)] = [int(x), int(y), int(x + w), int(y + h)]
    scores: dict[Key, list[float]] = defaultdict(list)
    tokens = ClipTokenizer().encode(NORMALISED).tokens
    for track, path in boxes.items():
        breaks = np.flatnonzero(np.diff(sorted(path)) > 1) + 1
        for run in np.split(np.array(sorted(path)), breaks):
            for segment in segments(run.tolist()):
                looked = [segment[at] for at in np.linspace(0, len(segment), 2, endpoint=False, dtype=int)]
                images = [Image.open(frames / f"{frame:06d}.png") for frame in looked]
                crops = [picture(image.crop(path[frame]), CROP) for image, frame in zip(images, looked, strict=True)]
                wholes = [picture(image, FRAME) for image in images]
                maps = [backbone.encode_map(torch.stack(part)) for part in (crops, wholes)]
                for query, row in zip(QUERIES, tokens, strict=True):
                    hidden, sentence = backbone.encode_text(row[None])
                    score = float(kum(maps[0][None], maps[1][None], hidden, sentence))
                    for frame in segment:
                        scores[track, frame, query].append(score)
    return {key: float(np.mean(values)) for key, values in scores.items()}


@pytest.fixture
def run_ikun(command: Callable[..., Any], frames: Path, tracks: Path, tmp_path: Path) -> Run:
    """Ask the checkpoint `ikun.pth`: `run_ikun(out, *arguments)` gives scores.json and the result, files in `out`."""

    def call(out: Path, *more: object) -> tuple[Scored, dict[str, Any]]:
        arguments: list[object] = [argument for query in QUERIES for argument in ("--query", query)]
        arguments += ["--tracks", tracks, "--profile", "ikun", "--weights", tmp_path / "ikun.pth"]
        arguments += ["--set", f"matcher.cache={tmp_path / 'cache'}", "--set", "matcher.device=cpu"]
        arguments += ["--scores", out / "scores.json", *more]
        done = command("run", frames, *arguments, "--out", out, "--no-video", "--json")
        assert done.code == 0, done.err
        rows = json.loads((out / "scores.json").read_text())
        found = {(row["track_id"], row["frame"], row["query"]): row["score"] for row in rows}
        assert len(rows) == len(found) == 31 * len(QUERIES)
        return found, json.loads(done.out)

    return call


def predicted(out: Path, query: str) -> set[tuple[int, int]]:
    lines = (out / query.replace(" ", "-") / "predict.txt").read_text().splitlines()
    return {(int(line.split(",")[1]), int(line.split(",")[0])) for line in lines}


def amid(scores: Scored, query: str) -> float:
    """What parts a query's frames in two: the middle of the widest gap between its scores, the outer ones aside."""
    inner = np.sort([score for key, score in scores.items() if key[2] == query])[8:-8]
    widest = int(np.argmax(np.diff(inner)))
    return float(inner[widest : widest + 2].mean())


def above(scores: Scored, query: str, threshold: float) -> set[tuple[int, int]]:
    return {key[:2] for key, score in scores.items() if key[2] == query and score > threshold}


@pytest.mark.parametrize("mode", ["cascade_attention", "cross_correlation", "text_first_modulation"])
def test_scores_are_the_authors(
    released: Callable[..., Any], run_ikun: Run, frames: Path, tracks: Path, tmp_path: Path, mode: KumMode
) -> None:
    parts = released(tmp_path / "ikun.pth", mode)
    with torch.inference_mode():
        expected = expected_scores(frames, tracks, *parts)
    threshold = amid(expected, QUERIES[0])
    found, result = run_ikun(tmp_path / "out", f"--threshold={threshold}")
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in found) < 1e-5
    for query in QUERIES:  # a hundred tolerances: what is seen of the pictures decides, not the sentence alone
        assert np.std([score for key, score in found.items() if key[2] == query]) > 1e-3
        assert predicted(tmp_path / "out", query) == above(expected, query, threshold)
    assert 8 <= len(predicted(tmp_path / "out", QUERIES[0])) <= 23
    assert result["first_frame"] == 0


def test_calibration_decides_who_is_meant_and_leaves_the_raw_scores(
    command: Callable[..., Any], released: Callable[..., Any], run_ikun: Run, tiny_clip_weights: Path, tmp_path: Path
) -> None:
    released(tmp_path / "ikun.pth", "cascade_attention")
    raw, _ = run_ikun(tmp_path / "raw")
    shares = dict(zip(QUERIES, (0.4, 0.5, 0.1), strict=True))
    (tmp_path / "counts.json").write_text(json.dumps({query: round(100 * share) for query, share in shares.items()}))
    fitted = tmp_path / "frequencies.safetensors"
    done = command("fit-frequencies", tmp_path / "counts.json", "--encoder", tiny_clip_weights, "--out", fitted)
    assert done.code == 0, done.err
    # 0 is to part the first query's frames; the others' shares then lift all of their frames above it, or none
    b = -amid(raw, QUERIES[0]) - 8 * shares[QUERIES[0]]
    options = {"path": fitted, "encoder": tiny_clip_weights, "b": b}
    settings = [part for key, value in options.items() for part in ("--set", f"calibrator.{key}={value}")]
    calibrated, result = run_ikun(tmp_path / "shifted", "--calibrator", "frequency", *settings)
    assert calibrated == raw
    shifted = {key: score + 8 * shares[key[2]] + b for key, score in raw.items()}
    for query, answer in zip(QUERIES, result["queries"], strict=True):
        assert predicted(tmp_path / "raw", query) == above(raw, query, 0)
        meant = above(shifted, query, 0)
        assert predicted(tmp_path / "shifted", query) == meant
        assert {track["track_id"] for track in answer["tracks"]} == {track for track, _ in meant}
        for track in answer["tracks"]:
            inside = [shifted[*pair, query] for pair in meant if pair[0] == track["track_id"]]
            assert track["score"] == pytest.approx(np.mean(inside), abs=1e-4)
    sizes = [len(predicted(tmp_path / "shifted", query)) for query in QUERIES]
    assert 8 <= sizes[0] <= 23
    assert sizes[1:] == [31, 0]


def test_the_profile_needs_its_weights(command: Callable[..., Any], frames: Path, tracks: Path) -> None:
    done = command("run", frames, "-q", "a car", "--tracks", tracks, "--profile", "ikun")
    assert done.code == 2
    assert "the profile ikun needs matcher.model (--weights)" in done.err
