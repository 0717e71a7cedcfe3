"""What happens to tracks once the video is over: frames passed over are filled in, postprocessors mend the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Postprocessed, Postprocessor, Segments, TrackedFrame, Trajectory
from trackspeak.plugins.postprocessors.filling import fill_gaps

from .watch import blaming, expect


def join_frames(history: Sequence[TrackedFrame]) -> tuple[Trajectory, ...]:
    """Turn tracked frames into one trajectory per track id."""
    rows: dict[int, list[tuple[TrackedFrame, int]]] = {}
    for tracked in history:
        for row, track_id in enumerate(tracked.track_ids.tolist()):
            rows.setdefault(track_id, []).append((tracked, row))
    return tuple(
        Trajectory(
            track_id,
            Counter(tracked.class_names[row] for tracked, row in mine).most_common(1)[0][0],
            np.array([tracked.frame_index for tracked, _ in mine], np.int64),
            np.array([tracked.time_s for tracked, _ in mine], np.float64),
            np.stack([tracked.boxes_xyxy[row] for tracked, row in mine]),
            np.array([tracked.scores[row] for tracked, row in mine], np.float32),
        )
        for track_id, mine in sorted(rows.items())
    )


def fill_strides(
    trajectories: Sequence[Trajectory], frame_stride: int, frame_times_s: npt.NDArray[np.float64]
) -> tuple[Trajectory, ...]:
    """Fill in the frames between two that were looked at."""
    return tuple(fill_gaps(trajectory, frame_stride + 1, frame_times_s) for trajectory in trajectories)


def postprocess(
    trajectories: tuple[Trajectory, ...],
    segments: Segments,
    postprocessors: Sequence[Postprocessor],
    frame_times_s: npt.NDArray[np.float64],
) -> tuple[tuple[Trajectory, ...], Segments, dict[int, int]]:
    """Mend tracks; the segments of tracks that were joined become those of the track that they are part of now.

    Returns:
        The tracks, the segments, and id that is gone -> id of the track that it was joined to in the end.

    Raises:
        PluginError: if a postprocessor fails.
        ContractError: if it gives tracks that it was not given.
    """
    joined: dict[int, int] = {}
    for mend in postprocessors:
        given = {trajectory.track_id for trajectory in trajectories}
        with blaming("postprocessor"):
            mended = mend(trajectories, frame_times_s)
            expect("postprocessor", mended, Postprocessed)
        _check(mended, given, len(frame_times_s))
        trajectories = mended.trajectories
        segments = _renamed(segments, mended.merged)
        joined = {gone: mended.merged.get(into, into) for gone, into in joined.items()} | dict(mended.merged)
        kept = np.isin(segments.track_ids, [trajectory.track_id for trajectory in trajectories])
        segments = _rows(segments, np.flatnonzero(kept))  # tracks may have been dropped
    return trajectories, segments, joined


def _check(mended: Postprocessed, given: set[int], frames: int) -> None:
    unknown = sorted(({trajectory.track_id for trajectory in mended.trajectories} | mended.merged.keys()) - given)
    if unknown:
        raise ContractError(f"the postprocessor must keep the ids it is given, got {unknown[0]}")
    for trajectory in mended.trajectories:
        if trajectory.frame_indices[0] < 0 or trajectory.frame_indices[-1] >= frames:
            raise ContractError(
                f"the postprocessor must keep to the video's {frames} frames, got "
                f"{trajectory.frame_indices[0]} to {trajectory.frame_indices[-1]} of track {trajectory.track_id}"
            )


def _renamed(segments: Segments, merged: Mapping[int, int]) -> Segments:
    """Give segments new ids, and bring them into their order again: by track and time."""
    if not merged:
        return segments
    ids = np.array([merged.get(track_id, track_id) for track_id in segments.track_ids.tolist()], np.int64)
    order = np.lexsort([segments.last_frames, segments.first_frames, ids])
    return _rows(replace(segments, track_ids=ids), order)


def _rows(segments: Segments, rows: npt.NDArray[np.intp]) -> Segments:
    return Segments(*(getattr(segments, name)[rows] for name in segments.__slots__))
