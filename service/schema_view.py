"""JSON Schemas of what HTTP gives to viewers."""

from __future__ import annotations

from typing import Any

from .schema import video
from .schema_jobs import or_null
from .schema_parts import list_of, number, object_of, seconds, text, whole


def tracks_schema() -> dict[str, Any]:
    """Give the JSON Schema of all tracks of an index."""
    track = object_of(
        {
            "track_id": {"type": "integer"},
            "class": text(),
            "frames": list_of(whole(0), least=1),
            "boxes_xyxy": {"description": "x1, y1, x2, y2 of each frame, pixels", **list_of(number(), least=4)},
        }
    )
    segments = object_of({name: list_of({"type": "integer"}) for name in ("track_ids", "first_frames", "last_frames")})
    return object_of(
        {
            "index": text(),
            "name": text(),
            "video": video(),
            "profile": text(),
            "plugins": {"type": "object", "additionalProperties": or_null(text())},
            "frame_stride": whole(1),
            "warnings": list_of(text()),
            "rule": object_of({"closed_gap": whole(0), "shortest_span": whole(1)}),
            "frames": {"description": "in which there is a track, each once", **list_of(whole(0))},
            "times_s": {"description": "of these frames", **list_of(seconds())},
            "tracks": list_of(track),
            "segments": segments,
        }
    )


def scores_schema() -> dict[str, Any]:
    """Give the JSON Schema of the scores of all segments of an index."""
    scores = {
        "description": "of each segment, in the order of the index's segments; float32, not rounded",
        **list_of(number()),
    }
    query = object_of({"query": text(), "scores": scores})
    query["properties"]["parts"] = {
        "description": "where the query puts sentences together",
        **list_of(object_of({"text": text(), "scores": scores})),
    }
    return object_of(
        {
            "index": text(),
            "score_kind": {"enum": ["cosine", "probability"]},
            "threshold": {
                "description": "frames that score above it are referred to, unless told otherwise",
                **number(),
            },
            "queries": list_of(query),
            "warnings": list_of(text()),
            "timings_s": {"type": "object", "additionalProperties": seconds()},
        }
    )


def session_schema() -> dict[str, Any]:
    """Give the JSON Schema of who is asking."""
    return object_of({"auth": {"enum": ["on", "off"]}, "name": text(), "scopes": list_of(text())})
