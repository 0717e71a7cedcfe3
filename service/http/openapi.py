"""What the OpenAPI document says of the routes, whose bodies are read by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter

from .. import schema_examples as examples
from ..formats.exports import EXPORTS
from ..options import RunOptions
from ..problems import MEDIA_TYPE
from ..schema import problem_schema, result_schema
from ..schema_jobs import job_schema
from ..schema_search import search_schema, video_schema
from ..search.asked import SearchOptions

SUMMARY: Final = "A video and sentences in, the tracks that the sentences refer to out."

_PROBLEMS: Final = MappingProxyType(
    {
        401: "an API key is needed",
        403: "the API key lacks the scope",
        404: "it is not here",
        405: "the path is there, but not for this method",
        408: "the body came too slowly",
        409: "it is not in a state in which this can be done",
        410: "it was here, and was removed when its time was over",
        412: "another version of tus is asked for",
        413: "the video is over a limit",
        415: "the body is of another kind",
        422: "the video, a query or an option is wrong",
        429: "too much is waiting, or too many wrong API keys came from here; Retry-After says when to try again",
        500: "the server could not do it",
        503: "the service is being stopped, or a process died; try again",
    }
)


def _form_schema() -> dict[str, Any]:
    options = {**TypeAdapter(RunOptions).json_schema(), "additionalProperties": False}
    return {
        "type": "object",
        "properties": {
            "video": {"type": "string", "format": "binary", "description": "any container and codec FFmpeg reads"},
            "query": {
                "type": "array",
                "items": {"type": "string", "examples": ["the red car"]},
                "minItems": 1,
                "description": "one field each",
            },
            "options": {**options, "description": "JSON; the keys of the command line", "examples": [{"top": 5}]},
        },
        "required": ["video", "query"],
        "additionalProperties": False,
    }


def track_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    form = {"content": {"multipart/form-data": {"schema": _form_schema()}}, "required": True}
    prefer = header("Prefer", {"type": "string", "examples": ["respond-async"]}, "respond-async: a job, at once")
    answers = with_files(responses(result_schema(), 409, 413, 422, 429, 503, example=examples.result()))
    return {
        "responses": {**answers, 202: accepted()},
        "openapi_extra": {"requestBody": form, "parameters": [prefer]},
    }


def header(name: str, schema: Mapping[str, Any], what: str, *, required: bool = False) -> dict[str, Any]:
    """Describe a header of a request."""
    return {"name": name, "in": "header", "schema": dict(schema), "description": what, "required": required}


def accepted() -> dict[str, Any]:
    """Describe the answer that a job was accepted."""
    return {
        "description": "a job, to be followed at `Location`",
        "content": {"application/json": {"schema": job_schema(), "example": examples.job()}},
        "headers": {"Location": {"schema": {"type": "string"}}},
    }


def common() -> dict[int | str, dict[str, Any]]:
    """Give the answers that every route may give."""
    return problems(401, 403, 405, 408, 429, 500)


def queries_route(options: Sequence[str]) -> dict[str, Any]:
    """Give the keywords of the route; `options` are those of a run that count."""
    whole = TypeAdapter(RunOptions).json_schema()
    known = {name: whole["properties"][name] for name in options}
    body = {
        "type": "object",
        "properties": {
            "queries": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "index": {"type": "string", "description": "which of the video's indexes, where it has several"},
            "options": {"type": "object", "properties": known, "additionalProperties": False},
        },
        "required": ["queries"],
        "additionalProperties": False,
    }
    return {
        "responses": with_files(responses(result_schema(), 404, 409, 410, 422, 503, example=examples.result())),
        "openapi_extra": json_body(body, examples.queries_body()),
    }


def videos_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses({"type": "array", "items": video_schema()}, 422, example=[examples.video()])}


def video_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses(video_schema(), 404, 410, 422, example=examples.video())}


def change_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    body = {
        "type": "object",
        "properties": {
            "name": {"type": ["string", "null"], "description": "null gives back the name that was indexed"},
            "labels": {"type": "array", "items": {"type": "string"}, "description": "all of them"},
        },
        "additionalProperties": False,
    }
    found = responses(video_schema(), 404, 410, 422, example=examples.video())
    return {"responses": found, "openapi_extra": json_body(body, examples.change_body())}


def delete_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": {204: {"description": "it is gone"}, **problems(404, 409, 410, 422)}, "status_code": 204}


def thumbnail_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    picture = {"description": "the picture", "content": {"image/jpeg": {}}}
    return {"responses": {200: picture, **problems(404, 422)}}


def search_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    saved = {"saved": {"type": "string", "description": "the name of a search that was kept; other fields come first"}}
    body = _search_body(saved)
    found = responses(search_schema(), 404, 422, 503, example=examples.found())
    return {"responses": found, "openapi_extra": json_body(body, examples.search_body())}


def searches_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses({"type": "object", "additionalProperties": _search_body({})})}


def kept_search_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses(_search_body({}), 404, 422, example=examples.search_body())}


def keep_search_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    example = examples.search_body()
    found = responses(_search_body({}), 404, 422, example=example)
    return {"responses": found, "openapi_extra": json_body(_search_body({}), example)}


def metrics_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    kinds = ("text/plain", "application/openmetrics-text")
    content = {kind: {"schema": {"type": "string"}} for kind in kinds}
    return {"responses": {200: {"description": "all metrics", "content": content}}}


def ready_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    check = {
        "type": "object",
        "properties": {"ok": {"type": "boolean"}, "why": {"type": "string", "description": "where it is not ok"}},
        "required": ["ok"],
    }
    schema = {
        "type": "object",
        "properties": {"status": {"type": "string"}, "checks": {"type": "object", "additionalProperties": check}},
        "required": ["status", "checks"],
    }
    content = {"application/json": {"schema": schema}}
    said = {200: "it is ready", 503: "it is not, or is being stopped"}
    return {"responses": {status: {"description": text, "content": content} for status, text in said.items()}}


def _search_body(more: Mapping[str, Any]) -> dict[str, Any]:
    options = TypeAdapter(SearchOptions).json_schema()
    properties = {"query": {"type": "string"}, **options["properties"], **more}
    required = [] if more else ["query"]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def json_body(schema: Mapping[str, Any], example: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a body that is a JSON object."""
    content = {"application/json": {"schema": dict(schema), "example": dict(example)}}
    return {"requestBody": {"content": content, "required": True}}


def responses(schema: Mapping[str, Any], *statuses: int, example: Any = None) -> dict[int | str, Any]:
    """Describe an answer, and the problems that there may be instead."""
    content = {"schema": dict(schema), **({} if example is None else {"example": example})}
    return {200: {"description": "the answer", "content": {"application/json": content}}, **problems(*statuses)}


def with_files(responses: dict[int | str, Any]) -> dict[int | str, Any]:
    """Say that an answer may be a file, where `format` asks for one."""
    kinds = sorted({export.media_type for export in EXPORTS.values()} - {"application/json"})
    files = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    answer = responses[200]
    return {**responses, 200: {**answer, "content": {**answer["content"], **files}}}


def problems(*statuses: int) -> dict[int | str, Any]:
    """Describe the answers of some statuses that are problems."""
    return {
        status: {"description": _PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": problem_schema()}}}
        for status in statuses
    }
