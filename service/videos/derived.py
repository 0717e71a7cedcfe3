"""What is made of a kept video for browsers: a picture, and a video that all of them play."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import OutputError, VideoError
from trackspeak.service.formats.mp4 import mp4_writer
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import Video, open_video

Derived = Literal["thumbnail", "playable"]

SUFFIXES: Final[Mapping[Derived, str]] = MappingProxyType({"thumbnail": ".thumbnail.jpg", "playable": ".playable.mp4"})
"""Of the file beside the video, after the video's id."""

WIDEST_PX: Final = 320
_TALLEST_PX: Final = 2 * WIDEST_PX
_SHARE: Final = 0.1
_LATEST_S: Final = 30.0
"""All frames before the one of a picture are decoded, and of a long video that would take minutes."""

_QUALITY: Final = 80


def derive(kind: Derived, video_path: Path, target: Path, limits: Limits) -> None:
    """Make one of them; the video is decoded in a process of its own.

    Args:
        kind: which one.
        video_path: the file.
        target: the file to write.
        limits: of the video.

    Raises:
        VideoError: if the video can no longer be read.
        OutputError: if the file cannot be written.
    """
    video = open_video(video_path, limits, isolated=True)
    make = _write_picture if kind == "thumbnail" else _write_playable
    try:
        make(video, target)
    except OSError as error:
        raise OutputError(f"{target.name} could not be written: {error.strerror or error}") from error


def _write_picture(video: Video, target: Path) -> None:
    """Write the frame a tenth into the video as JPEG."""
    from PIL import Image

    picture = Image.fromarray(_early_frame(video))
    picture.thumbnail((WIDEST_PX, _TALLEST_PX))
    picture.save(target, "JPEG", quality=_QUALITY, optimize=True)


def _early_frame(video: Video) -> npt.NDArray[np.uint8]:
    """Give the pixels of the first frame after a tenth of the video, or the last where its header promised more."""
    wanted_s = min(_SHARE * _declared_s(video), _LATEST_S)
    found: npt.NDArray[np.uint8] | None = None
    with closing(video.frames()) as frames:
        for frame in frames:
            found = frame.rgb
            if frame.time_s >= wanted_s:
                break
    if found is None:
        raise VideoError("the video has no frame any more")
    return found


def _declared_s(video: Video) -> float:
    info = video.info
    if info.declared_duration_s is not None:
        return info.declared_duration_s
    return (info.declared_frames or 0) / info.frame_rate


def _write_playable(video: Video, target: Path) -> None:
    """Write the same frames at the same times as H.264 in MP4."""
    info = video.info
    with mp4_writer(target, info.width, info.height, info.frame_rate) as write:
        for frame in video.frames():
            write(np.ascontiguousarray(frame.rgb[:, :, ::-1]), frame.time_s)
