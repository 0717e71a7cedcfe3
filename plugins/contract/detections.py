"""What a detector gives for one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError

from ._checks import check_array, check_boxes, check_finite


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The boxes of one frame; boxes may reach outside the image.

    Attributes:
        boxes_xyxy: (N, 4) float32 pixels of the upright frame.
        scores: (N,) float32 in [0, 1].
        class_ids: (N,) int64, positions in `class_names`.
        class_names: the detector's class names, the same for every frame.
    """

    boxes_xyxy: npt.NDArray[np.float32]
    scores: npt.NDArray[np.float32]
    class_ids: npt.NDArray[np.int64]
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check shapes, dtypes and ranges."""
        check_boxes("boxes_xyxy", self.boxes_xyxy)
        check_array("scores", self.scores, (len(self.boxes_xyxy),), np.float32)
        check_array("class_ids", self.class_ids, (len(self.boxes_xyxy),), np.int64)
        check_finite("scores", self.scores)
        if len(self.scores) and not (self.scores.min() >= 0 and self.scores.max() <= 1):
            raise ContractError(f"scores must be in [0, 1], got {self.scores.min()} to {self.scores.max()}")
        if len(self.class_ids) and not (self.class_ids.min() >= 0 and self.class_ids.max() < len(self.class_names)):
            raise ContractError(f"class_ids must be below {len(self.class_names)}, got {self.class_ids.max()}")

    @classmethod
    def empty(cls, class_names: tuple[str, ...]) -> Detections:
        """No box at all."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), class_names)

    def __len__(self) -> int:
        """The number of boxes."""
        return len(self.boxes_xyxy)
