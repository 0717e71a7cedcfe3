"""Array checks shared by the contract types: say what was expected and what came."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import ContractError

Array = npt.NDArray[np.generic]


def check_array(name: str, array: object, shape: tuple[int | None, ...], dtype: npt.DTypeLike) -> None:
    """Check that `array` is a numpy array of `dtype` and `shape` (None: any length there).

    Raises:
        ContractError: with the expected and the actual type, dtype or shape.
    """
    if not isinstance(array, np.ndarray):
        raise ContractError(f"{name} must be a numpy array, got {type(array).__name__}")
    if array.dtype != np.dtype(dtype):
        raise ContractError(f"{name} must have dtype {np.dtype(dtype)}, got {array.dtype}")
    fits = len(shape) == array.ndim and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = tuple("any" if length is None else length for length in shape)
        raise ContractError(f"{name} must have shape {wanted}, got {array.shape}")


def check_finite(name: str, array: npt.NDArray[np.floating]) -> None:
    """Check that no value is NaN or infinite.

    Raises:
        ContractError: with the first offending position.
    """
    finite = np.isfinite(array)
    if not finite.all():
        bad = ~finite
        raise ContractError(f"{name} must be finite, got {array[bad][0]} at {tuple(np.argwhere(bad)[0].tolist())}")


def check_boxes(name: str, boxes_xyxy: npt.NDArray[np.float32], length: int | None = None) -> None:
    """Check (N, 4) float32 boxes: finite, and right and bottom not before left and top.

    Raises:
        ContractError: naming the first box that is wrong.
    """
    check_array(name, boxes_xyxy, (length, 4), np.float32)
    check_finite(name, boxes_xyxy)
    inverted = boxes_xyxy[:, 2:] < boxes_xyxy[:, :2]
    if inverted.any():
        row = int(np.flatnonzero(inverted.any(axis=1))[0])
        raise ContractError(f"{name} must have x2 >= x1 and y2 >= y1, got {boxes_xyxy[row].tolist()} in row {row}")
