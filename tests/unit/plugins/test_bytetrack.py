"""ByteTrack behind the tracker contract: ids, boxes, gaps, isolation."""

from collections.abc import Sequence

import numpy as np
import pytest

from trackspeak.models.errors import ContractError, OptionError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo, TrackedFrame
from trackspeak.plugins.trackers.bytetrack import ByteTrackOptions, ByteTrackTracker

STREAM = StreamInfo(640, 360, 25.0)
Row = tuple[float, float, float, float, float]


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
    tracker = ByteTrackTracker(options)
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
        tracker = ByteTrackTracker()
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
        ByteTrackTracker().update(frame(0), detections([]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lost_track_s": -1.0}, "lost_track_s must be at least 0"),
        ({"lost_track_s": float("nan")}, "lost_track_s must be at least 0"),
        ({"track_activation_threshold": 1.5}, "track_activation_threshold must be in"),
        ({"minimum_iou_threshold": float("nan")}, "minimum_iou_threshold must be in"),
        ({"minimum_consecutive_frames": 0}, "minimum_consecutive_frames must be at least 1"),
    ],
)
def test_options_out_of_range_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ByteTrackOptions(**values)  # type: ignore[arg-type]
