"""Receives videos within the limits, each in a folder of its own that goes when it is done with."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from trackspeak.models.errors import OutputError, QuotaError

from .limits import Limits
from .process_folder import process_folder

_UPLOADS: Final = "uploads"
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,8}$")
_LONGEST_NAME: Final = 255
_MAX_UTF8_BYTES: Final = 4
_OTHER_BYTES: Final = 1024**2


@contextmanager
def uploads_folder(data: Path) -> Iterator[Path]:
    """Give this process's folder for uploads, removed at the end; what killed processes left is removed before.

    Raises:
        OutputError: if it cannot be made.
    """
    uploads = data / _UPLOADS
    with ExitStack() as own:
        try:
            folder = own.enter_context(process_folder(uploads))
        except OSError as error:
            raise _no_folder(uploads, error) from error
        yield folder


def _no_folder(uploads: Path, error: OSError) -> OutputError:
    return OutputError(f"no folder for uploads can be made in {uploads}: {error.strerror}")


@contextmanager
def upload_folder(uploads: Path) -> Iterator[Path]:
    """Give a new folder for one upload in that of the process, and remove it with all that is in it.

    Raises:
        OutputError: if it cannot be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(dir=uploads))
    except OSError as error:
        raise _no_folder(uploads, error) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def room_beside_video(limits: Limits) -> int:
    """Give the bytes that may come beside a video: sentences and options."""
    return _MAX_UTF8_BYTES * limits.max_queries * limits.max_query_chars + _OTHER_BYTES


def plain_file_name(text: str) -> str:
    """Give what a caller calls a file, without folders, for people to read: it never names a file of ours."""
    return re.split(r"[/\\]", text)[-1][:_LONGEST_NAME]


class IncomingVideo:
    """A video that is written to a file as it comes; `close` it at the end, also if that comes early.

    Args:
        folder: receives the file.
        name: what the caller calls it.
        limits: of its bytes.

    Attributes:
        path: of the file.
        name: without folders.
        bytes: that have come.

    Raises:
        OutputError: if the file cannot be made.
    """

    def __init__(self, folder: Path, name: str, limits: Limits) -> None:
        suffix = _SUFFIX.search(name)  # some containers are told by it
        self.path = folder / f"video{suffix[0] if suffix else ''}"
        self.name = plain_file_name(name)
        self.bytes = 0
        self._limits = limits
        self._sha256 = hashlib.sha256()
        try:
            self._file = self.path.open("wb")
        except OSError as error:
            raise self._failed(error) from error

    @property
    def sha256(self) -> str:
        """Of the bytes that have come."""
        return self._sha256.hexdigest()

    def write(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises:
            VideoLimitError: if they are over `max_video_bytes`.
            OutputError: if they cannot be written.
        """
        self.bytes += len(piece)
        self._limits.check_video("max_video_bytes", self.bytes, "bytes of the video")
        self._sha256.update(piece)
        try:
            self._file.write(piece)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the file; nothing happens where it is closed.

        Raises:
            OutputError: if what was still to be written cannot be.
        """
        try:
            self._file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OutputError:
        return OutputError(f"the upload could not be written to {self.path.parent}: {error.strerror}")


class Places:
    """Counts who is sending a video, so that no caller can take all places."""

    def __init__(self, most: int) -> None:
        """Begin with nobody.

        Args:
            most: videos that one caller may be sending at once.
        """
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, key_id: str) -> Iterator[None]:
        """Take a place while a video comes in; to be called in the event loop.

        Raises:
            QuotaError: if the caller has all that one may have.
        """
        if self._taken[key_id] >= self._most:
            raise QuotaError(f"uploads: one caller may send {self._most} videos at once; try again later")
        self._taken[key_id] += 1
        try:
            yield
        finally:
            self._taken[key_id] -= 1
            if not self._taken[key_id]:
                del self._taken[key_id]
