"""ByteTrack, from the library `trackers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._library import Count, LibraryOptions, Share
from ._roboflow import RoboflowTracker


@dataclass(frozen=True, slots=True)
class ByteTrackOptions(LibraryOptions):
    """Options of ByteTrack, as the library names them.

    Attributes:
        track_activation_threshold: least score of a box that begins a track.
        minimum_consecutive_frames: frames in a row before a track counts.
        minimum_iou_threshold: least overlap of a box with where its track should be.
        high_conf_det_threshold: score from which a box is matched in the first round.
    """

    track_activation_threshold: Share = 0.5
    minimum_consecutive_frames: Count = 3
    minimum_iou_threshold: Share = 0.1
    high_conf_det_threshold: Share = 0.5


class ByteTrackTracker(RoboflowTracker[ByteTrackOptions]):
    """ByteTrack: overlap with a motion model's guess, confident boxes first; needs no pixels."""

    Options: ClassVar[type[ByteTrackOptions]] = ByteTrackOptions
    library_class = "ByteTrackTracker"
