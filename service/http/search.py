"""The routes that search all indexed videos."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from trackspeak.models.errors import InputError

from ..searching import KeptSearches, chosen_indexes, parse_search
from ..settings import Settings
from ..tasks import SearchTask
from . import openapi
from .access import Reader, Writer
from .context import Context, front_of, read_object


def add_search_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of this module."""
    settings = context.settings

    @app.post("/v1/search", summary="Search all indexed videos", **openapi.search_route())
    async def post_search(request: Request, _principal: Reader) -> Response:
        body = await read_object(request, context.limits)
        saved = body.pop("saved", None)
        if saved is not None:
            if not isinstance(saved, str):
                raise InputError(f"saved must be the name of a search that was kept, got {saved!r:.60}")
            body = {**await asyncio.to_thread(KeptSearches(settings).get, saved), **body}
        query, options = parse_search(body, settings)
        chosen = await asyncio.to_thread(chosen_indexes, settings, options, front_of(request).shop.library.indexes)
        text = await context.asking.do(request, SearchTask(query, options, chosen))
        return Response(text, media_type="application/json")

    @app.get("/v1/searches", summary="List the searches that were kept", **openapi.searches_route())
    async def get_searches(_principal: Reader) -> Response:
        return JSONResponse(await asyncio.to_thread(KeptSearches(settings).all))

    @app.get("/v1/searches/{name}", summary="Show a search", **openapi.kept_search_route())
    async def get_search(name: str, _principal: Reader) -> Response:
        return JSONResponse(await asyncio.to_thread(KeptSearches(settings).get, name))

    @app.put("/v1/searches/{name}", summary="Keep a search", **openapi.keep_search_route())
    async def put_search(name: str, request: Request, _principal: Writer) -> Response:
        body = await read_object(request, context.limits)
        await asyncio.to_thread(_keep, settings, name, body)
        return JSONResponse(await asyncio.to_thread(KeptSearches(settings).get, name))

    @app.delete("/v1/searches/{name}", summary="Delete a search", **openapi.delete_route())
    async def delete_search(name: str, _principal: Writer) -> Response:
        await asyncio.to_thread(KeptSearches(settings).delete, name)
        return Response(status_code=204)


def _keep(settings: Settings, name: str, body: Mapping[str, Any]) -> None:
    parse_search(body, settings)
    KeptSearches(settings).keep(name, body)
