"""The answer: per text, the tracks it refers to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Span:
    """A run of frames over which a track is referred to.

    Attributes:
        first_frame: first referred frame.
        last_frame: last referred frame, included.
        score: mean over the span's referred frames.
    """

    first_frame: int
    last_frame: int
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class ReferredTrack:
    """One track that a text refers to.

    Attributes:
        track_id: its id.
        class_name: its class.
        score: mean over its referred frames.
        spans: in order of time, at least one.
        frame_indices: (B,) int64, the trajectory's frames within the spans.
        times_s: (B,) float64.
        boxes_xyxy: (B, 4) float32 pixels.
        frame_scores: (B,) float32.
        part_scores: where several sentences were put together, each with its mean over the same frames.
    """

    track_id: int
    class_name: str
    score: float
    spans: tuple[Span, ...]
    frame_indices: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    boxes_xyxy: npt.NDArray[np.float32]
    frame_scores: npt.NDArray[np.float32]
    part_scores: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class BestSegment:
    """The segment of a track that fits a text best.

    Attributes:
        first_frame: its first frame.
        last_frame: its last frame, included.
        first_time_s: the time of the first.
        last_time_s: the time of the last.
        score: mean over the scores of its frames.
    """

    first_frame: int
    last_frame: int
    first_time_s: float
    last_time_s: float
    score: float


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A track that a text does not refer to, but nearly.

    Attributes:
        track_id: its id.
        class_name: its class.
        score: as comparable with a track's as can be: that of its best segment, or, for a track that is left out for
            its probability alone, the score that it had as a track.
        best: the segment that fits best, the first of equals.
        why: what it fell short of, in a sentence.
        part_scores: where several sentences were put together, each with its mean over the best segment's frames.
    """

    track_id: int
    class_name: str
    score: float
    best: BestSegment
    why: str
    part_scores: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ReferredTracks:
    """The answer to one text; no tracks is an answer.

    Attributes:
        query: the text as given.
        tracks: by falling score, then by id.
        near_misses: by falling score, then by id; None where none were asked for.
    """

    query: str
    tracks: tuple[ReferredTrack, ...]
    near_misses: tuple[NearMiss, ...] | None = None
