"""OC-SORT, from the library `trackers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ._library import Count, LibraryOptions, Share
from ._roboflow import RoboflowTracker


@dataclass(frozen=True, slots=True)
class OcSortOptions(LibraryOptions):
    """Options of OC-SORT, as the library names them.

    Attributes:
        minimum_consecutive_frames: frames in a row before a track counts.
        minimum_iou_threshold: least overlap of a box with where its track should be.
        direction_consistency_weight: how much the direction of motion counts beside overlap.
        high_conf_det_threshold: least score of a box that is looked at.
        delta_t: frames over which the direction is measured.
    """

    minimum_consecutive_frames: Count = 3
    minimum_iou_threshold: Share = 0.3
    direction_consistency_weight: Share = 0.2
    high_conf_det_threshold: Share = 0.6
    delta_t: Count = 3


class OcSortTracker(RoboflowTracker[OcSortOptions]):
    """OC-SORT: SORT that trusts observations over its motion model, for paths that bend and objects that hide."""

    Options: ClassVar[type[OcSortOptions]] = OcSortOptions
    library_class = "OCSORTTracker"
