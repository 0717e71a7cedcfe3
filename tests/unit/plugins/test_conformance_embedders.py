"""The kit for embedders finds what is broken: for each check an embedder that fails there and nowhere else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from trackspeak.plugins.conformance import EmbedderConformance, scenes
from trackspeak.plugins.contract import Appearance, Frame, Requirements

CHECKS = [name for name in dir(EmbedderConformance) if name.startswith("test_")]
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
    """The mean colour of a box."""

    Options = Options
    requirements = Requirements()
    weights: dict[str, str] = {}  # noqa: RUF012 as plugins have it

    def __init__(self, options: Options) -> None: ...

    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[Any]) -> list[Appearance]:
        found = [self.rows(frame, boxes) for frame, boxes in zip(frames, boxes_xyxy, strict=True)]
        return [Appearance((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)) for rows in found]

    def rows(self, frame: Frame, boxes: Any) -> Any:
        """Give (N, 3)."""
        return np.array([self.row(frame, box) for box in boxes]).reshape(-1, 3)

    def row(self, frame: Frame, box: Any) -> Any:
        height, width = frame.rgb.shape[:2]
        left, top = min(max(int(box[0]), 0), width - 1), min(max(int(box[1]), 0), height - 1)
        right, bottom = max(int(min(box[2], width)), left + 1), max(int(min(box[3], height)), top + 1)
        return frame.rgb[top:bottom, left:right].mean(axis=(0, 1)) + 1


@breaks("test_it_answers_for_each_box")
class SkipsFirst(Good):
    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[Any]) -> list[Appearance]:
        found = super().embed(frames, boxes_xyxy)
        return found[1:] if is_seen(frames, 0) else found


@breaks("test_different_things_look_different")
class AllAlike(Good):
    def row(self, frame: Frame, box: Any) -> Any:
        return np.ones(3)


@breaks("test_what_it_is_given_stays_as_it_was")
class Writes(Good):
    def row(self, frame: Frame, box: Any) -> Any:
        box[:] = box.round(2)
        return super().row(frame, box)


@breaks("test_it_is_deterministic")
class Random(Good):
    numbers = itertools.count()

    def row(self, frame: Frame, box: Any) -> Any:
        row = super().row(frame, box)
        return row + next(self.numbers) * np.arange(3) if is_seen([frame], 3) else row


@breaks("test_it_keeps_no_state")
class Remembers(Good):
    def __init__(self, options: Options) -> None:
        self.known: dict[int, Any] = {}

    def rows(self, frame: Frame, boxes: Any) -> Any:
        return self.known.setdefault(frame.index, super().rows(frame, boxes))


@breaks("test_instances_are_apart")
class SharesMemory(Good):
    known: dict[int, Any] = {}  # noqa: RUF012 what is wrong with it

    def __init__(self, options: Options) -> None:
        self.known.clear()

    def rows(self, frame: Frame, boxes: Any) -> Any:
        return self.known.setdefault(frame.index, super().rows(frame, boxes))


@breaks("test_batches_are_singles")
class MindsTheBatch(Good):
    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[Any]) -> list[Appearance]:
        turned = super().embed(frames, boxes_xyxy)
        return turned if len(frames) != 1 else [Appearance(one.embeddings[:, ::-1].copy()) for one in turned]


@breaks("test_frames_without_boxes_are_taken")
class NeedsBoxes(Good):
    def rows(self, frame: Frame, boxes: Any) -> Any:
        return np.stack([self.row(frame, box) for box in boxes])


@breaks("test_no_frames_are_no_answers")
class NeedsFrames(Good):
    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[Any]) -> list[Appearance]:
        frames[0].rgb.max()
        return super().embed(frames, boxes_xyxy)


@breaks("test_boxes_partly_outside_are_taken")
class NeedsInside(Good):
    def row(self, frame: Frame, box: Any) -> Any:
        if -100 < box.min() < -5:
            raise ValueError("negative slice")
        return super().row(frame, box)


@breaks("test_one_box_is_taken")
class Squeezes(Good):
    def rows(self, frame: Frame, boxes: Any) -> Any:
        rows = super().rows(frame, boxes)
        return rows[0] if len(rows) == 1 and len(frame.rgb) == scenes.HEIGHT else rows


@breaks("test_500_boxes_are_taken")
class FixedBuffer(Good):
    def rows(self, frame: Frame, boxes: Any) -> Any:
        return super().rows(frame, boxes[:300])


@breaks("test_odd_and_tiny_frames_are_taken")
class NeedsPixels(Good):
    def row(self, frame: Frame, box: Any) -> Any:
        frame.rgb[::16, ::16][3, 3].max()
        return super().row(frame, box)


@breaks("test_only_contract_errors_leave_it")
class NeedsArea(Good):
    def row(self, frame: Frame, box: Any) -> Any:
        if box[0] == box[2]:
            raise ZeroDivisionError
        return super().row(frame, box)


def is_seen(frames: Sequence[Frame], seed: int) -> bool:
    """Whether the first frame is of a scene."""
    watched = scenes.steady(seed, 3).frames
    return bool(frames) and frames[0].index < 3 and np.array_equal(frames[0].rgb, watched[frames[0].index].rgb)


def test_a_good_embedder_passes(failing: Any) -> None:
    assert failing(EmbedderConformance, Good) == {}


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_fails_where_that_is_broken_and_nowhere_else(failing: Any, broken_basics: Any, check: str) -> None:
    fakes = {**broken_basics(Good), **BROKEN}
    assert check in fakes, f"no embedder here breaks {check}"
    assert set(failing(EmbedderConformance, fakes[check])) == {check}
