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


@dataclass(frozen=True, slots=True, eq=False)
class ReferredTracks:
    """The answer to one text; no tracks is an answer.

    Attributes:
        query: the text as given.
        tracks: by falling score, then by id.
    """

    query: str
    tracks: tuple[ReferredTrack, ...]
