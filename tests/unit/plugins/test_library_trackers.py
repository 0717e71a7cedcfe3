"""What the trackers of ultralytics and boxmot have in common: whose ids they are, which boxes, what they are given."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import ContractError, OptionError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo, TrackedFrame, Tracker
from trackspeak.plugins.registry import create

STREAM = StreamInfo(320, 240, 25.0)
LIBRARIES = {
    "boxmot-deepocsort": "boxmot",
    "boxmot-strongsort": "boxmot",
    "ultralytics-botsort": "ultralytics",
    "ultralytics-bytetrack": "ultralytics",
    "ultralytics-deepocsort": "ultralytics",
}
NAMES = [
    pytest.param(
        name, marks=pytest.mark.skipif(find_spec(library) is None, reason=f"needs {library}, which is not installed")
    )
    for name, library in LIBRARIES.items()
]
WITH_EMBEDDINGS = [name for name in NAMES if "bytetrack" not in str(name.values) and "botsort" not in str(name.values)]

Seen = list[tuple[Detections, np.ndarray]]


def walkers(seed: int, count: int = 60) -> Seen:
    """Make five things that wander about, now and then missed, with embeddings of theirs."""
    rng = np.random.default_rng(seed)
    places, steps = rng.uniform(20, 200, (5, 2)), rng.uniform(-3, 3, (5, 2))
    looks = rng.normal(size=(5, 16))
    frames = []
    for index in range(count):
        rows = rng.permutation(5)[rng.random(5) > 0.15] if index % 20 != 7 else np.zeros(0, int)
        first = places[rows] + index * steps[rows] + rng.normal(0, 1, (len(rows), 2))
        boxes = np.concatenate([first, first + np.array([30, 50])], axis=1).astype(np.float32)
        scores = rng.uniform(0.5, 1, len(rows)).astype(np.float32)
        embeddings = unit(looks[rows] + rng.normal(0, 0.1, (len(rows), 16)))
        frames.append((Detections(boxes, scores, rows % 2, ("car", "bus")), embeddings))
    return frames


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def begin(name: str, **options: Any) -> Tracker:
    tracker: Tracker = create("tracker", name, options)[0]
    tracker.reset(STREAM)
    return tracker


def step(tracker: Tracker, index: int, seen: tuple[Detections, np.ndarray]) -> TrackedFrame:
    pixels = np.random.default_rng(0).integers(0, 255, (STREAM.height, STREAM.width, 3), np.uint8)
    return tracker.update(Frame(index, index / 25, pixels), *seen)


def run(tracker: Tracker, frames: Seen) -> list[TrackedFrame]:
    return [step(tracker, index, seen) for index, seen in enumerate(frames)]


def as_lists(tracked: Sequence[TrackedFrame]) -> list[tuple[list[int], list[list[float]], list[float]]]:
    return [(found.track_ids.tolist(), found.boxes_xyxy.tolist(), found.scores.tolist()) for found in tracked]


def one(box: Sequence[float], score: float = 0.9) -> tuple[Detections, np.ndarray]:
    given = Detections(np.float32([box]), np.float32([score]), np.zeros(1, np.int64), ("car",))
    return given, np.float32([[1, 0]])


NOTHING = (Detections.empty(("car",)), np.zeros((0, 2), np.float32))


@pytest.mark.parametrize("name", NAMES)
class TestEveryTracker:
    def test_ids_begin_at_1_and_boxes_scores_and_classes_are_the_detections(self, name: str) -> None:
        frames = walkers(0)
        tracked = run(begin(name), frames)
        assert min(int(i) for found in tracked for i in found.track_ids) == 1
        assert sum(len(found.track_ids) for found in tracked) > 100
        for found, (given, _) in zip(tracked, frames, strict=True):
            assert (np.diff(found.track_ids) > 0).all()
            kinds = [given.class_names[kind] for kind in given.class_ids]
            rows = list(zip(given.boxes_xyxy.tolist(), given.scores.tolist(), kinds, strict=True))
            for row in zip(found.boxes_xyxy.tolist(), found.scores.tolist(), found.class_names, strict=True):
                assert row in rows

    def test_two_runs_are_equal(self, name: str) -> None:
        assert as_lists(run(begin(name), walkers(0))) == as_lists(run(begin(name), walkers(0)))

    def test_instances_share_nothing(self, name: str) -> None:
        frames, others = walkers(0), walkers(1)
        first, second = begin(name), begin(name)
        together = [
            (step(first, index, seen), step(second, index, other))
            for index, (seen, other) in enumerate(zip(frames, others, strict=True))
        ]
        assert as_lists([pair[0] for pair in together]) == as_lists(run(begin(name), frames))
        assert as_lists([pair[1] for pair in together]) == as_lists(run(begin(name), others))

    def test_reset_equals_a_fresh_tracker(self, name: str) -> None:
        tracker = begin(name)
        run(tracker, walkers(1)[:45])
        tracker.reset(STREAM)
        assert as_lists(run(tracker, walkers(0))) == as_lists(run(begin(name), walkers(0)))

    def test_frames_without_boxes_are_taken_and_count(self, name: str) -> None:
        seen = one((100, 100, 150, 180))
        for gap, ids in ((10, [1]), (40, [1, 2])):
            tracked = run(begin(name), [seen] * 8 + [NOTHING] * gap + [seen] * 8)
            assert sorted({int(i) for found in tracked for i in found.track_ids}) == ids
            assert [len(found.track_ids) for found in tracked[8 : 8 + gap]] == [0] * gap
        assert len(run(begin(name), [(NOTHING[0], None)] * 3)[-1].track_ids) == 0  # type: ignore[list-item]

    def test_lost_tracks_are_kept_for_seconds_at_any_frame_rate(self, name: str) -> None:
        seen = one((100, 100, 150, 180))
        for rate, gap, kept in ((10.0, 8, 1), (10.0, 14, 2), (50.0, 40, 1), (50.0, 60, 2)):
            tracker = begin(name)
            tracker.reset(StreamInfo(320, 240, rate))
            tracked = run(tracker, [seen] * 8 + [NOTHING] * gap + [seen] * 8)
            assert len({int(i) for found in tracked for i in found.track_ids}) == kept

    def test_boxes_without_a_size_are_left_out(self, name: str) -> None:
        """They stand between the others, so that their rows must not be mistaken for those."""
        frames = walkers(0)
        mixed = []
        for given, embeddings in frames:
            flat = np.repeat(given.boxes_xyxy, 2, axis=0)
            flat[::2, 2] = flat[::2, 0]
            flat[:1, 3] = flat[:1, 1]
            twice = Detections(flat, np.repeat(given.scores, 2), np.repeat(given.class_ids, 2), given.class_names)
            mixed.append((twice, np.repeat(embeddings, 2, axis=0)))
        assert as_lists(run(begin(name), mixed)) == as_lists(run(begin(name), frames))
        flat_only = [one((10, 10, 10, 10))] * 5
        assert all(len(found.track_ids) == 0 for found in run(begin(name), flat_only))

    def test_smoothed_boxes_lie_near_the_detected_ones_and_jitter_less(self, name: str) -> None:
        rng = np.random.default_rng(0)
        steady = np.array([[20 + 3 * index, 60, 70 + 3 * index, 140] for index in range(60)], float)
        jittery = steady + rng.normal(0, 2, steady.shape)
        paths = []
        for boxes in ("detected", "smoothed"):
            found = run(begin(name, boxes=boxes), [one(box) for box in jittery.tolist()])
            assert all(one.track_ids.tolist() == [1] for one in found[20:])
            paths.append(np.concatenate([one.boxes_xyxy for one in found[20:]]))
        np.testing.assert_array_equal(paths[0], np.float32(jittery[20:]))
        errors = [float(np.abs(path - steady[20:]).mean()) for path in paths]
        assert 0 < errors[1] < errors[0]

    def test_smoothed_boxes_of_no_track_are_none(self, name: str) -> None:
        assert step(begin(name, boxes="smoothed"), 0, NOTHING).boxes_xyxy.shape == (0, 4)

    def test_detections_embeddings_and_pixels_may_be_read_only_and_stay_as_they_were(self, name: str) -> None:
        tracker = begin(name)
        for index, (given, embeddings) in enumerate(walkers(0, 12)):
            arrays = (given.boxes_xyxy, given.scores, given.class_ids, embeddings)
            before = [array.copy() for array in arrays]
            for array in arrays:
                array.setflags(write=False)
            step(tracker, index, (given, embeddings))
            for array, was in zip(arrays, before, strict=True):
                np.testing.assert_array_equal(array, was)

    def test_use_before_reset_is_refused(self, name: str) -> None:
        with pytest.raises(ContractError, match="reset"):
            step(create("tracker", name, {})[0], 0, NOTHING)

    def test_it_prints_nothing(self, name: str, capfd: pytest.CaptureFixture[str]) -> None:
        run(begin(name), walkers(0, 12))
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"lost_track_s": -1.0}, "lost_track_s must be greater than or equal to 0"),
            ({"boxes": "guessed"}, "boxes must be"),
            ({"with_reid": True}, "with_reid is unknown"),
        ],
    )
    def test_options_out_of_range_are_refused(self, name: str, values: dict[str, object], message: str) -> None:
        with pytest.raises(OptionError, match=message):
            create("tracker", name, values)


@pytest.mark.parametrize("name", WITH_EMBEDDINGS)
class TestEmbeddings:
    def test_embeddings_tell_who_is_who(self, name: str) -> None:
        """Two things side by side change places from one frame to the next: only their looks tell which is which."""
        left, right = (100.0, 100.0, 140.0, 180.0), (104.0, 100.0, 144.0, 180.0)
        boxes, looks = np.float32([left, right]), np.float32([[1, 0], [0, 1]])
        scores, kinds = np.float32([0.9, 0.9]), np.zeros(2, np.int64)
        begun = [(Detections(boxes, scores, kinds, ("car",)), looks)] * 8
        swapped = [(Detections(boxes, scores, kinds, ("car",)), looks[::-1])]
        for frames, same in ((begun + begun[:1], True), (begun + swapped, False)):
            tracked = run(begin(name), frames)
            before, after = (
                dict(zip(f.boxes_xyxy[:, 0].tolist(), f.track_ids.tolist(), strict=True)) for f in tracked[-2:]
            )
            assert (before == after) is same
            assert sorted(after.values()) == sorted(before.values())

    @pytest.mark.parametrize(
        ("embeddings", "message"),
        [
            (None, "embeddings must be given, one row for each of 1 boxes, got None"),
            (np.float32([[1, 0], [1, 0]]), r"embeddings must have shape \(1, any\), got \(2, 2\)"),
            (np.float32([1]), r"embeddings must have shape \(1, any\), got \(1,\)"),
            (np.float32([[np.nan, 0]]), "embeddings must have finite lengths above 0, got nan in row 0"),
            (np.float32([[np.inf, 0]]), "embeddings must have finite lengths above 0, got inf in row 0"),
            (np.float32([[0, 0]]), "embeddings must have finite lengths above 0, got 0.0 in row 0"),
        ],
    )
    def test_embeddings_that_are_none_or_no_numbers_are_refused(
        self, name: str, embeddings: np.ndarray, message: str
    ) -> None:
        tracker = begin(name)
        seen = one((100, 100, 150, 180))
        run(tracker, [seen] * 4)
        with pytest.raises(ContractError, match=message):
            step(tracker, 4, (seen[0], embeddings))
        # what was refused has left nothing behind
        assert step(tracker, 4, seen).track_ids.tolist() == [1]
