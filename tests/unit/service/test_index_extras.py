"""What a pass may have besides: embeddings for the tracker, a frame stride, postprocessors."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from pipeline_fakes import RATE, FakeDetector, FakeMatcher, FakeTracker, FakeVideo, asked, index

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import (
    Appearance,
    Detections,
    Frame,
    Observations,
    Postprocessed,
    Requirements,
    TrackedFrame,
)
from trackspeak.service.pipeline.answer import answer
from trackspeak.service.pipeline.index import Steps, index_video
from trackspeak.service.pipeline.observe import Seen
from trackspeak.service.pipeline.select import Selection
from trackspeak.service.pipeline.watch import Stopwatch


class EmbeddingMatcher(FakeMatcher):
    """Counts the crops it encodes; an embedding says in which row of boxes a crop was."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.encoded: list[tuple[int, bytes]] = []

    def embed(self, frames: Sequence[Frame], boxes_xyxy) -> list[Appearance]:
        for frame, boxes in zip(frames, boxes_xyxy, strict=True):
            self.encoded += [(frame.index, box.tobytes()) for box in boxes]
        return [Appearance(np.eye(2, dtype=np.float32)[: len(boxes)], {"mark": boxes}) for boxes in boxes_xyxy]

    def observe(self, frames: Sequence[Frame], boxes_xyxy, appearances=None) -> list[Observations]:
        for frame, boxes, known in zip(frames, boxes_xyxy, appearances or [None] * len(frames), strict=True):
            if known is None:
                self.encoded += [(frame.index, box.tobytes()) for box in boxes]
            else:
                np.testing.assert_array_equal(known.arrays["mark"], boxes)  # what was made of these very boxes
        return super().observe(frames, boxes_xyxy)


class EmbeddedTracker(FakeTracker):
    """Takes embeddings, and may report boxes of its own."""

    requirements = Requirements(embeddings=True)

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift
        self.given: list[tuple[int, ...]] = []

    def update(self, frame: Frame, detections: Detections, embeddings=None) -> TrackedFrame:
        self.given.append(embeddings.shape)
        moved = replace(detections, boxes_xyxy=detections.boxes_xyxy + np.float32(self.shift))
        return super().update(frame, moved)


class Blinking(FakeDetector):
    """Sees nothing in every tenth frame."""

    def _one(self, index: int) -> Detections:
        return Detections.empty(("thing",)) if index % 10 == 9 else super()._one(index)


def test_a_crop_that_tracker_and_matcher_want_is_encoded_once() -> None:
    matcher, tracker = EmbeddingMatcher(), EmbeddedTracker()
    made, _ = index(FakeVideo(100), detector=Blinking(), tracker=tracker, matcher=matcher, embedder=matcher)
    assert len(matcher.seen) > 0
    assert len(matcher.encoded) == len(set(matcher.encoded)) == 90 + 18  # each detection, no look again
    assert [shape[0] for shape in tracker.given] == [len(Blinking()._one(frame)) for frame in range(100)]
    plain, _ = index(FakeVideo(100), detector=Blinking())
    for name, array in plain.observations.look_arrays.items():
        np.testing.assert_array_equal(array, made.observations.look_arrays[name])


def test_boxes_that_are_not_the_detector_s_are_encoded_for_the_matcher() -> None:
    matcher = EmbeddingMatcher()
    index(FakeVideo(40), tracker=EmbeddedTracker(shift=0.5), matcher=matcher, embedder=matcher)
    assert len(matcher.encoded) == 40 + 20 + len(matcher.seen) + sum(20 <= frame < 40 for frame in matcher.seen)


def test_an_embedder_of_its_own_leaves_the_looks_to_the_matcher() -> None:
    matcher, embedder = EmbeddingMatcher(), EmbeddingMatcher()
    index(FakeVideo(40), tracker=EmbeddedTracker(), matcher=matcher, embedder=embedder)
    assert len(embedder.encoded) == 60
    assert {frame for frame, _ in matcher.encoded} == set(matcher.seen)


