"""Decode: from a video file or a folder of images to upright frames with their times."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Generator
from pathlib import Path

from trackspeak.models.errors import OptionError, VideoError
from trackspeak.plugins.contract import Frame
from trackspeak.service.limits import Limits

from .video_file import VideoFile
from .video_images import ImageFolder
from .video_info import PassReport, Source, VideoFacts, VideoInfo


class Video:
    """A video that can be read from its start any number of times, in bounded memory; made by `open_video`.

    Args:
        name: the video's name in messages.
        source: what the frames are read from.
        limits: checked on every frame.
    """

    def __init__(self, name: str, source: Source, limits: Limits) -> None:
        self._name = name
        self._source = source
        self._limits = limits
        self._sha256 = ""
        self._report: PassReport | None = None
        self._passing: PassReport | None = None

    @property
    def info(self) -> VideoInfo:
        """What is known without a full pass."""
        return self._source.info

    @property
    def sha256(self) -> str:
        """The hash of the content, read once."""
        self._sha256 = self._sha256 or self._source.sha256()
        return self._sha256

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the last full pass found wrong with the video; empty before one."""
        return tuple(self._report.warnings) if self._report else ()

    def frames(self) -> Generator[Frame, None, None]:
        """Decode from the start.

        Yields:
            Frames in display order; `index` counts from 0, `time_s` starts at 0 and never goes backward.

        Raises:
            VideoError: if the video cannot be read.
            VideoLimitError: if it turns out larger or longer than the limits allow.
        """
        self._passing = report = PassReport()
        for frame in self._source.read(report):
            self._limits.check_video("max_frames", frame.index + 1, f"frames of {self._name}")
            self._limits.check_video("max_duration_s", frame.time_s, f"seconds of {self._name}")
            yield frame
        self._report = report

    def facts(self) -> VideoFacts:
        """What is known after a full pass over `frames()`.

        Raises:
            RuntimeError: before one; a mistake of the calling program.
        """
        if self._report is None:
            raise RuntimeError("facts() needs a full pass over frames() before it")
        return self._facts(self._report)

    def facts_so_far(self) -> VideoFacts:
        """What is known in the middle of a pass over `frames()`: its frames so far."""
        return self._facts(self._passing or PassReport())

    def _facts(self, report: PassReport) -> VideoFacts:
        info = self.info
        return VideoFacts(report.frames, info.frame_rate, info.width, info.height, report.end_s, self.sha256)


FOLDER_FRAME_RATE = 10.0
"""Frames per second of a folder of images for which none are given."""


def open_video(path: Path, limits: Limits, *, folder_frame_rate: float | None = None, isolated: bool = False) -> Video:
    """Open a video file or a folder of images, and look at its first frame.

    Args:
        path: a file in any container and codec that FFmpeg reads (playlists that name other files are refused), or
            a folder of images of one size.
        limits: checked here as far as the file's size and header tell, then while decoding.
        folder_frame_rate: nominal frames per second of a folder of images, by default 10; None for a file.
        isolated: whether a file is read in a process of its own, as those of others should be (Linux and macOS; see
            `trackspeak.service.decoding`): only in common containers and codecs, and under the limits of a process.

    Raises:
        VideoError: if it cannot be read as a video; says why.
        VideoLimitError: if it is larger or longer than the limits allow.
        OptionError: if the rate is not above 0, or given for a file; or on Windows, if `isolated`.
        WorkerError: if no process can be started.
    """
    if folder_frame_rate is not None and not 0 < folder_frame_rate < math.inf:
        raise OptionError(f"frame_rate must be above 0 and finite, got {folder_frame_rate!r}")
    status = _status(path)
    if stat.S_ISDIR(status.st_mode):
        return Video(path.name, ImageFolder(path, limits, folder_frame_rate or FOLDER_FRAME_RATE), limits)
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(f"{path} must be a file or a folder of images, got neither")
    if folder_frame_rate is not None:
        raise OptionError(f"frame_rate is of a folder of images; {path.name} is a file and has its own")
    if status.st_size == 0:
        raise VideoError(f"{path.name} is empty (0 bytes)")
    limits.check_video("max_video_bytes", status.st_size, f"bytes of {path.name}")
    return Video(path.name, _isolated(path, limits) if isolated else VideoFile(path, limits), limits)


def probe_video(path: Path, limits: Limits) -> VideoInfo:
    """Look, in a process of its own, at a file that others made, and decode its first frame.

    Args:
        path: a file.
        limits: checked as far as the file's size, header and first frame tell.

    Raises:
        VideoError: if it cannot be read as a video, or is no file; says why.
        VideoLimitError: if it is larger or longer than the limits allow.
        WorkerError: if no process can be started.
    """
    if path.is_dir():
        raise VideoError(f"{path.name} must be a file, got a folder")
    return open_video(path, limits, isolated=True).info


def _isolated(path: Path, limits: Limits) -> Source:
    from trackspeak.service.decoding.isolated import IsolatedVideoFile

    return IsolatedVideoFile(path, limits)


def _status(path: Path) -> os.stat_result:
    """Ask the file system what the path is, and whether it may be read."""
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            path.open("rb").close()
    except FileNotFoundError as error:
        raise VideoError(f"no such file or folder: {path}") from error
    except OSError as error:
        raise VideoError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a zero byte in the name
        raise VideoError(f"{str(path)!r} is not the name of a file: {error}") from error
    return status
