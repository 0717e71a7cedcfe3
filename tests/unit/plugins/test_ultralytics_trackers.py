"""The trackers of ultralytics behind the tracker contract give what the library gives when it is called directly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import OptionError, PluginError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo
from trackspeak.plugins.mot_files import read_mot
from trackspeak.plugins.registry import create

# Not `importorskip`: it would import the library with a look at the network, and make a folder in the home.
pytestmark = pytest.mark.skipif(find_spec("ultralytics") is None, reason="needs ultralytics, which is not installed")

MOT15 = Path(__file__).resolve().parents[4] / "shared/data/mot15"
STREAM = StreamInfo(320, 240, 30.0)
CLASSES = {"bytetrack": "BYTETracker", "botsort": "BOTSORT", "deepocsort": "DeepOCSORT"}
"""Our names, without "ultralytics-", which are those of the library's settings files too; and its classes."""

BYTE: dict[str, object] = {"track_high_thresh": 0.6, "track_low_thresh": 0.4, "new_track_thresh": 0.7}
BYTE |= {"match_thresh": 0.5, "fuse_score": False}
OPTIONS: dict[str, dict[str, object]] = {
    "bytetrack": BYTE,
    "botsort": BYTE | {"gmc_method": "none"},
    "deepocsort": BYTE
    | {"delta_t": 1, "inertia": 0.6, "use_byte": True, "gmc_method": "orb"}
    | {"proximity_thresh": 0.1, "appearance_thresh": 0.6, "alpha_fixed_emb": 0.1},
}
"""Another value of every option of the library's."""

CASES = [(name, {key: value}) for name, options in OPTIONS.items() for key, value in options.items()]
CASES.remove(("deepocsort", {"track_low_thresh": 0.4}))
CASES += [("deepocsort", {"track_low_thresh": 0.2, "use_byte": True})]
CASES += [("botsort", {"gmc_method": method}) for method in ("orb", "sift")]

Found = list[tuple[list[int], list[list[float]]]]
Seen = tuple[Frame, Detections, np.ndarray]


def crowd(count: int = 80) -> Iterator[Seen]:
    """Make eight things that cross, with scores of all sizes and embeddings that tell little, under a moving camera."""
    rng = np.random.default_rng(3)
    wide = np.kron(rng.integers(0, 255, (60, 120, 3), np.uint8), np.ones((4, 4, 1), np.uint8))
    places, steps = rng.uniform(0, 140, (8, 2)), rng.uniform(-3, 3, (8, 2))
    looks = rng.normal(size=(8, 16))
    for index in range(count):
        pan = 2 * index if index % 40 < 20 else 0
        rows = rng.permutation(8)[rng.random(8) > 0.2] if index % 20 != 7 else np.zeros(0, int)
        first = places[rows] + 30 * np.sin(index * steps[rows] / 30) + rng.normal(0, 2, (len(rows), 2)) - [pan, 0]
        boxes = np.concatenate([first, first + np.array([25, 40])], axis=1).astype(np.float32)
        embeddings = (looks[rows] + rng.normal(0, 0.6, (len(rows), 16))).astype(np.float32)
        given = Detections(boxes, rng.uniform(0.05, 1, len(rows)).astype(np.float32), rows % 2, ("car", "bus"))
        yield Frame(index, index / 30, np.ascontiguousarray(wide[:240, pan : pan + 320])), given, embeddings


def ours(name: str, options: dict[str, object], frames: Sequence[Seen]) -> Found:
    tracker, _ = create("tracker", f"ultralytics-{name}", options)
    tracker.reset(STREAM)
    tracked = [tracker.update(*seen) for seen in frames]
    return [(found.track_ids.tolist(), found.boxes_xyxy.tolist()) for found in tracked]


def library(name: str, options: dict[str, object], frames: Sequence[Seen]) -> Found:
    """Call the library with its own settings file, in which only what is asked for is changed."""
    import ultralytics
    import yaml
    from ultralytics import trackers
    from ultralytics.engine.results import Boxes

    settings = yaml.safe_load((Path(ultralytics.__file__).parent / f"cfg/trackers/{name}.yaml").read_text())
    settings |= {"with_reid": name == "deepocsort"} | options
    tracker = getattr(trackers, CLASSES[name])(SimpleNamespace(**settings))
    results: Found = []
    for frame, given, embeddings in frames:
        rows = np.column_stack([given.boxes_xyxy, given.scores, given.class_ids]).astype(np.float32)
        pixels = np.ascontiguousarray(frame.rgb[:, :, ::-1])
        found = tracker.update(Boxes(rows, frame.rgb.shape[:2]), pixels, feats=embeddings).reshape(-1, 8)
        found = found[np.argsort(found[:, 4])]
        smoothed = settings.get("boxes") == "smoothed"
        boxes = found[:, :4] if smoothed else given.boxes_xyxy[found[:, 7].astype(int)]
        results.append((found[:, 4].astype(int).tolist(), boxes.tolist()))
    return results


