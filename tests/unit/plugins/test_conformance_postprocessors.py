"""The kit for postprocessors finds what is broken: for each check one that fails there and nowhere else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from trackspeak.plugins.conformance import PostprocessorConformance, scenes
from trackspeak.plugins.contract import Postprocessed, Requirements, Trajectory

CHECKS = [name for name in dir(PostprocessorConformance) if name.startswith("test_")]
BROKEN: dict[str, type[Any]] = {}


def breaks(check: str) -> Callable[[type[Any]], type[Any]]:
    def register(fake: type[Any]) -> type[Any]:
        fake.__doc__ = Good.__doc__
        BROKEN[check] = fake
        return fake

    return register


@dataclass(frozen=True)
class Options:
    """Options.

    Attributes:
        size: how large.
    """

    size: int = 1


class Good:
    """Rounds scores, and leaves the rest."""

    Options = Options
    requirements = Requirements()
    weights: dict[str, str] = {}  # noqa: RUF012 as plugins have it

    def __init__(self, options: Options) -> None: ...

    def __call__(self, trajectories: Sequence[Trajectory], frame_times_s: Any) -> Postprocessed:
        mended = self.mend(list(trajectories), frame_times_s)
        return Postprocessed(tuple(replace(one, scores=one.scores.round(1)) for one in mended))

    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return trajectories


def is_seen(trajectories: list[Trajectory], seed: int) -> bool:
    """Whether the first box is that of a scene."""
    return bool(trajectories) and np.array_equal(trajectories[0].boxes_xyxy[0], scenes.steady(seed).boxes_xyxy[0][0])


@breaks("test_it_gives_tracks")
class DropsAll(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return [] if is_seen(trajectories, 0) else trajectories


@breaks("test_tracks_are_those_given")
class NewIds(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        if len(trajectories) != 6:
            return trajectories
        return [replace(one, track_id=one.track_id + 100) for one in trajectories]


@breaks("test_frames_are_the_videos")
class OtherTimes(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return [replace(one, times_s=one.frame_indices / 25) for one in trajectories]


@breaks("test_what_it_is_given_stays_as_it_was")
class Writes(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        for one in trajectories:
            one.scores[:] = 0.5
        return trajectories


@breaks("test_it_is_deterministic")
class Random(Good):
    numbers = itertools.count()

    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        if not is_seen(trajectories, 4):
            return trajectories
        moved = np.float32(next(self.numbers))
        return [replace(one, boxes_xyxy=one.boxes_xyxy + moved) for one in trajectories]


@breaks("test_it_keeps_no_state")
class Remembers(Good):
    first: Any = None

    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        self.first = self.first or trajectories
        return list(self.first) if len(self.first) == len(trajectories) else trajectories


@breaks("test_instances_are_apart")
class SharesMemory(Good):
    first: Any = None

    def __init__(self, options: Options) -> None:
        SharesMemory.first = None

    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        SharesMemory.first = self.first or trajectories
        return list(self.first) if len(self.first) == len(trajectories) else trajectories


@breaks("test_no_tracks_are_taken")
class NeedsTracks(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        np.concatenate([one.boxes_xyxy for one in trajectories])
        return trajectories


@breaks("test_one_track_is_taken")
class NeedsTwo(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return trajectories if len(trajectories) != 1 else []


@breaks("test_missed_frames_are_taken")
class FillsBefore(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return [
            replace(
                one,
                frame_indices=np.concatenate([[0], one.frame_indices]),
                times_s=np.concatenate([[0.0], one.times_s]),
                boxes_xyxy=one.boxes_xyxy[[0, *range(len(one.boxes_xyxy))]],
                scores=one.scores[[0, *range(len(one.scores))]],
            )
            if one.frame_indices[0]
            else one
            for one in trajectories
        ]


@breaks("test_boxes_partly_outside_are_taken")
class NeedsInside(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return [] if any((one.boxes_xyxy < -5).any() for one in trajectories) else trajectories


@breaks("test_500_tracks_are_taken")
class FixedBuffer(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return trajectories[:300]


@breaks("test_two_walkers_cross")
class JoinsPairs(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return trajectories if len(trajectories) != 2 else trajectories[:1]


@breaks("test_only_contract_errors_leave_it")
class NeedsTimes(Good):
    def mend(self, trajectories: list[Trajectory], frame_times_s: Any) -> list[Trajectory]:
        return [replace(one, times_s=frame_times_s[one.frame_indices]) for one in trajectories]


def test_a_good_postprocessor_passes(failing: Any) -> None:
    assert failing(PostprocessorConformance, Good) == {}


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_fails_where_that_is_broken_and_nowhere_else(failing: Any, broken_basics: Any, check: str) -> None:
    fakes = {**broken_basics(Good), **BROKEN}
    assert check in fakes, f"no postprocessor here breaks {check}"
    assert set(failing(PostprocessorConformance, fakes[check])) == {check}
