"""All stored indexes: a folder each, there whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from trackspeak.models.errors import BrokenIndexError, NotFoundError, OutputError
from trackspeak.service.pipeline.thumbnails import Thumbnail
from trackspeak.service.process_folder import process_folder

from .index_file import (
    RECORD_FILE,
    IndexSummary,
    StoredIndex,
    read_index,
    read_summary,
    read_thumbnail,
    write_index,
)

_ID = re.compile(r"[0-9a-f]{32}")
_STAGES = ".partial"
_Found = TypeVar("_Found")
_RESTLESS_NS = 2_000_000_000
"""So long after a change of the folder of indexes another one may not show in its time."""

_TRIES = 100  # each fails only where an index was deleted since it was in the way


class _ThereAlreadyError(Exception):
    """The same index was kept by someone else."""


class Indexes:
    """The indexes below a folder.

    Args:
        folder: of all indexes; made when the first is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listed: dict[str, tuple[tuple[int, int], IndexSummary]] = {}
        self._still: tuple[int, tuple[IndexSummary, ...]] | None = None

    def __contains__(self, index_id: str) -> bool:
        """Whether an index of this id is there."""
        # a caller's text is no path before it is known to be an id
        return bool(_ID.fullmatch(index_id)) and (self._folder / index_id / RECORD_FILE).is_file()

    def __iter__(self) -> Iterator[IndexSummary]:
        """Give what there is, by name and id; what is deleted meanwhile, or cannot be read, is left out."""
        changed_ns, still = self._changed_ns(), self._still
        if still is not None and still[0] == changed_ns:
            return iter(still[1])
        # the folder of indexes changes with each that comes or goes; one just changed may do so again in the same tick
        is_still = changed_ns is not None and abs(time.time_ns() - changed_ns) > _RESTLESS_NS
        found, stamps = {}, self._stamps()
        for index_id, stamp in stamps.items():
            known = self._listed.get(index_id)
            if known is None or known[0] != stamp:
                try:
                    known = stamp, read_summary(self._folder / index_id)
                except BrokenIndexError:
                    continue
            found[index_id] = known  # reading all records again would take most of the time of a search
        self._listed = found
        listed = tuple(sorted((one for _, one in found.values()), key=lambda one: (one.name, one.id)))
        whole = len(found) == len(self._names())  # else one may be on its way, copied in by hand
        self._still = (changed_ns, listed) if changed_ns is not None and is_still and whole else None
        return iter(listed)

    def broken(self) -> list[str]:
        """Give the ids of those that cannot be read, which are not whole or of an older format."""
        readable = {one.id for one in self}
        return [index_id for index_id in self._ids() if index_id not in readable]

    def of_video(self, video_sha256: str) -> list[str]:
        """Give the ids of the indexes of a video, also of those that cannot be read but name it."""
        return [index_id for index_id in self._ids() if video_sha256 in self._record_text(index_id)]

    def _record_text(self, index_id: str) -> str:
        try:
            return (self._folder / index_id / RECORD_FILE).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def stamp(self, index_id: str) -> tuple[int, int] | None:
        """Give what tells an index from one that took its place; None if there is none."""
        return _stamp(f"{self._folder}/{index_id}") if index_id in self else None

    def add(self, stored: StoredIndex) -> None:
        """Keep an index; of two that keep the same one, the first counts.

        Raises:
            OutputError: if it cannot be written; nothing is there of it then.
        """
        try:
            with process_folder(self._folder / _STAGES) as stage:
                made = stage / stored.id
                made.mkdir()
                write_index(stored, made)
                _flush_folder(made)
                if stored.id not in self:
                    with suppress(_ThereAlreadyError):
                        _move(made, self._folder / stored.id)
                _flush_folder(self._folder)
        except OSError as error:
            raise OutputError(f"the index could not be written to {self._folder}: {error.strerror or error}") from error

    def get(self, index_id: str) -> StoredIndex:
        """Read an index by its whole id.

        Raises:
            NotFoundError: if there is none.
            BrokenIndexError: if it is not whole.
        """
        return self._read(index_id, read_index)

    def is_whole(self, index_id: str) -> bool:
        """Whether an index is there; one that is not whole makes room for a new one."""
        try:
            self.get(index_id)
        except NotFoundError:
            return False
        except BrokenIndexError:
            with suppress(NotFoundError):  # somebody else did it
                self.delete(index_id)
            return False
        return True

    def thumbnail(self, index_id: str, track_id: int) -> Thumbnail:
        """Read the picture of a track, without the observations.

        Raises:
            NotFoundError: if there is no index of this whole id, or no picture of this track in it.
            BrokenIndexError: if the index is not whole.
        """
        return self._read(index_id, lambda folder: read_thumbnail(folder, track_id))

    def picture(self, index_id: str, track_id: int) -> bytes | None:
        """Give the picture of a track as JPEG; None if none was kept.

        Raises:
            BrokenIndexError: if the index is not whole.
        """
        try:
            return self.thumbnail(index_id, track_id).jpeg
        except NotFoundError:
            return None

    def delete(self, index_id: str) -> None:
        """Remove an index and all files of it.

        Raises:
            NotFoundError: if there is none.
            OutputError: if it cannot be removed.
        """
        if index_id not in self:
            raise NotFoundError("index", index_id, self._ids())
        try:
            with process_folder(self._folder / _STAGES) as stage:
                (self._folder / index_id).rename(stage / index_id)  # from here on nobody finds it
                _flush_folder(self._folder)
                shutil.rmtree(stage / index_id)
        except FileNotFoundError:
            raise NotFoundError("index", index_id, self._ids()) from None  # somebody else was faster
        except OSError as error:
            raise OutputError(f"the index {index_id} could not be removed: {error.strerror or error}") from error

    def _read(self, index_id: str, read: Callable[[Path], _Found]) -> _Found:
        """Read something of an index; one that is deleted while it is read was not there, or is by now another."""
        for _ in range(_TRIES):
            stamp = self.stamp(index_id)
            if stamp is None:
                break
            try:
                return read(self._folder / index_id)
            except BrokenIndexError:
                if self.stamp(index_id) == stamp:
                    raise
        raise NotFoundError("index", index_id, self._ids())

    def _ids(self) -> list[str]:
        """Give the ids of all that are there, in order."""
        return list(self._stamps())

    def _stamps(self) -> dict[str, tuple[int, int]]:
        """Give the ids of all that are there, in order, each with what is another for another record."""
        found = {}
        for name in self._names():
            stamp = _stamp(f"{self._folder}/{name}")  # a Path takes longer to make
            if stamp is not None:
                found[name] = stamp
        return found

    def _names(self) -> list[str]:
        """Give the names of all folders that may be indexes, in order."""
        names = os.listdir(self._folder) if self._folder.is_dir() else []
        return sorted(name for name in names if name != _STAGES)

    def _changed_ns(self) -> int | None:
        """Give when an index came or went; None if there never was one."""
        try:
            return os.stat(self._folder).st_mtime_ns
        except OSError:
            return None


def _stamp(folder: str) -> tuple[int, int] | None:
    try:
        status = os.stat(f"{folder}/{RECORD_FILE}")
    except OSError:
        return None
    return (status.st_ino, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def _move(made: Path, target: Path) -> None:
    """Put a whole folder in its place at once.

    Raises:
        _ThereAlreadyError: if one is there.
        OSError: if it cannot be moved.
    """
    for _ in range(_TRIES):
        try:
            made.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            if (target / RECORD_FILE).is_file():
                raise _ThereAlreadyError from None
        else:
            return
    raise FileExistsError(errno.EEXIST, "something else is in its place", str(target))


def _flush_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
