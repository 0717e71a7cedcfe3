"""Trajectories to segments, online: what a matcher gets to see, decided from the recent past alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trackspeak.models.sampling import look_positions
from trackspeak.models.trajectory import WINDOW_S, trajectory_window
from trackspeak.plugins.contract import Sampling, TrackedFrame


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """One segment of one trajectory, before it is looked at.

    Attributes:
        track_id: the trajectory's id.
        first_frame: first frame covered.
        last_frame: last frame covered, included.
        look_frames: the frames to look at, `Sampling.looks` of them.
        look_boxes_xyxy: (looks, 4) float32, the box in each.
        window: (points, features) float32, the trajectory window that ends at `last_frame`.
    """

    track_id: int
    first_frame: int
    last_frame: int
    look_frames: tuple[int, ...]
    look_boxes_xyxy: npt.NDArray[np.float32]
    window: npt.NDArray[np.float32]


@dataclass(slots=True)
class _Run:
    """The unbroken run of frames that a track is in; only its last `Sampling.length` frames are kept."""

    count: int = 0
    frames: deque[int] = field(default_factory=deque)
    boxes: deque[npt.NDArray[np.float32]] = field(default_factory=deque)
    covered: int = 0


@dataclass(slots=True)
class _Past:
    """The last seconds of a track, over gaps too."""

    times_s: deque[float] = field(default_factory=deque)
    boxes: deque[npt.NDArray[np.float32]] = field(default_factory=deque)


class Sampler:
    """Cuts clips from tracked frames as they come.

    A run of a track ends where more than `max_gap` frames are missing. A clip is given as soon as it
    is complete, the one aligned to a run's end once the run has ended.
    """

    def __init__(self, sampling: Sampling, frame_size: tuple[int, int], max_gap: int, frame_stride: int = 1) -> None:
        """Begin a video.

        Args:
            sampling: what the matcher wants to see.
            frame_size: (width, height) in pixels.
            max_gap: missed frames that a segment may bridge, at least 0, of those looked at.
            frame_stride: frames from one that is looked at to the next.
        """
        self._sampling = sampling
        self._frame_size = frame_size
        self._max_gap = max_gap
        self._frame_stride = frame_stride
        self._runs: dict[int, _Run] = {}
        self._pasts: dict[int, _Past] = {}
        self._next_frame = 0

    def push(self, tracked: TrackedFrame) -> list[Clip]:
        """Take the next frame's tracks; give the clips that are complete now."""
        self._next_frame = tracked.frame_index + 1
        clips = self._end_runs(
            track_id
            for track_id, run in self._runs.items()
            if self._steps(run, tracked) > self._max_gap + (track_id in tracked.track_ids)
        )
        self._forget_pasts(tracked.time_s)
        for track_id, box in zip(tracked.track_ids.tolist(), tracked.boxes_xyxy, strict=True):
            self._extend(track_id, tracked, box)
            run = self._runs[track_id]
            whole = run.count - self._sampling.length
            if whole >= 0 and whole % self._sampling.stride == 0:
                clips.append(self._cut(track_id, run, self._sampling.length))
        return clips

    def finish(self) -> list[Clip]:
        """End the video; give the clips that end with it."""
        return self._end_runs(self._runs)

    def oldest_needed(self) -> int:
        """The first frame that a later clip may still look at."""
        return min((run.frames[0] for run in self._runs.values()), default=self._next_frame)

    def _steps(self, run: _Run, tracked: TrackedFrame) -> int:
        """Count the frames looked at since a run was last found."""
        return (tracked.frame_index - run.frames[-1]) // self._frame_stride

    def _end_runs(self, track_ids: Iterable[int]) -> list[Clip]:
        ended = [(track_id, self._runs[track_id]) for track_id in track_ids]
        for track_id, _ in ended:
            del self._runs[track_id]
        return [
            self._cut(track_id, run, min(run.count, self._sampling.length))
            for track_id, run in ended
            if run.covered < run.count
        ]

    def _forget_pasts(self, time_s: float) -> None:
        for track_id in [key for key, past in self._pasts.items() if key not in self._runs]:
            if time_s - self._pasts[track_id].times_s[-1] > WINDOW_S:
                del self._pasts[track_id]

    def _extend(self, track_id: int, tracked: TrackedFrame, box: npt.NDArray[np.float32]) -> None:
        run = self._runs.setdefault(track_id, _Run())
        past = self._pasts.setdefault(track_id, _Past())
        run.count += 1
        run.frames.append(tracked.frame_index)
        run.boxes.append(box)
        if len(run.frames) > self._sampling.length:
            run.frames.popleft()
            run.boxes.popleft()
        if past.times_s and tracked.time_s <= past.times_s[-1]:  # two frames of one time: the later box counts
            past.times_s.pop()
            past.boxes.pop()
        past.times_s.append(tracked.time_s)
        past.boxes.append(box)
        # One point before the window stays, so that the window's first point can be interpolated.
        while len(past.times_s) > 2 and past.times_s[1] < tracked.time_s - WINDOW_S:
            past.times_s.popleft()
            past.boxes.popleft()

    def _cut(self, track_id: int, run: _Run, count: int) -> Clip:
        """Cut the clip of the run's last `count` frames."""
        run.covered = run.count
        offset = len(run.frames) - count
        looks = look_positions(offset, len(run.frames), self._sampling.looks)
        past = self._pasts[track_id]
        return Clip(
            track_id,
            run.frames[offset],
            run.frames[-1],
            tuple(run.frames[look] for look in looks),
            np.stack([run.boxes[look] for look in looks]),
            trajectory_window(np.array(past.times_s), np.stack(past.boxes), self._frame_size),
        )
