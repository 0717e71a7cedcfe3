"""What the OpenAPI document says of the routes about indexes."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from .. import schema_examples as examples
from ..options import RunOptions
from ..schema_view import scores_schema, tracks_schema
from .openapi import json_body, responses

SCORE_OPTIONS: Final = ("calibrator", "set")
"""The options of a run that change scores."""


def tracks_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses(tracks_schema(), 404, 503, example=examples.tracks())}


def scores_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    whole = TypeAdapter(RunOptions).json_schema()
    known = {name: whole["properties"][name] for name in SCORE_OPTIONS}
    body = {
        "type": "object",
        "properties": {
            "queries": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "options": {"type": "object", "properties": known, "additionalProperties": False},
        },
        "required": ["queries"],
        "additionalProperties": False,
    }
    return {
        "responses": responses(scores_schema(), 404, 409, 422, 503, example=examples.scores()),
        "openapi_extra": json_body(body, {"queries": ["the red car"]}),
    }
