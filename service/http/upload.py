"""Receives an upload within the limits, in a folder of its own that goes when it is done with."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from trackspeak.models.errors import InputError, OutputError, QuotaError, VideoLimitError

from ..limits import Limits
from ..process_folder import process_folder
from .form import TRACK_FIELDS, FormReader, TrackForm, room_for_fields

_UPLOADS: Final = "uploads"


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


async def receive_form(
    request: Request, folder: Path, limits: Limits, fields: Sequence[str] = TRACK_FIELDS
) -> TrackForm:
    """Read a request's form; the video goes to `folder` as it comes.

    Args:
        request: whose body is read.
        folder: receives the video.
        limits: of the video's bytes, and of the rest.
        fields: that the form may have.

    Raises:
        InputError: if the body is not such a form, ends early, or its fields without the video are too large.
        VideoLimitError: as soon as the video is over `max_video_bytes`; by the declared length, before it is read.
        OutputError: if the video cannot be written.
    """
    kind, parameters = parse_options_header(request.headers.get("content-type"))
    boundary = parameters.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InputError(f"the body must be multipart/form-data with a boundary, got {kind.decode('latin-1')!r}")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.max_video_bytes + room_for_fields(limits):
        raise VideoLimitError(f"bytes of the body: {declared} is over the limit max_video_bytes and room for the rest")
    reader = FormReader(boundary, folder, limits, fields)
    try:
        async for piece in request.stream():
            await asyncio.to_thread(reader.write, piece)  # a disk can be slow
    except ClientDisconnect:
        raise InputError("the body ended before the form did") from None
    finally:
        reader.close()
    return reader.form()


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
