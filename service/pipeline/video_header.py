"""What a container's header declares, and whether the frames bear it out."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from .video_info import PassReport, VideoInfo

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

FALLBACK_FRAME_RATE = 25.0
"""Assumed where no rate is declared."""

_MAX_FRAME_RATE = 1_000.0

_TELL_LENGTH = frozenset({"mov", "matroska", "avi", "flv", "asf", "nut", "mxf", "ivf"})
"""Containers whose header tells the length; for others FFmpeg estimates it."""


def to_seconds(ticks: int | None, time_base: Fraction | None) -> float | None:
    """Convert ticks of a time base to seconds."""
    return None if ticks is None or not time_base else float(ticks * time_base)


def frame_rate_of(stream: VideoStream) -> float | None:
    """Choose the first sensible of the rates that FFmpeg knows."""
    rates = (float(rate) for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate) if rate)
    return next((rate for rate in rates if 0 < rate <= _MAX_FRAME_RATE), None)


def declared_length(container: InputContainer, stream: VideoStream) -> tuple[int | None, float | None]:
    """Read frames and seconds from the header, None where it does not tell them."""
    if _TELL_LENGTH.isdisjoint(container.format.name.split(",")):
        return None, None
    duration_s = to_seconds(stream.duration, stream.time_base)
    tag = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))  # Matroska's
    if duration_s is None and tag:
        duration_s = int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    if duration_s is None and container.duration and len(container.streams) == 1:
        duration_s = container.duration / 1_000_000
    return stream.frames or None, duration_s or None


def shortfall(info: VideoInfo, report: PassReport) -> list[str]:
    """Compare what was decoded with what the header declares.

    The duration decides where both are known: an edit list rightly leaves frames out.
    """
    fewer = info.declared_frames is not None and report.frames < info.declared_frames
    if info.declared_duration_s is None:
        short = fewer
    else:
        missing_frames = (info.declared_duration_s - report.end_s) * info.frame_rate
        short = missing_frames > (0.5 if fewer else 1.5)
    if not short:
        return []
    frames = f" of {info.declared_frames}" if info.declared_frames is not None else ""
    seconds = f" of {info.declared_duration_s:.2f}" if info.declared_duration_s is not None else ""
    return [
        f"the file is shorter than its header says, it may be truncated: "
        f"decoded {report.frames}{frames} frames, {report.end_s:.2f}{seconds} s"
    ]
