"""JSON Schemas of what HTTP says of videos and of searches."""

from __future__ import annotations

from typing import Any

from .schema import span
from .schema_jobs import or_null
from .schema_parts import list_of, number, object_of, seconds, sha256, text, whole


def video_schema() -> dict[str, Any]:
    """Give the JSON Schema of a video; of one that was never watched, what its header says."""
    plugins = object_of({kind: or_null(text()) for kind in ("detector", "tracker", "matcher")})
    index = object_of({"id": text(), "profile": text(), "tracks": whole(0), "plugins": plugins})
    return object_of(
        {
            "id": {**sha256(), "description": "SHA-256 of the file"},
            "name": text(),
            "labels": list_of(text()),
            "frames": or_null(whole(1)),
            "fps": {"type": "number", "exclusiveMinimum": 0},
            "width": whole(1),
            "height": whole(1),
            "duration_s": or_null(seconds()),
            "bytes": {"description": "of the file; null where it is not kept", **or_null(whole(1))},
            "indexes": list_of(index),
        }
    )


def search_schema() -> dict[str, Any]:
    """Give the JSON Schema of the answer of a search."""
    return {
        "title": "trackspeak search",
        **object_of(
            {
                "query": text(),
                "tracks": list_of(_hit()),
                "next": {
                    "description": "the `cursor` that goes on after these; null at the end",
                    "type": ["string", "null"],
                },
                "searched": object_of(
                    {"indexes": whole(0), "videos": whole(0), "segments": whole(0), "scored": whole(0)}
                ),
                "left_out": list_of(object_of({"index": text(), "name": text(), "why": text()})),
                "warnings": list_of(text()),
                "timings_s": {"type": "object", "additionalProperties": seconds()},
            }
        ),
    }


def _hit() -> dict[str, Any]:
    hit = object_of(
        {
            "video": sha256(),
            "index": text(),
            "name": text(),
            "labels": list_of(text()),
            "score_kind": {"enum": ["cosine", "probability"]},
            "track_id": {"type": "integer"},
            "class": text(),
            "score": number(),
            "spans": list_of(span(), least=1),
            "thumbnail": {**text(), "description": "path of its picture; there may be none"},
        }
    )
    hit["properties"]["parts"] = {"type": "object", "additionalProperties": number()}
    return hit
