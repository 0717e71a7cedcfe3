"""MOTChallenge text."""

from collections.abc import Callable

import numpy as np
import pytest

from trackspeak.plugins.contract import ReferredTrack
from trackspeak.service.formats.mot import referred_text, trajectory_text
from trackspeak.service.result import Result


def test_all_tracks_are_written_by_frame_then_id(make_result: Callable[..., Result]) -> None:
    lines = trajectory_text(make_result().trajectories, first_frame=1).splitlines()
    assert [line.split(",")[:2] for line in lines] == [
        ["1", "12"],
        ["2", "12"],
        ["3", "3"],
        ["4", "3"],
        ["5", "3"],
        ["6", "3"],
    ]
    assert lines[2].startswith("3,3,12.00,8.50,20.00,19.75,0.75")
    assert lines[2].endswith(",-1,-1,-1")


def test_tracks_of_one_frame_are_ordered_by_id(make_track: Callable[..., ReferredTrack]) -> None:
    lines = referred_text([make_track(9, 0, 1), make_track(2, 0, 1)], first_frame=0).splitlines()
    assert [line.split(",")[:2] for line in lines] == [["0", "2"], ["0", "9"], ["1", "2"], ["1", "9"]]


def test_the_confidence_is_the_score_of_the_frame(make_track: Callable[..., ReferredTrack]) -> None:
    track = make_track(9, 4, 5)
    track.frame_scores[:] = np.array([0.5, 1 / 3], np.float32)
    written = [float(line.split(",")[6]) for line in referred_text([track], first_frame=0).splitlines()]
    assert written == pytest.approx([0.5, 1 / 3], abs=0.005)


def test_no_track_gives_no_text() -> None:
    assert referred_text([], first_frame=1) == ""
    assert trajectory_text([], first_frame=1) == ""
