"""From segment scores to an answer: frame scores, then spans, then tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import THRESHOLDS, ReferredTrack, ReferredTracks, Scores, Segments, Span, Trajectory
from trackspeak.service.profiles import Protocol

CLOSED_GAP = 4
"""Frames between two referred ones that are closed over."""

SHORTEST_SPAN = 8
"""Spans of fewer frames are dropped, unless the whole track is shorter."""


@dataclass(frozen=True, slots=True)
class Selection:
    """How segment scores become referred tracks.

    Attributes:
        threshold: frames that score above it are referred to; None: what the score kind says.
        protocol: "trackspeak" closes short gaps and drops short spans; "ikun" is the raw rule per frame.
        max_gap: missed frames that a segment may bridge; None: 4, or 0 for "ikun".
    """

    threshold: float | None = None
    protocol: Protocol = "trackspeak"
    max_gap: int | None = None

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.threshold is not None and not np.isfinite(self.threshold):
            raise OptionError(f"threshold must be a finite number, got {self.threshold}")
        if self.protocol not in ("trackspeak", "ikun"):
            raise OptionError(f"protocol must be trackspeak or ikun, got {self.protocol!r}")
        if self.max_gap is not None and self.max_gap < 0:
            raise OptionError(f"max_gap must be at least 0, got {self.max_gap}")

    @property
    def bridged_gap(self) -> int:
        """The missed frames that a segment may bridge."""
        if self.max_gap is not None:
            return self.max_gap
        return 0 if self.protocol == "ikun" else CLOSED_GAP


def frame_scores(trajectory: Trajectory, segments: Segments, scores: Scores) -> npt.NDArray[np.float32]:
    """Give each frame of a trajectory the mean score of the segments that cover it.

    A frame that was filled in later, where no segment is, takes what lies on the line between its neighbours' scores.

    Returns:
        (T, texts) float32; NaN throughout where no segment covers any frame.
    """
    sums = np.zeros((len(trajectory.frame_indices), scores.values.shape[1]))
    counts = np.zeros((len(trajectory.frame_indices), 1))
    for row, positions in _coverage(trajectory, segments):
        sums[positions] += scores.values[row]
        counts[positions] += 1
    covered = counts[:, 0] > 0
    if not covered.any():
        return np.full(sums.shape, np.nan, np.float32)
    means = sums[covered] / counts[covered]
    if not covered.all():
        frames = trajectory.frame_indices
        means = np.stack([np.interp(frames, frames[covered], column) for column in means.T], axis=1)  # (T, texts)
    return means.astype(np.float32)


def covered_frames(trajectory: Trajectory, segments: Segments) -> npt.NDArray[np.bool_]:
    """Say of each frame of a trajectory whether a segment covers it: (T,)."""
    covered = np.zeros(len(trajectory.frame_indices), bool)
    for _, positions in _coverage(trajectory, segments):
        covered[positions] = True
    return covered


def _coverage(trajectory: Trajectory, segments: Segments) -> Iterator[tuple[int, slice]]:
    """Give the row of each segment of a trajectory, and the positions of the frames that it covers."""
    mine = np.flatnonzero(segments.track_ids == trajectory.track_id)
    starts = np.searchsorted(trajectory.frame_indices, segments.first_frames[mine])
    stops = np.searchsorted(trajectory.frame_indices, segments.last_frames[mine], side="right")
    for row, start, stop in zip(mine.tolist(), starts.tolist(), stops.tolist(), strict=True):
        yield row, slice(start, stop)


def select(
    queries: Sequence[str],
    trajectories: Sequence[Trajectory],
    segments: Segments,
    scores: Scores,
    selection: Selection,
    frame_stride: int = 1,
) -> tuple[ReferredTracks, ...]:
    """Answer each query with the tracks it refers to, best first.

    Args:
        queries: the sentences.
        trajectories: all tracks.
        segments: theirs.
        scores: of each segment for each sentence.
        selection: how scores become tracks.
        frame_stride: one of so many frames was looked at: as many of these as else of all may be closed over.
    """
    shortest_span = 1 if selection.protocol == "ikun" else SHORTEST_SPAN
    closed_gap = 0 if selection.protocol == "ikun" else (CLOSED_GAP + 1) * frame_stride - 1
    threshold = THRESHOLDS[scores.kind] if selection.threshold is None else selection.threshold
    found: list[list[ReferredTrack]] = [[] for _ in queries]
    for trajectory in trajectories:
        per_frame = frame_scores(trajectory, segments, scores)
        for text, tracks in enumerate(found):
            track = _refer(trajectory, per_frame[:, text], threshold, closed_gap, shortest_span)
            if track is not None:
                tracks.append(track)
    return tuple(
        ReferredTracks(query, tuple(sorted(tracks, key=lambda track: (-track.score, track.track_id))))
        for query, tracks in zip(queries, found, strict=True)
    )


def _refer(
    trajectory: Trajectory, scores: npt.NDArray[np.float32], threshold: float, closed_gap: int, shortest_span: int
) -> ReferredTrack | None:
    """Give the part of a trajectory that is referred to, if any."""
    referred = scores > threshold
    shortest = min(shortest_span, len(referred))
    runs = [run for run in _runs(trajectory.frame_indices, referred, closed_gap) if _length(run) >= shortest]
    if not runs:
        return None
    inside = np.concatenate([np.arange(start, stop) for start, stop in runs])
    spans = tuple(
        Span(
            int(trajectory.frame_indices[start]),
            int(trajectory.frame_indices[stop - 1]),
            float(scores[start:stop][referred[start:stop]].mean(dtype=np.float64)),
        )
        for start, stop in runs
    )
    return ReferredTrack(
        trajectory.track_id,
        trajectory.class_name,
        float(scores[inside][referred[inside]].mean(dtype=np.float64)),
        spans,
        trajectory.frame_indices[inside],
        trajectory.times_s[inside],
        trajectory.boxes_xyxy[inside],
        scores[inside],
    )


def _length(run: tuple[int, int]) -> int:
    return run[1] - run[0]


def _runs(
    frame_indices: npt.NDArray[np.int64], referred: npt.NDArray[np.bool_], closed_gap: int
) -> list[tuple[int, int]]:
    """Give half-open ranges of positions from one referred frame to another with no larger gap between."""
    positions = np.flatnonzero(referred)
    if not len(positions):
        return []
    breaks = np.flatnonzero(np.diff(frame_indices[positions]) > closed_gap + 1) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(positions, breaks)]
