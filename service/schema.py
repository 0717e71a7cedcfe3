"""JSON Schemas of what the HTTP service and the command line give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def result_schema() -> dict[str, Any]:
    """Give the JSON Schema of `Result.to_dict()`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trackspeak result",
        "description": "Frames count from 0 in display order; boxes are pixels of the upright frame.",
        **_object(
            {
                "video": _video(),
                "profile": _text(),
                "plugins": {"type": "object", "additionalProperties": {"anyOf": [{"type": "null"}, _plugin()]}},
                "weights": {"type": "object", "additionalProperties": _sha256()},
                "score_kind": {"enum": ["cosine", "probability"]},
                "first_frame": _whole(0),
                "timings_s": {"type": "object", "additionalProperties": _seconds()},
                "warnings": _list(_text()),
                "queries": _list(_object({"query": _text(), "tracks": _list(_track())})),
            }
        ),
    }


def problem_schema() -> dict[str, Any]:
    """Give the JSON Schema of RFC 9457 problem details."""
    properties = {
        "type": {**_text(), "description": "urn:trackspeak:problem:CODE"},
        "title": _text(),
        "status": {"type": "integer"},
        "code": _text(),
        "detail": _text(),
    }
    return {
        "title": "problem",
        "description": "RFC 9457 problem details; `code` is stable and documented.",
        **_object(properties),
    }


def _video() -> dict[str, Any]:
    return _object(
        {
            "frames": _whole(1),
            "fps": {"type": "number", "exclusiveMinimum": 0},
            "width": _whole(1),
            "height": _whole(1),
            "duration_s": _seconds(),
            "sha256": _sha256(),
        }
    )


def _plugin() -> dict[str, Any]:
    return _object({"name": _text(), "options": {"type": "object"}})


def _track() -> dict[str, Any]:
    track = _object(
        {
            "track_id": {"type": "integer"},
            "class": _text(),
            "score": _number(),
            "spans": _list(_span(), least=1),
            "boxes": _list(_box(), least=1),
        }
    )
    track["properties"]["parts"] = {
        "description": "where the query puts sentences together: each with its mean score over these frames",
        "type": "object",
        "additionalProperties": _number(),
    }
    return track


def _span() -> dict[str, Any]:
    return _object(
        {
            "first_frame": _whole(0),
            "last_frame": _whole(0),
            "first_time_s": _seconds(),
            "last_time_s": _seconds(),
            "score": _number(),
        }
    )


def _box() -> dict[str, Any]:
    corners = {**_list(_number(), least=4), "maxItems": 4}
    return _object({"frame": _whole(0), "time_s": _seconds(), "xyxy": corners, "score": _number()})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an object that has all of these properties and no other."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, **({"minItems": least} if least else {})}


def _whole(least: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least}


def _seconds() -> dict[str, Any]:
    return {"type": "number", "minimum": 0}


def _number() -> dict[str, Any]:
    return {"type": "number"}


def _text() -> dict[str, Any]:
    return {"type": "string"}


def _sha256() -> dict[str, Any]:
    return {**_text(), "pattern": "^[0-9a-f]{64}$"}
