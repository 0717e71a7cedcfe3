"""One stored index: what was watched, how, and what came of it, in a folder that never changes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import BrokenIndexError, FileFormatError
from trackspeak.service.pipeline.index import VideoIndex
from trackspeak.service.pipeline.thumbnails import Thumbnail
from trackspeak.service.pipeline.video_info import VideoFacts
from trackspeak.service.profiles import Protocol
from trackspeak.service.result import PluginUse, plain_value

from .arrays import from_arrays, to_arrays
from .thumbnail_file import load_thumbnail, save_thumbnails, unknown_thumbnail

FORMAT = 2
"""Goes up when older indexes can no longer be read."""

RECORD_FILE = "index.json"
ARRAYS_FILE = "arrays.safetensors"
THUMBNAILS_FILE = "thumbnails.safetensors"
_ID_DIGITS = 32


@dataclass(frozen=True, slots=True, eq=False)
class IndexFacts:
    """What an index is of, and how it was made.

    Attributes:
        id: the same for the same video, configuration and weights.
        name: of the video, for people.
        video: its facts.
        profile: the profile's name.
        plugins: kind -> the plugin and all its options, as in a result; calibrators are those asked with by default.
        weights: kind/file -> SHA-256.
        protocol: how scores become tracks, unless the asker says.
    """

    id: str
    name: str
    video: VideoFacts
    profile: str
    plugins: Mapping[str, PluginUse | None]
    weights: Mapping[str, str]
    protocol: Protocol


@dataclass(frozen=True, slots=True)
class IndexSummary(IndexFacts):
    """An index without what was seen.

    Attributes:
        frame_stride: one of so many frames was looked at.
        tracks: the number of tracks.
    """

    frame_stride: int
    tracks: int


@dataclass(frozen=True, slots=True, eq=False)
class StoredIndex(IndexFacts):
    """An index with all that is needed to ask it.

    Attributes:
        first_frame: the number of the first frame in files that are written, unless the asker says.
        index: tracks, segments and observations, in the precision in which they are kept; pictures are
            written with it, but not read with it.
    """

    first_frame: int
    index: VideoIndex


def identity(
    video_sha256: str,
    plugins: Mapping[str, PluginUse | None],
    weights: Mapping[str, str],
    pass_options: Mapping[str, Any],
) -> str:
    """Give the id of an index: of the video, of what watches it, and of the bytes of all files that take part.

    Args:
        video_sha256: of the video.
        plugins: kind -> plugin; calibrators are left out, which change no index.
        weights: kind/file -> SHA-256.
        pass_options: what else the pass depends on.
    """
    said = {
        "format": FORMAT,
        "video": video_sha256,
        "plugins": {
            key: _configuration(key, use, weights) for key, use in plugins.items() if not key.startswith("calibrator")
        },
        "weights": {name: digest for name, digest in weights.items() if not name.startswith("calibrator")},
        "pass": dict(pass_options),
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_DIGITS]


def _configuration(key: str, use: PluginUse | None, weights: Mapping[str, str]) -> list[Any] | None:
    """Give name and options, files by what is in them; a folder holds weights, or is a cache that changes nothing."""
    if use is None:
        return None
    names = [value.name for value in use.options.values() if isinstance(value, Path)]
    options: dict[str, Any] = {}
    for name, value in use.options.items():
        if isinstance(value, Path):
            # weights can be large, and their plugin has read them whole
            known = weights.get(f"{key}/{value.name}") if names.count(value.name) == 1 else None
            options[name] = (known or sha256_of(value)) if value.is_file() else None
        else:
            options[name] = plain_value(value)
    return [use.name, options]


def as_stored(index: VideoIndex, protocol: Protocol) -> VideoIndex:
    """Give an index as it comes back from the disk, so that whoever asks at once gets the same numbers."""
    arrays = to_arrays(index, half=_half(protocol))
    trajectories, segments, observations = from_arrays(arrays, [track.class_name for track in index.trajectories])
    return replace(index, trajectories=trajectories, segments=segments, observations=observations)


def write_index(stored: StoredIndex, folder: Path) -> None:
    """Write an index into a folder that is there, down to the disk.

    Raises:
        OSError: if it cannot be written.
    """
    from safetensors.numpy import save_file

    index = stored.index
    arrays = folder / ARRAYS_FILE
    save_file(to_arrays(index, half=_half(stored.protocol)), arrays)
    _flush(arrays)
    pictures = folder / THUMBNAILS_FILE
    if index.thumbnails:
        save_thumbnails(index.thumbnails, pictures)
        _flush(pictures)
    record = {
        "format": FORMAT,
        "id": stored.id,
        "name": stored.name,
        "video": asdict(stored.video),
        "profile": stored.profile,
        "plugins": {
            key: use and {"name": use.name, "options": plain_value(use.options)} for key, use in stored.plugins.items()
        },
        "weights": dict(stored.weights),
        "protocol": stored.protocol,
        "first_frame": stored.first_frame,
        "frame_stride": index.frame_stride,
        "class_names": [track.class_name for track in index.trajectories],
        "warnings": list(index.warnings),
        "timings_s": index.timings_s,
        "arrays_sha256": sha256_of(arrays),
        "thumbnails_sha256": sha256_of(pictures) if index.thumbnails else None,
    }
    path = folder / RECORD_FILE
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _flush(path)


def read_summary(folder: Path) -> IndexSummary:
    """Read what a list of indexes shows.

    Raises:
        BrokenIndexError: if the index is not whole, or of another format.
    """
    record = _read_record(folder)
    try:
        return IndexSummary(**_facts(record), frame_stride=record["frame_stride"], tracks=len(record["class_names"]))
    except (KeyError, TypeError) as error:
        raise _broken(folder, error) from error


def read_thumbnail(folder: Path, track_id: int) -> Thumbnail:
    """Read the picture of one track, and nothing else of an index but its record.

    Raises:
        NotFoundError: if the track has none, or the index has none at all.
        BrokenIndexError: if the index is not whole, or of another format.
    """
    if _read_record(folder).get("thumbnails_sha256") is None:
        raise unknown_thumbnail(track_id, [])
    try:
        return load_thumbnail(folder / THUMBNAILS_FILE, track_id)
    except FileFormatError as error:
        raise _broken(folder, error) from error


def read_index(folder: Path) -> StoredIndex:
    """Read an index, without its pictures.

    Raises:
        BrokenIndexError: if it is not whole, or of another format; says what to do.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    record = _read_record(folder)
    try:
        trajectories, segments, observations = from_arrays(load_file(folder / ARRAYS_FILE), record["class_names"])
        return StoredIndex(
            **_facts(record),
            first_frame=record["first_frame"],
            index=VideoIndex(
                trajectories,
                segments,
                observations,
                tuple(record["warnings"]),
                record["timings_s"],
                record["frame_stride"],
            ),
        )
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise _broken(folder, error) from error


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of `IndexFacts`."""
    plugins = {key: use and PluginUse(**use) for key, use in record["plugins"].items()}
    given = {name: record[name] for name in ("id", "name", "profile", "weights", "protocol")}
    return {**given, "video": VideoFacts(**record["video"]), "plugins": plugins}


def _read_record(folder: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        if record["format"] == FORMAT:
            return record
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _broken(folder, error) from error
    raise BrokenIndexError(
        f"the index {folder.name} must have format {FORMAT}, got {record['format']}: index the video again"
    )


def _broken(folder: Path, error: Exception) -> BrokenIndexError:
    return BrokenIndexError(f"the index {folder.name} is not whole: {error}; delete it and index the video again")


def _half(protocol: Protocol) -> bool:
    """Whether observations are kept in half precision; the authors' protocol is followed to the last digits."""
    return protocol != "ikun"


def _flush(path: Path) -> None:
    """Bring a file to the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
