"""Frames in which a track was not found, filled in by straight lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Trajectory


def fill_gaps(trajectory: Trajectory, interval: int, frame_times_s: npt.NDArray[np.float64]) -> Trajectory:
    """Fill gaps between two frames of a track that are fewer than `interval` frames apart; the rest stays.

    Args:
        trajectory: the track.
        interval: in frames.
        frame_times_s: (F,) the time of every frame of the video.
    """
    known = trajectory.frame_indices
    steps = np.diff(known)
    if not ((steps > 1) & (steps < interval)).any():
        return trajectory
    parts = [
        np.arange(first, last) if last - first < interval else np.array([first])
        for first, last in zip(known[:-1].tolist(), known[1:].tolist(), strict=True)
    ]
    frames = np.concatenate([*parts, known[-1:]]).astype(np.int64)
    boxes = [np.interp(frames, known, side) for side in trajectory.boxes_xyxy.T]
    return Trajectory(
        trajectory.track_id,
        trajectory.class_name,
        frames,
        frame_times_s[frames],
        np.stack(boxes, axis=1).astype(np.float32),
        np.interp(frames, known, trajectory.scores).astype(np.float32),
    )
