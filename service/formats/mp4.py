"""H.264 in MP4 that browsers play, written frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_TIME_BASE = Fraction(1, 90_000)
_BT709 = 1
_LIMITED_RANGE = 1


@contextmanager
def mp4_writer(
    target: Path, width: int, height: int, frame_rate: float
) -> Iterator[Callable[[npt.NDArray[np.uint8], float], None]]:
    """Open an MP4 file (yuv420p, faststart) for writing.

    Odd sizes are padded by one row or column. Each frame keeps its time, so a variable frame rate stays one; two
    frames of one time are moved apart.

    Args:
        target: the file.
        width: of the frames in pixels.
        height: of the frames in pixels.
        frame_rate: frames per second, nominal.

    Yields:
        A function that writes the next frame, (height, width, 3) uint8 BGR, at a time in seconds.

    Raises:
        OSError: if the file cannot be written.
    """
    import av

    ticks = -1
    try:
        with av.open(str(target.absolute()), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = _add_stream(container, width, height, frame_rate)

            def write(bgr: npt.NDArray[np.uint8], time_s: float) -> None:
                nonlocal ticks
                ticks = max(ticks + 1, round(time_s / _TIME_BASE))
                container.mux(stream.encode(_to_yuv(bgr, ticks, frame_rate)))

            yield write
            container.mux(stream.encode())
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _add_stream(container: OutputContainer, width: int, height: int, frame_rate: float) -> VideoStream:
    """Add an H.264 stream of even size, its colours declared."""
    stream = container.add_stream("libx264", rate=Fraction(frame_rate).limit_denominator(1_001))
    stream.width, stream.height = width + width % 2, height + height % 2
    stream.pix_fmt = "yuv420p"
    # Without `cpu-independent`, x264 gives other bytes for the same pictures now and then.
    stream.options = {"preset": "veryfast", "crf": "23", "x264-params": "cpu-independent=1"}
    context = stream.codec_context
    context.time_base = _TIME_BASE
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED_RANGE
    return stream


def _to_yuv(bgr: npt.NDArray[np.uint8], ticks: int, frame_rate: float) -> VideoFrame:
    """Convert a (H, W, 3) frame to what the encoder wants, padded to an even size."""
    import av

    height, width, _ = bgr.shape
    even = np.pad(bgr, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else bgr
    packed = av.VideoFrame.from_ndarray(even, format="bgr24")
    frame: VideoFrame = packed.reformat(format="yuv420p", dst_colorspace="itu709")
    frame.pts, frame.time_base = ticks, _TIME_BASE
    frame.duration = round(1 / frame_rate / _TIME_BASE)
    return frame
