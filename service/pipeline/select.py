"""From segment scores to an answer: frame scores, then spans, then tracks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import (
    THRESHOLDS,
    ReferredTrack,
    ReferredTracks,
    ScoreKind,
    Scores,
    Segments,
    Span,
    Trajectory,
)
from trackspeak.service.profiles import Protocol

CLOSED_GAP = 4
"""Frames between two referred ones that are closed over."""

SHORTEST_SPAN = 8
"""Spans of fewer frames are dropped, unless the whole track is shorter."""

MOST_NEAR_MISSES = 100

Positions = npt.NDArray[np.intp]

Told = Callable[[Trajectory, npt.NDArray[np.float32], Sequence[ReferredTrack | None]], None]
"""Called with each trajectory, its (T, texts) frame scores, and for each text the part that is referred to, if any."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How frame scores become spans.

    Attributes:
        threshold: frames that score above it are referred to.
        closed_gap: so many frames between two referred ones are closed over.
        shortest_span: spans of fewer frames are dropped, unless the whole track is shorter.
    """

    threshold: float
    closed_gap: int
    shortest_span: int

    def runs(self, trajectory: Trajectory, scores: npt.NDArray[np.float32]) -> list[tuple[int, int]]:
        """Give half-open ranges of positions that are referred to, gaps closed, whatever their length.

        Args:
            trajectory: of T frames.
            scores: (T,) of these.
        """
        positions = np.flatnonzero(scores > self.threshold)
        if not len(positions):
            return []
        breaks = np.flatnonzero(np.diff(trajectory.frame_indices[positions]) > self.closed_gap + 1) + 1
        return [(int(part[0]), int(part[-1]) + 1) for part in np.split(positions, breaks)]

    def shortest(self, trajectory: Trajectory) -> int:
        """Give the frames that a span of a trajectory must have."""
        return min(self.shortest_span, len(trajectory.frame_indices))


@dataclass(frozen=True, slots=True)
class Selection:
    """How segment scores become referred tracks.

    Attributes:
        threshold: frames that score above it are referred to; None: what the score kind says.
        protocol: "trackspeak" closes short gaps and drops short spans; "ikun" is the raw rule per frame.
        max_gap: missed frames that a segment may bridge; None: 4, or 0 for "ikun".
        min_probability: tracks that score below it are left out; None: none are.
        top: at most so many tracks of each text are given; None: all.
        near_misses: at most so many tracks of each text that are not referred to are given, with why.
    """

    threshold: float | None = None
    protocol: Protocol = "trackspeak"
    max_gap: int | None = None
    min_probability: float | None = None
    top: int | None = None
    near_misses: int = 0

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.threshold is not None and not np.isfinite(self.threshold):
            raise OptionError(f"threshold must be a finite number, got {self.threshold}")
        if self.protocol not in ("trackspeak", "ikun"):
            raise OptionError(f"protocol must be trackspeak or ikun, got {self.protocol!r}")
        if self.max_gap is not None and self.max_gap < 0:
            raise OptionError(f"max_gap must be at least 0, got {self.max_gap}")
        if self.min_probability is not None and not 0 <= self.min_probability <= 1:
            raise OptionError(f"min_probability must be from 0 to 1, got {self.min_probability}")
        if self.top is not None and self.top < 1:
            raise OptionError(f"top must be at least 1, got {self.top}")
        if not 0 <= self.near_misses <= MOST_NEAR_MISSES:
            raise OptionError(f"near_misses must be from 0 to {MOST_NEAR_MISSES}, got {self.near_misses}")

    @property
    def bridged_gap(self) -> int:
        """The missed frames that a segment may bridge."""
        if self.max_gap is not None:
            return self.max_gap
        return 0 if self.protocol == "ikun" else CLOSED_GAP

    def rule(self, kind: ScoreKind, frame_stride: int = 1) -> Rule:
        """Give the rule for scores of a kind; one of `frame_stride` frames was looked at."""
        threshold = threshold_of(self.threshold, kind)
        if self.protocol == "ikun":
            return Rule(threshold, 0, 1)
        return Rule(threshold, (CLOSED_GAP + 1) * frame_stride - 1, SHORTEST_SPAN)

    def keeps(self, score: float) -> bool:
        """Whether a track of this score is likely enough, in single precision, as scores are."""
        return self.min_probability is None or bool(np.float32(score) >= np.float32(self.min_probability))

    def check_kind(self, kind: ScoreKind) -> None:
        """Refuse to filter by probability what is none.

        Raises:
            OptionError: says what to do.
        """
        if self.min_probability is not None and kind != "probability":
            raise OptionError(
                f"min_probability must come with scores that are probabilities, got scores of kind {kind}: choose a "
                "calibrator that makes probabilities of them (platt, with numbers that were fitted for these "
                "weights), or give a threshold instead"
            )


def threshold_of(threshold: float | None, kind: ScoreKind) -> float:
    """Give the threshold of frames: the one that was given, else that of the score kind."""
    return THRESHOLDS[kind] if threshold is None else threshold


def frame_scores(trajectory: Trajectory, segments: Segments, scores: Scores) -> npt.NDArray[np.float32]:
    """Give each frame of a trajectory the mean score of the segments that cover it.

    A frame that was filled in later, where no segment is, takes what lies on the line between its neighbours' scores.

    Returns:
        (T, texts) float32; NaN throughout where no segment covers any frame.
    """
    frames, texts = len(trajectory.frame_indices), scores.values.shape[1]
    rows, starts, stops = _covered(trajectory, segments)
    lengths = stops - starts
    ends = np.cumsum(lengths)
    positions = np.arange(lengths.sum()) + np.repeat(starts - ends + lengths, lengths)  # of each segment's frames
    cells = (positions[:, None] * texts + np.arange(texts)).reshape(-1)  # (P, texts) -> (P * texts,)
    values = scores.values[np.repeat(rows, lengths)].reshape(-1)  # (P, texts) -> (P * texts,)
    sums = np.bincount(cells, values, frames * texts).reshape(frames, texts)  # (T * texts,) -> (T, texts)
    counts = np.bincount(positions, minlength=frames)[:, None]
    covered = counts[:, 0] > 0
    if not covered.any():
        return np.full(sums.shape, np.nan, np.float32)
    means = sums[covered] / counts[covered]
    if not covered.all():
        indices = trajectory.frame_indices
        means = np.stack([np.interp(indices, indices[covered], column) for column in means.T], axis=1)  # (T, texts)
    return means.astype(np.float32)


def covered_frames(trajectory: Trajectory, segments: Segments) -> npt.NDArray[np.bool_]:
    """Say of each frame of a trajectory whether a segment covers it: (T,)."""
    covered = np.zeros(len(trajectory.frame_indices), bool)
    for _, positions in coverage(trajectory, segments):
        covered[positions] = True
    return covered


def coverage(trajectory: Trajectory, segments: Segments) -> Iterator[tuple[int, slice]]:
    """Give the row of each segment of a trajectory, and the positions of the frames that it covers."""
    for row, start, stop in zip(*(one.tolist() for one in _covered(trajectory, segments)), strict=True):
        yield row, slice(start, stop)


def _covered(trajectory: Trajectory, segments: Segments) -> tuple[Positions, Positions, Positions]:
    """Give the rows of a trajectory's segments, and from where to where each covers the trajectory's frames."""
    mine = np.flatnonzero(segments.track_ids == trajectory.track_id)
    starts = np.searchsorted(trajectory.frame_indices, segments.first_frames[mine])
    stops = np.searchsorted(trajectory.frame_indices, segments.last_frames[mine], side="right")
    return mine, starts, np.maximum(starts, stops)


def select(
    queries: Sequence[str],
    trajectories: Sequence[Trajectory],
    segments: Segments,
    scores: Scores,
    selection: Selection,
    frame_stride: int = 1,
    told: Told | None = None,
) -> tuple[ReferredTracks, ...]:
    """Answer each query with the tracks it refers to, best first.

    Args:
        queries: the sentences.
        trajectories: all tracks.
        segments: theirs.
        scores: of each segment for each sentence.
        selection: how scores become tracks.
        frame_stride: one of so many frames was looked at: as many of these as else of all may be closed over.
        told: is told of each trajectory, before any track is left out.

    Raises:
        OptionError: if tracks are to be left out by their probability and the scores are none.
    """
    if len(segments):
        selection.check_kind(scores.kind)
    rule = selection.rule(scores.kind, frame_stride)
    found: list[list[ReferredTrack]] = [[] for _ in queries]
    meant = None if told is not None else _with_high_segments(segments, scores, rule.threshold)
    for trajectory in trajectories:
        if meant is not None and trajectory.track_id not in meant:
            continue  # a mean over segments is above the threshold only where one of them is
        per_frame = frame_scores(trajectory, segments, scores)
        referred = [_refer(trajectory, column, rule) for column in per_frame.T]
        if told is not None:
            told(trajectory, per_frame, referred)
        for tracks, track in zip(found, referred, strict=True):
            if track is not None and selection.keeps(track.score):
                tracks.append(track)
    return tuple(
        ReferredTracks(query, tuple(sorted(tracks, key=lambda track: (-track.score, track.track_id))[: selection.top]))
        for query, tracks in zip(queries, found, strict=True)
    )


def _with_high_segments(segments: Segments, scores: Scores, threshold: float) -> frozenset[int]:
    """Give the ids of the tracks that have a segment above the threshold for any sentence."""
    return frozenset(np.unique(segments.track_ids[(scores.values > threshold).any(axis=1)]).tolist())


def _refer(trajectory: Trajectory, scores: npt.NDArray[np.float32], rule: Rule) -> ReferredTrack | None:
    """Give the part of a trajectory that is referred to, if any."""
    shortest = rule.shortest(trajectory)
    runs = [run for run in rule.runs(trajectory, scores) if run[1] - run[0] >= shortest]
    if not runs:
        return None
    referred = scores > rule.threshold
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
