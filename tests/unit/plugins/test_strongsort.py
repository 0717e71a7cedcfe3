"""StrongSORT: each of its parts changes what it should."""

from collections.abc import Sequence

import numpy as np
import pytest

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo, TrackedFrame
from trackspeak.plugins.registry import create

STREAM = StreamInfo(320, 240, 10.0)
GRAY = np.full((240, 320, 3), 90, np.uint8)
ONE, TWO = np.eye(2, 8, dtype=np.float32)


def strongsort(**options: object):
    tracker, _ = create("tracker", "strongsort", {"camera_motion": "none", **options})
    tracker.reset(STREAM)
    return tracker


def seen(boxes: Sequence[Sequence[float]], scores: Sequence[float] | None = None) -> Detections:
    count = len(boxes)
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores if scores is not None else [0.9] * count, np.float32),
        np.zeros(count, np.int64),
        ("person",),
    )


def show(tracker, index: int, boxes, looks=(), scores=None, rgb=GRAY) -> TrackedFrame:
    embeddings = np.stack(looks) if len(looks) else np.zeros((0, 8), np.float32)
    return tracker.update(Frame(index, index / 10, rgb), seen(boxes, scores), embeddings)


def box(left: float, top: float = 50) -> list[float]:
    return [left, top, left + 20, top + 40]


def test_a_track_counts_from_its_third_frame() -> None:
    tracker = strongsort()
    found = [show(tracker, index, [box(10 + index)], [ONE]).track_ids.tolist() for index in range(5)]
    assert found == [[], [], [1], [1], [1]]


def test_boxes_reported_are_the_detections_own_or_smoothed() -> None:
    last = {}
    for boxes in ("detected", "smoothed"):
        tracker = strongsort(boxes=boxes)
        for index in range(6):
            last[boxes] = show(tracker, index, [box(10 + 4 * (index % 2))], [ONE]).boxes_xyxy
    assert last["detected"].tolist() == [box(14)]
    assert 0.01 < np.abs(last["smoothed"] - last["detected"]).max() < 4


def test_looks_decide_who_is_who() -> None:
    tracker = strongsort()
    for index in range(6):
        show(tracker, index, [box(100), box(104)], [ONE, TWO])
    swapped = show(tracker, 6, [box(100), box(104)], [TWO, ONE])
    assert swapped.boxes_xyxy[:, 0].tolist() == [104, 100]  # id 1 is who looks like it
    alike = strongsort()
    for index in range(6):
        show(alike, index, [box(100), box(104)], [ONE, ONE])
    assert show(alike, 6, [box(100), box(104)], [ONE, ONE]).boxes_xyxy[:, 0].tolist() == [100, 104]


def test_motion_alone_decides_without_a_weight_for_looks() -> None:
    tracker = strongsort(appearance_weight=0.0)
    for index in range(6):
        show(tracker, index, [box(100), box(104)], [ONE, TWO])
    assert show(tracker, 6, [box(100), box(104)], [TWO, ONE]).boxes_xyxy[:, 0].tolist() == [100, 104]


def test_who_looks_alike_but_is_far_away_is_someone_else() -> None:
    tracker = strongsort(minimum_consecutive_frames=2)
    for index in range(4):
        show(tracker, index, [box(10)], [ONE])
    show(tracker, 4, [box(250)], [ONE])
    assert show(tracker, 5, [box(250)], [ONE]).track_ids.tolist() == [2]


def test_who_looks_different_is_still_found_by_overlap_but_not_once_lost() -> None:
    tracker = strongsort()
    for index in range(4):
        show(tracker, index, [box(10)], [ONE])
    assert show(tracker, 4, [box(11)], [TWO]).track_ids.tolist() == [1]
    for overlap_frames, found in ((1, []), (3, [1])):
        tracker = strongsort(overlap_frames=overlap_frames)
        for index in range(4):
            show(tracker, index, [box(10)], [ONE])
        for index in (4, 5):
            show(tracker, index, [])
        assert show(tracker, 6, [box(10)], [TWO]).track_ids.tolist() == found


def test_looks_are_a_moving_average() -> None:
    steady, fickle = strongsort(momentum=0.9), strongsort(momentum=0.0)
    for tracker in (steady, fickle):
        for index in range(5):
            show(tracker, index, [box(10), box(22)], [ONE, -ONE])
        show(tracker, 5, [box(10), box(22)], [TWO, -TWO])  # one odd frame, matched by overlap
        show(tracker, 6, [])
        show(tracker, 7, [])
    assert show(steady, 8, [box(10)], [ONE]).track_ids.tolist() == [1]
    assert show(fickle, 8, [box(10)], [ONE]).track_ids.tolist() == []


