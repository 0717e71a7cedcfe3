"""BoT-SORT without appearance, from the library `trackers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Frame, Requirements, StreamInfo

from ._camera import as_bgr, camera_warnings, silence_failures
from ._library import Count
from ._roboflow import RoboflowTracker, ThreeRoundOptions


@dataclass(frozen=True, slots=True)
class BotSortOptions(ThreeRoundOptions):
    """Options of BoT-SORT, as the library names them.

    Attributes:
        high_conf_det_threshold: score from which a box is matched in the first round; boxes of 0.1 and less are
            never looked at.
        enable_cmc: compensate for the camera's own motion, by the frames' pixels.
        cmc_method: how the camera's motion is found.
        cmc_downscale: by what the frames are shrunk for that.
        instant_first_frame_activation: whether tracks that begin in the first frame count at once.
    """

    enable_cmc: bool = True
    cmc_method: Literal["orb", "sift", "sparseOptFlow", "ecc"] = "sparseOptFlow"
    cmc_downscale: Count = 2
    instant_first_frame_activation: bool = True


class BotSortTracker(RoboflowTracker[BotSortOptions]):
    """BoT-SORT: ByteTrack with compensation for the camera's own motion; no appearance."""

    Options: ClassVar[type[BotSortOptions]] = BotSortOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True)
    library_class = "BoTSORTTracker"

    def reset(self, stream: StreamInfo) -> None:
        """Begin a new video, with a tracker of its own and ids from 1."""
        silence_failures()
        super().reset(stream)

    def warnings(self) -> tuple[str, ...]:
        """Say where the camera's motion could not be told."""
        return camera_warnings(None if self._tracker is None else self._tracker.cmc)

    def _pixels(self, frame: Frame) -> npt.NDArray[np.uint8] | None:
        """The frame, where the camera's motion is looked for."""
        return as_bgr(frame) if self._options.enable_cmc else None
