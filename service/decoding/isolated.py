"""A video file that is decoded in a process of its own."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import VideoError, VideoLimitError, WorkerError
from trackspeak.plugins.contract import Frame
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.video_file import out_of_memory, sha256_of_file
from trackspeak.service.pipeline.video_info import PassReport, VideoInfo

from .launcher import DecoderProcess, decoder_server
from .messages import Answer, Failed, Finished, FrameReady, Opened, Refused, Request, answer_of
from .ring import allocate, open_ring, slots_for

_log = logging.getLogger(__name__)

_CRASHES: Final = frozenset({signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL})


@contextmanager
def _ring(slots: int, width: int, height: int) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """Give a ring, by its descriptor and as an array.

    Raises:
        WorkerError: if there is no memory.
    """
    with ExitStack() as own:
        try:
            memory = allocate(slots * height * width * 3)
            own.callback(os.close, memory)
            ring = open_ring(memory, slots, width, height)
        except OSError as error:
            raise WorkerError(f"there is no memory for frames of {width} x {height}: {error.strerror}") from error
        yield memory, ring


class IsolatedVideoFile:
    """One video file, of which nothing is read in this process but its hash.

    Each pass is a new process; it waits when a few frames are ahead, and ends with the pass.

    Args:
        path: a regular file.
        limits: of the video, and of the process.

    Raises:
        VideoError: if no frame can be decoded, or the process crashes; says why.
        VideoLimitError: if the header declares more than the limits allow, or the process takes more.
        WorkerError: if no process can be started.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path.absolute()
        self._limits = limits
        with decoder_server().decoder(Request(str(self._path), limits)) as process:
            answer = self._next(process)
        if not isinstance(answer, Opened):
            raise self._nonsense()
        self._info = answer.info
        self._check_size()

    @property
    def info(self) -> VideoInfo:
        """What the header and the first frame say."""
        return self._info

    def sha256(self) -> str:
        """The hash of the file's bytes."""
        return sha256_of_file(self._path)

    def read(self, report: PassReport) -> Iterator[Frame]:
        """Give all frames; each has memory of its own, and stays as it is for as long as it is kept.

        Raises:
            VideoError: if the file can no longer be opened, or the process crashes.
            VideoLimitError: if a frame, or the process, is over the limits.
            WorkerError: if no process can be started.
        """
        width, height = self._info.width, self._info.height
        slots = slots_for(width, height)
        with _ring(slots, width, height) as (memory, ring):
            request = Request(str(self._path), self._limits, width, height, slots)
            with decoder_server().decoder(request, memory) as process:
                while isinstance(answer := self._next(process), FrameReady):
                    rgb = ring[report.frames % slots].copy()
                    process.free_slot()
                    report.frames, report.end_s = report.frames + 1, answer.end_s
                    yield Frame(report.frames - 1, answer.time_s, rgb)
        if not isinstance(answer, Finished):
            raise self._nonsense()
        report.warnings += answer.warnings

    def _next(self, process: DecoderProcess) -> Answer:
        """Wait for the next message that is no error; only the time that is waited counts, not that between calls."""
        try:
            line = process.next_line(self._limits.max_stall_s)
            if line is None:
                raise self._death(process.end().exit_code)
            answer = answer_of(line)
        except TimeoutError:
            raise VideoLimitError(
                f"{self._path.name}: the next frame took longer than the limit max_stall_s of "
                f"{self._limits.max_stall_s:,}"
            ) from None
        except ValueError:
            raise self._nonsense() from None
        if isinstance(answer, Refused):
            raise (VideoLimitError if answer.code == VideoLimitError.code else VideoError)(answer.message)
        if isinstance(answer, Failed):
            _log.error("decoding %s failed: %s", self._path.name, answer.traceback)
            raise VideoError(f"{self._path.name} cannot be decoded: unexpected error, see the log")
        return answer

    def _check_size(self) -> None:
        """See that the ring will not be larger than the limits allow, whatever was told."""
        pixels = self._info.width * self._info.height
        if min(self._info.width, self._info.height) < 1:
            raise self._nonsense()
        self._limits.check_video("max_pixels_per_frame", pixels, f"pixels per frame of {self._path.name}")

    def _nonsense(self) -> VideoError:
        return VideoError(f"{self._path.name} cannot be decoded: the process that decodes it answered nonsense")

    def _death(self, exit_code: int) -> VideoError:
        """Say why a process died that gave no reason itself."""
        name, limits = self._path.name, self._limits
        if exit_code == -signal.SIGXCPU:
            return VideoLimitError(
                f"{name}: decoding took more processor time than max_decode_s of {limits.max_decode_s:,} allows"
            )
        if exit_code == -signal.SIGKILL:
            return VideoLimitError(f"{out_of_memory(name, limits)} (the system killed the process)")
        if -exit_code in _CRASHES:
            reason = f"FFmpeg crashes on it ({signal.Signals(-exit_code).name})"
            return VideoError(f"{name} cannot be decoded, it is damaged: {reason}; or {out_of_memory(name, limits)}")
        return VideoError(f"{name} cannot be decoded: the process for it ended unexpectedly (exit code {exit_code})")
