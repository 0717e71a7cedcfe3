"""What training sees of the built-in plugins: the boxes that `motion` and `bytetrack` really give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trackspeak.models.training.boxes import BoxTrack

from .contract import Frame, StreamInfo
from .detectors.motion import MotionDetector
from .trackers.bytetrack import ByteTrackTracker

if TYPE_CHECKING:
    from trackspeak.models.training.truth import ClipTruth


def motion_boxes(clip: ClipTruth) -> list[BoxTrack]:
    """Track a rendered clip as the `embedded` profile would: `motion`, then `bytetrack`, with their defaults."""
    height, width = clip.rgb.shape[1:3]
    stream = StreamInfo(width, height, clip.frame_rate)
    frames = [Frame(index, index / clip.frame_rate, rgb) for index, rgb in enumerate(clip.rgb)]
    detector, tracker = MotionDetector(MotionDetector.Options()), ByteTrackTracker(ByteTrackTracker.Options())
    detector.reset(stream)
    tracker.reset(stream)
    detector.prepare(frame for frame in frames if frame.time_s < detector.lookahead_s)
    seen: dict[int, list[tuple[int, np.ndarray]]] = {}
    for frame, detections in zip(frames, detector.detect(frames), strict=True):
        tracked = tracker.update(frame, detections)
        for track_id, box in zip(tracked.track_ids.tolist(), tracked.boxes_xyxy, strict=True):
            seen.setdefault(track_id, []).append((frame.index, box))
    return [
        BoxTrack(np.array([index for index, _ in path], np.int64), np.stack([box for _, box in path]))
        for _, path in sorted(seen.items())
    ]
