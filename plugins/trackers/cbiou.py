"""C-BIoU, from the library `trackers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge

from ._roboflow import Count, RoboflowOptions, RoboflowTracker, Share


@dataclass(frozen=True, slots=True)
class CBIoUOptions(RoboflowOptions):
    """Options of C-BIoU, as the library names them.

    Attributes:
        lost_track_s: seconds for which a track that is not found is kept.
        boxes: "detected" gives each track its detection's own box, "smoothed" the motion model's.
        track_activation_threshold: least score of a box that begins a track.
        minimum_consecutive_frames: frames in a row before a track counts.
        minimum_iou_threshold_first_assoc: least overlap times score in the first round.
        minimum_iou_threshold_second_assoc: the same in the second round, of boxes with low scores.
        minimum_iou_threshold_unconfirmed_assoc: the same for tracks that do not count yet.
        high_conf_det_threshold: score from which a box is matched in the first round.
        instant_first_frame_activation: whether tracks that begin in the first frame count at once.
        buffer_ratio_first: share of its sides by which a box grows on each side in the first round.
        buffer_ratio_second: the same in the second round; larger, as in the paper.
    """

    track_activation_threshold: Share = 0.7
    minimum_consecutive_frames: Count = 2
    minimum_iou_threshold_first_assoc: Share = 0.2
    minimum_iou_threshold_second_assoc: Share = 0.5
    minimum_iou_threshold_unconfirmed_assoc: Share = 0.3
    high_conf_det_threshold: Share = 0.6
    instant_first_frame_activation: bool = True
    buffer_ratio_first: Annotated[float, Ge(0)] = 0.3
    buffer_ratio_second: Annotated[float, Ge(0)] = 0.5


class CBIoUTracker(RoboflowTracker[CBIoUOptions]):
    """C-BIoU: overlap of boxes grown by a margin, for small and fast objects and low frame rates."""

    Options: ClassVar[type[CBIoUOptions]] = CBIoUOptions
    library_class = "CBIoUTracker"
