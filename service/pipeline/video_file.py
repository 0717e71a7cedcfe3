"""Video files, read by FFmpeg through PyAV; nothing in a file's header is trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import VideoError, VideoLimitError
from trackspeak.plugins.contract import Frame
from trackspeak.service.limits import Limits

from .video_formats import OWN_FILES, Formats
from .video_header import FALLBACK_FRAME_RATE, declared_length, frame_rate_of, shortfall, to_seconds
from .video_info import PassReport, VideoInfo
from .video_packets import PacketDecoder
from .video_times import Timeline

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

_TIMEOUT_S = (5, 5)
"""For opening and for reading one packet."""


@dataclass(frozen=True, slots=True)
class _Orientation:
    """How stored pixels become upright: transposed first, then flipped."""

    transposed: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def of(cls, frame: VideoFrame) -> _Orientation:
        """Read the display matrix, to the nearest quarter turn, mirrored or not."""
        matrix: Any = frame.side_data.get("DISPLAYMATRIX")
        if matrix is None:
            return cls()
        # x' = a x + c y, y' = b x + d y, in a row-major 3 x 3 matrix of fixed-point numbers
        a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(matrix), np.int32)[:5])
        if abs(a) >= abs(b):
            return cls(False, a < 0, d < 0)
        return cls(True, c < 0, b < 0)

    def apply(self, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Turn (H, W, 3) stored pixels into contiguous upright ones."""
        if self.transposed:
            rgb = rgb.transpose(1, 0, 2)  # (H, W, 3) -> (W, H, 3)
        rows = slice(None, None, -1 if self.flip_y else 1)
        columns = slice(None, None, -1 if self.flip_x else 1)
        return np.ascontiguousarray(rgb[rows, columns])


