"""What every registered detector, tracker and calibrator must keep to, whatever it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackspeak.plugins.contract import (
    Calibrator,
    Detections,
    Detector,
    Frame,
    Phrases,
    Scores,
    StreamInfo,
    TrackedFrame,
    Tracker,
)
from trackspeak.plugins.registry import create, list_plugins

WIDTH, HEIGHT, FRAMES, RATE = 192, 128, 60, 10.0
STREAM = StreamInfo(WIDTH, HEIGHT, RATE)
CLASS_NAMES = ("car", "bus")

MOT_LINES = "\n".join(f"{frame},{box},{box * 20 + frame},10,15,20,0.9" for frame in range(1, 50) for box in (1, 2))
FILES = {("detector", "from_file"): MOT_LINES, ("tracker", "from_file"): MOT_LINES}
"""What is written for plugins that read a file by the option `path`; others with required options need weights."""


def names(kind: str) -> list[str]:
    """Name the plugins of a kind that can be made without weights."""
    return [
        info.name
        for info in list_plugins()
        if info.kind == kind
        and info.error is None
        and ((kind, info.name) in FILES or not any(option.required for option in info.options))
    ]


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str, str], Any]:
    """Make a plugin by kind and name."""

    def make(kind: str, name: str) -> Any:
        options: dict[str, object] = {}
        if (kind, name) in FILES:
            path = tmp_path / "boxes.txt"
            path.write_text(FILES[kind, name])
            options["path"] = path
        return create(kind, name, options)[0]

    return make


def video(seed: int) -> list[Frame]:
    """Make a still, textured background with a bright and a dark thing driving over it; read-only pixels."""
    generator = np.random.default_rng(seed)
    background = generator.integers(90, 130, (HEIGHT, WIDTH, 3), np.uint8)
    frames = []
    for index in range(FRAMES):
        rgb = background.copy()
        x = (index * 4 + seed * 40) % (WIDTH - 40)
        rgb[30:54, x : x + 40] = (230, 60, 40)
        rgb[80:104, WIDTH - 40 - x : WIDTH - x] = (10, 20, 60)
        rgb.setflags(write=False)
        frames.append(Frame(index, index / RATE, rgb))
    return frames


def boxes(seed: int) -> list[Detections]:
    """Make the boxes of three things that move steadily, with misses and frames without any; read-only."""
    generator = np.random.default_rng(seed)
    found = []
    for index in range(FRAMES):
        left = np.array([[5 + 2 * index, 10], [120 - index, 60], [40, 90 - index]]) + generator.normal(0, 0.5, (3, 2))
        xyxy = np.concatenate([left, left + np.array([30, 20])], axis=1).astype(np.float32)  # (3, 4)
        there = (generator.random(3) > 0.1) & (index % 20 != 7)
        arrays = xyxy[there], generator.uniform(0.6, 1, 3).astype(np.float32)[there], np.array([0, 1, 0])[there]
        for array in arrays:
            array.setflags(write=False)
        found.append(Detections(*arrays, CLASS_NAMES))
    return found


def start(detector: Detector, frames: Sequence[Frame]) -> None:
    detector.reset(STREAM)
    if detector.lookahead_s > 0:
        detector.prepare(frame for frame in frames if frame.time_s <= detector.lookahead_s)


def detect(detector: Detector, frames: Sequence[Frame], batch: int = 8) -> list[Detections]:
    start(detector, frames)
    return [found for first in range(0, len(frames), batch) for found in detector.detect(frames[first : first + batch])]


def track(tracker: Tracker, frames: Sequence[Frame], found: Sequence[Detections]) -> list[TrackedFrame]:
    tracker.reset(STREAM)
    return [tracker.update(frame, one) for frame, one in zip(frames, found, strict=True)]


def plain(results: Sequence[Detections] | Sequence[TrackedFrame]) -> list[list[Any]]:
    """Give results as lists, to be compared bit by bit."""
    return [
        [
            array.tolist() if isinstance(array, np.ndarray) else array
            for array in (getattr(one, key) for key in one.__slots__)
        ]
        for one in results
    ]


@pytest.mark.parametrize("name", names("detector"))
class TestDetector:
    def test_it_gives_one_answer_per_frame(self, make: Callable[[str, str], Detector], name: str) -> None:
        found = detect(make("detector", name), video(0))
        assert len(found) == FRAMES
        assert all(isinstance(one, Detections) for one in found)
        assert len({one.class_names for one in found}) == 1
        assert sum(map(len, found)) > FRAMES / 2

    def test_it_is_deterministic(self, make: Callable[[str, str], Detector], name: str) -> None:
        one, other = (detect(make("detector", name), video(0)) for _ in range(2))
        assert plain(one) == plain(other)

    def test_reset_is_fresh(self, make: Callable[[str, str], Detector], name: str) -> None:
        used = make("detector", name)
        detect(used, video(1)[:45])
        again, fresh = make("detector", name), detect(used, video(0))
        assert plain(fresh) == plain(detect(again, video(0)))
        assert used.warnings() == again.warnings()

    def test_batches_are_singles(self, make: Callable[[str, str], Detector], name: str) -> None:
        batched, single = detect(make("detector", name), video(0), 16), detect(make("detector", name), video(0), 1)
        assert plain(batched) == plain(single)

    def test_instances_are_apart(self, make: Callable[[str, str], Detector], name: str) -> None:
        one, other = make("detector", name), make("detector", name)
        start(one, video(0))
        start(other, video(1))
        mixed_one, mixed_other = [], []
        for frame, other_frame in zip(video(0), video(1), strict=True):
            mixed_one += one.detect([frame])
            mixed_other += other.detect([other_frame])
        assert plain(mixed_one) == plain(detect(make("detector", name), video(0), 1))
        assert plain(mixed_other) == plain(detect(make("detector", name), video(1), 1))

    def test_no_frames_and_bare_frames_are_taken(self, make: Callable[[str, str], Detector], name: str) -> None:
        bare = [Frame(index, index / RATE, np.zeros((HEIGHT, WIDTH, 3), np.uint8)) for index in range(12)]
        detector = make("detector", name)
        assert len(detect(detector, bare)) == 12
        assert detector.detect([]) == []
        assert all(isinstance(warning, str) for warning in detector.warnings())

    def test_frames_stay_as_they_were(self, make: Callable[[str, str], Detector], name: str) -> None:
        frames = video(0)
        detect(make("detector", name), frames)
        for frame, original in zip(frames, video(0), strict=True):
            np.testing.assert_array_equal(frame.rgb, original.rgb)


@pytest.mark.parametrize("name", names("tracker"))
class TestTracker:
    def test_it_answers_for_each_frame(self, make: Callable[[str, str], Tracker], name: str) -> None:
        frames = video(0)
        tracked = track(make("tracker", name), frames, boxes(0))
        assert [(one.frame_index, one.time_s) for one in tracked] == [(frame.index, frame.time_s) for frame in frames]
        ids = np.concatenate([one.track_ids for one in tracked])
        assert len(ids) > FRAMES / 2
        assert ids.min() >= 0
        assert np.unique(ids, return_counts=True)[1].max() > FRAMES / 2  # ids last

    def test_it_is_deterministic(self, make: Callable[[str, str], Tracker], name: str) -> None:
        one, other = (track(make("tracker", name), video(0), boxes(0)) for _ in range(2))
        assert plain(one) == plain(other)

    def test_reset_is_fresh_and_so_are_its_ids(self, make: Callable[[str, str], Tracker], name: str) -> None:
        used = make("tracker", name)
        track(used, video(1)[:45], boxes(1)[:45])
        again = track(used, video(0), boxes(0))
        assert plain(again) == plain(track(make("tracker", name), video(0), boxes(0)))

    def test_instances_are_apart(self, make: Callable[[str, str], Tracker], name: str) -> None:
        one, other = make("tracker", name), make("tracker", name)
        one.reset(STREAM)
        other.reset(STREAM)
        mixed_one, mixed_other = [], []
        for frame, found, other_found in zip(video(0), boxes(0), boxes(1), strict=True):
            mixed_one.append(one.update(frame, found))
            mixed_other.append(other.update(frame, other_found))
        assert plain(mixed_one) == plain(track(make("tracker", name), video(0), boxes(0)))
        assert plain(mixed_other) == plain(track(make("tracker", name), video(0), boxes(1)))

    def test_frames_without_boxes_are_taken(self, make: Callable[[str, str], Tracker], name: str) -> None:
        nothing = [Detections.empty(CLASS_NAMES)] * FRAMES
        tracker = make("tracker", name)
        assert len(track(tracker, video(0), nothing)) == FRAMES
        after = [tracker.update(frame, found) for frame, found in zip(video(0), boxes(0), strict=True)]
        assert sum(len(one.track_ids) for one in after) > 0

    def test_detections_stay_as_they_were(self, make: Callable[[str, str], Tracker], name: str) -> None:
        found = boxes(0)
        track(make("tracker", name), video(0), found)
        assert plain(found) == plain(boxes(0))


@pytest.mark.parametrize("name", names("calibrator"))
class TestCalibrator:
    def scores(self, segments: int) -> Scores:
        values = np.random.default_rng(0).uniform(-1, 1, (segments, 3)).astype(np.float32)
        values.setflags(write=False)
        return Scores(values, "cosine")

    phrases = Phrases(("a", "b", "c"), {})

    @pytest.mark.parametrize("segments", [0, 1, 50])
    def test_the_shape_stays(self, make: Callable[[str, str], Calibrator], name: str, segments: int) -> None:
        calibrated = make("calibrator", name)(self.scores(segments), self.phrases)
        assert calibrated.values.shape == (segments, 3)
        assert np.isfinite(calibrated.values).all()
        if calibrated.kind == "probability":
            assert ((calibrated.values >= 0) & (calibrated.values <= 1)).all()

    def test_it_keeps_no_state(self, make: Callable[[str, str], Calibrator], name: str) -> None:
        calibrator = make("calibrator", name)
        first = calibrator(self.scores(50), self.phrases)
        calibrator(Scores(np.ones((4, 3), np.float32), "cosine"), self.phrases)
        again, fresh = (one(self.scores(50), self.phrases) for one in (calibrator, make("calibrator", name)))
        np.testing.assert_array_equal(first.values, again.values)
        np.testing.assert_array_equal(first.values, fresh.values)


def test_something_of_each_kind_was_tested() -> None:
    for kind in ("detector", "tracker", "calibrator"):
        assert names(kind), kind
