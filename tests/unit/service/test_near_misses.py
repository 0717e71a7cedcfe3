"""Near misses: which tracks come closest to what was asked, in what order, and what each fell short of."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import NearMiss, Observations, Phrases, Scores, Segments, Trajectory
from trackspeak.service.pipeline import near_misses
from trackspeak.service.pipeline.answer import answer
from trackspeak.service.pipeline.index import VideoIndex
from trackspeak.service.pipeline.near_misses import held_back
from trackspeak.service.pipeline.select import Selection
from trackspeak.service.pipeline.watch import Stopwatch
from trackspeak.service.questions import parse_question, sentences_of

FRAMES = 8
"""Of each segment here; none overlap, so that a segment's score is that of its frames."""

Rows = Sequence[Sequence[float] | float]


def trajectory(track_id: int, frames: Sequence[int]) -> Trajectory:
    count = len(frames)
    indices = np.array(frames, np.int64)
    boxes = np.tile(np.array([0, 0, 10, 10], np.float32), (count, 1))
    return Trajectory(track_id, "car", indices, indices / 10, boxes, np.ones(count, np.float32))


def ask(
    tracks: Mapping[int, Rows],
    *texts: str,
    kind: Any = "probability",
    length: int = FRAMES,
    lost: Sequence[int] = (),
    **selection: Any,
) -> tuple[Any, ...]:
    """Answer questions about tracks given as id -> a row of scores per segment, a column per sentence.

    Args:
        tracks: as said; with a single sentence the rows may be numbers.
        texts: the questions.
        kind: of the scores.
        length: frames of each segment.
        lost: ids of tracks that no segment covers.
        selection: fields of `Selection`.
    """
    parts = [(track_id, row, values) for track_id, rows in tracks.items() for row, values in enumerate(rows)]
    count = len(parts)
    first = np.array([row * length for _, row, _ in parts], np.int64)
    segments = Segments(
        np.array([track_id for track_id, *_ in parts], np.int64),
        first,
        first + length - 1,
        np.zeros((count, 2), np.int64),
        np.zeros((count, 16, 19), np.float32),
    )
    trajectories = [trajectory(one, range(len(rows) * length)) for one, rows in tracks.items()]
    trajectories += [trajectory(one, range(length)) for one in lost]
    observations = Observations({}, np.zeros(0, np.int64), {}, np.zeros(0, np.int64)) if count else None
    values = np.array([np.atleast_1d(values) for *_, values in parts], np.float32)
    matcher: Any = SimpleNamespace(score=lambda *_: Scores(values, kind))
    questions = [parse_question(text) for text in texts]
    index = VideoIndex(tuple(trajectories), segments, observations, (), {})
    phrases = Phrases(sentences_of(questions), {})
    referred, *_ = answer(index, questions, phrases, matcher, [], Selection(**selection), Stopwatch())
    return referred


def missed(*arguments: Any, near_misses: int = 10, **options: Any) -> tuple[NearMiss, ...]:
    (found,) = ask(*arguments, near_misses=near_misses, **options)
    return found.near_misses


def test_the_best_segment_is_given_and_compared_with_the_threshold() -> None:
    (one,) = missed({7: [0.1, 0.4, 0.3]}, "a car")
    assert (one.track_id, one.class_name, one.score) == (7, "car", pytest.approx(0.4))
    assert (one.best.first_frame, one.best.last_frame, one.best.score) == (8, 15, one.score)
    assert (one.best.first_time_s, one.best.last_time_s) == (0.8, 1.5)
    assert one.why == "its best segment scores 0.40, the threshold is 0.5"
    assert one.part_scores == ()


def test_the_first_of_equal_segments_is_the_best() -> None:
    (one,) = missed({7: [0.1, 0.3, 0.3]}, "a car")
    assert one.best.first_frame == 8


@pytest.mark.parametrize(
    ("score", "threshold", "said"),
    [
        (-0.3, None, "scores -0.30, the threshold is 0"),
        (-0.0012, None, "scores -0.001, the threshold is 0"),
        (0.4996, 0.5, "scores 0.4996, the threshold is 0.5"),
        (0.5, 0.5, "scores 0.50, the threshold is 0.5"),
        (1.25, 1.5, "scores 1.25, the threshold is 1.5"),
    ],
)
def test_cosines_are_compared_with_their_threshold_and_never_rounded_onto_it(
    score: float, threshold: float | None, said: str
) -> None:
    (one,) = missed({7: [score]}, "a car", kind="cosine", threshold=threshold)
    assert one.why == f"its best segment {said}"


