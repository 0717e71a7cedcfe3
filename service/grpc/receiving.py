"""Receives what a `Track` call streams: the order, then the video in chunks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trackspeak.models.errors import InputError

from ..front import Front
from ..incoming import IncomingVideo
from ..patience import Patience
from .generated import trackspeak_pb2 as pb
from .messages import struct_to_dict


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with a video; checked.

    Attributes:
        queries: the sentences.
        options: the caller's choices, as they came.
        video_name: what the caller calls the file, perhaps with folders.
        video_bytes: its size.
        as_job: whether he takes a job in place of waiting.
    """

    queries: tuple[str, ...]
    options: dict[str, Any]
    video_name: str
    video_bytes: int
    as_job: bool


Requests = AsyncIterator[pb.TrackRequest | None]
"""None stands for a message that could not be read."""


async def in_time(requests: Requests, stall_s: float) -> Requests:
    """Give what comes, as long as enough comes.

    Raises:
        SlowUploadError: if too little does.
    """
    patience = Patience(stall_s)
    with suppress(StopAsyncIteration):
        while True:
            yield await patience.wait(anext(requests), _bytes_of)


def _bytes_of(request: pb.TrackRequest | None) -> int:
    return 0 if request is None else len(request.chunk)


async def receive_order(requests: Requests, front: Front) -> Order:
    """Read the first message, and refuse what a job would fail for before the video comes.

    Raises:
        InputError: if it is no order.
        VideoLimitError: if the video is too large.
        OptionError: if an option is wrong, or names a file that it must not.
        QueryError: if a sentence is wrong.
    """
    async for first in requests:
        if first is None or not first.HasField("order"):
            raise InputError(f"the first message must be an order, got {_part(first)}")
        break
    else:
        raise InputError("the stream must begin with an order, got no message")
    order = first.order
    front.limits.check_video("max_video_bytes", order.video_bytes, "bytes of the video")
    options = struct_to_dict(order.options)
    queries = await asyncio.to_thread(front.check, tuple(order.queries), options)
    return Order(queries, options, order.video_name, order.video_bytes, order.as_job)


async def receive_video(requests: Requests, folder: Path, order: Order, front: Front) -> IncomingVideo:
    """Write the chunks to a file as they come.

    Raises:
        InputError: if a message is no chunk, or there are more or fewer bytes than the order says.
        OutputError: if they cannot be written.
    """
    video = IncomingVideo(folder, order.video_name, front.limits)
    try:
        async for request in requests:
            if request is None or not request.HasField("chunk"):
                raise InputError(f"what follows the order must be chunks of the video, got {_part(request)}")
            if video.bytes + len(request.chunk) > order.video_bytes:
                raise InputError(f"the video must have the {order.video_bytes:,} video_bytes of the order, got more")
            await asyncio.to_thread(video.write, request.chunk)  # a disk can be slow
    finally:
        video.close()
    if video.bytes != order.video_bytes:
        raise InputError(
            f"the stream ended after {video.bytes:,} of the {order.video_bytes:,} video_bytes of the order"
        )
    return video


def _part(request: pb.TrackRequest | None) -> str:
    """Say what came in place of what was wanted."""
    if request is None:
        return "one that cannot be read"
    return request.WhichOneof("part") or "an empty one"
