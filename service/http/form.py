"""Reads the multipart form of `POST /v1/track` piece by piece: the video goes to a file, the rest is kept."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from trackspeak.models.errors import InputError, OutputError

from ..limits import Limits

TRACK_FIELDS: Final = ("video", "query", "options")
_ONCE: Final = ("video", "options")
_SUFFIX: Final = re.compile(rb"\.[A-Za-z0-9]{1,8}$")
_LONGEST_NAME: Final = 255
_MAX_UTF8_BYTES: Final = 4
_OTHER_BYTES: Final = 1024**2


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


def plain_file_name(text: str) -> str:
    """Give what a caller calls a file, without folders, for people to read: it never names a file of ours."""
    return re.split(r"[/\\]", text)[-1][:_LONGEST_NAME]


def room_for_fields(limits: Limits) -> int:
    """Give the bytes of a body that may be something else than the video."""
    return _MAX_UTF8_BYTES * limits.max_queries * limits.max_query_chars + _OTHER_BYTES


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
        self._sha256 = hashlib.sha256()
        self._video: Path | None = None
        self._video_name = ""
        self._file: BinaryIO | None = None
        self._texts: list[tuple[str, bytearray]] = []
        self._seen: set[str] = set()
        self._header_name, self._header_value, self._disposition = bytearray(), bytearray(), b""
        self._bytes = self._video_bytes = 0
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
                    "on_part_end": self.close,
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
        except OSError as error:
            raise OutputError(f"the upload could not be written to {self._folder}: {error.strerror}") from error
        room = room_for_fields(self._limits)
        if self._bytes - self._video_bytes > room:
            raise InputError(f"the form without its video must have at most {room:,} bytes")

    def close(self) -> None:
        """Close the video's file; may be called again.

        Raises:
            OutputError: if what was still to be written cannot be.
        """
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                raise OutputError(f"the upload could not be written to {self._folder}: {error.strerror}") from error

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
            self._video,
            self._video_name,
            self._video_bytes,
            self._sha256.hexdigest(),
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
            file_name = parameters.get(b"filename", b"")
            self._video_name = plain_file_name(file_name.decode(errors="replace"))
            suffix = _SUFFIX.search(file_name)  # some containers are told by it
            self._video = self._folder / f"video{suffix[0].decode() if suffix else ''}"
            self._file = self._video.open("wb")
        else:
            self._texts.append((name, bytearray()))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._texts[-1][1].extend(data[start:end])
            return
        self._video_bytes += end - start
        self._limits.check_video("max_video_bytes", self._video_bytes, "bytes of the video")
        self._sha256.update(data[start:end])
        self._file.write(data[start:end])

    def _end(self) -> None:
        self._complete = True


def _decode(name: str, value: bytearray) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{name} must be UTF-8: {error}") from None
