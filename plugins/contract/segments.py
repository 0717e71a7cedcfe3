"""What a matcher wants to see of a trajectory, and the segments cut from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError
from trackspeak.models.sampling import LENGTH, LOOKS, STRIDE

from ._checks import check_array


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a matcher wants trajectories cut; the defaults are iKUN's.

    Attributes:
        length: frames per segment.
        stride: frames between the starts of two segments; at most `length`.
        looks: frames of a segment that are looked at, evenly spread.
    """

    length: int = LENGTH
    stride: int = STRIDE
    looks: int = LOOKS

    def __post_init__(self) -> None:
        """Check that segments leave no frame out."""
        if not 1 <= self.stride <= self.length:
            raise ContractError(f"stride must be 1 to length ({self.length}), got {self.stride}")
        if not 1 <= self.looks <= self.length:
            raise ContractError(f"looks must be 1 to length ({self.length}), got {self.looks}")


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """S segments of trajectories, as columns: what is stored, and what a matcher scores.

    A look is one crop: one track in one frame. Looks are rows of `Observations`; segments that
    overlap share them.

    Attributes:
        track_ids: (S,) int64.
        first_frames: (S,) int64, the first frame each covers.
        last_frames: (S,) int64, the last frame each covers, included.
        look_rows: (S, looks) int64, rows of the look arrays of `Observations`.
        windows: (S, points, features) float32, the trajectory window that ends with each segment
            (see `trackspeak.models.trajectory`).
    """

    track_ids: npt.NDArray[np.int64]
    first_frames: npt.NDArray[np.int64]
    last_frames: npt.NDArray[np.int64]
    look_rows: npt.NDArray[np.int64]
    windows: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that the columns belong together."""
        count = len(self.track_ids)
        check_array("track_ids", self.track_ids, (count,), np.int64)
        check_array("first_frames", self.first_frames, (count,), np.int64)
        check_array("last_frames", self.last_frames, (count,), np.int64)
        check_array("look_rows", self.look_rows, (count, None), np.int64)
        check_array("windows", self.windows, (count, None, None), np.float32)
        if (self.last_frames < self.first_frames).any():
            raise ContractError("last_frames must not be before first_frames")

    def __len__(self) -> int:
        """The number of segments."""
        return len(self.track_ids)
