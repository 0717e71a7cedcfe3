"""The trackers of boxmot behind the tracker contract give what the library gives when it is called directly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import PluginError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo
from trackspeak.plugins.mot_files import read_mot
from trackspeak.plugins.registry import create, list_plugins

needs_boxmot = pytest.mark.skipif(find_spec("boxmot") is None, reason="needs boxmot, which is not installed")

MOT15 = Path(__file__).resolve().parents[4] / "shared/data/mot15"
STREAM = StreamInfo(320, 240, 30.0)
CLASSES = {"strongsort": "StrongSort", "deepocsort": "DeepOcSort"}
"""Our names, without "boxmot-", and the library's."""

OPTIONS: dict[str, dict[str, object]] = {
    "strongsort": {"min_conf": 0.5, "max_cos_dist": 0.6, "max_iou_dist": 0.3, "n_init": 1, "nn_budget": 1}
    | {"mc_lambda": 0.8, "ema_alpha": 0.2, "camera_motion": "none"},
    "deepocsort": {"det_thresh": 0.6, "min_hits": 1, "iou_threshold": 0.5, "delta_t": 1, "inertia": 0.9}
    | {"w_association_emb": 0.0, "alpha_fixed_emb": 0.1, "aw_off": True, "aw_param": 0.9, "cmc_off": False},
}
"""Another value of every option of the library's."""

CASES = [(name, {key: value}) for name, options in OPTIONS.items() for key, value in options.items()]

Found = list[tuple[list[int], list[list[float]]]]
Seen = tuple[Frame, Detections, np.ndarray]


@pytest.fixture(autouse=True)
def not_at_github(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the library, called directly, to what it is where it is used."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def crowd(count: int = 50) -> Iterator[Seen]:
    """Make a crowd that crosses, with scores of all sizes and embeddings that tell little, under a moving camera."""
    rng = np.random.default_rng(3)
    wide = np.kron(rng.integers(0, 255, (60, 120, 3), np.uint8), np.ones((4, 4, 1), np.uint8))
    places, steps = rng.uniform(20, 120, (14, 2)), rng.uniform(-3, 3, (14, 2))
    looks = 1 + rng.normal(size=(14, 16))
    for index in range(count):
        pan = 2 * index if index % 30 < 20 else 0
        rows = rng.permutation(14)[rng.random(14) > 0.2] if index % 20 != 7 else np.zeros(0, int)
        first = places[rows] + 30 * np.sin(index * steps[rows] / 30) + rng.normal(0, 2, (len(rows), 2)) - [pan, 0]
        boxes = np.concatenate([first, first + np.array([30, 50])], axis=1).astype(np.float32)
        embeddings = looks[rows] + rng.normal(0, 0.5, (len(rows), 16))
        embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
        given = Detections(boxes, rng.uniform(0.05, 1, len(rows)).astype(np.float32), rows % 2, ("car", "bus"))
        pixels = np.ascontiguousarray(wide[:240, pan : pan + 320])
        yield Frame(index, index / 30, pixels), given, embeddings.astype(np.float32)


def ours(name: str, options: dict[str, object], frames: Sequence[Seen]) -> Found:
    tracker, _ = create("tracker", f"boxmot-{name}", options)
    tracker.reset(STREAM)
    tracked = [tracker.update(*seen) for seen in frames]
    return [(found.track_ids.tolist(), found.boxes_xyxy.tolist()) for found in tracked]


def library(name: str, options: dict[str, Any], frames: Sequence[Seen]) -> Found:
    """Call the library with its own defaults, but for the camera's motion, which Deep OC-SORT leaves alone."""
    import boxmot
    import torch

    structures = boxmot.structures
    own = {key: value for key, value in options.items() if key not in ("boxes", "camera_motion")}
    tracker = getattr(boxmot, CLASSES[name])(**({"cmc_off": True} if name == "deepocsort" else {}) | own)
    if options.get("camera_motion") == "none":
        tracker.cmc = None
    results: Found = []
    for frame, given, embeddings in frames:
        boxes = structures.Boxes(torch.from_numpy(given.boxes_xyxy))
        scores, kinds = torch.from_numpy(given.scores), torch.from_numpy(given.class_ids)
        looks = torch.from_numpy(embeddings)
        pixels = np.ascontiguousarray(frame.rgb[:, :, ::-1])
        found = tracker.update(structures.Detections(boxes, scores, kinds, "a", embeddings=looks), pixels)
        ids = found.track_ids.numpy()
        if options.get("boxes") != "smoothed":
            reported = given.boxes_xyxy[found.detection_indices.numpy()]
        elif name == "strongsort":
            reported = found.geometry.values.numpy()
        else:  # it gives the detections' boxes
            models = {track.id: track.get_state()[0, :4] for track in tracker.active_tracks}
            reported = np.array([models[track_id] for track_id in ids], np.float32).reshape(-1, 4)
        order = np.argsort(ids)
        results.append(((ids[order] + 1).tolist(), reported[order].tolist()))
    return results


@cache
def by_default(name: str) -> Found:
    return ours(name, {}, list(crowd()))


@needs_boxmot
@pytest.mark.parametrize("boxes", ["detected", "smoothed"])
@pytest.mark.parametrize("name", CLASSES)
def test_ids_and_boxes_are_those_of_the_library_called_directly(name: str, boxes: str) -> None:
    frames = list(crowd())
    found = ours(name, {"boxes": boxes}, frames)
    assert found == library(name, {"boxes": boxes}, frames)
    assert max(max(ids, default=0) for ids, _ in found) > 10


@needs_boxmot
@pytest.mark.parametrize(("name", "options"), CASES)
def test_each_option_changes_what_it_changes_in_the_library(name: str, options: dict[str, object]) -> None:
    frames = list(crowd())
    found = ours(name, options, frames)
    assert found == library(name, options, frames)
    assert found != by_default(name)


@needs_boxmot
@pytest.mark.parametrize("name", CLASSES)
def test_every_option_of_the_library_has_been_tried(name: str) -> None:
    _, options = create("tracker", f"boxmot-{name}", {})
    assert set(OPTIONS[name]) | {"lost_track_s", "boxes"} == set(options.__dataclass_fields__)


@needs_boxmot
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
    still: dict[str, object] = {"camera_motion": "none"} if name == "strongsort" else {}
    assert ours(name, still, frames) == library(name, still, frames)


@needs_boxmot
@pytest.mark.parametrize("name", CLASSES)
def test_what_runs_at_github_gives_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = list(crowd(30))
    elsewhere = ours(name, {}, frames)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert ours(name, {}, frames) == elsewhere
    # this is what would come otherwise
    assert (library(name, {}, frames) == elsewhere) is (name == "deepocsort")


@needs_boxmot
def test_a_thing_that_shrinks_is_never_turned_inside_out() -> None:
    """The library itself fails on its own boxes then, after frames with these sides."""
    rng = np.random.default_rng(35)
    width = height = 200.0
    frames: list[Seen] = []
    for index in range(25):
        if index > rng.integers(3, 8):
            width *= rng.uniform(0.02, 1.5)
            height *= rng.uniform(0.02, 1.5)
        box = np.float32([[100 - width / 2, 100 - height / 2, 100 + width / 2, 100 + height / 2]])
        given = Detections(box, np.float32([rng.choice([0.4, 0.9, 1.0])]), np.zeros(1, np.int64), ("car",))
        frames.append((Frame(index, index / 30, np.zeros((240, 320, 3), np.uint8)), given, np.float32([[1, 0]])))
    still: dict[str, object] = {"camera_motion": "none", "lost_track_s": 25 / 30}
    with pytest.raises(ValueError, match="x2 > x1"):
        library("strongsort", {"camera_motion": "none", "max_age": 25}, frames)
    for boxes in ("detected", "smoothed"):
        found = [box for _, boxes in ours("strongsort", still | {"boxes": boxes}, frames) for box in boxes]
        assert all(box[0] < box[2] and box[1] < box[3] for box in found)


@needs_boxmot
@pytest.mark.parametrize(("name", "options"), [("strongsort", {}), ("deepocsort", {"cmc_off": False})])
@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 5, 3), (240, 320, 3)])
def test_frames_that_do_not_show_the_camera_s_motion_are_taken(
    name: str, options: dict[str, object], shape: tuple[int, int, int]
) -> None:
    flat = np.full(shape, 7, np.uint8)
    frames = [(Frame(frame.index, frame.time_s, flat), given, looks) for frame, given, looks in crowd(12)]
    still = {"camera_motion": "none"} if name == "strongsort" else {"cmc_off": True}
    assert ours(name, options, frames) == ours(name, still, frames)


