"""The kit for trackers finds what is broken: for each check a tracker that fails there and nowhere else."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import ContractError
from trackspeak.plugins.conformance import TrackerConformance, scenes
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo, TrackedFrame

CHECKS = [name for name in dir(TrackerConformance) if name.startswith("test_")]
REACH = 20
"""Pixels that a thing may move from one frame to the next."""

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
    """Joins each box to the nearest of those before."""

    Options = Options
    requirements = Requirements(embeddings=True)
    weights: dict[str, str] = {}  # noqa: RUF012 as plugins have it

    def __init__(self, options: Options) -> None:
        self.options = options
        self.state: tuple[Any, Any, int] | None = None

    def reset(self, stream: StreamInfo) -> None:
        self.state = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64), 1)

    def check(self, count: int, embeddings: Any) -> None:
        if embeddings is None or embeddings.ndim != 2 or len(embeddings) != count or not np.isfinite(embeddings).all():
            raise ContractError(f"embeddings must be {count} finite rows")

    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        if self.state is None:
            raise ContractError("reset(stream) must come before update")
        self.check(len(detections), embeddings)
        boxes, ids, following = self.state
        found, free = [], np.ones(len(boxes), bool)
        for box in detections.boxes_xyxy:
            far = np.where(free, np.abs(boxes - box).max(axis=1, initial=0), np.inf)
            if len(far) and far.min() < REACH:
                free[far.argmin()] = False
                found.append(int(ids[far.argmin()]))
            else:
                found.append(following)
                following += 1
        track_ids = np.array(found, np.int64)
        if found:
            self.state = (detections.boxes_xyxy.copy(), track_ids, following)
        names = tuple(detections.class_names[kind] for kind in detections.class_ids)
        return TrackedFrame(
            frame.index, frame.time_s, detections.boxes_xyxy.copy(), track_ids, detections.scores.copy(), names
        )

    def forget(self) -> None:
        """Lose all tracks, but not the counter."""
        if self.state is not None:
            self.state = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64), self.state[2])

    def warnings(self) -> tuple[str, ...]:
        return ()


@breaks("test_it_answers_for_each_frame")
class NoTimes(Good):
    def update(self, *given: Any) -> TrackedFrame:
        return replace(super().update(*given), time_s=0.0)


@breaks("test_ids_are_not_negative")
class NegativeIds(Good):
    def update(self, *given: Any) -> TrackedFrame:
        found = super().update(*given)
        return replace(found, track_ids=-found.track_ids)


@breaks("test_ids_last")
class NewIds(Good):
    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        if len(detections) == 3:
            self.forget()
        return super().update(frame, detections, embeddings)


@breaks("test_boxes_belong_to_the_frame")
class OtherPixels(Good):
    def update(self, *given: Any) -> TrackedFrame:
        found = super().update(*given)
        return replace(found, boxes_xyxy=found.boxes_xyxy * np.float32(2))


@breaks("test_scores_and_classes_are_the_detections")
class OtherClasses(Good):
    def update(self, *given: Any) -> TrackedFrame:
        found = super().update(*given)
        return replace(found, class_names=("thing",) * len(found.class_names))


@breaks("test_what_it_is_given_stays_as_it_was")
class Writes(Good):
    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        detections.scores[:] = 0.5
        return super().update(frame, detections, embeddings)


@breaks("test_it_is_deterministic")
class Random(Good):
    watched = scenes.steady(6).frames
    numbers = itertools.count()

    def update(self, frame: Frame, *given: Any) -> TrackedFrame:
        found = super().update(frame, *given)
        seen = frame.index < len(self.watched) and np.array_equal(frame.rgb, self.watched[frame.index].rgb)
        return replace(found, track_ids=found.track_ids + next(self.numbers)) if seen else found


@breaks("test_reset_is_fresh")
class KeepsCounting(Good):
    def reset(self, stream: StreamInfo) -> None:
        following = 1 if self.state is None else self.state[2]
        super().reset(stream)
        self.state = (*self.state[:2], following)  # type: ignore[index]


@breaks("test_instances_are_apart")
class SharedState(Good):
    shared: Any = None

    def reset(self, stream: StreamInfo) -> None:
        super().reset(stream)
        SharedState.shared = self.state

    def update(self, *given: Any) -> TrackedFrame:
        if self.state is not None:
            self.state = SharedState.shared
        found = super().update(*given)
        SharedState.shared = self.state
        return found


@breaks("test_frames_without_boxes_are_taken")
class NeedsBoxes(Good):
    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        detections.scores.max()  # of nothing: a ValueError
        return super().update(frame, detections, embeddings)


@breaks("test_boxes_partly_outside_are_taken")
class NeedsInside(Good):
    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        if (detections.boxes_xyxy < -5).any():
            raise ValueError("negative slice")
        return super().update(frame, detections, embeddings)


@breaks("test_one_box_is_one_track")
class ManyOfOne(Good):
    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        if len(detections) == 1:
            self.forget()
        return super().update(frame, detections, embeddings)


@breaks("test_500_boxes_are_taken")
class FixedBuffer(Good):
    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        np.zeros(300)[: len(detections)] += detections.scores
        return super().update(frame, detections, embeddings)


@breaks("test_two_walkers_cross")
class LosesPairs(Good):
    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        if len(detections) == 2:
            self.forget()
        return super().update(frame, detections, embeddings)


@breaks("test_odd_and_tiny_frames_are_taken")
class NeedsPixels(Good):
    def update(self, frame: Frame, *given: Any) -> TrackedFrame:
        frame.rgb[::16, ::16][3, 3].max()
        return super().update(frame, *given)


@breaks("test_update_before_reset_is_refused")
class NeedsNoReset(Good):
    def update(self, *given: Any) -> TrackedFrame:
        if self.state is None:
            self.reset(StreamInfo(1, 1, 1.0))
        return super().update(*given)


@breaks("test_wrong_embeddings_are_refused")
class TakesAnyEmbeddings(Good):
    def check(self, count: int, embeddings: Any) -> None: ...


@breaks("test_only_contract_errors_leave_it")
class NeedsArea(Good):
    def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
        if ((detections.boxes_xyxy[:, 2:] - detections.boxes_xyxy[:, :2]) == 0).any():
            raise ZeroDivisionError
        return super().update(frame, detections, embeddings)


@breaks("test_warnings_are_texts")
class NoWarnings(Good):
    def warnings(self) -> Any:
        return None


def test_a_good_tracker_passes(failing: Any) -> None:
    assert failing(TrackerConformance, Good) == {}


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_fails_where_that_is_broken_and_nowhere_else(failing: Any, broken_basics: Any, check: str) -> None:
    fakes = {**broken_basics(Good), **BROKEN}
    assert check in fakes, f"no tracker here breaks {check}"
    assert set(failing(TrackerConformance, fakes[check])) == {check}


def test_a_replayed_file_is_not_asked_about_boxes(failing: Any) -> None:
    class Replays(Good):
        """The same box whatever it is given, and nothing to reset."""

        requirements = Requirements(detections=False)

        def update(self, frame: Frame, detections: Detections, embeddings: Any = None) -> TrackedFrame:
            box = np.array([[0, 0, 5, 5]], np.float32)
            return TrackedFrame(frame.index, frame.time_s, box, np.array([7]), np.array([1], np.float32), ("x",))

    assert failing(TrackerConformance, Replays) == {}


def test_a_message_says_what_is_wanted_what_came_and_how_to_mend_it(failing: Any) -> None:
    (error,) = failing(TrackerConformance, NegativeIds).values()
    assert isinstance(error, AssertionError)
    assert str(error) == (
        "the contract wants track ids of 0 and above; got -3. "
        "To mend it: leave out tracks that do not count yet, and begin the ids at 0 or 1"
    )


def test_a_method_that_takes_too_little_is_found(failing: Any) -> None:
    class OneArgument(Good):
        """Takes no frame."""

        def reset(self) -> None:  # type: ignore[override]
            super().reset(StreamInfo(1, 1, 1.0))

    error = failing(TrackerConformance, OneArgument)["test_it_has_what_its_kind_must_have"]
    assert "the contract wants reset(self, stream: 'StreamInfo') -> 'None'; got reset()" in str(error)
