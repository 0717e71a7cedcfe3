"""The route that takes a video and sentences and gives the answer, at once or as a job."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from trackspeak.models.errors import InputError

from ..formats.atomic import RESULT_FILE
from ..formats.exports import find_export
from ..front import Front
from ..incoming import upload_folder
from ..jobs.job import Job, JobRequest
from ..pipeline.decode import probe_video
from ..pipeline.video_info import VideoInfo
from ..videos.kept import NewVideo
from . import openapi
from .access import Writer
from .context import JSON_FORMAT, Context, as_object, front_of
from .form import TrackForm
from .jobs import accepted
from .upload import receive_form


def add_track_route(app: FastAPI, context: Context) -> None:
    """Add the route of this module."""
    settings, limits = context.settings, context.limits

    @app.post("/v1/track", summary="Find the tracks that sentences refer to", **openapi.track_route())
    async def post_track(
        request: Request,
        principal: Writer,
        format: str = JSON_FORMAT,  # noqa: A002 its name in the URL
    ) -> Response:
        find_export(format)
        front = front_of(request)
        with context.places.taken(principal.key_id), upload_folder(request.state.uploads) as folder:
            form = await receive_form(request, folder, limits)
            # What the job would fail for, here: so that a bad request need not wait for its turn
            options = as_object("options", form.options or "{}")
            queries = await asyncio.to_thread(front.check, form.queries, options)
            later = form.video_bytes > settings.async_bytes or _asks_for_job(request)
            wanted = JobRequest(
                "track", form.video_sha256, form.video_name, queries, options, None if later else format
            )
            if not later and await request.is_disconnected():
                raise InputError("the caller hung up before the work began")
            video = await asyncio.to_thread(_new_video, form, front, look=later)
            job = await asyncio.to_thread(front.submit_track, video, wanted, principal, waited=not later)
        return accepted(job, request) if later else await _answered(front, job, request, format)


async def _answered(front: Front, job: Job, request: Request, export_format: str) -> Response:
    """Wait for a job, give its answer, and remove it."""
    export = find_export(export_format)
    try:
        folder = await front.answer(job, request.is_disconnected)
        if export_format == JSON_FORMAT:
            text = await asyncio.to_thread((folder / RESULT_FILE).read_bytes)
            return Response(text, media_type=export.media_type, background=BackgroundTask(front.forget, job))
    except BaseException:
        await front.forget(job)
        raise
    path = folder / export.file_name
    gone = BackgroundTask(front.forget, job)
    return FileResponse(path, media_type=export.media_type, filename=export.file_name, background=gone)


def _new_video(form: TrackForm, front: Front, *, look: bool) -> NewVideo:
    """Give what came; whoever does not wait for the answer hears at once if it is no video."""
    info = probe_video(form.video, front.limits) if look else VideoInfo(0, 0, 0.0)
    return NewVideo(form.video, form.video_sha256, form.video_name, info)


def _asks_for_job(request: Request) -> bool:
    """Whether the caller would rather not wait (RFC 7240)."""
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    return any(one.partition(";")[0].strip().lower() == "respond-async" for one in preferences)