def test_an_embedder_that_loses_a_box_is_told() -> None:
    class Short(EmbeddingMatcher):
        def embed(self, frames: Sequence[Frame], boxes_xyxy) -> list[Appearance]:
            return super().embed(frames, boxes_xyxy)[1:]

    matcher = Short()
    with pytest.raises(ContractError, match="the embedder must give one Appearance per frame, with one row per box"):
        index(FakeVideo(20), tracker=EmbeddedTracker(), matcher=matcher, embedder=matcher)


def test_a_stride_looks_at_every_nth_frame_tells_the_plugins_and_fills_in_between() -> None:
    detector, tracker = FakeDetector(lookahead_s=2.0), FakeTracker()
    made, parts = index(FakeVideo(100), detector=detector, tracker=tracker, frame_stride=3)
    assert sum(detector.batches) == 34
    assert detector.prepared == list(range(0, 20, 3))
    assert detector.stream.frame_rate == tracker.stream.frame_rate == RATE / 3
    assert all(frame % 3 == 0 for frame in parts["matcher"].seen)
    first, second = made.trajectories
    assert first.frame_indices.tolist() == list(range(100))
    assert second.frame_indices.tolist() == list(range(21, 40))
    np.testing.assert_array_equal(first.times_s, np.arange(100) / RATE)
    np.testing.assert_allclose(first.boxes_xyxy[:36, 0], np.arange(36), atol=1e-4)
    (long,) = {int(length) for length in made.segments.last_frames - made.segments.first_frames if length > 18}
    assert long == 7 * 3  # eight frames looked at, not broken where others were passed over


def test_postprocessors_mend_tracks_and_take_their_segments_along() -> None:
    class Join:
        """Makes the second track part of the first."""

        def __call__(self, trajectories, frame_times_s) -> Postprocessed:
            assert frame_times_s.tolist() == [frame / RATE for frame in range(100)]
            return Postprocessed(trajectories[:1], {2: 1})

    class Count:
        """Counts what it is given."""

        def __call__(self, trajectories, frame_times_s) -> Postprocessed:
            self.given = len(trajectories)
            return Postprocessed(tuple(trajectories))

    count = Count()
    made, _ = index(FakeVideo(100), postprocessors=(Join(), count))
    plain, _ = index(FakeVideo(100))
    assert count.given == 1
    assert [track.track_id for track in made.trajectories] == [1]
    assert set(made.segments.track_ids.tolist()) == {1}
    assert len(made.segments) == len(plain.segments)
    assert (np.diff(made.segments.first_frames) >= 0).all()
    looks = [one.observations.look_arrays["box"][one.segments.look_rows] for one in (made, plain)]
    order = np.lexsort([plain.segments.last_frames, plain.segments.first_frames])
    np.testing.assert_array_equal(looks[0], looks[1][order])


def test_a_postprocessor_must_not_make_up_tracks() -> None:
    class MadeUp:
        def __call__(self, trajectories, frame_times_s) -> Postprocessed:
            return Postprocessed((replace(trajectories[0], track_id=99),))

    with pytest.raises(ContractError, match="the postprocessor must keep the ids it is given, got 99"):
        index(FakeVideo(20), postprocessors=(MadeUp(),))


@pytest.mark.parametrize(
    ("merged", "frames", "message"),
    [
        ({77: 1}, [0, 1], "the postprocessor must keep the ids it is given, got 77"),
        ({}, [5, 20], "the postprocessor must keep to the video's 20 frames, got 5 to 20 of track 1"),
    ],
)
def test_a_postprocessor_must_keep_to_tracks_and_frames(
    merged: dict[int, int], frames: list[int], message: str
) -> None:
    class Wrong:
        def __call__(self, trajectories, frame_times_s) -> Postprocessed:
            indices = np.array(frames, np.int64)
            boxes, scores = np.zeros((2, 4), np.float32), np.ones(2, np.float32)
            one = replace(trajectories[0], frame_indices=indices, times_s=indices / 10, boxes_xyxy=boxes, scores=scores)
            return Postprocessed((one,), merged)

    with pytest.raises(ContractError, match=message):
        index(FakeVideo(20), postprocessors=(Wrong(),))


