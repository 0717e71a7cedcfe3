"""Detections and tracks that are replayed from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trackspeak.models.errors import FileFormatError
from trackspeak.plugins.contract import Detections, Frame, StreamInfo
from trackspeak.plugins.detectors.from_file import FileDetector, FileDetectorOptions
from trackspeak.plugins.trackers.from_file import FileTracker, FileTrackerOptions

STREAM = StreamInfo(8, 8, 10.0)
PIXELS = np.zeros((8, 8, 3), np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "boxes.txt"
    path.write_text("2,5,1,2,3,4,0.9\n1,5,0,0,2,2,0.5\n2,3,5,6,7,8,0.25\n")
    return path


def frames(*indices: int) -> list[Frame]:
    return [Frame(index, index / 10, PIXELS) for index in indices]


def test_boxes_are_looked_up_by_frame(path: Path) -> None:
    detector = FileDetector(FileDetectorOptions(path, class_name="car"))
    detector.reset(STREAM)
    first, second, third = detector.detect(frames(0, 1, 2))
    assert first.boxes_xyxy.tolist() == [[0, 0, 2, 2]]
    assert second.boxes_xyxy.tolist() == [[1, 2, 4, 6], [5, 6, 12, 14]]
    assert second.scores.tolist() == [np.float32(0.9), 0.25]
    assert (len(third), third.class_names) == (0, ("car",))
    assert detector.detect([]) == []
    assert detector.warnings() == ()
    assert detector.lookahead_s == 0


def test_frames_may_count_from_0(path: Path) -> None:
    detector = FileDetector(FileDetectorOptions(path, first_frame=0))
    assert [len(found) for found in detector.detect(frames(0, 1, 2))] == [0, 1, 2]


def test_weak_boxes_are_left_out(path: Path) -> None:
    detector = FileDetector(FileDetectorOptions(path, min_score=0.5))
    assert [found.scores.tolist() for found in detector.detect(frames(0, 1))] == [[0.5], [np.float32(0.9)]]


def test_only_the_strongest_boxes_of_a_frame_are_kept(path: Path) -> None:
    detector = FileDetector(FileDetectorOptions(path, max_detections=1))
    assert [found.scores.tolist() for found in detector.detect(frames(0, 1))] == [[0.5], [np.float32(0.9)]]


def test_scores_of_any_range_are_brought_into_the_contracts(path: Path) -> None:
    path.write_text("1,-1,0,0,2,2,-10\n2,-1,0,0,2,2,90\n3,-1,0,0,2,2,40\n")
    detector = FileDetector(FileDetectorOptions(path))
    assert [found.scores.tolist() for found in detector.detect(frames(0, 1, 2))] == [[0], [1], [0.5]]


def test_boxes_after_the_videos_end_are_reported_until_the_next_video(path: Path) -> None:
    detector = FileDetector(FileDetectorOptions(path))
    detector.detect(frames(0))
    (warning,) = detector.warnings()
    assert warning.startswith("2 of 3 boxes in boxes.txt are of frames after the video's last; does the file")
    detector.detect(frames(1))
    assert detector.warnings() == ()
    detector.reset(STREAM)
    assert len(detector.warnings()) == 1


def test_what_a_caller_does_to_boxes_does_not_come_back(path: Path) -> None:
    detector = FileDetector(FileDetectorOptions(path))
    detector.detect(frames(1))[0].boxes_xyxy[:] = 0
    assert detector.detect(frames(1))[0].boxes_xyxy.tolist() == [[1, 2, 4, 6], [5, 6, 12, 14]]
    tracker = FileTracker(FileTrackerOptions(path))
    tracker.update(frames(1)[0], Detections.empty(("x",))).track_ids[:] = 0
    assert tracker.update(frames(1)[0], Detections.empty(("x",))).track_ids.tolist() == [5, 3]


def test_tracks_are_looked_up_by_frame_and_need_no_detections(path: Path) -> None:
    tracker = FileTracker(FileTrackerOptions(path, class_name="car"))
    assert not tracker.requirements.detections
    tracker.reset(STREAM)
    first, second, third = (tracker.update(frame, Detections.empty(("x",))) for frame in frames(0, 1, 2))
    assert (first.frame_index, first.time_s, first.track_ids.tolist()) == (0, 0.0, [5])
    assert second.track_ids.tolist() == [5, 3]
    assert second.boxes_xyxy.tolist() == [[1, 2, 4, 6], [5, 6, 12, 14]]
    assert (second.scores.tolist(), second.class_names) == ([np.float32(0.9), 0.25], ("car", "car"))
    assert (third.frame_index, len(third.track_ids), third.class_names) == (2, 0, ())


def test_tracks_after_the_videos_end_are_reported(path: Path) -> None:
    path.write_text("1,1,10,20,30,40,0.5\n9,1,10,20,30,40,0.5\n")
    tracker = FileTracker(FileTrackerOptions(path))
    nothing = Detections.empty(("object",))
    for frame in frames(0, 1):
        tracker.update(frame, nothing)
    assert tracker.warnings()[0].startswith("1 of 2 boxes in ")
    tracker.update(*frames(8), nothing)
    assert tracker.warnings() == ()


@pytest.mark.parametrize(("frame_stride", "warnings"), [(1, 1), (4, 1), (8, 0)])
def test_boxes_between_the_frames_looked_at_are_not_after_the_end(path: Path, frame_stride: int, warnings: int) -> None:
    path.write_text("1,1,10,20,30,40,0.5\n8,1,10,20,30,40,0.5\n")
    stream = StreamInfo(64, 48, 10 / frame_stride, frame_stride)
    for plugin in (FileTracker(FileTrackerOptions(path)), FileDetector(FileDetectorOptions(path))):
        plugin.reset(stream)
        if isinstance(plugin, FileTracker):
            plugin.update(*frames(0), Detections.empty(("object",)))
        else:
            plugin.detect(frames(0))
        assert len(plugin.warnings()) == warnings


def test_tracks_may_count_from_0(path: Path) -> None:
    tracker = FileTracker(FileTrackerOptions(path, first_frame=0))
    assert tracker.update(frames(2)[0], Detections.empty(("x",))).track_ids.tolist() == [5, 3]


def test_detections_are_refused_as_tracks(path: Path) -> None:
    path.write_text("1,-1,0,0,2,2,1\n")
    with pytest.raises(FileFormatError, match=r"boxes\.txt, line 1: a track's id must be at least 0"):
        FileTracker(FileTrackerOptions(path))


def test_published_tracks_are_replayed(shared_dir: Path) -> None:
    tracker = FileTracker(FileTrackerOptions(shared_dir / "data" / "mot15" / "TUD-Campus" / "gt" / "gt.txt"))
    tracked = [tracker.update(frame, Detections.empty(("x",))) for frame in frames(*range(71))]
    assert sum(len(one.track_ids) for one in tracked) == 359
    assert {int(track_id) for one in tracked for track_id in one.track_ids} == set(range(1, 9))
