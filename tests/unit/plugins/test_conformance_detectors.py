"""The kit for detectors finds what is broken: for each check a detector that fails there and nowhere else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import ContractError
from trackspeak.plugins.conformance import DetectorConformance, scenes
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo

CHECKS = [name for name in dir(DetectorConformance) if name.startswith("test_")]
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
    """One box around all that is much darker or brighter than grey."""

    Options = Options
    requirements = Requirements(pixels=True)
    weights: dict[str, str] = {}  # noqa: RUF012 as plugins have it
    lookahead_s: float = 0.5

    def __init__(self, options: Options) -> None:
        self.seen: int | None = None

    def reset(self, stream: StreamInfo) -> None:
        self.seen = 0

    def prepare(self, frames: Iterable[Frame]) -> None:
        list(frames)

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        if self.seen is None:
            raise ContractError("reset(stream) must come before detect")
        return [self.look(frame) for frame in frames]

    def look(self, frame: Frame) -> Detections:
        few = frame.rgb[::4, ::4]
        rows, columns = np.nonzero(((few < 85) | (few > 140)).any(axis=2))
        if not len(rows):
            return Detections.empty(("thing",))
        box = 4 * np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
        return Detections(box, np.array([self.score()], np.float32), np.zeros(1, np.int64), ("thing",))

    def score(self) -> float:
        return 0.5

    def warnings(self) -> tuple[str, ...]:
        return ()


@breaks("test_the_lookahead_is_a_time")
class LooksBack(Good):
    lookahead_s = -1.0


@breaks("test_it_answers_for_each_frame")
class DropsLast(Good):
    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        found = super().detect(frames)
        return found[:-1] if len(frames) == 7 else found


@breaks("test_class_names_stay")
class NamesOfWhatIsThere(Good):
    def look(self, frame: Frame) -> Detections:
        return replace(super().look(frame), class_names=("thing", "other")[: 1 + frame.index % 2])


@breaks("test_it_finds_something")
class Blind(Good):
    def look(self, frame: Frame) -> Detections:
        return Detections.empty(("thing",))


@breaks("test_boxes_belong_to_the_frame")
class NotScaledBack(Good):
    def look(self, frame: Frame) -> Detections:
        found = super().look(frame)
        return replace(found, boxes_xyxy=found.boxes_xyxy + np.float32(1000))


@breaks("test_what_it_is_given_stays_as_it_was")
class Writes(Good):
    def look(self, frame: Frame) -> Detections:
        frame.rgb[0, 0] = 100
        return super().look(frame)


@breaks("test_it_is_deterministic")
class Random(Good):
    watched = scenes.steady(5).frames
    numbers = itertools.count()

    def look(self, frame: Frame) -> Detections:
        found = super().look(frame)
        seen = frame.index < len(self.watched) and np.array_equal(frame.rgb, self.watched[frame.index].rgb)
        return replace(found, scores=found.scores * np.float32(0.99 ** next(self.numbers))) if seen else found


@breaks("test_reset_is_fresh")
class Tires(Good):
    looked = 0

    def score(self) -> float:
        self.looked += 1
        return 0.5 if self.looked <= 24 else 0.4


@breaks("test_instances_are_apart")
class SharedCount(Good):
    looked = 0

    def reset(self, stream: StreamInfo) -> None:
        super().reset(stream)
        SharedCount.looked = 0

    def score(self) -> float:
        SharedCount.looked += 1
        return 0.5 if self.looked <= 24 else 0.4


@breaks("test_batches_are_singles")
class MindsTheBatch(Good):
    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        found = super().detect(frames)
        return [replace(one, scores=one.scores / len(frames)) for one in found]


@breaks("test_no_frames_are_no_answers")
class NeedsFrames(Good):
    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        frames[0].rgb.max()
        return super().detect(frames)


@breaks("test_bare_frames_are_taken")
class NeedsLight(Good):
    def look(self, frame: Frame) -> Detections:
        frame.rgb[frame.rgb > 0].max()  # of nothing: a ValueError
        return super().look(frame)


@breaks("test_odd_and_tiny_frames_are_taken")
class NeedsPixels(Good):
    def look(self, frame: Frame) -> Detections:
        frame.rgb[::16, ::16][3, 3].max()
        return super().look(frame)


@breaks("test_only_contract_errors_leave_it")
class NeedsReset(Good):
    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        self.seen += len(frames)  # type: ignore[operator]
        return super().detect(frames)


@breaks("test_warnings_are_texts")
class OneText(Good):
    def warnings(self) -> Any:
        return "it was dark"


def test_a_good_detector_passes(failing: Any) -> None:
    assert failing(DetectorConformance, Good) == {}


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_fails_where_that_is_broken_and_nowhere_else(failing: Any, broken_basics: Any, check: str) -> None:
    fakes = {**broken_basics(Good), **BROKEN}
    assert check in fakes, f"no detector here breaks {check}"
    assert set(failing(DetectorConformance, fakes[check])) == {check}


def test_one_that_finds_nothing_in_drawings_can_say_so(failing: Any) -> None:
    class Kit(DetectorConformance):
        finds_something = False

    assert failing(Kit, Blind) == {}


def test_one_that_looks_for_texts_is_told_them_first(failing: Any) -> None:
    class OpenVocabulary(Good):
        """Finds what it is told."""

        requirements = Requirements(pixels=True, texts=True)
        wanted: tuple[str, ...] = ()

        def look_for(self, texts: Sequence[str]) -> None:
            self.wanted = tuple(texts)

        def reset(self, stream: StreamInfo) -> None:
            assert self.wanted
            super().reset(stream)

    assert failing(DetectorConformance, OpenVocabulary) == {}


def test_what_is_written_to_is_compared_too(failing: Any) -> None:
    class Unlocks(Good):
        """Writes even where it may not."""

        def look(self, frame: Frame) -> Detections:
            frame.rgb.setflags(write=True)
            frame.rgb[0, 0] = 100
            return super().look(frame)

    (error,) = failing(DetectorConformance, Unlocks).values()
    assert "the contract wants arrays that were given to be left alone; got .frames[0].rgb: " in str(error)
