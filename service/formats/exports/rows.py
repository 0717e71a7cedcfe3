"""What the formats are made of: the boxes of a result, with its numbers rounded as in `result.json`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from trackspeak.plugins.contract import ReferredTrack
from trackspeak.service.result import Result, track_to_dict


@dataclass(frozen=True, slots=True)
class Box:
    """A track in a frame that a sentence refers to.

    Attributes:
        track_id: the track's id.
        class_name: the track's class.
        frame: from 0.
        time_s: seconds.
        xyxy: pixels.
        score: of the frame.
    """

    track_id: int
    class_name: str
    frame: int
    time_s: float
    xyxy: tuple[float, float, float, float]
    score: float


@dataclass(frozen=True, slots=True)
class SharedBox:
    """A track in a frame that one or more sentences refer to.

    Attributes:
        frame: from 0.
        xyxy: pixels.
        scores: sentence -> the frame's score, in the order asked.
    """

    frame: int
    xyxy: tuple[float, float, float, float]
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SharedTrack:
    """A track with the frames in which any sentence refers to it.

    Attributes:
        track_id: its id.
        class_name: its class.
        boxes: by frame.
    """

    track_id: int
    class_name: str
    boxes: tuple[SharedBox, ...]


def answers(result: Result) -> dict[str, tuple[ReferredTrack, ...]]:
    """Give sentence -> tracks, in the order asked; a sentence asked twice is there once."""
    found: dict[str, tuple[ReferredTrack, ...]] = {}
    for answer in result.queries:
        found.setdefault(answer.query, answer.tracks)
    return found


def boxes(tracks: Sequence[ReferredTrack]) -> list[Box]:
    """Give the boxes of one sentence's tracks, by frame, then by id."""
    return sorted((box for track in tracks for box in _boxes_of(track)), key=lambda box: (box.frame, box.track_id))


def shared_tracks(result: Result) -> list[SharedTrack]:
    """Give every track that any sentence refers to once, by id."""
    by_frame: dict[int, dict[int, SharedBox]] = {}
    class_of: dict[int, str] = {}
    for query, tracks in answers(result).items():
        for box in boxes(tracks):
            class_of[box.track_id] = box.class_name
            frames = by_frame.setdefault(box.track_id, {})
            frames.setdefault(box.frame, SharedBox(box.frame, box.xyxy)).scores[query] = box.score
    return [
        SharedTrack(track_id, class_of[track_id], tuple(frames[frame] for frame in sorted(frames)))
        for track_id, frames in sorted(by_frame.items())
    ]


def class_names(result: Result) -> list[str]:
    """Give the classes of all tracks that any sentence refers to, in order of the alphabet."""
    return sorted({track.class_name for tracks in answers(result).values() for track in tracks})


def _boxes_of(track: ReferredTrack) -> Iterator[Box]:
    for box in track_to_dict(track)["boxes"]:
        x1, y1, x2, y2 = box["xyxy"]
        yield Box(int(track.track_id), track.class_name, box["frame"], box["time_s"], (x1, y1, x2, y2), box["score"])
