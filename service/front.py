"""What callers may have done, whatever they speak: HTTP and gRPC stand before the same counter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trackspeak.models.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    NotFoundError,
    StoppedError,
    TrackspeakError,
    WorkerError,
)

from .access.principal import Principal
from .coming_true import comes_true
from .forgetting import forget_video
from .jobs.job import Job, JobEvent, JobRequest
from .jobs.ledger import Chosen
from .jobs.runner import Runner
from .jobs.shop import Shop
from .limits import Limits, check_queries
from .options import parse_run_options
from .plugin_files import check_named_files
from .problems import error_of
from .questions import parse_question
from .settings import Settings
from .videos.kept import KeptVideo, NewVideo
from .videos.listing import KnownVideo

_LOOK_S: Final = 2.0
"""How often a job is looked at that another process may be doing; what happens in this one is told at once."""

_ENDING_S: Final = 10.0
"""How long one who removes a job waits for it to end."""

_LOOK_ELSEWHERE_S: Final = 0.25
"""The same where this process does no jobs."""


@dataclass(frozen=True, slots=True)
class Front:
    """Accepts what is to be done, and tells what became of it.

    Attributes:
        settings: of the service.
        limits: what is accepted.
        shop: jobs and videos.
        runners: those of this process that do jobs.
    """

    settings: Settings
    limits: Limits
    shop: Shop
    runners: Sequence[Runner]

    def check(self, queries: Sequence[str], options: dict[str, Any]) -> tuple[str, ...]:
        """Refuse sentences and options that a job would fail for, before it is accepted.

        Returns:
            The sentences.

        Raises:
            OptionError: if an option is wrong, or names a file that it must not.
            QueryError: if a sentence or an expression is wrong.
        """
        chosen = parse_run_options(options)
        checked = check_queries(queries, self.limits)
        for text in checked:
            parse_question(text)
        check_named_files(chosen, self.settings.plugin_files)
        return checked

    def submit_track(self, video: NewVideo, request: JobRequest, principal: Principal, *, waited: bool) -> Job:
        """Accept a video and sentences.

        Args:
            video: a whole file, which becomes the job's.
            request: checked.
            principal: who calls.
            waited: whether the caller waits for the answer, and gets no job.

        Raises:
            BusyError: if too much waits.
            OutputError: if it cannot be written down.
        """
        self._refuse_after_end()
        job, _ = self.shop.queue.submit(
            request,
            principal.key_id,
            waited=waited,
            max_jobs=principal.quotas.max_jobs,
            place=lambda job_id: self.shop.own_videos.place(video.path, job_id),
        )
        self._wake()
        return job

    def submit_index(self, video_id: str, queries: Sequence[str], options: dict[str, Any], principal: Principal) -> Job:
        """Accept the wish to have a kept video indexed.

        Raises:
            NotFoundError: if the video is not kept.
            GoneError: if it no longer is.
            BusyError: if too much waits.
            OptionError: if an option is wrong.
            QueryError: if a sentence is wrong.
        """
        self._refuse_after_end()
        kept = self.shop.videos.get(video_id)
        checked: tuple[str, ...] = ()
        if queries:
            checked = self.check(queries, options)
        else:
            check_named_files(parse_run_options(options), self.settings.plugin_files)
        request = JobRequest("index", kept.id, kept.name, checked, options)
        job, _ = self.shop.queue.submit(request, principal.key_id, max_jobs=principal.quotas.max_jobs)
        self.shop.videos.touch(video_id)
        self._wake()
        return job

    def ask_also(self, job_id: str, queries: Sequence[str], principal: Principal) -> Job:
        """Have a job that makes an index answer more sentences while it does; gives the job.

        Raises:
            NotFoundError: if it is not the caller's.
            ConflictError: if it makes no index, or has ended.
            QueryError: if a sentence is wrong, or there would be too many.
        """
        job = self.job(job_id, principal)
        if job.request.kind != "index":
            raise ConflictError(f"job {job_id} makes no index, and answers what it was asked at the beginning")
        return self.shop.queue.ask_also(job.id, self.check(queries, {}), self.limits.max_queries)

    def keep_video(self, video: NewVideo, principal: Principal) -> tuple[KeptVideo, bool]:
        """Keep a video; gives it, and whether its bytes are new here.

        Raises:
            QuotaError: if the caller would have too much.
            OutputError: if it cannot be written.
        """
        most = principal.quotas.max_upload_bytes
        if most is None:
            most = self.settings.max_kept_bytes_per_key
        return self.shop.videos.add(video, principal.key_id, most)

    def own_video(self, text: str, principal: Principal) -> KnownVideo:
        """Find a video that a caller may delete: who sent it may, and an administrator.

        Raises:
            NotFoundError: if there is none.
            ForbiddenError: if somebody else sent it, or it was indexed on the server.
        """
        found = self.shop.library.find(text)
        if not principal.may("admin") and (found.kept is None or found.kept.key_id != principal.key_id):
            raise ForbiddenError(f"video {found.id} is not yours: to delete it the key must have the scope admin")
        return found

    def job(self, job_id: str, principal: Principal) -> Job:
        """Give a job of the caller, or anybody's to an administrator.

        Raises:
            NotFoundError: if there is none.
        """
        return self.shop.ledger.get(job_id, None if principal.may("admin") else principal.key_id)

    def cancel(self, job_id: str, principal: Principal) -> Job:
        """Cancel a job; one that has ended stays as it is.

        Raises:
            NotFoundError: if there is none.
        """
        job = self.job(job_id, principal)
        self.shop.queue.cancel(job.id)
        self.shop.board.post(job.id)
        return self.shop.ledger.get(job.id)

    def result_folder(self, job: Job) -> Path:
        """Give the folder of a job's result.

        Raises:
            GoneError: if its time is over.
            ConflictError: if it has not ended yet, or was cancelled.
            TrackspeakError: the error that it failed with.
        """
        if job.expired:
            raise GoneError(f"job {job.id}: its time is over and its result was removed")
        if job.error is not None:
            raise error_of(job.error.code, job.error.detail)
        if job.state == "cancelled":
            raise StoppedError(f"job {job.id} was cancelled")
        if job.state != "succeeded":
            raise ConflictError(f"job {job.id} is {job.state}: it has no result yet")
        return self.shop.results.of(job.id)

    async def answer(
        self,
        job: Job,
        is_gone: Callable[[], Awaitable[bool]],
        tell: Callable[[JobEvent], Awaitable[None]] | None = None,
    ) -> Path:
        """Wait for a job whose caller waits, and give the folder of its result.

        Args:
            job: of `submit_track`; `forget` it afterwards, in any case.
            is_gone: says whether the caller has hung up.
            tell: hears what happens to the job.

        Raises:
            StoppedError: if the caller has hung up, or the job was cancelled.
            TrackspeakError: the error that it failed with.
        """
        after = 0
        async for now in self._looks(job.id):
            if tell is not None:
                for event in await self._news(job.id, after):
                    after = event.number
                    await tell(event)
            if now.ended:
                return self.result_folder(now)
            self._refuse_after_end()
            if await is_gone():
                raise StoppedError("the caller hung up")
        raise StoppedError(f"job {job.id} is no longer there")

    async def forget(self, job: Job) -> None:
        """Remove a job whose caller has waited for it, with its files; one that is being done is cancelled first."""
        with suppress(TrackspeakError):  # what fails now is done by the next sweep
            await asyncio.to_thread(self._forget, job)

    def _forget(self, job: Job) -> None:
        self.shop.queue.cancel(job.id)
        if comes_true(lambda: self.shop.ledger.get(job.id).ended, _ENDING_S):
            self.shop.retention.forget(self.shop.ledger.get(job.id))

    async def events(self, job_id: str, after: int) -> AsyncIterator[JobEvent]:
        """Give what happens to a job after an event of this number, until it has ended."""
        async for now in self._looks(job_id):
            for event in await self._news(job_id, after):
                after = event.number
                yield event
            if now.ended:
                return

    async def _news(self, job_id: str, after: int) -> list[JobEvent]:
        return await asyncio.to_thread(self.shop.ledger.events, job_id, after)

    async def _looks(self, job_id: str) -> AsyncIterator[Job]:
        """Give a job whenever something may have happened to it."""
        pause_s = _LOOK_S if any(runner.alive for runner in self.runners) else _LOOK_ELSEWHERE_S
        with self.shop.board.watched(job_id) as news:
            while True:
                news.clear()
                yield await asyncio.to_thread(self.shop.ledger.get, job_id)
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), pause_s)

    def delete_video(self, video_id: str) -> None:
        """Delete a video, its indexes and jobs, and all that came of them.

        Raises:
            ConflictError: if a job of it does not end in time.
            OutputError: if something cannot be removed.
        """
        jobs = self.shop.ledger.find(Chosen(video_id=video_id, most=None))
        for job in jobs:
            self.shop.queue.cancel(job.id)
        if not comes_true(lambda: not self.shop.ledger.open_of_video(video_id), _ENDING_S):
            raise ConflictError(f"video {video_id}: a job of it has not ended yet; try again")
        for job in jobs:
            self.shop.retention.forget(job)
        self.shop.uploads.forget_video(video_id)
        self.shop.videos.delete(video_id)
        with suppress(NotFoundError):
            forget_video(self.settings, video_id)
        self.shop.library.catalogue.forget_video(video_id)

    @property
    def draining(self) -> bool:
        """Whether nothing new is accepted, since the service is being stopped."""
        return bool(self.runners) and not any(runner.alive for runner in self.runners)

    def _refuse_after_end(self) -> None:
        if self.draining:
            raise WorkerError("the service is being stopped; try again soon")

    def _wake(self) -> None:
        for runner in self.runners:
            runner.wake()
