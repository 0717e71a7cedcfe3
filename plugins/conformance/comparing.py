"""How the kit compares what plugins give, and how it says that something does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np

ValueT = TypeVar("ValueT")


def require(holds: bool, wanted: str, got: object, fix: str) -> None:
    """Fail a check with a message that can be acted upon.

    A plain `assert` would be gone under `python -O`, and pytest does not explain those of installed packages.

    Args:
        holds: whether all is well.
        wanted: what the contract wants.
        got: what came.
        fix: how to mend it.

    Raises:
        AssertionError: if it does not hold.
    """
    __tracebackhide__ = True  # so that pytest shows the check, not this line
    if not holds:
        raise AssertionError(f"the contract wants {wanted}; got {got}. To mend it: {fix}")


def require_same(one: object, other: object, wanted: str, fix: str, tolerance: float = 0.0) -> None:
    """Fail a check if two results differ, naming the first place.

    Raises:
        AssertionError: if they do.
    """
    __tracebackhide__ = True
    found = difference(one, other, tolerance)
    require(found is None, wanted, found, fix)


def difference(one: Any, other: Any, tolerance: float = 0.0, where: str = "") -> str | None:
    """Name the first place where two values differ, or give None.

    Looks into dataclasses, mappings, sequences and arrays; numbers may differ by `tolerance`, absolute and relative.
    """
    place = where or "the result"
    if type(one) is not type(other):
        return f"{place}: {type(one).__name__} and {type(other).__name__}"
    parts = _parts(one)
    if parts is not None:
        others = _parts(other) or {}
        if list(parts) != list(others):
            return f"{place}: parts {list(parts)} and {list(others)}"
        found = (difference(part, others[name], tolerance, f"{where}{name}") for name, part in parts.items())
        return next((text for text in found if text is not None), None)
    if isinstance(one, np.ndarray):
        return _array_difference(one, other, tolerance, place)
    if isinstance(one, float):
        return None if np.isclose(one, other, tolerance, tolerance, equal_nan=True) else f"{place}: {one} and {other}"
    return None if one == other else f"{place}: {one!r} and {other!r}"


def read_only(value: ValueT) -> ValueT:
    """Copy a value, with arrays that cannot be written to."""
    copied = deepcopy(value)
    for array in arrays(copied):
        array.setflags(write=False)
    return copied


def arrays(value: Any) -> list[Any]:
    """Give all arrays within a value."""
    if isinstance(value, np.ndarray):
        return [value]
    return [array for part in (_parts(value) or {}).values() for array in arrays(part)]


def _parts(value: Any) -> dict[str, Any] | None:
    """Give what a value consists of, or None where it is one piece."""
    if is_dataclass(value):
        return {f".{field.name}": getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {f"[{key!r}]": part for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return {f"[{row}]": part for row, part in enumerate(value)}
    return None


def _array_difference(one: Any, other: Any, tolerance: float, place: str) -> str | None:
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return f"{place}: {one.dtype} of shape {one.shape} and {other.dtype} of shape {other.shape}"
    numbers = np.issubdtype(one.dtype, np.inexact)
    same = np.isclose(one, other, tolerance, tolerance, equal_nan=True) if numbers else one == other
    if same.all():
        return None
    first = tuple(np.argwhere(~same)[0].tolist())
    return f"{place}: {one[first]} and {other[first]} at {first}, {int((~same).sum())} of {same.size} values differ"
