"""What a tracker gives for one frame, and one object's path over the video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError

from ._checks import check_array, check_boxes, check_finite


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """The confirmed tracks of one frame.

    Attributes:
        frame_index: the frame's index.
        time_s: the frame's time in seconds.
        boxes_xyxy: (N, 4) float32 pixels.
        track_ids: (N,) int64, unique within the frame, stable over the video.
        scores: (N,) float32 in [0, 1].
        class_names: the class of each of the N boxes.
    """

    frame_index: int
    time_s: float
    boxes_xyxy: npt.NDArray[np.float32]
    track_ids: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check shapes, dtypes and that no id comes twice."""
        count = len(self.boxes_xyxy)
        check_boxes("boxes_xyxy", self.boxes_xyxy)
        check_array("track_ids", self.track_ids, (count,), np.int64)
        check_array("scores", self.scores, (count,), np.float32)
        check_finite("scores", self.scores)
        if len(self.class_names) != count:
            raise ContractError(f"class_names must have one entry per box, {count}, got {len(self.class_names)}")
        if len(set(self.track_ids.tolist())) != count:  # several times faster than np.unique for so few
            raise ContractError(f"track_ids must be unique within frame {self.frame_index}, got {self.track_ids}")


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """One track over the whole video.

    Attributes:
        track_id: its id.
        class_name: the class most of its boxes have.
        frame_indices: (T,) int64, strictly increasing.
        times_s: (T,) float64.
        boxes_xyxy: (T, 4) float32 pixels.
        scores: (T,) float32, the detector's.
    """

    track_id: int
    class_name: str
    frame_indices: npt.NDArray[np.int64]
    times_s: npt.NDArray[np.float64]
    boxes_xyxy: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check shapes, dtypes and the order of frames."""
        count = len(self.frame_indices)
        if not count:
            raise ContractError(f"track {self.track_id} must have at least one frame, got none")
        check_array("frame_indices", self.frame_indices, (count,), np.int64)
        check_array("times_s", self.times_s, (count,), np.float64)
        check_boxes("boxes_xyxy", self.boxes_xyxy, count)
        check_array("scores", self.scores, (count,), np.float32)
        if (np.diff(self.frame_indices) <= 0).any():
            raise ContractError(f"frame_indices of track {self.track_id} must be strictly increasing")


@dataclass(frozen=True, slots=True, eq=False)
class Postprocessed:
    """The tracks of a video after they were mended.

    Attributes:
        trajectories: by rising id; frames in which a track was not found may have been filled in, whole tracks may
            have been dropped.
        merged: id that is gone -> id of the track that it is now part of, one of `trajectories`.
    """

    trajectories: tuple[Trajectory, ...]
    merged: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that ids are unique and rising, and that what was merged is somewhere else now."""
        ids = [trajectory.track_id for trajectory in self.trajectories]
        if ids != sorted(set(ids)):
            raise ContractError(f"trajectories must come by rising, unique ids, got {ids}")
        for gone, kept in self.merged.items():
            if gone in ids or kept not in ids:
                raise ContractError(f"merged must map ids that are gone to ids that are there, got {gone}: {kept}")
