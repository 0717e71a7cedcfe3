"""Receives the form of an upload within the limits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from trackspeak.models.errors import InputError, VideoLimitError

from ..incoming import room_beside_video
from ..limits import Limits
from .form import TRACK_FIELDS, FormReader, TrackForm


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
    if declared.isdecimal() and int(declared) > limits.max_video_bytes + room_beside_video(limits):
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
