"""What the OpenAPI document says of the routes, whose bodies are read by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter

from ..formats.exports import EXPORTS
from ..options import RunOptions
from ..problems import MEDIA_TYPE
from ..schema import problem_schema, result_schema
from ..schema_search import search_schema, video_schema
from ..search.asked import SearchOptions

SUMMARY: Final = "A video and sentences in, the tracks that the sentences refer to out."

_PROBLEMS: Final = MappingProxyType(
    {
        404: "it is not here",
        413: "the video is over a limit",
        422: "the video, a query or an option is wrong",
        500: "the server could not do it",
        503: "the worker process died; try again",
    }
)


def _form_schema() -> dict[str, Any]:
    options = {**TypeAdapter(RunOptions).json_schema(), "additionalProperties": False}
    return {
        "type": "object",
        "properties": {
            "video": {"type": "string", "format": "binary", "description": "any container and codec FFmpeg reads"},
            "query": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "one field each"},
            "options": {**options, "description": "JSON; the keys of the command line"},
        },
        "required": ["video", "query"],
        "additionalProperties": False,
    }


def track_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    form = {"content": {"multipart/form-data": {"schema": _form_schema()}}, "required": True}
    return {
        "responses": _with_files(_responses(result_schema(), 413, 422, 500, 503)),
        "openapi_extra": {"requestBody": form},
    }


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
        "responses": _with_files(_responses(result_schema(), 404, 422, 500, 503)),
        "openapi_extra": _json_body(body),
    }


def videos_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": _responses({"type": "array", "items": video_schema()}, 422, 500)}


def video_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": _responses(video_schema(), 404, 422, 500)}


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
    return {"responses": _responses(video_schema(), 404, 422, 500), "openapi_extra": _json_body(body)}


def delete_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": {204: {"description": "it is gone"}, **_problems(404, 422, 500)}, "status_code": 204}


def thumbnail_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    picture = {"description": "the picture", "content": {"image/jpeg": {}}}
    return {"responses": {200: picture, **_problems(404, 422, 500)}}


def search_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    saved = {"saved": {"type": "string", "description": "the name of a search that was kept; other fields come first"}}
    body = _search_body(saved)
    return {"responses": _responses(search_schema(), 404, 422, 500, 503), "openapi_extra": _json_body(body)}


def searches_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": _responses({"type": "object", "additionalProperties": _search_body({})}, 500)}


def kept_search_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": _responses(_search_body({}), 404, 422, 500)}


def keep_search_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": _responses(_search_body({}), 404, 422, 500), "openapi_extra": _json_body(_search_body({}))}


def _search_body(more: Mapping[str, Any]) -> dict[str, Any]:
    options = TypeAdapter(SearchOptions).json_schema()
    properties = {"query": {"type": "string"}, **options["properties"], **more}
    required = [] if more else ["query"]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _json_body(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"schema": dict(schema)}}, "required": True}}


def _responses(schema: Mapping[str, Any], *statuses: int) -> dict[int | str, Any]:
    found = {"description": "the answer", "content": {"application/json": {"schema": dict(schema)}}}
    return {200: found, **_problems(*statuses)}


def _with_files(responses: dict[int | str, Any]) -> dict[int | str, Any]:
    """Say that an answer may be a file, where `format` asks for one."""
    kinds = sorted({export.media_type for export in EXPORTS.values()} - {"application/json"})
    files = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}
    answer = responses[200]
    return {**responses, 200: {**answer, "content": {**answer["content"], **files}}}


def _problems(*statuses: int) -> dict[int | str, Any]:
    return {
        status: {"description": _PROBLEMS[status], "content": {MEDIA_TYPE: {"schema": problem_schema()}}}
        for status in statuses
    }
