"""What the OpenAPI document says of the routes by which videos come in pieces."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Response

from .. import schema_examples as examples
from ..schema_jobs import upload_schema
from .openapi import header, problems, responses

_BYTES: Final = r"^[0-9]{1,18}$"


def options_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": {204: {"description": "in the headers `Tus-...`"}}, "status_code": 204}


def create_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    parameters = [
        _version(),
        header("Upload-Length", {"type": "string", "pattern": _BYTES}, "bytes that will come", required=True),
        header("Upload-Metadata", {"type": "string"}, "`filename` and its value in Base64"),
    ]
    begun = {"description": "begun", "headers": {"Location": {"schema": {"type": "string"}}}}
    found = problems(412, 413, 422, 429)
    return {
        "responses": {201: begun, **found},
        "response_class": Response,
        "status_code": 201,
        "openapi_extra": {"parameters": parameters},
    }


def head_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    offset = {"Upload-Offset": {"schema": {"type": "integer"}}, "Upload-Length": {"schema": {"type": "integer"}}}
    found = {"description": "how far it has come", "headers": offset}
    return {
        "responses": {200: found, **_found()},
        "response_class": Response,
        "openapi_extra": {"parameters": [_version()]},
    }


def show_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses(upload_schema(), 404, 409, 410, 413, 422, 429, example=examples.upload())}


def patch_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    parameters = [
        _version(),
        header("Upload-Offset", {"type": "string", "pattern": _BYTES}, "where this piece begins", required=True),
    ]
    piece = {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    what = "taken; with the last piece `Trackspeak-Video` says which video it became"
    return {
        "responses": {204: {"description": what}, **_found(), **problems(415)},
        "status_code": 204,
        "openapi_extra": {"parameters": parameters, "requestBody": {"content": piece, "required": True}},
    }


def delete_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {
        "responses": {204: {"description": "it is gone"}, **problems(404, 409, 410, 412)},
        "status_code": 204,
        "openapi_extra": {"parameters": [_version()]},
    }


def _found() -> dict[int | str, Any]:
    return problems(404, 409, 410, 412, 413, 422, 429)


def _version() -> dict[str, Any]:
    return header("Tus-Resumable", {"type": "string", "enum": ["1.0.0"]}, "the version of tus")
