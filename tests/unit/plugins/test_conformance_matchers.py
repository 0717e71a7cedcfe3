"""The kit for matchers finds what is broken: for each check a matcher that fails there and nowhere else."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import QueryError
from trackspeak.plugins.conformance import MatcherConformance, scenes
from trackspeak.plugins.contract import (
    Appearance,
    Frame,
    Observations,
    Phrases,
    Requirements,
    Sampling,
    Scores,
    Segments,
    SegmentVectors,
    TextVectors,
)

CHECKS = [name for name in dir(MatcherConformance) if name.startswith("test_")]
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
    """Compares the mean colour of a box with a colour by the text's checksum."""

    Options = Options
    requirements = Requirements()
    weights: dict[str, str] = {}  # noqa: RUF012 as plugins have it
    sampling = Sampling()

    def __init__(self, options: Options) -> None: ...

    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[Any]) -> list[Appearance]:
        return [Appearance(self.rows(frame, boxes)) for frame, boxes in zip(frames, boxes_xyxy, strict=True)]

    def observe(
        self, frames: Sequence[Frame], boxes_xyxy: Sequence[Any], appearances: Any = None
    ) -> list[Observations]:
        given = appearances or [None] * len(frames)
        return [
            Observations(
                {"colour": self.rows(frame, boxes) if one is None else one.embeddings},
                np.zeros(len(boxes), np.int64),
                {},
                np.array([frame.index]),
            )
            for frame, boxes, one in zip(frames, boxes_xyxy, given, strict=True)
        ]

    def rows(self, frame: Frame, boxes: Any) -> Any:
        """Give (N, 3)."""
        rows = np.array([self.row(frame, box) for box in boxes]).reshape(-1, 3)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def row(self, frame: Frame, box: Any) -> Any:
        height, width = frame.rgb.shape[:2]
        left, top = min(max(int(box[0]), 0), width - 1), min(max(int(box[1]), 0), height - 1)
        right, bottom = max(int(min(box[2], width)), left + 1), max(int(min(box[3], height)), top + 1)
        return frame.rgb[top:bottom, left:right].mean(axis=(0, 1)) + 1

    def describe(self, texts: Sequence[str]) -> Phrases:
        for text in texts:
            self.check(text)
        seeds = [zlib.crc32(text.encode()) for text in texts]
        colours = [np.random.default_rng(seed).normal(size=3) for seed in seeds]
        return Phrases(tuple(texts), {"colour": np.array(colours, np.float32).reshape(-1, 3)})

    def check(self, text: str) -> None:
        if len(text) > 1000:
            raise QueryError("the text is too long")

    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        looks = observations.look_arrays["colour"][segments.look_rows].mean(axis=1)
        return Scores(looks @ phrases.arrays["colour"].T, "cosine")


class Searched(Good):
    """Compares the mean colour of a box with a colour by the text's checksum, and gives vectors."""

    searchable = True

    def segment_vectors(self, observations: Observations, segments: Segments) -> SegmentVectors:
        looks = observations.look_arrays["colour"][segments.look_rows].mean(axis=1)
        return SegmentVectors(looks, np.zeros((len(looks), 0), np.float32))

    def text_vectors(self, phrases: Phrases) -> TextVectors:
        return TextVectors(phrases.arrays["colour"], np.zeros(len(phrases.texts), np.float32))

    def score_vectors(self, segment_vectors: SegmentVectors, phrases: Phrases) -> Scores:
        return Scores(segment_vectors.vectors @ phrases.arrays["colour"].T, "cosine")


def is_seen(frame: Frame, seed: int) -> bool:
    """Whether a frame is of a scene."""
    watched = scenes.steady(seed, 4).frames
    return frame.index < 4 and np.array_equal(frame.rgb, watched[frame.index].rgb)


@breaks("test_it_observes_each_box")
class ForgetsTheIndex(Good):
    def observe(self, *given: Any) -> list[Observations]:
        return [replace(one, frame_indices=np.array([0])) for one in super().observe(*given)]


@breaks("test_it_describes_each_text")
class Rewrites(Good):
    def describe(self, texts: Sequence[str]) -> Phrases:
        return replace(super().describe(texts), texts=tuple(text.upper() for text in texts))


@breaks("test_warnings_are_texts")
class OneText(Good):
    def describe(self, texts: Sequence[str]) -> Phrases:
        return replace(super().describe(texts), warnings="never trained on this")


