"""Vectors in far fewer numbers, for a first look at all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch

_WIDTH: Final = 128
_LEAST_ROWS: Final = 50_000
"""Of fewer rows all numbers are looked at as fast."""

_SAMPLE: Final = 20_000
_ROWS_AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """S vectors in the directions in which they differ most.

    Attributes:
        basis: (D, C) float32, the directions.
        vectors: (S, C) in single precision, which CPUs multiply several texts with at once.
    """

    basis: torch.Tensor
    vectors: torch.Tensor


def reduce(vectors: torch.Tensor) -> Reduced | None:
    """Put vectors into few numbers whose inner products are near theirs; None where that saves nothing.

    Args:
        vectors: (S, D) in half precision.
    """
    import torch

    rows, width = vectors.shape
    if rows < _LEAST_ROWS or width < 2 * _WIDTH:
        return None
    sample = vectors[:: max(1, rows // _SAMPLE)].float()
    _, directions = torch.linalg.eigh(sample.T @ sample)  # by rising share of the squared lengths
    basis = directions[:, -_WIDTH:].contiguous()
    found = torch.empty((rows, _WIDTH))
    for begin in range(0, rows, _ROWS_AT_ONCE):
        part = slice(begin, begin + _ROWS_AT_ONCE)
        found[part] = vectors[part].float() @ basis
    return Reduced(basis, found)