def test_segments_of_tracks_that_were_dropped_go_too() -> None:
    class Drop:
        def __call__(self, trajectories, frame_times_s) -> Postprocessed:
            return Postprocessed(trajectories[:1])

    made, _ = index(FakeVideo(100), postprocessors=(Drop(),))
    assert set(made.segments.track_ids.tolist()) == {1}


class Lists:
    """Gives lists where the contract wants more."""

    requirements = Requirements(embeddings=True)

    def reset(self, stream) -> None: ...
    def warnings(self) -> tuple[str, ...]:
        return ()

    def update(self, frame, detections, embeddings=None):
        return []

    def embed(self, frames, boxes_xyxy):
        return [[] for _ in frames]

    def __call__(self, trajectories, frame_times_s):
        return []


class ListDetector(FakeDetector):
    def detect(self, frames):
        return [[] for _ in frames]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"detector": ListDetector()}, "the detector must give Detections, got list"),
        ({"tracker": Lists()}, "the tracker must give TrackedFrame, got list"),
        ({"tracker": EmbeddedTracker(), "embedder": Lists()}, "the embedder must give Appearance, got list"),
        ({"postprocessors": (Lists(),)}, "the postprocessor must give Postprocessed, got list"),
    ],
)
def test_what_a_plugin_gives_must_be_of_the_contract_s_type(parts: dict[str, object], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        index(FakeVideo(20), **parts)


def test_only_what_tracks_may_be_looked_at_by_waits_in_the_ring() -> None:
    detected = np.arange(16, dtype=np.float32).reshape(4, 4)
    appearance = Appearance(np.eye(4, dtype=np.float32), {"mark": detected})
    frame = Frame(0, 0.0, np.zeros((4, 4, 3), np.uint8))
    seen = Seen.of(frame, detected[[3, 1]], detected, appearance)
    assert len(seen.appearance) == 2
    assert seen.appearance.arrays["mark"].base is None  # a copy: the others can go
    np.testing.assert_array_equal(seen.appearance_of(detected[[1]]).arrays["mark"], detected[[1]])
    assert seen.appearance_of(detected[[0]]) is None
    assert Seen.of(frame, detected, detected, None).appearance_of(detected) is None


@pytest.mark.parametrize("frame_stride", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("missed", [(), (2,), (1, 2), (1, 2, 3, 4)])
def test_a_stride_over_a_slowed_video_gives_the_spans_of_the_video(frame_stride: int, missed: tuple[int, ...]) -> None:
    class Flickering(FakeDetector):
        """Sees everything frame_stride times as long, and misses some of each ten."""

        def _one(self, index: int) -> Detections:
            at = index // frame_stride
            boxes = [] if at % 10 in missed else [[at % 40, 5, at % 40 + 10, 15]]
            count = len(boxes)
            xyxy = np.array(boxes, np.float32).reshape(-1, 4)
            return Detections(xyxy, np.ones(count, np.float32), np.zeros(count, np.int64), ("thing",))

    made, parts = index(FakeVideo(60 * frame_stride), detector=Flickering(), frame_stride=frame_stride)
    matcher = parts["matcher"]
    referred, *_ = answer(made, asked("-1"), matcher.describe(["-1"]), matcher, [], Selection(), Stopwatch())
    spans = [(span.first_frame, span.last_frame) for span in referred[0].tracks[0].spans]
    assert spans == [(0, 59 * frame_stride)]


def test_progress_ends_with_the_last_frame_though_it_was_passed_over() -> None:
    calls: list[tuple[int, int | None]] = []
    steps = Steps(FakeDetector(), FakeTracker(), FakeMatcher())
    index_video(FakeVideo(23), steps, 4, frame_stride=10, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (23, 23)
