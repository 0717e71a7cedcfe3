"""The annotated video."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import Frame, ReferredTracks
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import Video, open_video
from trackspeak.service.result import Result

from .draw import Painter
from .mp4 import mp4_writer

_SLACK_S: Final = 1e-6
"""Times are told rounded to so much."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A part of a video.

    Attributes:
        first_s: frames before this time are left out.
        last_s: frames after this time are left out; None: none are.
    """

    first_s: float = 0.0
    last_s: float | None = None

    def __post_init__(self) -> None:
        """Check the order."""
        if self.last_s is not None and self.last_s < self.first_s:
            raise OptionError(f"last_time_s must be at least first_time_s, {self.first_s:g}, got {self.last_s:g}")

    def within(self, video: Video) -> Generator[Frame, None, None]:
        """Decode, and give the frames in it.

        Raises:
            OptionError: if there is none.
            TrackspeakError: what decoding raises.
        """
        found = False
        with closing(video.frames()) as frames:
            for frame in frames:
                if self.last_s is not None and frame.time_s > self.last_s + _SLACK_S:
                    break
                if frame.time_s >= self.first_s - _SLACK_S:
                    found = True
                    yield frame
        if not found:
            last = "the end" if self.last_s is None else f"{self.last_s:g} s"
            raise OptionError(f"first_time_s: the video must have a frame from {self.first_s:g} s to {last}, got none")


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
    draw_video(result.queries, video, target, progress=progress)


def draw_video(
    answers: Sequence[ReferredTracks],
    video: Video,
    target: Path,
    *,
    span: TimeSpan | None = None,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Draw tracks into a video, or into a part of it, whose times then start at 0.

    Args:
        answers: what to draw, see `Painter`.
        video: to be decoded.
        target: the MP4 file.
        span: the part; None: all of it.
        progress: told the number of frames written so far.

    Raises:
        OSError: if the file cannot be written.
        OptionError: if no frame is in the part.
        VideoError: if the video can no longer be read.
    """
    info = video.info
    painter = Painter(answers, info.width, info.height)
    frames = (span or TimeSpan()).within(video)
    with closing(frames):
        first = next(frames)  # before there is a file to write
        with mp4_writer(target, info.width, info.height, info.frame_rate) as write:
            for number, frame in enumerate(chain([first], frames), 1):
                write(painter.paint(frame), frame.time_s - first.time_s)
                if progress is not None:
                    progress(number)
