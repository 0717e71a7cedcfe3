"""The routes about what is made of kept videos: for browsers, and with tracks drawn in."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Annotated
from weakref import WeakValueDictionary

from fastapi import FastAPI, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field, FiniteFloat

from ..formats.video import TimeSpan
from ..limits import check_queries
from ..options import RunOptions, parse_ask_options
from ..tasks import ClipTask, DeriveTask, Task
from ..videos.derived import SUFFIXES, Derived
from . import openapi_videos
from .access import Reader
from .context import Context, answered_by_file, front_of, temporary_folder


class Wanted(BaseModel, frozen=True):
    """What is to be drawn into a video."""

    query: tuple[str, ...] = Field((), description="as for asking; several may be given")
    index: str | None = Field(None, description="which of the video's indexes, where it has several")
    threshold: FiniteFloat | None = None
    min_probability: FiniteFloat | None = None
    track: int | None = Field(None, description="this one alone; without queries over all its frames")
    first_time_s: FiniteFloat = Field(0.0, ge=0, description="leave out the frames before")
    last_time_s: FiniteFloat | None = Field(None, ge=0, description="leave out the frames after")

    def options(self) -> RunOptions:
        """Give those that are about asking."""
        given = {"threshold": self.threshold, "min_probability": self.min_probability}
        return parse_ask_options({name: value for name, value in given.items() if value is not None})


def add_derived_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of this module."""
    _add_browser_routes(app, context)

    @app.get("/v1/videos/{video}/drawn", summary="The video with tracks drawn in", **openapi_videos.clip_route())
    async def get_drawn(
        video: str, request: Request, _principal: Reader, wanted: Annotated[Wanted, Query()]
    ) -> Response:
        shop = front_of(request).shop
        queries = check_queries(wanted.query, context.limits) if wanted.query else ()
        options, span = wanted.options(), TimeSpan(wanted.first_time_s, wanted.last_time_s)
        found = await asyncio.to_thread(shop.library.find, video)
        index_id = found.index_to_ask(wanted.index, video)
        kept = await asyncio.to_thread(shop.videos.get, found.id)

        def make(path: Path) -> Task:
            return ClipTask(index_id, kept.path, path, queries, options, wanted.track, span)

        name = f"{Path(found.name).stem}-tracks.mp4".encode("utf-8", "replace").decode()
        return await answered_by_file(context.drawing, request, make, name, "video/mp4")


def _add_browser_routes(app: FastAPI, context: Context) -> None:
    """Add the routes about what is kept beside a video."""
    making: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    async def made(video: str, request: Request, kind: Derived) -> Path:
        """Give what is made of a video: made now, or there from before."""
        shop = front_of(request).shop
        found = await asyncio.to_thread(shop.library.find, video)
        kept = await asyncio.to_thread(shop.videos.get, found.id)
        path = shop.videos.derived(kept.id, kind)
        if path.is_file():
            return path
        async with making.setdefault(path, asyncio.Lock()):  # who comes while it is being made waits for it
            if path.is_file():
                return path
            folder = temporary_folder(request.state.uploads)
            try:
                target = folder / f"made{SUFFIXES[kind]}"
                await context.drawing.do(request, DeriveTask(kind, kept.path, target))
                await asyncio.to_thread(shop.videos.keep_derived, kept.id, kind, target)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        return path

    @app.get("/v1/videos/{video}/thumbnail", summary="Picture of a video", **openapi_videos.picture_route())
    async def get_thumbnail(video: str, request: Request, _principal: Reader) -> Response:
        path = await made(video, request, "thumbnail")
        # the bytes of a video never change, but it can be deleted
        return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    @app.get("/v1/videos/{video}/playable", summary="The video as browsers play it", **openapi_videos.playable_route())
    async def get_playable(video: str, request: Request, _principal: Reader) -> Response:
        return FileResponse(await made(video, request, "playable"), media_type="video/mp4")
