"""The calls of `TrackSpeak`."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from functools import partial
from pathlib import Path

from trackspeak.models.errors import TrackspeakError

from ..access.principal import Principal
from ..formats.atomic import RESULT_FILE
from ..front import Front
from ..incoming import IncomingVideo, upload_folder
from ..index_question import index_question
from ..jobs.job import Job, JobEvent, JobRequest
from ..pipeline.decode import probe_video
from ..pipeline.video_info import VideoInfo
from ..plugin_listing import shown_plugins
from ..shared import Shared
from ..videos.kept import NewVideo
from .calls import Caller, Calls, Context, readable
from .generated import trackspeak_pb2 as pb
from .generated.trackspeak_pb2_grpc import TrackSpeakServicer
from .messages import event_message, job_message, plugin_message, result_message, struct_to_dict
from .receiving import Order, Requests, in_time, receive_order, receive_video


class Servicer(TrackSpeakServicer):
    """Answers the calls; `trackspeak.proto` says what each does.

    Args:
        shared: with HTTP.
        calls: what stands around each.
    """

    def __init__(self, shared: Shared, calls: Calls) -> None:
        self._shared, self._front, self._calls = shared, shared.front, calls

    async def Track(self, requests: Requests, context: Context) -> None:
        """Answer sentences about a video that is sent, or accept a job that does."""
        async with self._calls.answering("Track", context) as principal:
            job = await self._accepted(requests, principal)
            if not job.waited:
                await context.write(pb.TrackUpdate(job=job_message(job)))
                return
            try:
                folder = await self._front.answer(job, Caller(context).is_disconnected, partial(_tell, context))
                await context.write(await asyncio.to_thread(_result_update, folder))
            finally:
                await self._front.forget(job)

    async def Ask(self, request: pb.AskRequest | None, context: Context) -> pb.Result:
        """Answer sentences about a video that is indexed."""
        async with self._calls.answering("Ask", context):
            wanted = readable(request)
            index = wanted.index if wanted.HasField("index") else None
            asked = tuple(wanted.queries), struct_to_dict(wanted.options)
            question = await asyncio.to_thread(index_question, self._front, wanted.video, index, *asked)
            text = await self._shared.asking.do(Caller(context), question)
            return await asyncio.to_thread(lambda: result_message(json.loads(text)))

    async def ListPlugins(self, request: pb.ListPluginsRequest | None, context: Context) -> pb.ListPluginsResponse:
        """List the plugins."""
        async with self._calls.answering("ListPlugins", context):
            readable(request)
            plugins = await asyncio.to_thread(shown_plugins)
            return pb.ListPluginsResponse(plugins=[plugin_message(plugin) for plugin in plugins])

    async def GetJob(self, request: pb.GetJobRequest | None, context: Context) -> pb.Job:
        """Show a job."""
        async with self._calls.answering("GetJob", context) as principal:
            wanted = readable(request)
            job = await asyncio.to_thread(self._front.job, wanted.job_id, principal)
            ahead = await asyncio.to_thread(self._front.shop.ledger.ahead, job) if job.state == "queued" else None
            return job_message(job, ahead)

    async def CancelJob(self, request: pb.CancelJobRequest | None, context: Context) -> pb.Job:
        """Cancel a job."""
        async with self._calls.answering("CancelJob", context) as principal:
            wanted = readable(request)
            return job_message(await asyncio.to_thread(self._front.cancel, wanted.job_id, principal))

    async def WatchJob(self, request: pb.WatchJobRequest | None, context: Context) -> None:
        """Follow a job until it has ended, and give what came of it."""
        async with self._calls.answering("WatchJob", context) as principal:
            wanted = readable(request)
            job = await asyncio.to_thread(self._front.job, wanted.job_id, principal)
            async for event in self._front.events(job.id, wanted.after):
                await _tell(context, event)
            folder = self._front.result_folder(await asyncio.to_thread(self._front.job, job.id, principal))
            if job.request.kind == "track":
                await context.write(await asyncio.to_thread(_result_update, folder))

    async def _accepted(self, requests: Requests, principal: Principal) -> Job:
        """Receive an order and its video, and have them accepted."""
        shared, front = self._shared, self._front
        with shared.places.taken(principal.key_id), upload_folder(shared.uploads) as folder:
            coming = in_time(requests, front.settings.upload_stall_s)
            order = await receive_order(coming, front)
            video = await receive_video(coming, folder, order, front)
            submitting = asyncio.ensure_future(asyncio.to_thread(_submit, front, order, video, principal))
            try:
                return await asyncio.shield(submitting)
            except asyncio.CancelledError:  # nobody will hear of a job that is being accepted right now
                with suppress(TrackspeakError):
                    await front.forget(await submitting)
                raise


def _submit(front: Front, order: Order, video: IncomingVideo, principal: Principal) -> Job:
    """Have a video accepted; whoever does not wait for the answer hears at once if it is none."""
    info = probe_video(video.path, front.limits) if order.as_job else VideoInfo(0, 0, 0.0)
    request = JobRequest("track", video.sha256, video.name, order.queries, order.options)
    new = NewVideo(video.path, video.sha256, video.name, info)
    return front.submit_track(new, request, principal, waited=not order.as_job)


async def _tell(context: Context, event: JobEvent) -> None:
    await context.write(event_message(event))


def _result_update(folder: Path) -> pb.TrackUpdate:
    return pb.TrackUpdate(result=result_message(json.loads((folder / RESULT_FILE).read_bytes())))
