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

from trackspeak.models.released import CLIP_MEAN, CLIP_STD
from trackspeak.models.tokenizer import ClipTokenizer

QUERIES = ("cars-in-red", "left-people-who-are-walking", "a light color car")
NORMALISED = ("car in red", "left pedestrian who are walking", "a light-color car")
CROP, FRAME, LENGTH, STRIDE = 64, 96, 8, 4


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


def expected_scores(frames: Path, tracks: Path, backbone: Any, kum: Any) -> dict[tuple[int, int, str], float]:
    boxes: dict[int, dict[int, list[int]]] = defaultdict(dict)
    for line in tracks.read_text().splitlines():
        frame, track, x, y, w, h = (float(value) for value in line.split(",")[:6])
        boxes[int(track)][int(frame)] = [int(x), int(y), int(x + w), int(y + h)]
    scores: dict[tuple[int, int, str], list[float]] = defaultdict(list)
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


@pytest.mark.parametrize("mode", ["cascade_attention", "cross_correlation", "text_first_modulation"])
def test_scores_are_the_authors(
    command: Callable[..., Any], released: Callable[..., Any], frames: Path, tracks: Path, tmp_path: Path, mode: str
) -> None:
    parts = released(tmp_path / "ikun.pth", mode)
    arguments = [argument for query in QUERIES for argument in ("--query", query)]
    arguments += ["--tracks", tracks, "--profile", "ikun", "--weights", tmp_path / "ikun.pth"]
    arguments += ["--set", f"matcher.cache={tmp_path / 'cache'}", "--scores", tmp_path / "scores.json"]
    done = command("run", frames, *arguments, "--out", tmp_path / "out", "--no-video", "--json")
    assert done.code == 0, done.err
    rows = json.loads((tmp_path / "scores.json").read_text())
    found = {(row["track_id"], row["frame"], row["query"]): row["score"] for row in rows}
    with torch.inference_mode():
        expected = expected_scores(frames, tracks, *parts)
    assert len(rows) == len(found) == 31 * len(QUERIES)
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in found) < 1e-4
    assert np.std(list(found.values())) > 1e-3
    result = json.loads(done.out)
    assert result["first_frame"] == 0
    above = {key[:2] for key, score in expected.items() if key[2] == QUERIES[0] and score > 0}
    predicted = (tmp_path / "out" / QUERIES[0] / "predict.txt").read_text().splitlines()
    assert {(int(line.split(",")[1]), int(line.split(",")[0])) for line in predicted} == above


def test_the_profile_needs_its_weights(command: Callable[..., Any], frames: Path, tracks: Path) -> None:
    done = command("run", frames, "-q", "a car", "--tracks", tracks, "--profile", "ikun")
    assert done.code == 2
    assert "the profile ikun needs matcher.model (--weights)" in done.err