@cache
def by_default(name: str) -> Found:
    return ours(name, {}, list(crowd()))


@pytest.mark.parametrize("boxes", ["detected", "smoothed"])
@pytest.mark.parametrize("name", CLASSES)
def test_ids_and_boxes_are_those_of_the_library_called_directly(name: str, boxes: str) -> None:
    frames = list(crowd())
    found = ours(name, {"boxes": boxes}, frames)
    assert found == library(name, {"boxes": boxes}, frames)
    assert max(max(ids, default=0) for ids, _ in found) > 10


@pytest.mark.parametrize(("name", "options"), CASES)
def test_each_option_changes_what_it_changes_in_the_library(name: str, options: dict[str, object]) -> None:
    frames = list(crowd())
    found = ours(name, options, frames)
    assert found == library(name, options, frames)
    assert found != by_default(name)


@pytest.mark.parametrize("name", CLASSES)
def test_every_option_of_the_library_has_been_tried(name: str) -> None:
    _, options = create("tracker", f"ultralytics-{name}", {})
    assert set(OPTIONS[name]) | {"lost_track_s", "boxes"} == set(options.__dataclass_fields__)


@pytest.mark.skipif(not MOT15.is_dir(), reason="the MOT15 sequences are not here")
@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("sequence", ["TUD-Campus", "TUD-Stadtmitte"])
def test_real_sequences_give_what_the_library_gives(name: str, sequence: str) -> None:
    table = read_mot(MOT15 / sequence / "det/det.txt")
    rng = np.random.default_rng(0)
    pixels = np.zeros((240, 320, 3), np.uint8)
    frames: list[Seen] = []
    for index in range(int(table.frame_indices.max()) + 1):
        rows = table.rows_of(index)
        kinds = np.zeros(len(table.scores[rows]), np.int64)
        given = Detections(table.boxes_xyxy[rows].copy(), table.scores[rows].copy(), kinds, ("person",))
        frames.append((Frame(index, index / 30, pixels), given, rng.normal(size=(len(kinds), 16)).astype(np.float32)))
    still: dict[str, Any] = {"gmc_method": "none"} if name == "botsort" else {}
    assert ours(name, still, frames) == library(name, still, frames)


@pytest.mark.parametrize("name", ["botsort", "bytetrack"])
def test_a_thing_that_shrinks_is_never_turned_inside_out(name: str) -> None:
    values: dict[str, object] = {"match_thresh": 1.0, "fuse_score": False, "boxes": "smoothed"}
    frames: list[Seen] = []
    for index in range(24):
        half = 100.0 if index < 10 else 0.05
        given = np.float32([[100 - half, 100 - half, 100 + half, 100 + half]])
        still = Frame(index, index / 30, np.zeros((240, 320, 3), np.uint8))
        frames.append((still, Detections(given, np.float32([0.9]), np.zeros(1, np.int64), ("car",)), np.float32([[1]])))
    crossed = [box for _, boxes in library(name, values, frames) for box in boxes if box[2] < box[0]]
    assert crossed
    found = [box for _, boxes in ours(name, values, frames) for box in boxes]
    assert all(box[0] < box[2] and box[1] < box[3] for box in found)
    assert [box for box in found if box[2] - box[0] < 1e-4 and abs(box[0] - 100) < 1]


def test_ecc_which_may_stall_is_not_offered() -> None:
    with pytest.raises(OptionError, match="gmc_method must be"):
        create("tracker", "ultralytics-botsort", {"gmc_method": "ecc"})


def test_it_says_how_to_get_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ultralytics", None)
    with pytest.raises(PluginError, match=r"needs ultralytics.*pip install ultralytics.*AGPL-3.0"):
        create("tracker", "ultralytics-bytetrack", {})


def test_making_one_writes_nothing_into_the_home_and_prints_nothing(tmp_path: Path) -> None:
    code = (
        "import logging; before = logging.getLogger().handlers[:]\n"
        "from trackspeak.plugins.contract import StreamInfo\n"
        "from trackspeak.plugins.registry import create\n"
        "create('tracker', 'ultralytics-deepocsort', {})[0].reset(StreamInfo(64, 48, 25.0))\n"
        "assert logging.getLogger().handlers == before\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.iterdir()) == []
