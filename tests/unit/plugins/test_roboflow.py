"""The trackers of the library `trackers` behind the tracker contract: ids, boxes, gaps, isolation."""

from collections.abc import Sequence

import numpy as np
import pytest

from trackspeak.models.errors import ContractError, OptionError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo, TrackedFrame
from trackspeak.plugins.registry import create
from trackspeak.plugins.trackers.bytetrack import ByteTrackOptions, ByteTrackTracker

STREAM = StreamInfo(640, 360, 25.0)
Row = tuple[float, float, float, float, float]

TRACKERS = {
    "botsort": "BoTSORTTracker",
    "bytetrack": "ByteTrackTracker",
    "cbiou": "CBIoUTracker",
    "ocsort": "OCSORTTracker",
    "sort": "SORTTracker",
}
"""Our names, and the library's."""

DEFAULTS: dict[str, dict[str, float]] = {
    "bytetrack": {
        "track_activation_threshold": 0.5,
        "minimum_consecutive_frames": 3,
        "minimum_iou_threshold": 0.1,
        "high_conf_det_threshold": 0.5,
    }
}
"""Where our defaults are others than the library's: `motion` has lower scores than networks have."""


def frame(index: int) -> Frame:
    return Frame(index, index / 25, np.zeros((2, 2, 3), np.uint8))


def detections(rows: Sequence[Row]) -> Detections:
    """Make detections of (x1, y1, x2, y2, score) rows, of two classes in turn."""
    table = np.asarray(rows, np.float32).reshape(-1, 5)  # (N, 5), also where N is 0
    return Detections(table[:, :4].copy(), table[:, 4].copy(), np.arange(len(table)) % 2, ("car", "bus"))


def two_cars(count: int) -> list[list[Row]]:
    """Two cars that drive towards each other in two lanes; the rows' order alternates."""
    frames = []
    for index in range(count):
        rows: list[Row] = [
            (10 + 5 * index, 50, 90 + 5 * index, 90, 0.9),
            (500 - 5 * index, 200, 580 - 5 * index, 240, 0.8),
        ]
        frames.append(rows if index % 2 else rows[::-1])
    return frames


def run(tracker: ByteTrackTracker, frames: Sequence[Sequence[Row]]) -> list[TrackedFrame]:
    return [tracker.update(frame(index), detections(rows)) for index, rows in enumerate(frames)]


def fresh(options: ByteTrackOptions | None = None) -> ByteTrackTracker:
    tracker = ByteTrackTracker(options or ByteTrackOptions())
    tracker.reset(STREAM)
    return tracker


def as_lists(tracked: Sequence[TrackedFrame]) -> list[tuple[list[int], list[list[float]]]]:
    return [(found.track_ids.tolist(), found.boxes_xyxy.tolist()) for found in tracked]


def test_two_cars_keep_their_ids_and_their_detections_own_boxes() -> None:
    frames = two_cars(30)
    tracked = run(fresh(), frames)
    assert tracked[-1].track_ids.tolist() == [1, 2]
    lanes = {int(i): float(box[1]) for i, box in zip(tracked[5].track_ids, tracked[5].boxes_xyxy, strict=True)}
    assert sorted(lanes.values()) == [50, 200]
    for found, rows in zip(tracked[5:], frames[5:], strict=True):
        assert found.track_ids.tolist() == [1, 2]
        for track_id, box, score in zip(found.track_ids, found.boxes_xyxy, found.scores, strict=True):
            own = next(row for row in rows if row[1] == lanes[int(track_id)])
            np.testing.assert_array_equal(box, np.float32(own[:4]))
            assert score == np.float32(own[4])


def test_class_names_follow_their_rows() -> None:
    found = run(fresh(), [[(10, 10, 90, 60, 0.9), (200, 10, 290, 60, 0.9)]] * 5)[-1]
    assert dict(zip(found.boxes_xyxy[:, 0].tolist(), found.class_names, strict=True)) == {10.0: "car", 200.0: "bus"}


