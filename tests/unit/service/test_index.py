"""The one pass, with a fake of each plugin: what is looked at, how often, and in how much memory."""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
import pytest
from pipeline_fakes import FakeDetector, FakeMatcher, FakeTracker, FakeVideo, asked, index

from trackspeak.models.errors import ContractError, PluginError, VideoError
from trackspeak.plugins.contract import Detections, Frame
from trackspeak.service.pipeline.answer import answer
from trackspeak.service.pipeline.index import Steps, index_video
from trackspeak.service.pipeline.indexer import BATCH_FRAMES
from trackspeak.service.pipeline.select import Selection
from trackspeak.service.pipeline.watch import Stopwatch


def test_every_frame_is_looked_at_at_most_once() -> None:
    _, parts = index(FakeVideo(100))
    seen = parts["matcher"].seen
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert set(range(0, 92, 4)) <= set(seen)


def test_looks_are_joined_to_their_own_track_and_frame() -> None:
    made, _ = index(FakeVideo(100))
    rows = made.observations.look_frame_rows[made.segments.look_rows]
    frames = made.observations.frame_indices[rows]
    assert (frames >= made.segments.first_frames[:, None]).all()
    assert (frames <= made.segments.last_frames[:, None]).all()
    top = made.observations.look_arrays["box"][made.segments.look_rows][..., 1]
    assert (top == np.where(made.segments.track_ids == 1, 5, 25)[:, None]).all()


def test_trajectories_hold_every_box_of_every_track() -> None:
    made, _ = index(FakeVideo(100))
    assert [(track.track_id, len(track.frame_indices)) for track in made.trajectories] == [(1, 100), (2, 20)]
    assert made.trajectories[1].frame_indices.tolist() == list(range(20, 40))
    assert made.trajectories[0].class_name == "thing"


def test_answers_come_from_the_index_alone() -> None:
    made, parts = index(FakeVideo(100))
    seen = list(parts["matcher"].seen)
    matcher = parts["matcher"]
    referred, scores, raw = answer(
        made, asked("50", "1000"), matcher.describe(["50", "1000"]), matcher, [], Selection(), Stopwatch()
    )
    assert parts["matcher"].seen == seen
    np.testing.assert_array_equal(raw.values, scores.values)  # nothing calibrates them
    assert scores.kind == "cosine"
    (track,) = referred[0].tracks
    assert track.track_id == 1
    assert abs(track.spans[0].first_frame - 50) <= 4
    assert track.spans[0].last_frame == 99
    assert referred[1].tracks == ()


def test_a_video_without_tracks_gives_empty_answers() -> None:
    class Nothing(FakeDetector):
        def _one(self, index: int) -> Detections:
            return Detections.empty(("thing",))

    made, parts = index(FakeVideo(30), detector=Nothing())
    matcher = parts["matcher"]
    referred, *_ = answer(made, asked("1"), matcher.describe(["1"]), matcher, [], Selection(), Stopwatch())
    assert made.trajectories == ()
    assert referred[0].tracks == ()


def test_the_detector_sees_the_first_seconds_before_frame_0_and_then_all_in_batches() -> None:
    video = FakeVideo(100)
    _, parts = index(video, detector=FakeDetector(lookahead_s=2.0))
    assert parts["detector"].prepared == list(range(20))
    assert sum(parts["detector"].batches) == 100
    assert max(parts["detector"].batches) == BATCH_FRAMES
    assert video.passes == 2


def test_warnings_of_the_video_and_the_detector_are_kept() -> None:
    made, _ = index(FakeVideo(20))
    assert made.warnings == ("a warning of the video", "a warning of the detector")


def test_progress_ends_with_the_last_frame() -> None:
    calls: list[tuple[int, int | None]] = []
    steps = Steps(FakeDetector(), FakeTracker(), FakeMatcher())
    index_video(FakeVideo(21), steps, 4, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (21, 21)


def test_an_error_while_decoding_reaches_the_caller() -> None:
    with pytest.raises(VideoError, match="broken here"):
        index(FakeVideo(100, fails_at=33))


def test_an_error_while_observing_reaches_the_caller() -> None:
    matcher = FakeMatcher()
    matcher.fails = True
    with pytest.raises(PluginError, match="the matcher failed: RuntimeError: no memory"):
        index(FakeVideo(100), matcher=matcher)


class Failing:
    """A plugin's attribute that fails, whether it is called or read."""

    def __get__(self, *_: object) -> NoReturn:
        raise RuntimeError("broken")


@pytest.mark.parametrize(
    ("kind", "base", "member"),
    [
        ("detector", FakeDetector, "reset"),
        ("detector", FakeDetector, "detect"),
        ("detector", FakeDetector, "warnings"),
        ("tracker", FakeTracker, "reset"),
        ("tracker", FakeTracker, "update"),
        ("tracker", FakeTracker, "warnings"),
        ("matcher", FakeMatcher, "sampling"),
        ("matcher", FakeMatcher, "observe"),
    ],
)
def test_a_failure_is_blamed_on_the_plugin_that_failed(kind: str, base: type, member: str) -> None:
    plugin = type("Broken", (base,), {member: Failing()})()
    with pytest.raises(PluginError, match=f"the {kind} failed: RuntimeError: broken"):
        index(FakeVideo(20), **{kind: plugin})


def test_a_detector_that_loses_a_frame_is_told() -> None:
    class Short(FakeDetector):
        def detect(self, frames: Sequence[Frame]) -> list[Detections]:
            return super().detect(frames)[1:]

    with pytest.raises(ContractError, match="one Detections per frame, 8, got 7"):
        index(FakeVideo(20), detector=Short())


def test_two_passes_give_the_same_bytes() -> None:
    first, _ = index(FakeVideo(100))
    second, _ = index(FakeVideo(100))
    for name in first.segments.__slots__:
        np.testing.assert_array_equal(getattr(first.segments, name), getattr(second.segments, name))
    for name, array in first.observations.look_arrays.items():
        np.testing.assert_array_equal(array, second.observations.look_arrays[name])
