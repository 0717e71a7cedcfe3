"""Pieces that JSON Schemas are put together from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def object_of(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an object that has all of these properties and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def list_of(items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    """Describe a list of at least so many of these."""
    return {"type": "array", "items": items, **({"minItems": least} if least else {})}


def whole(least: int) -> dict[str, Any]:
    """Describe a whole number that is not less."""
    return {"type": "integer", "minimum": least}


def seconds() -> dict[str, Any]:
    """Describe seconds."""
    return {"type": "number", "minimum": 0}


def number() -> dict[str, Any]:
    """Describe a number."""
    return {"type": "number"}


def text() -> dict[str, Any]:
    """Describe a text."""
    return {"type": "string"}


def sha256() -> dict[str, Any]:
    """Describe a SHA-256 in hexadecimal."""
    return {**text(), "pattern": "^[0-9a-f]{64}$"}
