"""How a video is sent: not at all if the service has it, at once, or in pieces that go on where they broke off."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Final

from trackspeak.models.errors import ConflictError, ServerError, VideoError, WorkerError

from .calls import TRIES, Call, Flow, Progress, Reply, quoted
from .told import Video, read_video

_TUS: Final = "1.0.0"
_PIECE_BYTES: Final = 4 * 1024**2


def digest(path: Path) -> str:
    """Give the SHA-256 of a video.

    Raises:
        VideoError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VideoError(f"{path} cannot be read: {error.strerror}") from error


def upload(path: Path, sha256: str, pieces_from: int, progress: Progress | None) -> Flow[Video]:
    """Send a video, unless the service has its bytes.

    Args:
        path: of the file.
        sha256: of it.
        pieces_from: bytes from which a file is sent in pieces, that can go on where they broke off.
        progress: called with the bytes sent and all.
    """
    size = path.stat().st_size
    reply = yield Call("GET", f"/v1/videos/{sha256}", may_be=(404, 410))
    if reply.status < 300 and (known := reply.json()).get("bytes") is not None:
        return read_video(known)
    if size < pieces_from:
        reply = yield Call("POST", "/v1/videos", form={}, video=path)  # the same bytes are kept once: it may come twice
        if progress is not None:
            progress(size, size)
        return read_video(reply.json())
    return (yield from _in_pieces(path, size, progress))


def _in_pieces(path: Path, size: int, progress: Progress | None) -> Flow[Video]:
    name = b64encode(path.name.encode(errors="replace")).decode()
    headers = {"Tus-Resumable": _TUS, "Upload-Length": str(size), "Upload-Metadata": f"filename {name}"}
    reply = yield Call("POST", "/v1/uploads", headers=headers, repeatable=False)
    place = reply.headers.get("location", "")
    if not place.startswith("/v1/uploads/"):
        raise ServerError(f"the service must say in Location where to send pieces, got {place[:60]!r}")
    offset, lost = 0, 0
    with path.open("rb") as file:
        while offset < size:
            file.seek(offset)
            headers = {
                "Tus-Resumable": _TUS,
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            }
            try:
                reply = yield Call("PATCH", place, content=file.read(_PIECE_BYTES), headers=headers, repeatable=False)
            except (ServerError, WorkerError, ConflictError):  # it broke off: the service knows how much came
                reply = yield Call("HEAD", place, headers={"Tus-Resumable": _TUS})
            before, offset = offset, _offset(reply)
            lost = lost + 1 if offset <= before else 0
            if lost >= TRIES:
                raise ServerError(f"no answer: {lost} pieces after each other did not arrive")
            if progress is not None:
                progress(offset, size)
    video_id = reply.headers.get("trackspeak-video", "")
    return read_video((yield Call("GET", f"/v1/videos/{quoted(video_id)}")).json())


def _offset(reply: Reply) -> int:
    told = reply.headers.get("upload-offset", "")
    if not told.isdecimal():
        raise ServerError(f"the service must say in Upload-Offset how much has come, got {told[:40]!r}")
    return int(told)
