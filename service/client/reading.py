"""From plain JSON values to dataclasses: what a newer service adds is passed over, what is missing is an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from trackspeak.models.errors import ServerError

_Value = TypeVar("_Value")


def object_in(value: object, what: str) -> Mapping[str, Any]:
    """Give a value that must be a JSON object.

    Raises:
        ServerError: if it is none.
    """
    if not isinstance(value, Mapping):
        raise ServerError(f"the service must answer with {what} as a JSON object, got {str(value)[:60]!r}")
    return value


def field(values: Mapping[str, Any], name: str, kind: type[_Value]) -> _Value:
    """Give a field.

    Raises:
        ServerError: if it is not there, or of another kind.
    """
    value = values.get(name)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ServerError(f"the service must answer with a field {name} ({kind.__name__}), got {str(value)[:60]!r}")
    return value


def field_or_none(values: Mapping[str, Any], name: str, kind: type[_Value]) -> _Value | None:
    """Give a field that may be null or missing.

    Raises:
        ServerError: if it is of another kind.
    """
    return None if values.get(name) is None else field(values, name, kind)


def list_in(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Give a list of objects.

    Raises:
        ServerError: if it is none.
    """
    return [object_in(value, f"an item of {name}") for value in field(values, name, list)]