def test_a_run_that_is_too_short_says_how_short() -> None:
    (one,) = missed({7: [0.2, 0.9, 0.2, 0.2, 0.2]}, "a car", length=5)
    assert one.why == "5 frames in a row are above the threshold 0.5, at least 8 are asked for"
    assert one.score == pytest.approx(0.9)
    (lone,) = missed({7: [0.2] * 9 + [0.9]}, "a car", length=1)
    assert lone.why == "1 frame in a row is above the threshold 0.5, at least 8 are asked for"
    (gaps,) = missed({7: [0.9, 0.2, 0.2, 0.9, 0.2, 0.2, 0.2, 0.2, 0.2, 0.9]}, "a car", length=1)
    assert gaps.why == "4 frames in a row, short gaps closed, are above the threshold 0.5, at least 8 are asked for"


def test_a_track_shorter_than_the_shortest_span_need_not_be_longer_than_it_is() -> None:
    (one,) = missed({7: [0.9, 0.9, 0.2, 0.2, 0.2, 0.2, 0.2]}, "a car", length=1)
    assert one.why == "2 frames in a row are above the threshold 0.5, at least 7 are asked for"


def test_a_track_that_is_not_probable_enough_keeps_its_score() -> None:
    (found,) = ask({7: [0.6, 0.7, 0.1], 8: [0.9]}, "a car", min_probability=0.7, near_misses=5)
    assert [track.track_id for track in found.tracks] == [8]
    (one,) = found.near_misses
    assert one.score == pytest.approx(0.65)
    assert (one.best.first_frame, one.best.score) == (8, pytest.approx(0.7))
    assert one.why == "its score 0.65 is below min_probability 0.7"


def test_a_score_on_min_probability_is_enough() -> None:
    (found,) = ask({7: [0.7], 8: [0.6999]}, "a car", min_probability=0.7, near_misses=5)
    assert [track.track_id for track in found.tracks] == [7]
    assert [one.why for one in found.near_misses] == ["its score 0.6999 is below min_probability 0.7"]


def test_the_raw_protocol_judges_each_frame_by_itself() -> None:
    tracks = {7: [0.2] * 9 + [0.9], 8: [0.1, 0.45, 0.2]}
    (found,) = ask(tracks, "a car", length=1, protocol="ikun", near_misses=5)
    assert [track.track_id for track in found.tracks] == [7]
    assert [one.why for one in found.near_misses] == ["its best frame scores 0.45, the threshold is 0.5"]
    (one,) = missed({8: [[0.3, 0.9]]}, '"a car" and "turning"', protocol="ikun")
    assert one.why == 'its best frame scores 0.30, the threshold is 0.5; over its best segment "a car" scores 0.30'


@pytest.mark.parametrize(
    ("query", "scores", "blamed"),
    [
        ('"a" and "b"', (0.9, 0.2), '"b" scores 0.20'),
        ('"a" and not "b"', (0.7, 0.91), '"b" scores 0.91 and must not hold'),
        ('"a" or "b"', (0.1, 0.2), '"a" scores 0.10, "b" scores 0.20'),
        ('not ("a" or "b")', (0.6, 0.8), '"b" scores 0.80 and must not hold'),
        ('not ("a" and "b")', (0.6, 0.8), '"a" scores 0.60 and must not hold, "b" scores 0.80 and must not hold'),
        ('"a" or ("b" and "c")', (0.1, 0.9, 0.3), '"a" scores 0.10, "c" scores 0.30'),
        ('("a" or "b") and "c"', (0.9, 0.2, 0.1), '"c" scores 0.10'),
        ('not not "a" and "b"', (0.2, 0.3), '"a" scores 0.20'),
        ('"a" or "a" and "b"', (0.1, 0.2), '"a" scores 0.10'),
        ('"a"', (0.1,), '"a" scores 0.10'),
    ],
)
def test_the_sentences_that_decided_are_named(query: str, scores: tuple[float, ...], blamed: str) -> None:
    (one,) = missed({7: [scores]}, query)
    before, _, named = one.why.partition(": ")
    assert before == f"its best segment scores {one.score:.2f}, the threshold is 0.5"
    assert named == blamed
    assert dict(one.part_scores) == pytest.approx(dict(zip("abc", scores, strict=False)))


def test_a_cosine_that_must_not_hold_is_compared_with_the_contrary() -> None:
    (one,) = missed({7: [(0.5, 0.3)]}, '"a" and not "b"', kind="cosine")
    assert one.why == 'its best segment scores -0.30, the threshold is 0: "b" scores 0.30 and must not hold'


def test_parts_are_over_the_best_segment_alone() -> None:
    (one,) = missed({7: [(0.9, 0.1), (0.4, 0.3), (0.0, 1.0)]}, '"a" and "b"')
    assert one.best.first_frame == 8
    assert dict(one.part_scores) == pytest.approx({"a": 0.4, "b": 0.3})


