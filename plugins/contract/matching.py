"""What a matcher makes of frames and of texts, and the scores between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError

from ._checks import Array, check_array, check_finite

ScoreKind = Literal["cosine", "probability"]

THRESHOLDS: Mapping[ScoreKind, float] = MappingProxyType({"cosine": 0.0, "probability": 0.5})
"""The value above which a score of each kind says "referred"."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """What a matcher keeps of L looks in F frames: text-free, named arrays, storable.

    Attributes:
        look_arrays: name -> (L, ...) array, one row per crop.
        look_frame_rows: (L,) int64, the row in `frame_arrays` of each look's frame.
        frame_arrays: name -> (F, ...) array, one row per frame (a global map, kept once).
        frame_indices: (F,) int64, the index of each frame.
    """

    look_arrays: Mapping[str, Array]
    look_frame_rows: npt.NDArray[np.int64]
    frame_arrays: Mapping[str, Array]
    frame_indices: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check that the rows belong together."""
        looks, frames = len(self.look_frame_rows), len(self.frame_indices)
        check_array("look_frame_rows", self.look_frame_rows, (looks,), np.int64)
        check_array("frame_indices", self.frame_indices, (frames,), np.int64)
        for name, array in self.look_arrays.items():
            if len(array) != looks:
                raise ContractError(f"look array {name!r} must have {looks} rows, got {len(array)}")
        for name, array in self.frame_arrays.items():
            if len(array) != frames:
                raise ContractError(f"frame array {name!r} must have {frames} rows, got {len(array)}")
        if looks and not (self.look_frame_rows.min() >= 0 and self.look_frame_rows.max() < frames):
            raise ContractError(f"look_frame_rows must be below {frames}, got {self.look_frame_rows.max()}")

    @classmethod
    def concatenate(cls, parts: Sequence[Observations]) -> Observations:
        """Put the rows of several observations of one matcher below each other.

        Raises:
            ContractError: if there are none, or they do not hold the same arrays.
        """
        if not parts:
            raise ContractError("parts must hold at least one Observations, got none")
        first = parts[0]
        for part in parts:
            for mine, theirs in ((part.look_arrays, first.look_arrays), (part.frame_arrays, first.frame_arrays)):
                if mine.keys() != theirs.keys():
                    raise ContractError(f"all parts must hold arrays named {sorted(theirs)}, got {sorted(mine)}")
        offsets = np.cumsum([0] + [len(part.frame_indices) for part in parts[:-1]])
        rows = [part.look_frame_rows + offset for part, offset in zip(parts, offsets, strict=True)]
        return cls(
            {name: np.concatenate([part.look_arrays[name] for part in parts]) for name in first.look_arrays},
            np.concatenate(rows).astype(np.int64),
            {name: np.concatenate([part.frame_arrays[name] for part in parts]) for name in first.frame_arrays},
            np.concatenate([part.frame_indices for part in parts]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Phrases:
    """Encoded texts.

    Attributes:
        texts: the T sentences as given.
        arrays: name -> (T, ...) array.
        warnings: what a user should know of how the texts were read (words never trained, ...).
    """

    texts: tuple[str, ...]
    arrays: Mapping[str, Array]
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that there is one row per text."""
        for name, array in self.arrays.items():
            if len(array) != len(self.texts):
                raise ContractError(f"phrase array {name!r} must have {len(self.texts)} rows, got {len(array)}")


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """How well each segment fits each text.

    Attributes:
        values: (segments, texts) float32.
        kind: "cosine" (0 decides) or "probability" (0.5 decides).
    """

    values: npt.NDArray[np.float32]
    kind: ScoreKind

    def __post_init__(self) -> None:
        """Check shape, dtype and kind."""
        check_array("values", self.values, (None, None), np.float32)
        check_finite("values", self.values)
        if self.kind not in THRESHOLDS:
            raise ContractError(f"kind must be one of {', '.join(THRESHOLDS)}, got {self.kind!r}")
