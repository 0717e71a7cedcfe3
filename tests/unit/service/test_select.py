import numpy as np
import pytest

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import Scores, Segments, Trajectory
from trackspeak.service.pipeline.select import Selection, frame_scores, select


def trajectory(frames: list[int], track_id: int = 7) -> Trajectory:
    count = len(frames)
    boxes = np.tile(np.array([0, 0, 10, 10], np.float32), (count, 1))
    indices = np.array(frames, np.int64)
    return Trajectory(track_id, "car", indices, indices / 10, boxes, np.ones(count, np.float32))


def segments(spans: list[tuple[int, int]], track_id: int = 7) -> Segments:
    count = len(spans)
    return Segments(
        np.full(count, track_id, np.int64),
        np.array([first for first, _ in spans], np.int64),
        np.array([last for _, last in spans], np.int64),
        np.zeros((count, 2), np.int64),
        np.zeros((count, 16, 4), np.float32),
    )


def single_frames(values: list[float], selection: Selection, kind: str = "cosine"):
    """Select with one segment per frame, so that segment scores are frame scores."""
    frames = list(range(len(values)))
    scores = Scores(np.array(values, np.float32)[:, None], kind)
    (answer,) = select(["q"], [trajectory(frames)], segments([(f, f) for f in frames]), scores, selection)
    return answer.tracks


def test_a_frame_scores_the_mean_of_the_segments_that_cover_it() -> None:
    scores = Scores(np.array([[1.0], [3.0]], np.float32), "cosine")
    values = frame_scores(trajectory(list(range(12))), segments([(0, 7), (4, 11)]), scores)
    assert values[:, 0].tolist() == [1] * 4 + [2] * 4 + [3] * 4


def test_segments_of_other_tracks_do_not_count() -> None:
    scores = Scores(np.ones((1, 1), np.float32), "cosine")
    assert np.isnan(frame_scores(trajectory([0, 1]), segments([(0, 1)], track_id=8), scores)).all()


def test_frames_that_were_filled_in_score_between_their_neighbours() -> None:
    scores = Scores(np.array([[1.0, 0.0], [3.0, 4.0]], np.float32), "cosine")
    values = frame_scores(trajectory([0, 1, 2, 3, 4]), segments([(0, 0), (4, 4)]), scores)
    np.testing.assert_allclose(values, [[1, 0], [1.5, 1], [2, 2], [2.5, 3], [3, 4]])


def test_nothing_above_the_threshold_is_an_answer() -> None:
    assert single_frames([-1.0] * 10, Selection()) == ()


def test_gaps_of_four_frames_are_closed_and_longer_ones_are_not() -> None:
    closed = single_frames([1.0] * 8 + [-1.0] * 4 + [1.0] * 8, Selection())[0]
    assert [(span.first_frame, span.last_frame) for span in closed.spans] == [(0, 19)]
    split = single_frames([1.0] * 8 + [-1.0] * 5 + [1.0] * 8, Selection())[0]
    assert [(span.first_frame, span.last_frame) for span in split.spans] == [(0, 7), (13, 20)]


def test_scores_are_means_over_referred_frames_alone() -> None:
    track = single_frames([2.0] * 8 + [-9.0] * 2 + [4.0] * 8, Selection())[0]
    assert track.score == pytest.approx(3.0)
    assert track.spans[0].score == pytest.approx(3.0)
    assert len(track.frame_indices) == 18


def test_short_spans_are_dropped_unless_the_track_is_shorter() -> None:
    assert single_frames([1.0] * 7 + [-1.0] * 20, Selection()) == ()
    assert len(single_frames([1.0] * 5, Selection())) == 1


def test_the_raw_protocol_closes_and_drops_nothing() -> None:
    track = single_frames([1.0, -1.0, 1.0] + [-1.0] * 20, Selection(protocol="ikun"))[0]
    assert [(span.first_frame, span.last_frame) for span in track.spans] == [(0, 0), (2, 2)]
    assert track.frame_indices.tolist() == [0, 2]


def test_a_score_on_the_threshold_is_not_referred_to() -> None:
    assert single_frames([0.5] * 10, Selection(), "probability") == ()
    assert len(single_frames([0.51] * 10, Selection(), "probability")) == 1
    assert single_frames([0.51] * 10, Selection(threshold=0.6), "probability") == ()


def test_tracks_come_best_first_then_by_id() -> None:
    frames = list(range(10))
    tracks = [trajectory(frames, track_id) for track_id in (4, 2, 9)]
    columns = [segments([(0, 9)], track_id) for track_id in (4, 2, 9)]
    joined = Segments(*(np.concatenate([getattr(one, name) for one in columns]) for name in Segments.__slots__))
    scores = Scores(np.array([[1.0], [1.0], [5.0]], np.float32), "cosine")
    (answer,) = select(["q"], tracks, joined, scores, Selection())
    assert [track.track_id for track in answer.tracks] == [9, 2, 4]


@pytest.mark.parametrize("wrong", [{"threshold": float("nan")}, {"protocol": "kitti"}, {"max_gap": -1}])
def test_wrong_choices_are_refused_by_name(wrong: dict) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        Selection(**wrong)


def test_the_ikun_protocol_bridges_no_gap_by_default() -> None:
    assert Selection().bridged_gap == 4
    assert Selection(protocol="ikun").bridged_gap == 0
    assert Selection(protocol="ikun", max_gap=2).bridged_gap == 2
