"""JSON Schemas of what HTTP says of jobs and uploads."""

from __future__ import annotations

from typing import Any

from .jobs.job import STATES
from .schema_parts import list_of, object_of, seconds, sha256, text, whole


def job_schema() -> dict[str, Any]:
    """Give the JSON Schema of a job."""
    progress = object_of(
        {
            "stage": {"enum": ["load", "watch", "answer"]},
            "frames_done": whole(0),
            "frames_total": or_null({"type": "integer"}),
            "eta_s": or_null(seconds()),
        }
    )
    job = object_of(
        {
            "id": text(),
            "kind": {"enum": ["track", "index"]},
            "state": {"enum": list(STATES)},
            "video": sha256(),
            "video_name": text(),
            "queries": list_of(text()),
            "options": {"type": "object"},
            "created_at": moment(),
            "started_at": or_null(moment()),
            "ended_at": or_null(moment()),
            "expires_at": or_null(moment()),
            "expired": {"type": "boolean"},
            "attempts": whole(0),
            "progress": or_null(progress),
            "error": or_null(object_of({"code": text(), "detail": text()})),
        }
    )
    job["properties"]["ahead"] = {
        "description": "of one that waits, when it is asked for alone: jobs that were accepted before it and wait too",
        **or_null(whole(0)),
    }
    return {"title": "job", **job}


def jobs_schema() -> dict[str, Any]:
    """Give the JSON Schema of a list of jobs."""
    following = {"description": "the `cursor` that goes on after these; null at the end", **or_null(whole(1))}
    return object_of({"jobs": list_of(job_schema()), "next": following})


def indexed_schema() -> dict[str, Any]:
    """Give the JSON Schema of the result of a job that made an index."""
    return object_of(
        {
            "index": text(),
            "video": {"type": "object"},
            "profile": text(),
            "tracks": whole(0),
            "warnings": list_of(text()),
            "timings_s": {"type": "object", "additionalProperties": seconds()},
        }
    )


def upload_schema() -> dict[str, Any]:
    """Give the JSON Schema of an upload in pieces."""
    return object_of(
        {
            "id": text(),
            "name": text(),
            "bytes": whole(1),
            "offset": whole(0),
            "video": {"description": "the video that it became", **or_null(sha256())},
            "expires_at": moment(),
        }
    )


def moment() -> dict[str, Any]:
    """Describe a time in UTC."""
    return {"type": "string", "format": "date-time"}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Describe what may be null too."""
    return {"anyOf": [schema, {"type": "null"}]}
