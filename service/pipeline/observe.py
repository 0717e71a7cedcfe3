"""Clips to observations: each frame is looked at once, when no later clip can ask for it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Frame, Matcher, Observations, Segments

from .sample import Clip


class Looks:
    """The ring of recent frames, and what is to be looked at in each."""

    def __init__(self) -> None:
        """Begin a video."""
        self._frames: dict[int, Frame] = {}
        self._wanted: dict[int, dict[int, npt.NDArray[np.float32]]] = {}

    def keep(self, frame: Frame) -> None:
        """Put a frame into the ring."""
        self._frames[frame.index] = frame

    def want(self, clips: Iterable[Clip]) -> None:
        """Note what clips look at."""
        for clip in clips:
            for frame_index, box in zip(clip.look_frames, clip.look_boxes_xyxy, strict=True):
                self._wanted.setdefault(frame_index, {})[clip.track_id] = box

    def release(self, before: int | None = None) -> list[tuple[Frame, dict[int, npt.NDArray[np.float32]]]]:
        """Let go of the frames before an index (None: all); give those to look at, with track id -> box."""
        gone = [index for index in self._frames if before is None or index < before]
        frames = [self._frames.pop(index) for index in gone]
        return [(frame, self._wanted.pop(frame.index)) for frame in frames if frame.index in self._wanted]


class Observer:
    """Runs a matcher over the frames let go and joins looks to segments."""

    def __init__(self, matcher: Matcher) -> None:
        """Begin a video."""
        self._matcher = matcher
        self._parts: list[Observations] = []
        self._rows: dict[tuple[int, int], int] = {}

    def observe(self, looks: list[tuple[Frame, dict[int, npt.NDArray[np.float32]]]]) -> None:
        """Look at a batch of frames."""
        if not looks:
            return
        boxes = [np.stack(list(wanted.values())) for _, wanted in looks]
        parts = self._matcher.observe([frame for frame, _ in looks], boxes)
        if [len(part.look_frame_rows) for part in parts] != [len(rows) for rows in boxes]:
            raise ContractError("the matcher must give one Observations per frame, with one look per box")
        self._parts.extend(parts)
        for frame, wanted in looks:
            for track_id in wanted:
                self._rows[track_id, frame.index] = len(self._rows)

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
