"""What a video gives: facts about the stream, then frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError

from ._checks import check_array


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a detector or tracker is told at `reset`.

    Attributes:
        width: pixels of the upright frame.
        height: pixels of the upright frame.
        frame_rate: nominal frames per second of those that are given, above 0; their times are in `Frame.time_s`.
        frame_stride: one of so many frames of the video is given; `Frame.index` counts them all.
    """

    width: int
    height: int
    frame_rate: float
    frame_stride: int = 1

    def __post_init__(self) -> None:
        """Check sizes and rate."""
        if self.width < 1 or self.height < 1:
            raise ContractError(f"width and height must be at least 1, got {self.width} x {self.height}")
        if not 0 < self.frame_rate < float("inf"):
            raise ContractError(f"frame_rate must be above 0 and finite, got {self.frame_rate}")
        if self.frame_stride < 1:
            raise ContractError(f"frame_stride must be at least 1, got {self.frame_stride}")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded frame, upright.

    Attributes:
        index: 0-based, in display order.
        time_s: presentation time in seconds from the first frame.
        rgb: (H, W, 3) uint8.
    """

    index: int
    time_s: float
    rgb: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Check the array's shape and dtype."""
        check_array("rgb", self.rgb, (None, None, 3), np.uint8)
