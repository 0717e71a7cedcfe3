"""The routes about the page's session: a key that a browser keeps in a cookie, out of reach of scripts."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from ..access.principal import Principal
from .access import COOKIE, Reader
from .openapi_session import delete_route, session_route


def add_session_routes(app: FastAPI) -> None:
    """Add the routes of this module."""

    @app.get("/v1/session", summary="Who is asking", **session_route())
    async def get_session(request: Request, principal: Reader) -> Response:
        return JSONResponse(_to_dict(request, principal))

    @app.post("/v1/session", summary="Keep the key in a cookie", **session_route())
    async def post_session(request: Request, principal: Reader) -> Response:
        response = JSONResponse(_to_dict(request, principal))
        key = _key_of(request)
        if key is not None and request.app.state.context.settings.auth != "off":
            # no Max-Age: it is gone when the browser is closed
            secure = request.url.scheme == "https"
            response.set_cookie(COOKIE, key, secure=secure, httponly=True, samesite="strict", path="/")
        return response

    @app.delete("/v1/session", summary="End the session", **delete_route())
    async def delete_session(_principal: Reader) -> Response:
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
        return response


def _key_of(request: Request) -> str | None:
    """Give the key that came in a header."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else request.headers.get("x-api-key")


def _to_dict(request: Request, principal: Principal) -> dict[str, Any]:
    auth = request.app.state.context.settings.auth
    return {"auth": "off" if auth == "off" else "on", "name": principal.name, "scopes": sorted(principal.scopes)}
