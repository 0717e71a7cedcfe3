"""The annotated video."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import open_video
from trackspeak.service.result import Result

from .draw import Painter
from .mp4 import mp4_writer


def write_video(
    result: Result,
    video_path: Path,
    target: Path,
    *,
    limits: Limits,
    progress: Callable[[int], None] | None = None,
    isolated: bool = False,
) -> None:
    """Decode the video once more, draw the result's tracks, and encode (see `mp4_writer`); one frame at a time.

    Args:
        result: what to draw.
        video_path: the video that the result is of.
        target: the MP4 file.
        limits: those that the video was first decoded with.
        progress: told the number of frames written so far.
        isolated: whether it is decoded in a process of its own, as those of others should be.

    Raises:
        OSError: if the file cannot be written.
        VideoError: if the video can no longer be read.
    """
    folder_frame_rate = result.video.frame_rate if video_path.is_dir() else None
    video = open_video(video_path, limits, folder_frame_rate=folder_frame_rate, isolated=isolated)
    info = video.info
    painter = Painter(result.queries, info.width, info.height)
    with mp4_writer(target, info.width, info.height, info.frame_rate) as write:
        for frame in video.frames():
            write(painter.paint(frame), frame.time_s)
            if progress is not None:
                progress(frame.index + 1)
