"""The routes about what is made of kept videos for browsers."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from ..tasks import DeriveTask
from ..videos.derived import SUFFIXES, Derived
from . import openapi_videos
from .access import Reader
from .context import Context, front_of, temporary_folder


def add_derived_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of this module."""
    one_by_one = asyncio.Lock()  # so that who comes while it is being made waits for it

    async def made(video: str, request: Request, kind: Derived) -> Path:
        """Give what is made of a video: made now, or there from before."""
        shop = front_of(request).shop
        found = await asyncio.to_thread(shop.library.find, video)
        kept = await asyncio.to_thread(shop.videos.get, found.id)
        path = shop.videos.derived(kept.id, kind)
        async with one_by_one:
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
