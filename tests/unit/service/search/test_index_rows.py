"""An index as rows: every segment once, by track and time, with when its track was seen."""

from dataclasses import replace

import numpy as np
import pytest
from pipeline_fakes import FakeDetector, FakeVideo, index
from search_fakes import NumberMatcher, fake_index

from trackspeak.plugins.contract import Detections, Postprocessed, Requirements, Segments
from trackspeak.service.pipeline.index import VideoIndex
from trackspeak.service.search.rows import IndexRows, rows_of


def rows(made: VideoIndex) -> IndexRows:
    found = rows_of(made, NumberMatcher())
    assert found is not None
    return found


def check(found: IndexRows, made: VideoIndex) -> None:
    """Check rows against the segments and tracks of an index, one by one."""
    keys = list(zip(found.track_ids.tolist(), found.first_frames.tolist(), strict=True))
    assert keys == sorted(keys)
    segments = made.segments
    at = {
        key: row
        for row, key in enumerate(zip(segments.track_ids.tolist(), segments.first_frames.tolist(), strict=True))
    }
    assert sorted(at) == keys
    tracks = {one.track_id: one for one in made.trajectories}
    vectors = made.observations.look_arrays["vector"].astype(np.float32)  # type: ignore[union-attr]
    for row, key in enumerate(keys):
        track, segment = tracks[key[0]], at[key]
        assert found.last_frames[row] == segments.last_frames[segment]
        assert found.class_names[row] == track.class_name
        times = dict(zip(track.frame_indices.tolist(), track.times_s.tolist(), strict=True))
        assert found.first_times_s[row] == times[key[1]]
        assert found.last_times_s[row] == times[int(found.last_frames[row])]
        looks = vectors[segments.look_rows[segment]].mean(axis=0)
        np.testing.assert_allclose(found.vectors.vectors[row], looks, rtol=1e-6)
        path = found.paths[row]
        assert (path is None) == (row > 0 and keys[row - 1][0] == key[0])
        if path is not None:
            np.testing.assert_array_equal(path.frame_indices, track.frame_indices)
            np.testing.assert_array_equal(path.times_s, track.times_s)


def test_every_segment_is_a_row() -> None:
    made = fake_index(1, tracks=5, segments=6).index
    check(rows(made), made)


def test_rows_are_in_order_whatever_that_of_the_segments() -> None:
    made = fake_index(2, tracks=4, segments=5).index
    order = np.random.default_rng(0).permutation(20)
    mixed = Segments(*(getattr(made.segments, name)[order] for name in Segments.__slots__))
    check(rows(replace(made, segments=mixed)), made)


@pytest.mark.parametrize("looks", [1, 3, 8])
def test_a_segment_may_have_one_look_or_many(looks: int) -> None:
    made = fake_index(3).index
    look_rows = np.random.default_rng(0).integers(0, 24, (12, looks))
    made = replace(made, segments=replace(made.segments, look_rows=look_rows))
    check(rows(made), made)


def test_tracks_that_are_not_there_all_the_time_keep_their_frames() -> None:
    made = fake_index(4, tracks=1, segments=3).index
    track = made.trajectories[0]
    kept = np.array([0, 1, 2, 6, 7, 8, 9, 12, 13])  # of frames 10 to 25
    short = replace(
        track,
        frame_indices=track.frame_indices[kept],
        times_s=track.times_s[kept],
        boxes_xyxy=track.boxes_xyxy[kept],
        scores=track.scores[kept],
    )
    found = rows(replace(made, trajectories=(short,)))
    assert found.first_frames.tolist() == [10, 14, 18]
    assert found.first_times_s.tolist() == [1.0, 1.6, 1.8]  # the next frame that it was seen in
    assert found.last_frames.tolist() == [17, 21, 25]
    assert found.last_times_s.tolist() == [1.7, 2.2, 2.3]  # the last frame of all where there is no next one
    path = found.paths[0]
    assert path is not None
    assert path.frame_indices.tolist() == short.frame_indices.tolist()


class Joiner:
    """Says that track 2 is track 1."""

    Options = type(None)
    requirements = Requirements()
    weights: dict[str, str] = {}  # noqa: RUF012

    def __call__(self, trajectories, frame_times_s):  # type: ignore[no-untyped-def]
        return Postprocessed(trajectories[:1], {2: 1})


def test_a_track_that_was_joined_brings_its_segments() -> None:
    made, _ = index(FakeVideo(60), postprocessors=(Joiner(),))
    assert [one.track_id for one in made.trajectories] == [1]
    levels = made.observations.look_arrays["level"]
    vectors = np.tile(levels[:, None], (1, 8))
    made = replace(made, observations=replace(made.observations, look_arrays={"vector": vectors}))
    found = rows(made)
    assert len(found.track_ids) == len(made.segments) > 0
    assert set(found.track_ids.tolist()) == {1}
    assert sum(path is not None for path in found.paths) == 1
    alone, _ = index(FakeVideo(60))
    assert len(made.segments) == len(alone.segments)


def test_an_index_without_tracks_has_no_rows() -> None:
    class Nothing(FakeDetector):
        def _one(self, index: int) -> Detections:
            return Detections.empty(("thing",))

    made, _ = index(FakeVideo(30), detector=Nothing())
    assert made.observations is None
    assert rows_of(made, NumberMatcher()) is None
    assert rows_of(fake_index(5, tracks=0).index, NumberMatcher()) is None
