"""Answers of a service as dataclasses: what `result.json` holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .reading import field, list_in, object_in

if TYPE_CHECKING:
    import supervision as sv


@dataclass(frozen=True, slots=True)
class Box:
    """Where a referred track is in one frame.

    Attributes:
        frame_index: from 0, in display order.
        time_s: from the first frame.
        xyxy: left, top, right, bottom, pixels of the upright frame.
        score: of this frame.
    """

    frame_index: int
    time_s: float
    xyxy: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True, slots=True)
class Span:
    """Frames over which a track is referred to.

    Attributes:
        first_frame: from 0.
        last_frame: included.
        first_time_s: of the first frame.
        last_time_s: of the last one.
        score: over its frames.
    """

    first_frame: int
    last_frame: int
    first_time_s: float
    last_time_s: float
    score: float


@dataclass(frozen=True, slots=True)
class Track:
    """A track that a sentence refers to.

    Attributes:
        track_id: of the tracker.
        class_name: as the detector has it.
        score: over its referred frames.
        spans: over which it is referred to.
        boxes: of these frames.
    """

    track_id: int
    class_name: str
    score: float
    spans: tuple[Span, ...]
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one sentence.

    Attributes:
        query: the sentence.
        tracks: that it refers to, the best first; none is an answer.
    """

    query: str
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers about one video.

    Attributes:
        queries: one for each sentence, in the order asked.
        score_kind: "probability", where 0.5 decides, or "cosine", where 0 does.
        profile: that answered.
        warnings: what one should know.
        raw: the whole result as plain JSON values.
    """

    queries: tuple[Answer, ...]
    score_kind: str
    profile: str
    warnings: tuple[str, ...]
    raw: Mapping[str, Any]

    def to_supervision(self, frame_index: int) -> sv.Detections:
        """Give the referred tracks of one frame.

        Args:
            frame_index: from 0, in display order.

        Returns:
            Boxes (N, 4) with `confidence`, `tracker_id`, and as `class_id` the number of the sentence; `data` has
            `query` and `class_name`.
        """
        import numpy as np
        import supervision as sv

        rows = [
            (number, answer.query, track, box)
            for number, answer in enumerate(self.queries)
            for track in answer.tracks
            for box in track.boxes
            if box.frame_index == frame_index
        ]
        return sv.Detections(
            xyxy=np.array([box.xyxy for *_, box in rows], np.float32).reshape(-1, 4),  # (N, 4), N may be 0
            confidence=np.array([box.score for *_, box in rows], np.float32),
            class_id=np.array([number for number, *_ in rows], np.int64),
            tracker_id=np.array([track.track_id for _, _, track, _ in rows], np.int64),
            data={
                "query": np.array([query for _, query, _, _ in rows], dtype=object),
                "class_name": np.array([track.class_name for _, _, track, _ in rows], dtype=object),
            },
        )


def read_answers(value: object) -> Answers:
    """Read a result.

    Raises:
        ServerError: if something is missing, or not what it must be.
    """
    values = object_in(value, "the result")
    return Answers(
        tuple(
            Answer(field(one, "query", str), tuple(_track(track) for track in list_in(one, "tracks")))
            for one in list_in(values, "queries")
        ),
        field(values, "score_kind", str),
        field(values, "profile", str),
        tuple(str(text) for text in field(values, "warnings", list)),
        values,
    )


def _track(values: Mapping[str, Any]) -> Track:
    return Track(
        field(values, "track_id", int),
        field(values, "class", str),
        field(values, "score", float),
        tuple(_span(span) for span in list_in(values, "spans")),
        tuple(_box(box) for box in list_in(values, "boxes")),
    )


def _span(values: Mapping[str, Any]) -> Span:
    return Span(
        field(values, "first_frame", int),
        field(values, "last_frame", int),
        field(values, "first_time_s", float),
        field(values, "last_time_s", float),
        field(values, "score", float),
    )


def _box(values: Mapping[str, Any]) -> Box:
    left, top, right, bottom = (float(side) for side in field(values, "xyxy", list))
    return Box(
        field(values, "frame", int),
        field(values, "time_s", float),
        (left, top, right, bottom),
        field(values, "score", float),
    )
