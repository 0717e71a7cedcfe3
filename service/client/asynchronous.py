"""The client for event loops: as `Client`, with `await`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from trackspeak.models.errors import ServerError, TrackspeakError, WorkerError
from trackspeak.service.formats.atomic import replaced_file

from . import calls, sending
from .answers import Answers
from .calls import Call, Flow, Given, Progress, Reply
from .told import ENDED, Event, EventReader, JobStatus, Video
from .transport import PIECES_FROM, POLL_S, headers_of, no_answer, request_of


class AsyncClient:
    """A service, seen from Python; to be used in an `async with` block, or closed.

    Every method raises the error of `trackspeak.models.errors` that the service tells of, with its request id as a
    note, or `ServerError` if there is no service.

    Args:
        url: of the service, such as "http://127.0.0.1:8000".
        api_key: sent with each request.
        timeout_s: that one request may wait for an answer.
        transport: in place of the network.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout_s: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url, headers=headers_of(api_key), timeout=timeout_s, transport=transport
        )

    async def __aenter__(self) -> AsyncClient:
        """Give the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def upload(self, path: Path | str, *, progress: Progress | None = None) -> Video:
        """Send a video, unless the service has its bytes; large ones in pieces, which go on where they broke off."""
        file = Path(path)
        return await self._run(
            sending.upload(file, await asyncio.to_thread(sending.digest, file), PIECES_FROM, progress)
        )

    async def index(self, video: str, queries: Sequence[str] = (), **options: Any) -> JobStatus:
        """Have a video indexed that was sent; what the events tell answers the sentences while it is watched."""
        return await self._run(calls.index(video, queries, options))

    async def submit(self, path: Path | str, queries: Sequence[str], **options: Any) -> JobStatus:
        """Send a video and sentences; gives the job."""
        return await self._run(calls.submit(Path(path), queries, options))

    async def job(self, job_id: str) -> JobStatus:
        """Give a job as it is now."""
        return await self._run(calls.job(job_id))

    async def jobs(self, **params: Any) -> list[JobStatus]:
        """List your jobs, the newest first; `state`, `video`, `top` and `cursor` choose."""
        return await self._run(calls.jobs(params))

    async def cancel(self, job_id: str) -> JobStatus:
        """Cancel a job."""
        return await self._run(calls.cancel(job_id))

    async def ask_meanwhile(self, job_id: str, queries: Sequence[str]) -> JobStatus:
        """Ask more of a job that makes an index, while it does; its events tell what is found so far."""
        return await self._run(calls.ask_meanwhile(job_id, queries))

    async def events(self, job_id: str, after: int = 0) -> AsyncIterator[Event]:
        """Give what happens to a job until it has ended; goes on where it was after a broken connection."""
        tries = 0
        while True:
            try:
                async for event in self._events(job_id, after):
                    after, tries = event.number, 0
                    yield event
                    if event.data.get("state") in ENDED:
                        return
            except (httpx.TransportError, WorkerError) as error:
                failed = no_answer(error) if isinstance(error, httpx.TransportError) else error
            else:
                if (await self.job(job_id)).ended:
                    return
                failed = ServerError(f"the events of job {job_id} broke off")
            tries += 1
            if tries >= calls.TRIES:
                raise failed
            await asyncio.sleep(calls.FIRST_PAUSE_S)

    async def _events(self, job_id: str, after: int) -> AsyncIterator[Event]:
        call = Call("GET", f"/v1/jobs/{calls.quoted(job_id)}/events", headers={"Last-Event-ID": str(after)})
        reader = EventReader()
        with ExitStack() as opened:
            async with self._http.stream(**request_of(call, opened)) as response:
                if response.status_code >= httpx.codes.MULTIPLE_CHOICES:
                    await response.aread()
                    calls.check(call, Reply(response.status_code, response.headers, response.content))
                async for line in response.aiter_lines():
                    event = reader.take(line.rstrip("\n"))
                    if event is not None:
                        yield event

    async def wait(self, job_id: str, *, progress: Progress | None = None, timeout_s: float | None = None) -> JobStatus:
        """Wait until a job has ended.

        Args:
            job_id: of the job.
            progress: called with the frames done and expected.
            timeout_s: how long at most; None: for ever.

        Raises:
            TimeoutError: if it has not ended in time.
        """
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while not (now := await self.job(job_id)).ended:
            if progress is not None:
                progress(now.frames_done, now.frames_total or 0)
            if until_s is not None and time.monotonic() > until_s:
                raise TimeoutError(f"job {job_id} has not ended within {timeout_s:g} s")
            await asyncio.sleep(POLL_S)
        return now

    async def raw_result(self, job_id: str) -> bytes:
        """Give the result of a job as the service has written it."""
        return await self._run(calls.raw_result(job_id))

    async def result(self, job_id: str) -> Answers:
        """Give the answers of a job that has ended."""
        return calls.answers_in(await self.raw_result(job_id))

    async def track(
        self, path: Path | str, queries: Sequence[str], *, progress: Progress | None = None, **options: Any
    ) -> Answers:
        """Send a video and sentences, wait, and give the answers; whoever interrupts it cancels the job."""
        job = await self.submit(path, queries, **options)
        try:
            ended = await self.wait(job.id, progress=progress)
        except BaseException:
            with suppress(TrackspeakError):
                await self.cancel(job.id)
            raise
        error = calls.failed(ended)
        if error is not None:
            raise error
        return await self.result(job.id)

    async def ask(self, video: str, queries: Sequence[str], *, index: str | None = None, **options: Any) -> Answers:
        """Ask an indexed video: by its SHA-256, the beginning of it, or its name."""
        return await self._run(calls.ask(video, queries, index, options))

    async def search(self, query: str, **options: Any) -> Mapping[str, Any]:
        """Search all indexed videos; gives the answer as plain JSON values."""
        found: Mapping[str, Any] = await self._run(
            calls.ask_json(Call("POST", "/v1/search", json={"query": query, **options}))
        )
        return found

    async def videos(self, *labels: str) -> list[Video]:
        """List the videos that have all of some labels."""
        return await self._run(calls.videos(labels))

    async def video(self, video: str) -> Video | None:
        """Give a video; None if there is none."""
        return await self._run(calls.find_video(video))

    async def delete_video(self, video: str) -> None:
        """Delete a video, and all that was derived of it."""
        await self._run(calls.delete_video(video))

    async def plugins(self) -> list[Mapping[str, Any]]:
        """List the plugins, as plain JSON values."""
        found: list[Mapping[str, Any]] = await self._run(calls.ask_json(Call("GET", "/v1/plugins")))
        return found

    async def profiles(self) -> list[Mapping[str, Any]]:
        """List the profiles, as plain JSON values."""
        found: list[Mapping[str, Any]] = await self._run(calls.ask_json(Call("GET", "/v1/profiles")))
        return found

    async def export(self, job_id: str, export_format: str, path: Path | str) -> None:
        """Write the result of a job to a file in one of the service's formats, whole or not at all."""
        await self._download(
            Call("GET", f"/v1/jobs/{calls.quoted(job_id)}/result", params={"format": export_format}), Path(path)
        )

    async def annotated(self, job_id: str, path: Path | str) -> None:
        """Write the video with a job's answer drawn in to an MP4 file, whole or not at all."""
        await self._download(Call("GET", f"/v1/jobs/{calls.quoted(job_id)}/video"), Path(path))

    async def _download(self, call: Call, path: Path) -> None:
        try:
            with ExitStack() as opened, replaced_file(path) as partial, partial.open("wb") as file:
                async with self._http.stream(**request_of(call, opened), timeout=None) as response:
                    if response.status_code >= httpx.codes.MULTIPLE_CHOICES:
                        await response.aread()
                        calls.check(call, Reply(response.status_code, response.headers, response.content))
                    async for piece in response.aiter_bytes():
                        file.write(piece)
        except httpx.TransportError as error:
            raise no_answer(error) from error

    async def _run(self, flow: Flow[Given]) -> Given:
        """Send what a flow asks for until it is done."""
        try:
            call = next(flow)
            while True:
                try:
                    reply = await self._send(call)
                except TrackspeakError as error:
                    call = flow.throw(error)
                else:
                    call = flow.send(reply)
        except StopIteration as done:
            given: Given = done.value
            return given

    async def _send(self, call: Call) -> Reply:
        tries = 0
        while True:
            tries += 1
            try:
                reply = await self._once(call)
                calls.check(call, reply)
            except TrackspeakError as error:
                pause_s = calls.pause_before(call, error, tries)
                if pause_s is None:
                    raise
                await asyncio.sleep(pause_s)
            else:
                return reply

    async def _once(self, call: Call) -> Reply:
        try:
            with ExitStack() as opened:
                response = await self._http.request(**request_of(call, opened))
        except httpx.TransportError as error:
            raise no_answer(error) from error
        return Reply(response.status_code, response.headers, response.content)
