"""How boxes look: what trackers tell things apart by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError

from ._checks import Array, check_array, check_finite

_LENGTH_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """How the N boxes of one frame look.

    Attributes:
        embeddings: (N, D) float32, each row L2-normalised: trackers compare them by their dot products.
        arrays: name -> (N, ...) array, what a matcher computed on the way and is given back where it observes one
            of these boxes; empty for embedders that are no matchers.
    """

    embeddings: npt.NDArray[np.float32]
    arrays: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check shapes, dtype, and that the rows have length 1."""
        check_array("embeddings", self.embeddings, (None, None), np.float32)
        check_finite("embeddings", self.embeddings)
        lengths = np.linalg.norm(self.embeddings, axis=1)
        if (np.abs(lengths - 1) > _LENGTH_TOLERANCE).any():
            raise ContractError(f"embeddings must have rows of length 1, got {lengths.min()} to {lengths.max()}")
        for name, array in self.arrays.items():
            if len(array) != len(self.embeddings):
                raise ContractError(f"array {name!r} must have {len(self.embeddings)} rows, got {len(array)}")

    def take(self, rows: npt.NDArray[np.intp]) -> Appearance:
        """Give some of the boxes, by index."""
        return Appearance(self.embeddings[rows], {name: array[rows] for name, array in self.arrays.items()})

    def __len__(self) -> int:
        """The number of boxes."""
        return len(self.embeddings)
