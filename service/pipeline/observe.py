"""Clips to observations: each frame is looked at once, when no later clip can ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Appearance, EmbeddingMatcher, Frame, Matcher, Observations, Segments

from .sample import Clip

Boxes = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A frame in the ring.

    Attributes:
        frame: the frame.
        boxes_xyxy: (N, 4) the boxes of its tracks that are the detector's own.
        appearance: what the matcher made of them for the tracker; None if it was not asked to.
        scores: track id -> the detector's score, of all tracks of the frame; empty where nothing asks for them.
    """

    frame: Frame
    boxes_xyxy: Boxes
    appearance: Appearance | None
    scores: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def of(cls, frame: Frame, tracked_xyxy: Boxes, detected_xyxy: Boxes, appearance: Appearance | None) -> Seen:
        """Keep of a frame what its tracks may be looked at by; other boxes are never asked for, and cost memory."""
        rows = _rows_of(tracked_xyxy, detected_xyxy) if appearance is not None else []
        own = np.array([row for row in rows if row is not None], np.intp)
        return cls(frame, detected_xyxy[own], None if appearance is None else appearance.take(own))

    def appearance_of(self, boxes_xyxy: Boxes) -> Appearance | None:
        """Give what was made of some boxes; None unless all of them are the detector's own."""
        if self.appearance is None:
            return None
        rows = _rows_of(boxes_xyxy, self.boxes_xyxy)
        return None if None in rows else self.appearance.take(np.array(rows, np.intp))


def _rows_of(boxes_xyxy: Boxes, among_xyxy: Boxes) -> list[int | None]:
    """Give for each box the row in which it is among others, to the last bit; None if it is not."""
    rows = {box.tobytes(): row for row, box in enumerate(among_xyxy)}
    return [rows.get(box.tobytes()) for box in boxes_xyxy]


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A frame to look at.

    Attributes:
        seen: the frame.
        boxes_xyxy: track id -> box.
    """

    seen: Seen
    boxes_xyxy: dict[int, Boxes]


class Looks:
    """The ring of recent frames, and what is to be looked at in each."""

    def __init__(self) -> None:
        """Begin a video."""
        self._frames: dict[int, Seen] = {}
        self._wanted: dict[int, dict[int, Boxes]] = {}

    def keep(self, seen: Seen) -> None:
        """Put a frame into the ring."""
        self._frames[seen.frame.index] = seen

    def want(self, clips: Iterable[Clip]) -> None:
        """Note what clips look at."""
        for clip in clips:
            for frame_index, box in zip(clip.look_frames, clip.look_boxes_xyxy, strict=True):
                self._wanted.setdefault(frame_index, {})[clip.track_id] = box

    def release(self, before: int | None = None) -> list[Wanted]:
        """Let go of the frames before an index (None: all); give those to look at."""
        gone = [index for index in self._frames if before is None or index < before]
        frames = [self._frames.pop(index) for index in gone]
        return [Wanted(seen, self._wanted.pop(seen.frame.index)) for seen in frames if seen.frame.index in self._wanted]


class Observer:
    """Runs a matcher over the frames let go and joins looks to segments."""

    def __init__(self, matcher: Matcher) -> None:
        """Begin a video."""
        self._matcher = matcher
        self._parts: list[Observations] = []
        self._rows: dict[tuple[int, int], int] = {}

    def observe(self, looks: Sequence[Wanted]) -> None:
        """Look at a batch of frames."""
        if not looks:
            return
        frames = [look.seen.frame for look in looks]
        boxes = [np.stack(list(look.boxes_xyxy.values())) for look in looks]
        appearances = [look.seen.appearance_of(mine) for look, mine in zip(looks, boxes, strict=True)]
        if any(appearance is not None for appearance in appearances):
            parts = cast(EmbeddingMatcher, self._matcher).observe(frames, boxes, appearances)
        else:
            parts = self._matcher.observe(frames, boxes)
        if [len(part.look_frame_rows) for part in parts] != [len(rows) for rows in boxes]:
            raise ContractError("the matcher must give one Observations per frame, with one look per box")
        self._parts.extend(parts)
        for look in looks:
            for track_id in look.boxes_xyxy:
                self._rows[track_id, look.seen.frame.index] = len(self._rows)

    def has(self, clip: Clip) -> bool:
        """Whether all looks of a clip were observed."""
        return all((clip.track_id, frame) in self._rows for frame in clip.look_frames)

    def observations_so_far(self) -> Observations | None:
        """What was observed by now; None if there was nothing to look at."""
        if not self._parts:
            return None
        self._parts = [Observations.concatenate(self._parts)]  # kept, so that the next time has less to do
        return self._parts[0]

    def observations(self) -> Observations | None:
        """All that was observed, given once; None if there was nothing to look at."""
        parts, self._parts = self._parts, []
        return Observations.concatenate(parts) if parts else None

    def segments(self, clips: list[Clip]) -> Segments:
        """The clips as columns, ordered by track and time."""
        clips = sorted(clips, key=lambda clip: (clip.track_id, clip.first_frame, clip.last_frame))
        looks = [[self._rows[clip.track_id, frame] for frame in clip.look_frames] for clip in clips]
        return Segments(
            np.array([clip.track_id for clip in clips], np.int64),
            np.array([clip.first_frame for clip in clips], np.int64),
            np.array([clip.last_frame for clip in clips], np.int64),
            np.array(looks, np.int64).reshape(len(clips), self._matcher.sampling.looks),  # (S, looks), S may be 0
            np.stack([clip.window for clip in clips]) if clips else np.zeros((0, 0, 0), np.float32),
        )
