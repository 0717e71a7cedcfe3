"""Fewer looks per track, where a budget says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Observations
from trackspeak.service.pipeline.index import VideoIndex


def thin_looks(index: VideoIndex, looks_per_track: int) -> VideoIndex:
    """Keep at most so many looks of each track, evenly spread; a segment without its own takes the nearest.

    Args:
        index: of one video.
        looks_per_track: at least 1.

    Returns:
        The index with fewer looks, and a warning that says what that changes; the same one where none goes.
    """
    seen = index.observations
    if seen is None:
        return index
    frames = seen.frame_indices[seen.look_frame_rows]
    nearest = np.arange(len(frames))
    thinned = 0
    for track_id in np.unique(index.segments.track_ids):
        rows = np.unique(index.segments.look_rows[index.segments.track_ids == track_id])
        if len(rows) <= looks_per_track:
            continue
        thinned += 1
        rows = rows[np.argsort(frames[rows], kind="stable")]
        kept = rows[np.linspace(0, len(rows) - 1, looks_per_track).round().astype(int)]
        nearest[rows] = kept[np.abs(frames[rows][:, None] - frames[kept]).argmin(axis=1)]
    if not thinned:
        return index
    used, look_rows = np.unique(nearest[index.segments.look_rows], return_inverse=True)
    warning = (
        f"{thinned} tracks have more than {looks_per_track} looks: segments between those kept share the nearest, "
        "so that a change of looks within a track is seen later or not at all; motion and places are not affected"
    )
    return replace(
        index,
        segments=replace(index.segments, look_rows=look_rows.reshape(index.segments.look_rows.shape)),  # (S, looks)
        observations=_only(seen, used),
        warnings=(*index.warnings, warning),
    )


def _only(seen: Observations, rows: npt.NDArray[np.int64]) -> Observations:
    """Give some looks, and the frames that they are in."""
    frames, frame_rows = np.unique(seen.look_frame_rows[rows], return_inverse=True)
    return Observations(
        {name: array[rows] for name, array in seen.look_arrays.items()},
        frame_rows,
        {name: array[frames] for name, array in seen.frame_arrays.items()},
        seen.frame_indices[frames],
    )
