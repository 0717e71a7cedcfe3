"""What the OpenAPI document says of `POST /v1/track`, whose form is read by hand."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter

from .options import RunOptions
from .problems import MEDIA_TYPE
from .schema import problem_schema, result_schema

SUMMARY: Final = "A video and sentences in, the tracks that the sentences refer to out."

_PROBLEMS: Final = MappingProxyType(
    {
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
    result = {"description": "the result", "content": {"application/json": {"schema": result_schema()}}}
    problems = {
        status: {"description": text, "content": {MEDIA_TYPE: {"schema": problem_schema()}}}
        for status, text in _PROBLEMS.items()
    }
    form = {"content": {"multipart/form-data": {"schema": _form_schema()}}, "required": True}
    return {"responses": {200: result, **problems}, "openapi_extra": {"requestBody": form}}
