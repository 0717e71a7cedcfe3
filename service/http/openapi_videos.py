"""What the OpenAPI document says of the routes by which videos are sent and indexed."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from .. import schema_examples as examples
from ..options import RunOptions
from ..schema_search import video_schema
from .openapi import accepted, json_body, problems, responses
from .openapi_jobs import drawn_route


def send_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    video = {"type": "string", "format": "binary", "description": "any container and codec FFmpeg reads"}
    form = {"type": "object", "properties": {"video": video}, "required": ["video"], "additionalProperties": False}
    answer = responses(video_schema(), 413, 422, 429, example=examples.video())
    place = {"headers": {"Location": {"schema": {"type": "string"}}}}
    known = {**answer[200], **place, "description": "these bytes were here before"}
    new = {**known, "description": "it is kept"}
    url = {"type": "string", "description": "https, where the service allows it"}
    link = {"type": "object", "properties": {"url": url}, "required": ["url"], "additionalProperties": False}
    kinds = {"multipart/form-data": {"schema": form}, "application/json": {"schema": link}}
    body = {"requestBody": {"content": kinds, "required": True}}
    return {"responses": {**answer, 200: known, 201: new}, "openapi_extra": body}


def file_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    drawn = drawn_route()["responses"]
    video = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    whole, part = ({**drawn[status], "content": video} for status in (200, 206))
    return {"responses": {**drawn, 200: {**whole, "description": "the file as it was sent"}, 206: part}}


def picture_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    picture = {"description": "JPEG", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
    return {"responses": {200: picture, **problems(404, 410, 413, 422, 503)}}


def playable_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    drawn = drawn_route()["responses"]
    return {"responses": {**drawn, 200: {**drawn[200], "description": "MP4 with H.264, the same frames and times"}}}


def clip_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    video = {"description": "MP4", "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}
    return {"responses": {200: video, **problems(404, 409, 410, 413, 422, 503)}}


def index_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    body = {
        "type": "object",
        "properties": {
            "queries": {
                "type": "array",
                "items": {"type": "string"},
                "description": "sentences that the job's events answer while the video is being watched",
            },
            "options": {**TypeAdapter(RunOptions).json_schema(), "additionalProperties": False},
        },
        "additionalProperties": False,
    }
    described = json_body(body, examples.index_body())
    described["requestBody"]["required"] = False
    return {
        "responses": {202: accepted(), **problems(404, 410, 422, 429, 503)},
        "status_code": 202,
        "openapi_extra": described,
    }