def test_lost_tracks_are_kept_for_a_time_that_is_in_seconds() -> None:
    for missing, found in ((9, [1]), (12, [])):
        tracker = strongsort(lost_track_s=1.0)
        for index in range(4):
            show(tracker, index, [box(10)], [ONE])
        for index in range(4, 4 + missing):
            show(tracker, index, [])
        assert show(tracker, 4 + missing, [box(10)], [ONE]).track_ids.tolist() == found


def test_a_lost_track_does_not_take_the_box_of_one_that_is_there() -> None:
    def run(lost_last: bool) -> list[int]:
        tracker = strongsort(lost_last=lost_last)
        for index in range(4):
            show(tracker, index, [box(100), box(118)], [ONE, ONE])
        for index in range(4, 9):
            show(tracker, index, [box(118)], [ONE])
        return show(tracker, 9, [box(109)], [ONE]).track_ids.tolist()

    assert run(lost_last=True) == [2]
    assert run(lost_last=False) == [1]


def test_weak_boxes_are_left_out() -> None:
    tracker = strongsort(min_score=0.5)
    for index in range(4):
        found = show(tracker, index, [box(10), box(200)], [ONE, TWO], scores=[0.4, 0.6])
    assert found.boxes_xyxy.tolist() == [box(200)]
    assert found.scores.tolist() == [np.float32(0.6)]


def test_the_camera_s_motion_is_taken_out() -> None:
    """Everything jumps 12 pixels a frame because the camera does."""
    import cv2

    noise = np.random.default_rng(0).integers(0, 255, (8, 22, 3), np.uint8)
    scenery = cv2.resize(noise, (640, 240), interpolation=cv2.INTER_CUBIC)
    ids = {}
    for camera_motion in ("ecc", "none"):
        tracker = strongsort(camera_motion=camera_motion, max_distance=0.0, max_iou_distance=0.5)
        for index in range(8):
            shift = 12 * index
            rgb = np.ascontiguousarray(scenery[:, shift : shift + 320])
            found = show(tracker, index, [box(200 - shift)], [ONE], rgb=rgb)
        ids[camera_motion] = found.track_ids.tolist()
    assert ids == {"ecc": [1], "none": []}


def test_frames_that_cannot_be_aligned_are_taken() -> None:
    tracker = strongsort(camera_motion="ecc")
    for index, level in enumerate((0, 0, 255, 0, 128)):
        found = show(tracker, index, [box(10)], [ONE], rgb=np.full((240, 320, 3), level, np.uint8))
    assert found.track_ids.tolist() == [1]
    assert tracker.warnings() == (
        "the camera's motion could not be told in 4 frames, for which it was taken to stand still",
    )
    tracker.reset(STREAM)
    assert tracker.warnings() == ()


@pytest.mark.parametrize(
    ("embeddings", "message"),
    [
        (None, "embeddings must be given, one row for each of 1 boxes, got None"),
        (np.zeros((2, 8), np.float32), r"embeddings must have the shape \(1, D\), got \(2, 8\)"),
        (np.full((1, 8), np.nan, np.float32), "embeddings must be finite"),
    ],
)
def test_wrong_embeddings_are_refused(embeddings: np.ndarray | None, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        strongsort().update(Frame(0, 0.0, GRAY), seen([box(10)]), embeddings)


def test_a_video_must_begin() -> None:
    tracker, _ = create("tracker", "strongsort", {})
    with pytest.raises(ContractError, match="reset"):
        tracker.update(Frame(0, 0.0, GRAY), seen([]), np.zeros((0, 8), np.float32))


@pytest.mark.parametrize("nothing", [np.zeros((0, 8), np.float32), np.zeros((0, 0), np.float32), None])
def test_frames_without_boxes_are_taken_between_others(nothing: np.ndarray | None) -> None:
    tracker = strongsort()
    tracker.update(Frame(0, 0.0, GRAY), seen([]), nothing)
    for index in range(1, 5):
        show(tracker, index, [box(10)], [ONE])
    tracker.update(Frame(5, 0.5, GRAY), seen([]), nothing)
    assert show(tracker, 6, [box(10)], [ONE]).track_ids.tolist() == [1]
