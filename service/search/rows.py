"""An index as the rows of a search: one for each segment of a track, in numbers that serve every text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Matcher, SearchableMatcher, SegmentVectors, Trajectory
from trackspeak.service.pipeline.index import VideoIndex

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """When a track was seen.

    Attributes:
        frame_indices: (T,) int64.
        times_s: (T,) float64.
    """

    frame_indices: Ints
    times_s: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class IndexRows:
    """S rows of one index, by track and time.

    Attributes:
        vectors: of the segments.
        track_ids: (S,) int64.
        first_frames: (S,) int64.
        last_frames: (S,) int64, included.
        first_times_s: (S,) float64.
        last_times_s: (S,) float64.
        class_names: of each row's track.
        paths: for the first row of each track its path, else None.
    """

    vectors: SegmentVectors
    track_ids: Ints
    first_frames: Ints
    last_frames: Ints
    first_times_s: npt.NDArray[np.float64]
    last_times_s: npt.NDArray[np.float64]
    class_names: tuple[str, ...]
    paths: tuple[Path | None, ...]


def rows_of(index: VideoIndex, matcher: Matcher) -> IndexRows | None:
    """Give the rows of an index; None where there are no segments.

    Args:
        index: of a video.
        matcher: one that is searchable.

    Raises:
        ContractError: if what the matcher gives breaks its contract.
    """
    seen = index.observations
    if seen is None or not len(index.segments):
        return None
    segments = index.segments
    tracks = {track.track_id: track for track in index.trajectories}
    order = np.lexsort((segments.first_frames, segments.track_ids))
    vectors = cast(SearchableMatcher, matcher).segment_vectors(seen, segments)
    ids = segments.track_ids[order]
    first, last = segments.first_frames[order], segments.last_frames[order]
    starts = np.flatnonzero(np.diff(ids, prepend=ids[0] - 1)).tolist()
    paths: list[Path | None] = [None] * len(ids)
    first_times_s, last_times_s = np.zeros(len(ids)), np.zeros(len(ids))
    for start, stop in zip(starts, [*starts[1:], len(ids)], strict=True):
        track = tracks[int(ids[start])]
        paths[start] = Path(track.frame_indices, track.times_s)
        first_times_s[start:stop] = _times(track, first[start:stop])
        last_times_s[start:stop] = _times(track, last[start:stop])
    return IndexRows(
        SegmentVectors(vectors.vectors[order], vectors.extras[order]),
        ids,
        first,
        last,
        first_times_s,
        last_times_s,
        tuple(tracks[track_id].class_name for track_id in ids.tolist()),
        tuple(paths),
    )


def _times(track: Trajectory, frames: Ints) -> npt.NDArray[np.float64]:
    """Give the times of frames of a track; of the next one that it was seen in, where a postprocessor dropped one."""
    rows = np.searchsorted(track.frame_indices, frames)
    times: npt.NDArray[np.float64] = track.times_s[np.minimum(rows, len(track.times_s) - 1)]
    return times