def sha256_of_file(path: Path) -> str:
    """Give the hash of a file's bytes, as hexadecimal digits.

    Raises:
        VideoError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VideoError(f"{path.name} cannot be read: {error.strerror}") from error


def out_of_memory(name: str, limits: Limits) -> str:
    """Say that decoding ran out of memory."""
    return (
        f"decoding {name} takes more memory than there is, or in a process of its own than the limit max_decoder_bytes "
        f"of {limits.max_decoder_bytes:,}"
    )


class VideoFile:
    """One video file; opening it decodes its first frame, so that a file without any is refused at once.

    Args:
        path: a regular file.
        limits: pixels per frame, frames and duration are checked against the header here.
        formats: containers and codecs that are read.

    Raises:
        VideoError: if no frame can be decoded; says why.
        VideoLimitError: if the header declares more than the limits allow.
    """

    def __init__(self, path: Path, limits: Limits, formats: Formats = OWN_FILES) -> None:
        self._path = path
        self._limits = limits
        self._formats = formats
        with self._opened() as (container, stream):
            frame_rate = frame_rate_of(stream)
            self._warnings = [] if frame_rate else [f"no frame rate is declared, {FALLBACK_FRAME_RATE:g} is assumed"]
            self._frame_rate = frame_rate or FALLBACK_FRAME_RATE
            declared_frames, declared_duration_s = declared_length(container, stream)
            limits.check_video("max_frames", declared_frames or 0, f"{path.name} declares its frames")
            limits.check_video("max_duration_s", declared_duration_s or 0, f"{path.name} declares its seconds")
            first = self._first_frame(container, stream)
            self._orientation = _Orientation.of(first)
            self._stored_size = (first.width, first.height)
        width, height = reversed(self._stored_size) if self._orientation.transposed else self._stored_size
        self._info = VideoInfo(width, height, self._frame_rate, declared_frames, declared_duration_s)

    @property
    def info(self) -> VideoInfo:
        """What the header and the first frame say."""
        return self._info

    def sha256(self) -> str:
        """The hash of the file's bytes."""
        return sha256_of_file(self._path)

    def read(self, report: PassReport) -> Iterator[Frame]:
        """Decode all frames.

        A frame of another size than the first is scaled to it, with a warning: everything after this wants one size.

        Raises:
            VideoError: if the file can no longer be opened.
            VideoLimitError: if a frame, or the decoder's work, is over the limits.
        """
        from av.video.reformatter import VideoReformatter

        timeline = Timeline(1 / self._frame_rate)
        # One for all: of its own, each frame would make tables and threads anew, a quarter of the work at 640 x 360
        converter = VideoReformatter()
        decoding = PacketDecoder(self._limits, self._path.name)
        scaled = 0
        with self._opened() as (container, stream):
            for decoded in decoding.frames(container, stream):
                scaled += (decoded.width, decoded.height) != self._stored_size
                time_s = timeline.time_of(to_seconds(decoded.pts, decoded.time_base))
                report.end_s = time_s + (to_seconds(decoded.duration, decoded.time_base) or 1 / self._frame_rate)
                report.frames += 1
                yield Frame(report.frames - 1, time_s, self._upright(decoded, converter))
        report.warnings += [*self._warnings, *decoding.warnings()]
        if scaled:
            report.warnings.append(
                f"frames of another size, scaled to {self._info.width} x {self._info.height}: {scaled}"
            )
        if timeline.breaks:
            report.warnings.append(f"timestamps went backward, times go on from there: {timeline.breaks}")
        report.warnings += shortfall(self._info, report)

    def _upright(self, decoded: VideoFrame, converter: VideoReformatter) -> npt.NDArray[np.uint8]:
        """Convert to (H, W, 3) uint8 RGB."""
        width, height = self._stored_size
        converted = converter.reformat(decoded, width, height, "rgb24")
        return self._orientation.apply(np.asarray(converted.to_ndarray(), np.uint8))

    @contextmanager
    def _opened(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        """Open the file and find its video stream."""
        import av

        max_pixels = {"max_pixels": str(self._limits.max_pixels_per_frame)}
        # An absolute path cannot be taken for a protocol; max_pixels here guards FFmpeg's probing only
        options = self._formats.options() | max_pixels
        try:
            container = av.open(
                str(self._path.absolute()), "r", options=options, timeout=_TIMEOUT_S, metadata_errors="replace"
            )
        except av.error.MemoryError as error:
            raise VideoLimitError(out_of_memory(self._path.name, self._limits)) from error
        except av.FFmpegError as error:
            raise VideoError(
                f"{self._path.name} is not a video that can be read, or it is damaged beyond use ({error.strerror})"
            ) from error
        with container:
            stream = self._find_stream(container)
            stream.thread_type = "AUTO"
            stream.codec_context.options = self._formats.codec_options() | max_pixels
            yield container, stream

    def _find_stream(self, container: InputContainer) -> VideoStream:
        """Find the first stream of moving pictures (a cover picture is none)."""
        import av.stream

        streams = [
            stream for stream in container.streams.video if not stream.disposition & av.stream.Disposition.attached_pic
        ]
        if not streams:
            kinds = sorted({stream.type for stream in container.streams if stream.type != "video"})
            raise VideoError(f"{self._path.name} holds no video stream, only: {', '.join(kinds) or 'nothing'}")
        context = streams[0].codec_context
        if context is None:
            raise VideoError(f"{self._path.name} holds a video stream of an unknown codec")
        if not self._formats.accept(context.codec.name):
            raise VideoError(f"{self._path.name} is of the codec {context.codec.name}, which is not accepted here")
        self._limits.check_video(
            "max_pixels_per_frame",
            max(context.width * context.height, context.coded_width * context.coded_height),
            f"pixels per frame of {self._path.name} ({context.width} x {context.height})",
        )
        return streams[0]

    def _first_frame(self, container: InputContainer, stream: VideoStream) -> VideoFrame:
        """Decode the first frame."""
        decoding = PacketDecoder(self._limits, self._path.name)
        frames = decoding.frames(container, stream)
        try:
            first = next(frames, None)
        finally:
            frames.close()
        if first is None and decoding.out_of_memory:
            raise VideoLimitError(out_of_memory(self._path.name, self._limits))
        if first is None:
            reasons = "; ".join(decoding.warnings()) or "the stream is empty"
            if decoding.bad_packets:  # FFmpeg refuses a frame over max_pixels as it does a damaged one
                reasons += f"; or its frames are over max_pixels_per_frame of {self._limits.max_pixels_per_frame:,}"
                reasons += f", or in a process of its own over max_decoder_bytes of {self._limits.max_decoder_bytes:,}"
            raise VideoError(f"{self._path.name} holds no frame that can be decoded: {reasons}")
        return first