@needs_boxmot
def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import boxmot

    monkeypatch.setattr(boxmot, "__version__", "26.1.0")
    with pytest.raises(PluginError, match=r"boxmot must be of version 25.0.\*, got 26.1.0"):
        create("tracker", "boxmot-strongsort", {})


@pytest.mark.parametrize("name", CLASSES)
def test_without_the_library_it_is_listed_and_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    info = next(info for info in list_plugins() if info.name == f"boxmot-{name}")
    absent = "needs boxmot, which is not installed"
    assert info.error == (None if find_spec("boxmot") else absent)
    assert info.options
    monkeypatch.setitem(sys.modules, "boxmot", None)
    with pytest.raises(PluginError, match=r"needs boxmot.*pip install 'trackspeak\[boxmot\]'.*AGPL-3.0"):
        create("tracker", f"boxmot-{name}", {})


@needs_boxmot
def test_a_run_downloads_writes_and_prints_nothing(tmp_path: Path) -> None:
    code = (
        "import logging, os, socket; before = logging.getLogger().handlers[:]\n"
        "def refuse(*arguments, **more): raise AssertionError('the network was asked')\n"
        "socket.getaddrinfo = refuse\n"
        "import numpy as np\n"
        "from trackspeak.plugins.contract import Detections, Frame, StreamInfo\n"
        "from trackspeak.plugins.registry import create\n"
        "variables = dict(os.environ)\n"
        "pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)\n"
        "given = Detections(np.float32([[1, 1, 9, 20]]), np.float32([0.9]), np.zeros(1, np.int64), ('car',))\n"
        "for name in ('boxmot-strongsort', 'boxmot-deepocsort'):\n"
        "    tracker = create('tracker', name, {})[0]\n"
        "    tracker.reset(StreamInfo(64, 48, 25.0))\n"
        "    for index in range(5):\n"
        "        found = tracker.update(Frame(index, index / 25, pixels), given, np.float32([[1, 0]]))\n"
        "    assert found.track_ids.tolist() == [1]\n"
        "assert logging.getLogger().handlers == before\n"
        "assert not {key for key in os.environ.keys() ^ variables.keys() if 'BOXMOT' in key or 'GITHUB' in key}\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {"HOME": str(home), "PATH": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.iterdir()) == []
