"""The routes about indexes: what a viewer shows of them."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from trackspeak.models.errors import NotFoundError

from ..forgetting import forget_index
from ..front import Front
from ..limits import check_queries
from ..options import parse_ask_options
from ..plugin_files import check_named_files
from ..tasks import ScoresTask, TracksTask
from . import openapi
from . import openapi_indexes as described
from .access import Reader, Writer
from .context import Context, front_of, read_object, refuse_others, texts_of

_KEPT: Final = {"Cache-Control": "private, max-age=3600"}
"""An index never changes, but it can be deleted."""


def add_index_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of this module."""
    _add_viewing_routes(app, context)

    @app.delete("/v1/indexes/{index}", summary="Delete an index", **openapi.delete_route())
    async def delete_index(index: str, request: Request, principal: Writer) -> Response:
        front = front_of(request)

        def delete() -> None:
            if index in front.shop.library.indexes:  # else the next line says what there is
                front.own_video(index, principal)
            forget_index(context.settings, index)

        await context.delete(delete)
        return Response(status_code=204)

    @app.get("/v1/indexes/{index}/tracks/{track}/thumbnail", summary="Picture of a track", **openapi.thumbnail_route())
    async def get_thumbnail(index: str, track: int, request: Request, _principal: Reader) -> Response:
        picture = await asyncio.to_thread(front_of(request).shop.library.indexes.thumbnail, index, track)
        return Response(picture.jpeg, media_type="image/jpeg", headers=_KEPT)


def _add_viewing_routes(app: FastAPI, context: Context) -> None:
    """Add the routes that give all of an index, to choose from."""

    @app.get("/v1/indexes/{index}/tracks", summary="All tracks of an index", **described.tracks_route())
    async def get_tracks(index: str, request: Request, _principal: Reader) -> Response:
        task = TracksTask(await asyncio.to_thread(_known, front_of(request), index))
        return Response(await context.asking.do(request, task), media_type="application/json", headers=_KEPT)

    @app.post("/v1/indexes/{index}/scores", summary="Score all segments of an index", **described.scores_route())
    async def post_scores(index: str, request: Request, _principal: Reader) -> Response:
        front = front_of(request)
        values = await read_object(request, context.limits)
        refuse_others(values, ("queries", "options"))
        queries = check_queries(texts_of(values, "queries"), front.limits)
        options = parse_ask_options(values.get("options", {}), described.SCORE_OPTIONS)
        await asyncio.to_thread(check_named_files, options, front.settings.plugin_files)
        task = ScoresTask(await asyncio.to_thread(_known, front, index), queries, options)
        return Response(await context.asking.do(request, task), media_type="application/json")


def _known(front: Front, index: str) -> str:
    """Give the id of an index that is there.

    Raises:
        NotFoundError: if none is.
    """
    indexes = front.shop.library.indexes
    if index not in indexes:
        raise NotFoundError("index", index, [f"{one.id} ({one.name})" for one in indexes])
    return index
