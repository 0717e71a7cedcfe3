"""What a pass may have besides: embeddings for the tracker, a frame stride, postprocessors."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from pipeline_fakes import RATE, FakeDetector, FakeMatcher, FakeTracker, FakeVideo, index

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