def test_a_track_counts_only_after_the_frames_asked_for() -> None:
    frames = [[(10, 10, 90, 60, 0.9)]] * 6
    firsts = []
    for least in (1, 3, 5):
        tracked = run(fresh(ByteTrackOptions(minimum_consecutive_frames=least)), [[], *frames])
        firsts.append(next(found.frame_index for found in tracked if len(found.track_ids)))
        assert all((found.track_ids > 0).all() for found in tracked)
    assert firsts == sorted(set(firsts))


def test_a_short_flicker_never_becomes_a_track() -> None:
    frames: list[list[Row]] = [[]] * 3 + [[(10, 10, 90, 60, 0.9)]] * 2 + [[]] * 10
    assert all(len(found.track_ids) == 0 for found in run(fresh(), frames))


@pytest.mark.parametrize(("lost_track_s", "ids"), [(1.0, [1]), (0.2, [1, 2])])
def test_a_gap_is_bridged_as_long_as_asked_for(lost_track_s: float, ids: list[int]) -> None:
    seen: list[list[Row]] = [[(100, 100, 200, 160, 0.9)]]
    tracked = run(fresh(ByteTrackOptions(lost_track_s=lost_track_s)), seen * 10 + [[]] * 12 + seen * 10)
    assert sorted({int(i) for found in tracked for i in found.track_ids}) == ids


def test_the_buffer_is_in_seconds_at_any_frame_rate() -> None:
    seen: list[list[Row]] = [[(100, 100, 200, 160, 0.9)]]
    counts = []
    for rate, gap in ((5.0, 4), (60.0, 48)):  # the same 0.8 s
        tracker = ByteTrackTracker(ByteTrackOptions())
        tracker.reset(StreamInfo(640, 360, rate))
        tracked = run(tracker, seen * 10 + [[]] * gap + seen * 10)
        counts.append(len({int(i) for found in tracked for i in found.track_ids}))
    assert counts == [1, 1]


def test_weak_boxes_begin_no_track_but_carry_one_on() -> None:
    strong, weak = [(100.0, 100.0, 200.0, 160.0, 0.9)], [(100.0, 100.0, 200.0, 160.0, 0.2)]
    assert all(len(found.track_ids) == 0 for found in run(fresh(), [weak] * 10))
    assert [len(found.track_ids) for found in run(fresh(), [strong] * 6 + [weak] * 4)][-4:] == [1] * 4


def test_instances_share_nothing() -> None:
    frames = two_cars(20)
    alone = as_lists(run(fresh(), frames))
    first, second = fresh(), fresh()
    together = [
        (first.update(frame(index), detections(rows)), second.update(frame(index), detections(rows[:1])))
        for index, rows in enumerate(frames)
    ]
    assert as_lists([pair[0] for pair in together]) == alone


def test_reset_equals_a_fresh_tracker() -> None:
    frames = two_cars(20)
    tracker = fresh()
    before = as_lists(run(tracker, frames))
    tracker.reset(STREAM)
    assert as_lists(run(tracker, frames)) == before


def test_frames_without_boxes_are_taken() -> None:
    tracked = run(fresh(), [[]] * 5)
    assert [len(found.track_ids) for found in tracked] == [0] * 5
    assert [found.frame_index for found in tracked] == [0, 1, 2, 3, 4]


def test_detections_are_left_as_they_were() -> None:
    given = detections([(10, 10, 90, 60, 0.9)])
    before = given.boxes_xyxy.copy()
    tracker = fresh()
    for index in range(5):
        tracker.update(frame(index), given)
    np.testing.assert_array_equal(given.boxes_xyxy, before)


def test_use_before_reset_is_refused() -> None:
    with pytest.raises(ContractError, match="reset"):
        ByteTrackTracker(ByteTrackOptions()).update(frame(0), detections([]))


