"""Frames to boxes: the detector's part of a pass."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing

from trackspeak.models.errors import ContractError
from trackspeak.plugins.contract import Detections, Detector, Frame, StreamInfo

from .decode import Video
from .watch import expect


def begin_detecting(detector: Detector, video: Video, stream: StreamInfo, frame_stride: int) -> None:
    """Tell a detector of a new video, and show it the first seconds if it wants to see them."""
    detector.reset(stream)
    if detector.lookahead_s > 0:
        with closing(every_nth(video.frames(), frame_stride, [])) as frames:
            detector.prepare(_first_seconds(frames, detector.lookahead_s))


def detect(detector: Detector | None, batch: list[Frame]) -> list[Detections]:
    """Give the boxes of some frames; none where there is no detector.

    Raises:
        ContractError: if the detector does not answer for each frame.
    """
    if detector is None:
        return [Detections.empty(()) for _ in batch]
    found = detector.detect(batch)
    if len(found) != len(batch):
        raise ContractError(f"the detector must give one Detections per frame, {len(batch)}, got {len(found)}")
    for one in found:
        expect("detector", one, Detections)
    return found


def every_nth(
    frames: Generator[Frame, None, None], frame_stride: int, times_s: list[float]
) -> Generator[Frame, None, None]:
    """Give the first of each `frame_stride` frames; the times of all are added to `times_s`."""
    with closing(frames):
        for frame in frames:
            times_s.append(frame.time_s)
            if frame.index % frame_stride == 0:
                yield frame


def _first_seconds(frames: Iterator[Frame], seconds: float) -> Iterator[Frame]:
    for frame in frames:
        if frame.time_s >= seconds:
            return
        yield frame
