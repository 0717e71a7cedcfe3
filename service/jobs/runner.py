"""Has jobs done, one after the other, in a worker process: what happens to either is the other's no trouble."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from trackspeak.models.errors import OutputError, StoppedError, TrackspeakError, WorkerError
from trackspeak.service.problems import problem_of, without_folders
from trackspeak.service.settings import Settings
from trackspeak.service.tasks import JobTask, News
from trackspeak.service.telemetry.context import continuing
from trackspeak.service.telemetry.measured import Measured
from trackspeak.service.worker import Worker

from .claims import Claim, Order
from .job import JobError
from .shop import Shop

_LOOK_S: Final = 0.5
"""How often the queue is asked for a job that another process accepted, and told of one that is being done."""

_PAUSE_S: Final = 1.0
"""Between two tries where the database or the disk fails."""

_log = logging.getLogger(__name__)
_Given = TypeVar("_Given")


class Runner:
    """Takes jobs from the queue and has a worker process do them, in a thread of its own.

    Args:
        shop: what runners share.
        worker: the process, one for each device.
    """

    def __init__(self, shop: Shop, worker: Worker) -> None:
        """Start nothing yet."""
        self._shop = shop
        self.worker = worker
        self._wake = threading.Event()
        self._draining = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to take jobs."""
        self._draining.clear()
        self.worker.start()
        self._thread = threading.Thread(target=self._run, name="runner", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be a job."""
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Whether jobs are taken."""
        return self._thread is not None and self._thread.is_alive() and not self._draining.is_set()

    def drain(self) -> None:
        """Take no more jobs, and hand back the one that is being done; nothing is waited for."""
        self._draining.set()
        self._wake.set()
        self.worker.end()
        self._shop.board.post_all()

    def stop(self) -> None:
        """Drain, and wait until the thread and the process are gone."""
        self.drain()
        if self._thread is not None:
            self._thread.join()
        self.worker.stop()

    def _run(self) -> None:
        while not self._draining.is_set():
            try:
                claim = self._shop.queue.claim()
                if claim is not None:
                    with continuing(replace(claim.job.request.origin, job_id=claim.job.id)):
                        self._do(claim)
                else:
                    self._wake.wait(_LOOK_S)
                    self._wake.clear()
            except TrackspeakError as error:  # the database or the disk, which may come back
                _log.error("the queue cannot be used: %s", error)
                self._draining.wait(_PAUSE_S)
            except Exception:  # noqa: BLE001 one job must not end all others
                _log.exception("unexpected error")
                self._draining.wait(_PAUSE_S)

    def _do(self, claim: Claim) -> None:
        """Have one job done, and say how it ended."""
        job = claim.job
        _log.info("job %s begins", job.id)
        following = _Following(self._shop, claim, self._draining)
        try:
            self._have_done(claim, following)
        except (WorkerError, StoppedError) as error:
            self._end_unfinished(claim, following, str(error).partition(";")[0])
        except TrackspeakError as error:
            _log.warning("job %s failed: %s: %s", job.id, error.code, error)
            self._fail(claim, error)
        except Exception:  # noqa: BLE001 a mistake of ours must not be done again and again
            _log.exception("job %s failed", job.id)
            self._fail(claim, TrackspeakError())
        _log.info("job %s ended", job.id)
        self._shop.board.post(job.id)

    def _fail(self, claim: Claim, error: TrackspeakError) -> None:
        told = JobError(error.code, without_folders(problem_of(error)["detail"]))
        self._insist(lambda: self._shop.queue.finish(claim, told))

    def _end_unfinished(self, claim: Claim, following: _Following, why: str) -> None:
        """Say what is to become of a job that the worker process has given up, or that it died of."""
        queue = self._shop.queue
        if following.order == "cancel":
            self._insist(lambda: queue.finish(claim, cancelled=True))
        elif self._draining.is_set():
            self._insist(lambda: queue.give_back(claim))
        elif following.order != "lost":
            _log.error("job %s: %s", claim.job.id, why)
            self._insist(lambda: queue.give_back(claim, why))

    def _have_done(self, claim: Claim, following: _Following) -> None:
        job, results = claim.job, self._shop.results
        video = self._shop.video_of(job)
        with results.staged(job.id) as folder:
            task = JobTask(job.id, job.request, video, folder, keep=not job.waited)
            self.worker.do(task, following)
            self._insist(following.ended)
            self._insist(lambda: self._shop.queue.finish(claim, before=lambda: results.keep(folder)))

    def _insist(self, call: Callable[[], _Given]) -> _Given:
        """Do something with the database, again and again where it fails, until the service is drained.

        Raises:
            OutputError: if it failed until then.
        """
        while True:
            try:
                return call()
            except OutputError as error:
                if self._draining.is_set():
                    raise
                _log.error("the database cannot be used: %s", error)
                self._draining.wait(_PAUSE_S)


class _Following:
    """Follows a job for the queue: tells it how far it is, and hears whether it is still wanted."""

    def __init__(self, shop: Shop, claim: Claim, draining: threading.Event) -> None:
        self.order: Order = "go on"
        self._shop, self._claim, self._draining = shop, claim, draining
        self._news: News | None = None
        self._asked = self._known = claim.job.request.more
        self._said_s = time.monotonic()

    def told(self, news: News) -> None:
        """Hear from the worker; a preview that was not passed on yet is kept."""
        if news.partial is None and self._news is not None:
            news = News(news.progress, self._news.partial)
        self._news = news

    def wanted(self) -> bool:
        """Pass on what was heard, now and then; whether the job is still to be done."""
        now_s = time.monotonic()
        if self.order == "go on" and now_s - self._said_s >= _LOOK_S:
            self._said_s = now_s
            news, self._news = self._news, None
            try:
                heard = (None, None) if news is None else (news.progress, news.partial)
                said = self._shop.queue.hear(self._claim, *heard)
                self.order, self._asked = said.order, said.more
            except OutputError as error:  # it may come back before the lease is over
                _log.error("the database cannot be used: %s", error)
            else:
                if news is not None:
                    self._shop.board.post(self._claim.job.id)
        return self.order == "go on" and not self._draining.is_set()

    def also_asked(self) -> tuple[str, ...]:
        """Give the sentences that came since it was asked last."""
        new = tuple(text for text in self._asked if text not in self._known)
        self._known += new
        return new

    def ended(self) -> None:
        """Pass on what was heard last."""
        if self._news is not None:
            self._shop.queue.hear(self._claim, self._news.progress, self._news.partial)


def make_runners(settings: Settings, shop: Shop, report: Callable[[Measured], None] | None = None) -> list[Runner]:
    """Make the runners of a process: one for each device; none where others do the jobs.

    Args:
        settings: of the service.
        shop: what runners share.
        report: told what each job took.
    """
    if not settings.run_jobs:
        return []
    devices = [None] if settings.devices == "auto" else settings.devices.split(",")
    return [Runner(shop, Worker(settings, device, report)) for device in devices]
