"""Segments and texts as vectors, for matchers whose scores an inner product comes near."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._checks import check_array, check_finite


@dataclass(frozen=True, slots=True, eq=False)
class SegmentVectors:
    """S segments, each in numbers that serve every text.

    Attributes:
        vectors: (S, D) float32, searched by inner products.
        extras: (S, E) float32, what else the exact score needs; E may be 0.
    """

    vectors: npt.NDArray[np.float32]
    extras: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that the rows belong together."""
        count = len(self.vectors)
        check_array("vectors", self.vectors, (count, None), np.float32)
        check_array("extras", self.extras, (count, None), np.float32)
        check_finite("vectors", self.vectors)
        check_finite("extras", self.extras)

    def __len__(self) -> int:
        """The number of segments."""
        return len(self.vectors)


@dataclass(frozen=True, slots=True, eq=False)
class TextVectors:
    """T texts: a score is near the inner product of a segment's vector with the text's, plus its offset.

    Attributes:
        vectors: (T, D) float32.
        offsets: (T,) float32.
    """

    vectors: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that the rows belong together."""
        count = len(self.vectors)
        check_array("vectors", self.vectors, (count, None), np.float32)
        check_array("offsets", self.offsets, (count,), np.float32)
        check_finite("vectors", self.vectors)
        check_finite("offsets", self.offsets)
