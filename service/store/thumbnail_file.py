"""The pictures of an index's tracks in one file, of which one can be read alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from trackspeak.models.errors import FileFormatError, NotFoundError
from trackspeak.service.pipeline.thumbnails import Thumbnail

_JPEG_BEGIN, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


def save_thumbnails(thumbnails: Mapping[int, Thumbnail], path: Path) -> None:
    """Write pictures into a file: all JPEGs one after the other, and where each ends.

    Args:
        thumbnails: track id -> picture.
        path: the file; the same pictures give the same bytes.

    Raises:
        OSError: if it cannot be written.
    """
    from safetensors.numpy import save_file

    kept = sorted(thumbnails.items())
    columns = {
        "track_ids": np.array([track_id for track_id, _ in kept], np.int64),
        "frame_indices": np.array([one.frame_index for _, one in kept], np.int64),
        "times_s": np.array([one.time_s for _, one in kept], np.float64),
        "ends": np.cumsum([len(one.jpeg) for _, one in kept], dtype=np.int64),
        "jpegs": np.frombuffer(b"".join(one.jpeg for _, one in kept), np.uint8),
    }
    save_file(columns, path)


def load_thumbnail(path: Path, track_id: int) -> Thumbnail:
    """Read one picture of a file, and no other.

    Raises:
        NotFoundError: if the file has none of this track.
        FileFormatError: if the file is not what it should be.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            track_ids = file.get_tensor("track_ids").tolist()
            if track_id not in track_ids:
                raise unknown_thumbnail(track_id, track_ids)
            row = track_ids.index(track_id)
            frame_indices, times_s, ends = (file.get_tensor(name) for name in ("frame_indices", "times_s", "ends"))
            begin = int(ends[row - 1]) if row else 0
            jpeg = file.get_slice("jpegs")[begin : int(ends[row])].tobytes()
            found = Thumbnail(int(frame_indices[row]), float(times_s[row]), jpeg)
    except (OSError, SafetensorError, LookupError, ValueError, TypeError, ArithmeticError) as error:
        raise FileFormatError(f"the pictures in {path.name} must be whole, got {error}") from error
    if not (jpeg.startswith(_JPEG_BEGIN) and jpeg.endswith(_JPEG_END)):
        raise FileFormatError(f"the picture of track {track_id} in {path.name} must be a whole JPEG, got other bytes")
    return found


def unknown_thumbnail(track_id: int, known: list[int]) -> NotFoundError:
    """Give the error that says that a track has no picture; `known` are those that have."""
    return NotFoundError("track with a picture", str(track_id), [str(one) for one in known])
