"""SORT, from the library `trackers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._library import Count, LibraryOptions, Share
from ._roboflow import RoboflowTracker


@dataclass(frozen=True, slots=True)
class SortOptions(LibraryOptions):
    """Options of SORT, as the library names them.

    Attributes:
        track_activation_threshold: least score of a box that begins a track.
        minimum_consecutive_frames: frames in a row before a track counts.
        minimum_iou_threshold: least overlap of a box with where its track should be.
    """

    track_activation_threshold: Share = 0.25
    minimum_consecutive_frames: Count = 3
    minimum_iou_threshold: Share = 0.3


class SortTracker(RoboflowTracker[SortOptions]):
    """SORT: overlap with a motion model's guess, and no more; the baseline, and the fastest."""

    Options: ClassVar[type[SortOptions]] = SortOptions
    library_class = "SORTTracker"
