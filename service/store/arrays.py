"""An index as named columns, in the precision in which it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Observations, Segments, Trajectory
from trackspeak.service.pipeline.index import VideoIndex

Array = npt.NDArray[Any]

_LOOK, _FRAME, _SEGMENT, _TRACK = "look.", "frame.", "segment.", "track."
_COLUMNS = ("frame_indices", "times_s", "boxes_xyxy", "scores")
_LARGEST_HALF = float(np.finfo(np.float16).max)


def to_arrays(index: VideoIndex, *, half: bool) -> dict[str, Array]:
    """Give an index as columns.

    Args:
        index: of one video.
        half: whether what a matcher observed is kept in half precision, where that can hold it. Tracks never are.

    Returns:
        Name -> array: `track.*` a row per box, `segment.*` per segment, `look.*` per look, `frame.*` per frame
        looked at.
    """
    tracks = index.trajectories
    arrays: dict[str, Array] = {
        f"{_TRACK}ids": np.array([track.track_id for track in tracks], np.int64),
        f"{_TRACK}lengths": np.array([len(track.frame_indices) for track in tracks], np.int64),
    }
    empty = {"frame_indices": np.int64, "times_s": np.float64, "boxes_xyxy": np.float32, "scores": np.float32}
    for name, dtype in empty.items():
        shape = (0, 4) if name == "boxes_xyxy" else (0,)
        arrays[_TRACK + name] = np.concatenate([np.zeros(shape, dtype), *(getattr(track, name) for track in tracks)])
    for name in index.segments.__slots__:
        arrays[_SEGMENT + name] = getattr(index.segments, name)
    if index.observations is not None:
        seen = index.observations
        arrays |= {f"{_LOOK}.rows": seen.look_frame_rows, f"{_FRAME}.indices": seen.frame_indices}
        arrays |= {_LOOK + name: array for name, array in seen.look_arrays.items()}
        arrays |= {_FRAME + name: array for name, array in seen.frame_arrays.items()}
    observed = (_LOOK, _FRAME, f"{_SEGMENT}windows")
    return {name: _halved(array) if half and name.startswith(observed) else array for name, array in arrays.items()}


def from_arrays(
    arrays: Mapping[str, Array], class_names: Sequence[str]
) -> tuple[tuple[Trajectory, ...], Segments, Observations | None]:
    """Give tracks, segments and observations of columns; half precision comes back as single.

    Args:
        arrays: what `to_arrays` gave.
        class_names: of each track.
    """
    ends = np.cumsum(arrays[f"{_TRACK}lengths"])[:-1]
    parts = [np.split(arrays[_TRACK + name], ends) for name in _COLUMNS]
    ids = arrays[f"{_TRACK}ids"].tolist()
    trajectories = tuple(
        Trajectory(track_id, name, *columns)
        for track_id, name, *columns in zip(ids, class_names, *(part[: len(ids)] for part in parts), strict=True)
    )
    segments = Segments(**{name: _single(arrays[_SEGMENT + name]) for name in Segments.__slots__})
    if f"{_LOOK}.rows" not in arrays:
        return trajectories, segments, None
    looks, frames = (
        {
            name.removeprefix(prefix): _single(array)
            for name, array in arrays.items()
            if name.startswith(prefix) and not name.startswith(f"{prefix}.")
        }
        for prefix in (_LOOK, _FRAME)
    )
    observations = Observations(looks, arrays[f"{_LOOK}.rows"], frames, arrays[f"{_FRAME}.indices"])
    return trajectories, segments, observations


def _halved(array: Array) -> Array:
    """Give float32 as float16, unless a number is too large for that."""
    if array.dtype != np.float32 or (array.size and np.abs(array).max() > _LARGEST_HALF):
        return array
    return array.astype(np.float16)


def _single(array: Array) -> Array:
    return array.astype(np.float32) if array.dtype == np.float16 else array
