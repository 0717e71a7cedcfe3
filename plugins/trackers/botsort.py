"""BoT-SORT without appearance, from the library `trackers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Frame, Requirements

from ._roboflow import Count, RoboflowOptions, RoboflowTracker, Share


@dataclass(frozen=True, slots=True)
class BotSortOptions(RoboflowOptions):
    """Options of BoT-SORT, as the library names them.

    Attributes:
        lost_track_s: seconds for which a track that is not found is kept.
        boxes: "detected" gives each track its detection's own box, "smoothed" the motion model's.
        track_activation_threshold: least score of a box that begins a track.
        minimum_consecutive_frames: frames in a row before a track counts.
        minimum_iou_threshold_first_assoc: least overlap times score in the first round.
        minimum_iou_threshold_second_assoc: the same in the second round, of boxes with low scores.
        minimum_iou_threshold_unconfirmed_assoc: the same for tracks that do not count yet.
        high_conf_det_threshold: score from which a box is matched in the first round; boxes of 0.1 and less are
            never looked at.
        enable_cmc: compensate for the camera's own motion, by the frames' pixels.
        cmc_method: how the camera's motion is found.
        cmc_downscale: by what the frames are shrunk for that.
        instant_first_frame_activation: whether tracks that begin in the first frame count at once.
    """

    track_activation_threshold: Share = 0.7
    minimum_consecutive_frames: Count = 2
    minimum_iou_threshold_first_assoc: Share = 0.2
    minimum_iou_threshold_second_assoc: Share = 0.5
    minimum_iou_threshold_unconfirmed_assoc: Share = 0.3
    high_conf_det_threshold: Share = 0.6
    enable_cmc: bool = True
    cmc_method: Literal["orb", "sift", "sparseOptFlow", "ecc"] = "sparseOptFlow"
    cmc_downscale: Count = 2
    instant_first_frame_activation: bool = True


class BotSortTracker(RoboflowTracker[BotSortOptions]):
    """BoT-SORT: ByteTrack with compensation for the camera's own motion; no appearance."""

    Options: ClassVar[type[BotSortOptions]] = BotSortOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True)
    library_class = "BoTSORTTracker"

    def _pixels(self, frame: Frame) -> npt.NDArray[np.uint8] | None:
        """The frame as OpenCV has it, blue first, where the camera's motion is looked for."""
        return np.ascontiguousarray(frame.rgb[:, :, ::-1]) if self._options.enable_cmc else None