def test_sentences_that_hold_but_not_at_once_are_said_to() -> None:
    question = parse_question('"a" and "b"').expression
    assert held_back(question, {"a": 0.6, "b": 0.7}, "probability", 0.5) == (
        "all that is asked for holds there on the whole, but not at the same time"
    )
    assert held_back(question, {"a": 0.6, "b": 0.4}, "probability", 0.5) == '"b" scores 0.40'


def test_a_question_that_needs_a_lasting_run_names_no_sentence() -> None:
    (one,) = missed({7: [(0.2, 0.9), (0.9, 0.9), (0.2, 0.2)]}, '"a" and "b"', length=5)
    assert one.why == "5 frames in a row are above the threshold 0.5, at least 8 are asked for"
    assert dict(one.part_scores) == pytest.approx({"a": 0.9, "b": 0.9})


def test_near_misses_come_best_first_then_by_id_and_no_more_than_asked_for() -> None:
    tracks = {1: [0.2], 2: [0.4], 3: [0.3], 4: [0.4], 5: [0.9], 6: [0.4]}
    ids = [[one.track_id for one in missed(tracks, "a car", near_misses=count)] for count in (1, 2, 3, 4, 99)]
    assert ids == [[2], [2, 4], [2, 4, 6], [2, 4, 6, 3], [2, 4, 6, 3, 1]]
    backwards = dict(reversed(tracks.items()))
    assert [one.track_id for one in missed(backwards, "a car", near_misses=2)] == [2, 4]


def test_tracks_beyond_the_top_are_no_near_misses() -> None:
    (found,) = ask({1: [0.9], 2: [0.8], 3: [0.4], 4: [0.8]}, "a car", top=2, near_misses=5)
    assert [track.track_id for track in found.tracks] == [1, 2]
    assert [one.track_id for one in found.near_misses] == [3]


def test_each_question_has_its_own() -> None:
    tracks = {1: [(0.9, 0.1)], 2: [(0.2, 0.8)]}
    first, second, both = ask(tracks, "a", "b", '"a" or "b"', near_misses=5)
    assert [one.track_id for one in first.near_misses] == [2]
    assert [one.track_id for one in second.near_misses] == [1]
    assert both.near_misses == ()


def test_none_are_given_or_looked_for_where_none_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trackspeak.service.pipeline.answer.NearMisses", None)  # would fail if it were made
    (found,) = ask({7: [0.1]}, "a car")
    assert found.near_misses is None


def test_nothing_is_scored_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    scored = near_misses.frame_scores
    monkeypatch.setattr(near_misses, "frame_scores", lambda *given: calls.append(given) or scored(*given))
    assert len(missed({1: [0.1], 2: [0.2]}, "a car")) == 2
    assert calls == []  # those of the selection do; sentences of expressions alone are looked up, of what is given
    assert len(missed({1: [(0.1, 0.1)], 2: [(0.2, 0.1)]}, '"a" and "b"', near_misses=1)) == 1
    assert len(calls) == 1


def test_tracks_that_no_segment_covers_and_videos_without_tracks_have_none() -> None:
    assert [one.track_id for one in missed({7: [0.1]}, "a car", lost=[8])] == [7]
    assert missed({}, "a car", lost=[8], kind="cosine") == ()
    assert missed({}, "a car", kind="cosine", min_probability=0.5) == ()


def test_filled_in_frames_count_where_they_lie_between() -> None:
    segments = Segments(
        np.array([7, 7]), np.array([0, 4]), np.array([0, 4]), np.zeros((2, 2), np.int64), np.zeros((2, 16, 19), "f4")
    )
    matcher: Any = SimpleNamespace(score=lambda *_: Scores(np.array([[0.1], [0.4]], np.float32), "probability"))
    observations = Observations({}, np.zeros(0, np.int64), {}, np.zeros(0, np.int64))
    index = VideoIndex((trajectory(7, range(5)),), segments, observations, (), {})
    phrases = Phrases(("a car",), {})
    asked = [parse_question("a car")]
    ((found,), *_) = answer(index, asked, phrases, matcher, [], Selection(near_misses=1), Stopwatch())
    (one,) = found.near_misses
    assert (one.best.first_frame, one.best.last_frame, one.score) == (4, 4, pytest.approx(0.4))


def test_probabilities_are_asked_of_scores_that_are_some() -> None:
    with pytest.raises(OptionError, match=r"min_probability must .*, got scores of kind cosine: choose a calibrator"):
        ask({7: [0.1]}, "a car", kind="cosine", min_probability=0.5)


@pytest.mark.parametrize("wrong", [{"min_probability": 1.1}, {"top": 0}, {"near_misses": -1}, {"near_misses": 101}])
def test_wrong_choices_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        Selection(**wrong)
