"""What the OpenAPI document says of the routes about the page's session."""

from __future__ import annotations

from typing import Any

from .. import schema_examples as examples
from ..schema_view import session_schema
from .openapi import responses


def session_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": responses(session_schema(), example=examples.session())}


def delete_route() -> dict[str, Any]:
    """Give the keywords of the route."""
    return {"responses": {204: {"description": "the cookie is gone"}}, "status_code": 204}
