"""The file of raw scores."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import OutputError
from trackspeak.plugins.contract import Scores, Segments, Trajectory
from trackspeak.service.formats import write_scores
from trackspeak.service.result import RawScores, Result

Command = Callable[..., Any]


def test_each_track_frame_and_sentence_has_a_row(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    queries = ("-q", "the red car", "-q", "a bus")
    done = run(tiny_clip, *queries, "--scores", tmp_path / "scores.json", "--out", tmp_path / "out", "--no-video")
    assert done.code == 0
    rows = json.loads((tmp_path / "scores.json").read_text())
    tracks = [line.split(",")[:2] for line in (tmp_path / "out" / "tracks.txt").read_text().splitlines()]
    expected = {(int(track), int(frame) - 1, query) for frame, track in tracks for query in queries[1::2]}
    assert {(row["track_id"], row["frame"], row["query"]) for row in rows} == expected
    assert len(rows) == len(expected)
    assert len({row["score"] for row in rows}) > 1


def test_a_frame_s_score_is_the_mean_of_its_segments_before_calibration(
    make_result: Callable[..., Result], tmp_path: Path
) -> None:
    from trackspeak.plugins.contract import Trajectory

    frames = np.arange(6)
    path = Trajectory(4, "car", frames, frames / 10, np.tile(np.float32([0, 0, 9, 9]), (6, 1)), np.ones(6, np.float32))
    segments = Segments(
        np.array([4, 4]),
        np.array([0, 2]),
        np.array([3, 5]),
        np.array([[0, 1], [1, 2]]),
        np.zeros((2, 16, 19), np.float32),
    )
    raw = RawScores(segments, Scores(np.float32([[0.25, 0], [0.75, 0]]), "cosine"))
    result = make_result(trajectories=(path,), raw=raw)
    write_scores(result, tmp_path / "a.json")
    rows = json.loads((tmp_path / "a.json").read_text())
    assert [(row["frame"], row["score"]) for row in rows if row["query"] == result.queries[0].query] == [
        (0, 0.25),
        (1, 0.25),
        (2, 0.5),
        (3, 0.5),
        (4, 0.75),
        (5, 0.75),
    ]


def test_frames_that_were_filled_in_have_no_score_of_the_matcher(
    make_result: Callable[..., Result], tmp_path: Path
) -> None:
    frames = np.arange(6)
    boxes, ones = np.zeros((6, 4), np.float32), np.ones(6, np.float32)
    path = Trajectory(4, "car", frames, frames / 10, boxes, ones)
    segments = Segments(
        np.array([4, 4]), np.array([0, 5]), np.array([1, 5]), np.array([[0], [1]]), np.zeros((2, 16, 19), np.float32)
    )
    raw = RawScores(segments, Scores(np.float32([[0.25, 0], [0.75, 0]]), "cosine"))
    write_scores(make_result(trajectories=(path,), raw=raw), tmp_path / "a.json")
    assert {row["frame"] for row in json.loads((tmp_path / "a.json").read_text())} == {0, 1, 5}


def test_nothing_tracked_is_an_empty_list(make_result: Callable[..., Result], tmp_path: Path) -> None:
    write_scores(make_result(trajectories=()), tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == []


def test_a_file_that_cannot_be_written_is_named(make_result: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OutputError, match=r"a\.json"):
        write_scores(make_result(), tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