@pytest.mark.parametrize("name", sorted(TRACKERS))
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lost_track_s": -1.0}, "lost_track_s must be greater than or equal to 0"),
        ({"lost_track_s": float("nan")}, "lost_track_s must be a finite number"),
        ({"minimum_consecutive_frames": 0}, "minimum_consecutive_frames must be greater than or equal to 1"),
        ({"boxes": "guessed"}, "boxes must be"),
    ],
)
def test_options_out_of_range_are_refused(name: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        create("tracker", name, values)


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_ids_and_boxes_are_those_of_the_library_called_directly(name: str) -> None:
    import supervision
    import trackers

    library = getattr(trackers, TRACKERS[name])(**DEFAULTS.get(name, {}))
    tracker, _ = create("tracker", name, {})
    tracker.reset(StreamInfo(640, 360, 30.0))
    rng = np.random.default_rng(0)
    for index, rows in enumerate(two_cars(60)):
        seen = [row for row in rows if rng.random() > 0.15]
        given, pixels = detections(seen), rng.integers(0, 255, (360, 640, 3), np.uint8)
        found = tracker.update(Frame(index, index / 30, pixels), given)
        expected = library.update(
            supervision.Detections(xyxy=given.boxes_xyxy.copy(), confidence=given.scores.copy()),
            np.ascontiguousarray(pixels[:, :, ::-1]) if name == "botsort" else None,
        )
        theirs = sorted(
            (int(track_id) + 1, box.tolist())
            for track_id, box in zip(expected.tracker_id, expected.xyxy, strict=True)
            if track_id >= 0
        )
        assert list(zip(found.track_ids.tolist(), found.boxes_xyxy.tolist(), strict=True)) == theirs


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_smoothed_boxes_lie_near_the_detected_ones_and_jitter_less(name: str) -> None:
    rng = np.random.default_rng(0)
    steady = np.array([[100 + 4 * index, 100, 180 + 4 * index, 150] for index in range(60)], float)
    jittery = steady + rng.normal(0, 2, steady.shape)
    paths = []
    for boxes in ("detected", "smoothed"):
        tracker, _ = create("tracker", name, {"boxes": boxes})
        tracker.reset(STREAM)
        found = [tracker.update(frame(index), detections([(*box, 0.9)])) for index, box in enumerate(jittery.tolist())]
        assert all(len(one.track_ids) == 1 for one in found[20:])
        paths.append(np.concatenate([one.boxes_xyxy for one in found[20:]]))
    errors = [float(np.abs(path - steady[20:]).mean()) for path in paths]
    assert errors[1] < errors[0]


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_smoothed_boxes_of_no_track_are_none(name: str) -> None:
    tracker, _ = create("tracker", name, {"boxes": "smoothed"})
    tracker.reset(STREAM)
    assert tracker.update(frame(0), detections([])).boxes_xyxy.shape == (0, 4)


def test_the_camera_s_motion_is_found_in_the_pixels() -> None:
    """Two boxes and the picture jump by 60 pixels, to where the other box was: pixels alone tell which is which."""
    rng = np.random.default_rng(0)
    wide = np.kron(rng.integers(0, 255, (45, 100, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
    ids = {}
    for compensated in (True, False):
        tracker, _ = create("tracker", "botsort", {"enable_cmc": compensated})
        tracker.reset(STREAM)
        for index in range(12):
            pan = 60 if index >= 8 else 0
            given = detections([(100 - pan, 100, 160 - pan, 160, 0.9), (160 - pan, 100, 220 - pan, 160, 0.9)])
            found = tracker.update(Frame(index, index / 25, np.ascontiguousarray(wide[:, pan : pan + 640])), given)
        ids[compensated] = dict(zip(found.boxes_xyxy[:, 0].tolist(), found.track_ids.tolist(), strict=True))
    assert ids[True] == {40.0: 1, 100.0: 2}
    assert ids[False] != ids[True]