@breaks("test_it_scores_each_segment_for_each_text")
class OneTooMany(Good):
    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        found = super().score(observations, segments, phrases)
        return found if len(segments) != 6 else Scores(found.values[[0, 0, 1, 2, 3, 4, 5]], found.kind)


@breaks("test_probabilities_are_some")
class AboveOne(Good):
    def score(self, *given: Any) -> Scores:
        return Scores(super().score(*given).values + np.float32(2), "probability")


@breaks("test_no_segments_are_taken")
class NeedsSegments(Good):
    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        segments.windows.max()  # of nothing: a ValueError
        return super().score(observations, segments, phrases)


@breaks("test_what_it_is_given_stays_as_it_was")
class Writes(Good):
    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        segments.windows[:] = 0
        return super().score(observations, segments, phrases)


@breaks("test_it_is_deterministic")
class Random(Good):
    numbers = itertools.count()

    def row(self, frame: Frame, box: Any) -> Any:
        row = super().row(frame, box)
        return row + next(self.numbers) * np.arange(3) if is_seen(frame, 5) else row


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
    def observe(self, frames: Sequence[Frame], *given: Any) -> list[Observations]:
        found = super().observe(frames, *given)
        if len(frames) != 1:
            return found
        return [replace(one, look_arrays={"colour": one.look_arrays["colour"] / 2}) for one in found]


@breaks("test_texts_are_apart")
class Compares(Good):
    def score(self, *given: Any) -> Scores:
        values = super().score(*given).values
        return Scores(values - values.sum(axis=1, keepdims=True), "cosine")


@breaks("test_it_scores_from_what_was_stored")
class ScoresFromMemory(Good):
    observed = 0

    def observe(self, *given: Any) -> list[Observations]:
        self.observed = 1
        return super().observe(*given)

    def score(self, *given: Any) -> Scores:
        return Scores(super().score(*given).values + np.float32(self.observed), "cosine")


@breaks("test_boxes_partly_outside_are_taken")
class NeedsInside(Good):
    def row(self, frame: Frame, box: Any) -> Any:
        if -100 < box.min() < -5:
            raise ValueError("negative slice")
        return super().row(frame, box)


@breaks("test_one_box_is_taken")
class Squeezes(Good):
    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        found = super().score(observations, segments, phrases)
        return found if len(observations.look_frame_rows) != 1 else Scores(found.values.T, found.kind)


@breaks("test_500_boxes_are_taken")
class FixedBuffer(Good):
    def rows(self, frame: Frame, boxes: Any) -> Any:
        return super().rows(frame, boxes[:300])


@breaks("test_odd_and_tiny_frames_are_taken")
class NeedsPixels(Good):
    def row(self, frame: Frame, box: Any) -> Any:
        frame.rgb[::16, ::16][3, 3].max()
        return super().row(frame, box)


@breaks("test_long_texts_are_refused")
class CutsTexts(Good):
    def check(self, text: str) -> None: ...


@breaks("test_only_contract_errors_leave_it")
class NeedsWords(Good):
    def check(self, text: str) -> None:
        super().check(text)
        next(iter(text.split()))  # of nothing: a StopIteration


@breaks("test_what_was_embedded_need_not_be_encoded_again")
class MixesUp(Good):
    def observe(
        self, frames: Sequence[Frame], boxes_xyxy: Sequence[Any], appearances: Any = None
    ) -> list[Observations]:
        return super().observe(frames, boxes_xyxy, appearances and appearances[::-1])


@breaks("test_vectors_of_segments_score_as_the_segments_do")
class ForgetsHalf(Searched):
    def segment_vectors(self, observations: Observations, segments: Segments) -> SegmentVectors:
        kept = super().segment_vectors(observations, segments)
        return replace(kept, vectors=kept.vectors * np.float32(0.5))


def test_a_good_matcher_passes(failing: Any) -> None:
    assert failing(MatcherConformance, Good) == failing(MatcherConformance, Searched) == {}


@pytest.mark.parametrize("check", CHECKS)
def test_each_check_fails_where_that_is_broken_and_nowhere_else(failing: Any, broken_basics: Any, check: str) -> None:
    fakes = {**broken_basics(Good), **BROKEN}
    assert check in fakes, f"no matcher here breaks {check}"
    assert set(failing(MatcherConformance, fakes[check])) == {check}
