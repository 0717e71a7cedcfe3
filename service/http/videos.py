"""The routes about videos: send, list, name, label, index, ask, delete."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import InputError, NotFoundError, OptionError

from ..fetching import fetch_video
from ..front import Front
from ..incoming import upload_folder
from ..index_question import index_question
from ..options import ASK_OPTIONS
from ..pipeline.decode import probe_video
from ..tasks import ExportTo, Task
from ..videos.kept import KeptVideo, NewVideo
from . import openapi, openapi_videos
from .access import Reader, Writer
from .context import JSON_FORMAT, Context, answered, front_of, read_object, refuse_others, texts_of
from .jobs import accepted
from .upload import receive_form


def add_video_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of this module."""
    _add_kept_routes(app, context)
    _add_asking_routes(app, context)


def _add_kept_routes(app: FastAPI, context: Context) -> None:
    """Add the routes about videos as such."""

    @app.get("/v1/videos", summary="List the videos", **openapi.videos_route())
    async def get_videos(request: Request, _principal: Reader, label: Annotated[list[str], Query()] = []) -> Response:  # noqa: B006 FastAPI copies it
        found = await asyncio.to_thread(front_of(request).shop.library.all, label)
        return JSONResponse([one.to_dict() for one in found])

    @app.post("/v1/videos", summary="Send a video, to be indexed and asked", **openapi_videos.send_route())
    async def post_video(request: Request, principal: Writer) -> Response:
        front = front_of(request)
        with context.places.taken(principal.key_id), upload_folder(request.state.uploads) as folder:
            path, sha256, name = await _received(request, folder, context)
            video = NewVideo(path, sha256, name, await asyncio.to_thread(probe_video, path, context.limits))
            kept, new = await asyncio.to_thread(front.keep_video, video, principal)
        return await _sent(front, kept, new=new)

    @app.get("/v1/videos/{video}", summary="Show a video", **openapi.video_route())
    async def get_video(video: str, request: Request, _principal: Reader) -> Response:
        found = await asyncio.to_thread(front_of(request).shop.library.find, video)
        return JSONResponse(found.to_dict())

    @app.get("/v1/videos/{video}/file", summary="The video itself", **openapi_videos.file_route())
    async def get_file(video: str, request: Request, _principal: Reader) -> Response:
        shop = front_of(request).shop
        found = await asyncio.to_thread(shop.library.find, video)
        kept = await asyncio.to_thread(shop.videos.get, found.id)
        # never as what it says it is: a browser shall show no page that somebody sent as a video
        return FileResponse(kept.path, media_type=_media_type(kept), content_disposition_type="inline", filename=None)

    @app.patch("/v1/videos/{video}", summary="Name and label a video", **openapi.change_route())
    async def patch_video(video: str, request: Request, _principal: Writer) -> Response:
        values = await read_object(request, context.limits)
        return JSONResponse(await asyncio.to_thread(_change, front_of(request), video, values))

    @app.delete("/v1/videos/{video}", summary="Delete all that is kept of a video", **openapi.delete_route())
    async def delete_video(video: str, request: Request, principal: Writer) -> Response:
        front = front_of(request)
        await context.delete(lambda: front.delete_video(front.own_video(video, principal).id))
        return Response(status_code=204)


def _add_asking_routes(app: FastAPI, context: Context) -> None:
    """Add the routes by which videos are indexed and asked."""

    @app.post("/v1/videos/{video}/index", summary="Have a video indexed", **openapi_videos.index_route())
    async def post_index(video: str, request: Request, principal: Writer) -> Response:
        values = await read_object(request, context.limits, or_nothing=True)
        refuse_others(values, ("queries", "options"))
        queries = texts_of(values, "queries") if "queries" in values else ()
        options = values.get("options", {})
        if not isinstance(options, dict):
            raise OptionError(f"options must be a JSON object, got {options!r:.60}")
        front = front_of(request)
        found = await asyncio.to_thread(front.shop.library.find, video)
        job = await asyncio.to_thread(front.submit_index, found.id, queries, options, principal)
        return accepted(job, request)

    @app.post("/v1/videos/{video}/queries", summary="Ask an indexed video", **openapi.queries_route(ASK_OPTIONS))
    async def post_queries(video: str, request: Request, _principal: Reader, format: str = JSON_FORMAT) -> Response:  # noqa: A002
        values = await read_object(request, context.limits)
        refuse_others(values, ("queries", "index", "options"))
        named = front_of(request), video, values.get("index")
        asked = texts_of(values, "queries"), values.get("options", {})
        question = await asyncio.to_thread(index_question, *named, *asked)

        def make(export: ExportTo | None) -> Task:
            return replace(question, export=export)

        return await answered(context.asking, request, make, format)


async def _received(request: Request, folder: Path, context: Context) -> tuple[Path, str, str]:
    """Take a video from a form, or fetch it from the URL that a JSON object names; gives file, SHA-256 and name."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        form = await receive_form(request, folder, context.limits, ("video",))
        return form.video, form.video_sha256, form.video_name
    values = await read_object(request, context.limits)
    refuse_others(values, ("url",))
    url = values.get("url")
    if not isinstance(url, str):
        raise InputError(f"url must be a text, got {url!r:.60}")
    fetched = await fetch_video(url, folder, context.limits, context.settings)
    return fetched.path, await asyncio.to_thread(sha256_of, fetched.path), fetched.name


async def _sent(front: Front, kept: KeptVideo, *, new: bool) -> Response:
    """Answer that a video is kept: 201 if it is new here, 200 if its bytes were here before."""
    found = await asyncio.to_thread(front.shop.library.find, kept.id)
    return JSONResponse(found.to_dict(), 201 if new else 200, {"Location": f"/v1/videos/{kept.id}"})


def _media_type(kept: KeptVideo) -> str:
    import mimetypes

    guessed = mimetypes.guess_type(kept.path.name)[0] or ""
    return guessed if guessed.startswith("video/") or guessed == "image/gif" else "application/octet-stream"


def _change(front: Front, text: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Set what a body names: `name`, where null gives back the one that it came with, and all `labels`."""
    refuse_others(values, ("name", "labels"))
    name = values.get("name")
    if name is not None and not isinstance(name, str):
        raise InputError(f"name must be a text or null, got {name!r:.60}")
    wanted = texts_of(values, "labels") if "labels" in values else None
    library = front.shop.library
    video_id = library.find(text).id
    if values:
        library.catalogue.change_video(video_id, labels=wanted, name=(name or "") if "name" in values else None)
    try:
        return library.find(video_id).to_dict()
    except NotFoundError:  # it was deleted meanwhile, and nothing may be left of it
        library.catalogue.forget_video(video_id)
        raise
