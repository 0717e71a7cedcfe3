"""The routes about jobs."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event

from trackspeak.models.errors import NotFoundError, OptionError

from ..formats.atomic import RESULT_FILE
from ..formats.exports import find_export
from ..formats.write import VIDEO_FILE
from ..front import Front
from ..jobs.job import Job, State, iso_time
from ..jobs.ledger import Chosen
from ..tasks import DrawTask, ExportTask, ExportTo, Task
from . import openapi_jobs as openapi
from .access import Reader, Writer
from .context import JSON_FORMAT, Context, answered, front_of, read_object, refuse_others, texts_of

_KEEP_ALIVE_S: Final = 15.0
_MOST_LISTED: Final = 200
_HIGHEST: Final = 2**63 - 1
"""The highest number that a database counts up to."""


def add_job_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of this module."""
    _add_listing_routes(app, context)
    _add_result_routes(app, context)


def _add_listing_routes(app: FastAPI, context: Context) -> None:
    """Add the routes that tell of jobs."""

    @app.get("/v1/jobs", summary="List your jobs, the newest first", **openapi.jobs_route())
    async def get_jobs(
        request: Request,
        principal: Reader,
        state: State | None = None,
        video: str | None = None,
        cursor: Annotated[int | None, Query(ge=1, le=_HIGHEST)] = None,
        top: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 50,
    ) -> Response:
        whose = None if principal.may("admin") else principal.key_id
        chosen = Chosen(whose, state, video, cursor, top)
        found = await asyncio.to_thread(front_of(request).shop.ledger.find, chosen)
        following = found[-1].number if len(found) == top else None
        return JSONResponse({"jobs": [job_to_dict(job) for job in found], "next": following})

    @app.get("/v1/jobs/{job}", summary="Show a job", **openapi.job_route())
    async def get_job(job: str, request: Request, principal: Reader) -> Response:
        front = front_of(request)
        found = await asyncio.to_thread(front.job, job, principal)
        ahead = await asyncio.to_thread(front.shop.ledger.ahead, found) if found.state == "queued" else None
        return JSONResponse({**job_to_dict(found), "ahead": ahead})

    @app.post("/v1/jobs/{job}/cancel", summary="Cancel a job", **openapi.cancel_route())
    async def post_cancel(job: str, request: Request, principal: Writer) -> Response:
        found = await asyncio.to_thread(front_of(request).cancel, job, principal)
        return JSONResponse(job_to_dict(found), 200 if found.ended else 202)

    @app.post("/v1/jobs/{job}/queries", summary="Ask while an index is made", **openapi.queries_route())
    async def post_queries(job: str, request: Request, principal: Reader) -> Response:
        body = await read_object(request, context.limits)
        refuse_others(body, ("queries",))
        queries = texts_of(body, "queries")
        return JSONResponse(job_to_dict(await asyncio.to_thread(front_of(request).ask_also, job, queries, principal)))

    @app.get("/v1/jobs/{job}/events", summary="Follow a job", **openapi.events_route())
    async def get_events(job: str, request: Request, principal: Reader) -> Response:
        front = front_of(request)
        found = await asyncio.to_thread(front.job, job, principal)
        after = _last_event(request)
        if found.ended and not await asyncio.to_thread(front.shop.ledger.events, job, after):
            return Response(status_code=204)  # which tells a browser not to come again
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_stream(front, job, after), media_type="text/event-stream", headers=headers)


def _add_result_routes(app: FastAPI, context: Context) -> None:
    """Add the routes about what came of jobs."""

    @app.get("/v1/jobs/{job}/result", summary="What came of a job", **openapi.result_route())
    async def get_result(job: str, request: Request, principal: Reader, format: str = JSON_FORMAT) -> Response:  # noqa: A002
        export = find_export(format)
        front = front_of(request)
        found = await asyncio.to_thread(front.job, job, principal)
        folder = front.result_folder(found)
        if format == JSON_FORMAT:
            return FileResponse(folder / RESULT_FILE, media_type=export.media_type)
        _want_answer(found)

        def make(target: ExportTo | None) -> Task:
            return ExportTask(found.request, folder, target or ExportTo(format, folder / export.file_name))

        return await answered(context.asking, request, make, format)

    @app.get("/v1/jobs/{job}/video", summary="The video with the answer drawn in", **openapi.drawn_route())
    async def get_video(job: str, request: Request, principal: Reader) -> Response:
        front = front_of(request)
        found = await asyncio.to_thread(front.job, job, principal)
        path = front.result_folder(found) / VIDEO_FILE
        _want_answer(found)
        if not path.is_file():
            await context.drawing.do(request, DrawTask(found.request, front.shop.video_of(found), path.parent, path))
        return FileResponse(path, media_type="video/mp4", filename=VIDEO_FILE, content_disposition_type="inline")


def accepted(job: Job, request: Request) -> Response:
    """Answer that a job was accepted."""
    headers = {"Location": f"/v1/jobs/{job.id}"}
    if "respond-async" in request.headers.get("prefer", "").lower():
        headers["Preference-Applied"] = "respond-async"
    return JSONResponse(job_to_dict(job), 202, headers)


def job_to_dict(job: Job) -> dict[str, Any]:
    """Give a job as plain JSON values."""
    return {
        "id": job.id,
        "kind": job.request.kind,
        "state": job.state,
        "video": job.request.video_id,
        "video_name": job.request.video_name,
        "queries": [*job.request.queries, *job.request.more],
        "options": dict(job.request.options),
        "created_at": iso_time(job.created_s),
        "started_at": iso_time(job.started_s),
        "ended_at": iso_time(job.ended_s),
        "expires_at": iso_time(job.expires_s),
        "expired": job.expired,
        "attempts": job.attempts,
        "progress": job.progress and job.progress.to_dict(),
        "error": job.error and {"code": job.error.code, "detail": job.error.detail},
    }


def _want_answer(job: Job) -> None:
    if job.request.kind != "track":
        raise OptionError(f"format must be json: job {job.id} made an index, which answers no sentence itself")


def _last_event(request: Request) -> int:
    """Read where a caller goes on who lost the connection."""
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id") or "0"
    if not re.fullmatch(r"\d{1,18}", text):
        raise OptionError(f"Last-Event-ID must be the number of an event, got {text!r:.40}")
    return int(text)


async def _stream(front: Front, job_id: str, after: int) -> AsyncIterator[bytes]:
    """Write events as a browser's EventSource reads them, and a sign of life where there are none."""
    events = front.events(job_id, after)
    coming: asyncio.Task[Any] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({coming}, timeout=_KEEP_ALIVE_S)
            if not done:
                yield format_sse_event(comment="still here")
                continue
            try:
                event = coming.result()
            except (StopAsyncIteration, NotFoundError):  # it has ended, or was removed
                return
            coming = None
            data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
            yield format_sse_event(data_str=data, event=event.kind, id=str(event.number))
    finally:
        if coming is not None:
            coming.cancel()
