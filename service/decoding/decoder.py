"""What a decoder process does: one request, then it ends."""

from __future__ import annotations

import socket
import traceback
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import VideoError, VideoLimitError
from trackspeak.service.pipeline.video_file import VideoFile, out_of_memory
from trackspeak.service.pipeline.video_formats import OTHERS_FILES
from trackspeak.service.pipeline.video_info import PassReport

from .confine import confine
from .messages import Answer, Failed, Finished, FrameReady, Lines, Opened, Refused, Request, to_line
from .ring import open_ring

_TRACEBACK_CHARS: Final = 8_000


def decode(asker: socket.socket, memory: int | None) -> None:
    """Read a request, and answer it.

    Args:
        asker: where the request comes from and the answers go; each byte after the request frees a slot of the ring.
        memory: the descriptor of the ring, for a request that wants frames.
    """
    line = Lines(asker).next(None)
    if line is None:
        return
    request = Request.from_json(line)
    asker.settimeout(None)
    try:
        asker.sendall(to_line(_answer(request, asker, memory)))
    except (BrokenPipeError, ConnectionResetError):
        return  # nobody listens any more


def _answer(request: Request, asker: socket.socket, memory: int | None) -> Answer:
    """Do what is asked; gives the last message."""
    path = Path(request.path)
    try:
        ring = None if memory is None else open_ring(memory, request.slots, request.width, request.height)
        confine(path, request.limits)
        file = VideoFile(path, request.limits, OTHERS_FILES)
        return Opened(file.info) if ring is None else _give_frames(file, path.name, ring, asker)
    except VideoError as error:
        return _refused(error)
    except MemoryError:
        return _refused(VideoLimitError(out_of_memory(path.name, request.limits)))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception:  # noqa: BLE001 whatever a file does to it, the asker must hear of it
        return Failed(traceback.format_exc()[-_TRACEBACK_CHARS:])


def _give_frames(file: VideoFile, name: str, ring: npt.NDArray[np.uint8], asker: socket.socket) -> Answer:
    """Put all frames into the ring, one after the other, waiting where no slot is free."""
    slots, height, width, _ = ring.shape
    if (file.info.width, file.info.height) != (width, height):
        raise VideoError(f"{name} changed while it was read")
    report = PassReport()
    free = slots
    for frame in file.read(report):
        while not free:
            freed = len(asker.recv(slots))
            if not freed:
                raise BrokenPipeError
            free += freed
        np.copyto(ring[frame.index % slots], frame.rgb)
        free -= 1
        asker.sendall(to_line(FrameReady(frame.time_s, report.end_s)))
    return Finished(report.warnings)


def _refused(error: VideoError) -> Refused:
    """Tell of an error; what is no text in a file's name (half of a character) is written out."""
    message = str(error).encode("utf-8", "backslashreplace").decode()
    return Refused("video_over_limit" if isinstance(error, VideoLimitError) else "unreadable_video", message)
