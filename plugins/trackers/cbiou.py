"""C-BIoU, from the library `trackers`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge

from ._roboflow import RoboflowTracker, ThreeRoundOptions


@dataclass(frozen=True, slots=True)
class CBIoUOptions(ThreeRoundOptions):
    """Options of C-BIoU, as the library names them.

    Attributes:
        instant_first_frame_activation: whether tracks that begin in the first frame count at once.
        buffer_ratio_first: share of its sides by which a box grows on each side in the first round.
        buffer_ratio_second: the same in the second round; larger, as in the paper.
    """

    instant_first_frame_activation: bool = True
    buffer_ratio_first: Annotated[float, Ge(0)] = 0.3
    buffer_ratio_second: Annotated[float, Ge(0)] = 0.5


class CBIoUTracker(RoboflowTracker[CBIoUOptions]):
    """C-BIoU: overlap of boxes grown by a margin, for small and fast objects and low frame rates."""

    Options: ClassVar[type[CBIoUOptions]] = CBIoUOptions
    library_class = "CBIoUTracker"
