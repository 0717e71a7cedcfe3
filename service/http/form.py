"""Reads the multipart form of `POST /v1/track` piece by piece: the video goes to a file, the rest is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from trackspeak.models.errors import InputError

from ..incoming import IncomingVideo, room_beside_video
from ..limits import Limits

TRACK_FIELDS: Final = ("video", "query", "options")
_ONCE: Final = ("video", "options")


@dataclass(frozen=True, slots=True)
class TrackForm:
    """A form received whole.

    Attributes:
        video: the file that the upload was written to.
        video_name: what the caller calls it, "" where that was not said.
        video_bytes: how long it is.
        video_sha256: of its bytes.
        queries: the sentences, in order; not checked.
        options: the text of the field `options`, "" where there is none.
    """

    video: Path
    video_name: str
    video_bytes: int
    video_sha256: str
    queries: tuple[str, ...]
    options: str


class FormReader:
    """A form in the making; give it the body with `write`, then `close` it, then ask for `form`.

    Args:
        boundary: what parts the body.
        folder: receives the video.
        limits: of the video's bytes, and of the rest.
        fields: that the form may have.
    """

    def __init__(self, boundary: bytes, folder: Path, limits: Limits, fields: Sequence[str] = TRACK_FIELDS) -> None:
        """Begin.

        Raises:
            InputError: if the boundary is not one.
        """
        self._folder, self._limits, self._fields = folder, limits, fields
        self._video: IncomingVideo | None = None
        self._in_video = False
        self._texts: list[tuple[str, bytearray]] = []
        self._seen: set[str] = set()
        self._header_name, self._header_value, self._disposition = bytearray(), bytearray(), b""
        self._bytes = 0
        self._complete = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_part,
                    "on_part_data": self._take,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise InputError(f"the body must be multipart/form-data: {error}") from error

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body.

        Raises:
            InputError: if the body is not such a form, or its fields without the video are too large.
            VideoLimitError: if the video is over `max_video_bytes`.
            OutputError: if the video cannot be written.
        """
        self._bytes += len(piece)
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise InputError(f"the body must be multipart/form-data: {error}") from error
        room = room_beside_video(self._limits)
        if self._bytes - (self._video.bytes if self._video is not None else 0) > room:
            raise InputError(f"the form without its video must have at most {room:,} bytes")

    def close(self) -> None:
        """Close the video's file; may be called again.

        Raises:
            OutputError: if what was still to be written cannot be.
        """
        if self._video is not None:
            self._video.close()

    def form(self) -> TrackForm:
        """Give what came.

        Raises:
            InputError: if the body ended early, there was no video, or a field is not UTF-8.
        """
        if not self._complete:
            raise InputError("the body ended before the form did")
        if self._video is None:
            raise InputError("the form must have a field video with the file, got none")
        texts = [(name, _decode(name, value)) for name, value in self._texts]
        queries = tuple(text for name, text in texts if name == "query")
        return TrackForm(
            self._video.path,
            self._video.name,
            self._video.bytes,
            self._video.sha256,
            queries,
            next((text for name, text in texts if name == "options"), ""),
        )

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _begin_part(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        self._disposition = b""
        name = parameters.get(b"name", b"").decode(errors="replace")
        if name not in self._fields:
            raise InputError(f"the form's fields must be {', '.join(self._fields)}, got {name[:40]!r}")
        if name in _ONCE and name in self._seen:
            raise InputError(f"the form must have the field {name} once")
        self._seen.add(name)
        if name == "video":
            file_name = parameters.get(b"filename", b"").decode(errors="replace")
            self._video = IncomingVideo(self._folder, file_name, self._limits)
            self._in_video = True
        else:
            self._texts.append((name, bytearray()))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._in_video and self._video is not None:
            self._video.write(data[start:end])
        else:
            self._texts[-1][1].extend(data[start:end])

    def _end_part(self) -> None:
        self._in_video = False
        self.close()

    def _end(self) -> None:
        self._complete = True


def _decode(name: str, value: bytearray) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{name} must be UTF-8: {error}") from None
