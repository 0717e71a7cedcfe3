"""The annotated video: H.264 in MP4 that browsers play."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.result import Result

from .draw import Painter

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_TIME_BASE = Fraction(1, 90_000)
_BT709 = 1
_LIMITED_RANGE = 1


def write_video(
    result: Result,
    video_path: Path,
    target: Path,
    *,
    limits: Limits,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Decode the video once more, draw the result's tracks, and encode; one frame at a time.

    Each frame keeps its time, so a variable frame rate stays one; odd sizes are padded by one row or column.

    Args:
        result: what to draw.
        video_path: the video that the result is of.
        target: the MP4 file.
        limits: those that the video was first decoded with.
        progress: told the number of frames written so far.

    Raises:
        OSError: if the file cannot be written.
        VideoError: if the video can no longer be read.
    """
    import av

    video = open_video(video_path, limits, folder_frame_rate=result.video.frame_rate)
    painter = Painter(result.queries, video.info.width, video.info.height)
    try:
        with av.open(str(target.absolute()), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            stream = _add_stream(container, video.info.width, video.info.height, video.info.frame_rate)
            ticks = -1
            for frame in video.frames():
                ticks = max(ticks + 1, round(frame.time_s / _TIME_BASE))
                container.mux(stream.encode(_to_yuv(painter.paint(frame), ticks, video.info.frame_rate)))
                if progress is not None:
                    progress(frame.index + 1)
            container.mux(stream.encode())
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _add_stream(container: OutputContainer, width: int, height: int, frame_rate: float) -> VideoStream:
    """Add an H.264 stream of even size, its colours declared."""
    stream = container.add_stream("libx264", rate=Fraction(frame_rate).limit_denominator(1_001))
    stream.width, stream.height = width + width % 2, height + height % 2
    stream.pix_fmt = "yuv420p"
    stream.options = {"preset": "veryfast", "crf": "23"}
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
