"""The routes about videos that were indexed: list, name, label, ask, delete."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

from trackspeak.models.errors import InputError, NotFoundError, OptionError

from ..finding import catalogued, find_video, shown_name, videos_with
from ..forgetting import forget_index, forget_video
from ..limits import check_queries
from ..options import RunOptions, parse_run_options
from ..plugin_files import check_named_files
from ..settings import Settings
from ..store.index_file import IndexSummary
from ..store.indexes import Indexes
from ..tasks import AskTask, ExportTo, Task
from . import openapi
from .context import JSON_FORMAT, Context, answered, read_object, refuse_others, texts_of

ASK_OPTIONS: Final = (
    "calibrator",
    "set",
    "threshold",
    "min_probability",
    "top",
    "near_misses",
    "protocol",
    "first_frame",
)
"""The options of a run that are about asking."""


def add_video_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of this module."""
    settings = context.settings

    @app.get("/v1/videos", summary="List the indexed videos", **openapi.videos_route())
    async def get_videos(label: list[str] = Query(default_factory=list)) -> Response:  # noqa: B008 as FastAPI has it
        return JSONResponse(await asyncio.to_thread(_videos, settings, label))

    @app.get("/v1/videos/{video}", summary="Show a video", **openapi.video_route())
    async def get_video(video: str) -> Response:
        return JSONResponse(await asyncio.to_thread(_video, settings, video))

    @app.patch("/v1/videos/{video}", summary="Name and label a video", **openapi.change_route())
    async def patch_video(video: str, request: Request) -> Response:
        values = await read_object(request, context.limits)
        return JSONResponse(await asyncio.to_thread(_change, settings, video, values))

    @app.delete("/v1/videos/{video}", summary="Delete all that is kept of a video", **openapi.delete_route())
    async def delete_video(video: str) -> Response:
        await context.delete(lambda: forget_video(settings, find_video(settings, video).video.sha256))
        return Response(status_code=204)

    @app.post("/v1/videos/{video}/queries", summary="Ask an indexed video", **openapi.queries_route(ASK_OPTIONS))
    async def post_queries(video: str, request: Request, format: str = JSON_FORMAT) -> Response:  # noqa: A002
        values = await read_object(request, context.limits)
        refuse_others(values, ("queries", "index", "options"))
        queries = check_queries(texts_of(values, "queries"), context.limits)
        options = _ask_options(values.get("options", {}))
        await asyncio.to_thread(check_named_files, options, settings.plugin_files)
        index_id = await asyncio.to_thread(_index_of, settings, video, values.get("index"))

        def make(export: ExportTo | None) -> Task:
            return AskTask(index_id, tuple(queries), options, export)

        return await answered(context.asking, request, make, format)

    @app.delete("/v1/indexes/{index}", summary="Delete an index", **openapi.delete_route())
    async def delete_index(index: str) -> Response:
        await context.delete(lambda: forget_index(settings, index))
        return Response(status_code=204)

    @app.get("/v1/indexes/{index}/tracks/{track}/thumbnail", summary="Picture of a track", **openapi.thumbnail_route())
    async def get_thumbnail(index: str, track: int) -> Response:
        picture = await asyncio.to_thread(Indexes(settings.indexes_folder).thumbnail, index, track)
        # an index never changes, but it can be deleted
        return Response(picture.jpeg, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


def _videos(settings: Settings, labels: Sequence[str]) -> list[dict[str, Any]]:
    """List videos by name, those that have all of some labels."""
    said = catalogued(settings)
    labelled = videos_with(said, labels)
    videos: dict[str, list[IndexSummary]] = {}
    for one in Indexes(settings.indexes_folder):
        videos.setdefault(one.video.sha256, []).append(one)
    listed = []
    for sha256, indexes in videos.items():
        own = said[sha256].labels if sha256 in said else ()
        if not labels or sha256 in labelled:
            listed.append(_shown(indexes, shown_name(indexes[0], said), own))
    return sorted(listed, key=lambda video: (video["name"], video["id"]))


def _video(settings: Settings, text: str) -> dict[str, Any]:
    sha256 = find_video(settings, text).video.sha256
    for video in _videos(settings, ()):
        if video["id"] == sha256:
            return video
    raise NotFoundError("video", text, ())  # it was deleted meanwhile


def _shown(indexes: Sequence[IndexSummary], name: str, labels: Sequence[str]) -> dict[str, Any]:
    facts = indexes[0].video
    return {
        "id": facts.sha256,
        "name": name,
        "labels": list(labels),
        "frames": facts.frames,
        "fps": round(facts.frame_rate, 6),
        "width": facts.width,
        "height": facts.height,
        "duration_s": round(facts.duration_s, 6),
        "indexes": [{"id": one.id, "profile": one.profile, "tracks": one.tracks} for one in indexes],
    }


def _change(settings: Settings, text: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Set what a body names: `name`, where null gives back the one that was indexed, and all `labels`."""
    refuse_others(values, ("name", "labels"))
    name = values.get("name")
    if name is not None and not isinstance(name, str):
        raise InputError(f"name must be a text or null, got {name!r:.60}")
    wanted = texts_of(values, "labels") if "labels" in values else None
    sha256 = find_video(settings, text).video.sha256
    if not values:
        return _video(settings, sha256)
    from ..database.catalogue import open_catalogue

    with open_catalogue(settings) as catalogue:
        catalogue.change_video(sha256, labels=wanted, name=(name or "") if "name" in values else None)
        try:
            return _video(settings, sha256)
        except NotFoundError:  # it was deleted meanwhile, and nothing may be left of it
            catalogue.forget_video(sha256)
            raise


def _ask_options(values: object) -> RunOptions:
    """Take the options of a question."""
    if not isinstance(values, dict):
        raise OptionError(f"options must be a JSON object, got {values!r:.60}")
    for key in values:
        if key not in ASK_OPTIONS:
            raise OptionError(
                f"options: {key!r} is none of a question to an index; there are: {', '.join(ASK_OPTIONS)}"
            )
    return parse_run_options(values)


def _index_of(settings: Settings, video: str, index: object) -> str:
    """Give the index of a video that is asked: the one named, or the only one."""
    found = find_video(settings, video)
    own = [one.id for one in Indexes(settings.indexes_folder) if one.video.sha256 == found.video.sha256]
    if not own:
        raise NotFoundError("video", video, ())  # it was deleted meanwhile
    if index is None:
        if video in own:
            return video
        if len(own) != 1:
            raise OptionError(f"index must name one of the video's indexes, which are: {', '.join(own)}")
        return own[0]
    if index not in own:
        raise OptionError(f"index must be one of the video's, {', '.join(own)}; got {index!r:.80}")
    return str(index)
