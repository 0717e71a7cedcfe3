"""What the OpenAPI document says of the routes about jobs."""

from __future__ import annotations

from typing import Any

from .. import schema_examples as examples
from ..schema import result_schema
from ..schema_jobs import indexed_schema, job_schema, jobs_schema
from ..schema_parts import list_of, object_of, text
from .openapi import header, json_body, problems, responses, with_files


def jobs_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses(jobs_schema(), 422, example={"jobs": [examples.job()], "next": 7})}


def job_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses(job_schema(), 404, example={**examples.job(), "ahead": 0})}


def cancel_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    answer = responses(job_schema(), 404, example=examples.job())
    soon = {**answer[200], "description": "it is being done, and will be cancelled within two seconds"}
    return {"responses": {**answer, 200: {**answer[200], "description": "it has ended"}, 202: soon}}


def queries_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    body = object_of({"queries": {**list_of(text()), "minItems": 1}})
    answer = responses(job_schema(), 404, 409, 422, example=examples.job())
    return {"responses": answer, "openapi_extra": json_body(body, {"queries": ["a red car"]})}


def events_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    what = (
        "Server-sent events until the job has ended: `state` (state, attempts, error), `progress` (stage, frames_done, "
        "frames_total, eta_s) and `partial` (frames_done, per query the tracks found so far, and which queries that "
        "came meanwhile are refused, with code and detail). Of the last two the newest alone is kept. `Last-Event-ID` "
        "goes on after an event."
    )
    last = header("Last-Event-ID", {"type": "string", "pattern": r"^[0-9]{1,18}$"}, "go on after this event")
    stream = {"description": what, "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    nothing = {"description": "the job has ended, and nothing comes after that event"}
    return {
        "responses": {200: stream, 204: nothing, **problems(404, 422)},
        "openapi_extra": {"parameters": [last]},
    }


def result_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    either = {"anyOf": [result_schema(), indexed_schema()]}
    return {"responses": with_files(responses(either, 404, 409, 410, 413, 422, 503, example=examples.result()))}


def drawn_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    video = {"description": "MP4", "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}
    part = {**video, "description": "a part of it, as `Range` asks"}
    beyond = {"description": "`Range` is none of it", "content": {"text/plain": {"schema": {"type": "string"}}}}
    bad = {"description": "`Range` cannot be read", "content": {"text/plain": {"schema": {"type": "string"}}}}
    found = problems(404, 409, 410, 413, 422, 503)
    return {"responses": {200: video, 206: part, 400: bad, 416: beyond, **found}}
