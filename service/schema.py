"""JSON Schemas of what the HTTP service and the command line give."""

from __future__ import annotations

from typing import Any

from .schema_parts import list_of, number, object_of, seconds, sha256, text, whole


def result_schema() -> dict[str, Any]:
    """Give the JSON Schema of `Result.to_dict()`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "trackspeak result",
        "description": "Frames count from 0 in display order; boxes are pixels of the upright frame.",
        **object_of(
            {
                "video": video(),
                "profile": text(),
                "plugins": {"type": "object", "additionalProperties": {"anyOf": [{"type": "null"}, _plugin()]}},
                "weights": {"type": "object", "additionalProperties": sha256()},
                "score_kind": {"enum": ["cosine", "probability"]},
                "first_frame": whole(0),
                "timings_s": {"type": "object", "additionalProperties": seconds()},
                "warnings": list_of(text()),
                "queries": list_of(_query()),
            }
        ),
    }


def problem_schema() -> dict[str, Any]:
    """Give the JSON Schema of RFC 9457 problem details."""
    properties = {
        "type": {**text(), "description": "urn:trackspeak:problem:CODE"},
        "title": text(),
        "status": {"type": "integer"},
        "code": text(),
        "detail": text(),
    }
    schema = object_of(properties)
    schema["properties"]["request_id"] = {
        **text(),
        "description": "the answer's X-Request-ID, also in the server's log",
    }
    return {
        "title": "problem",
        "description": "RFC 9457 problem details; `code` is stable and documented.",
        **schema,
    }


def video() -> dict[str, Any]:
    """Describe the facts of a video that was watched."""
    return object_of(
        {
            "frames": whole(1),
            "fps": {"type": "number", "exclusiveMinimum": 0},
            "width": whole(1),
            "height": whole(1),
            "duration_s": seconds(),
            "sha256": sha256(),
        }
    )


def _plugin() -> dict[str, Any]:
    return object_of({"name": text(), "options": {"type": "object"}})


def _query() -> dict[str, Any]:
    query = object_of({"query": text(), "tracks": list_of(_track())})
    query["properties"]["near_misses"] = {
        "description": "where asked for: the best of the tracks that are not referred to, or not probably enough",
        **list_of(_near_miss()),
    }
    return query


def _near_miss() -> dict[str, Any]:
    missed = object_of(
        {"track_id": {"type": "integer"}, "class": text(), "score": number(), "best": span(), "why": text()}
    )
    missed["properties"]["parts"] = _parts("each with its mean score over the frames of `best`")
    return missed


def _parts(what: str) -> dict[str, Any]:
    return {
        "description": f"where the query puts sentences together: {what}",
        "type": "object",
        "additionalProperties": number(),
    }


def _track() -> dict[str, Any]:
    track = object_of(
        {
            "track_id": {"type": "integer"},
            "class": text(),
            "score": number(),
            "spans": list_of(span(), least=1),
            "boxes": list_of(_box(), least=1),
        }
    )
    track["properties"]["parts"] = _parts("each with its mean score over these frames")
    return track


def span() -> dict[str, Any]:
    """Describe a run of frames over which a track is referred to."""
    return object_of(
        {
            "first_frame": whole(0),
            "last_frame": whole(0),
            "first_time_s": seconds(),
            "last_time_s": seconds(),
            "score": number(),
        }
    )


def _box() -> dict[str, Any]:
    corners = {**list_of(number(), least=4), "maxItems": 4}
    return object_of({"frame": whole(0), "time_s": seconds(), "xyxy": corners, "score": number()})
