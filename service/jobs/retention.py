"""Removes what has had its time: results, videos and uploads, and what killed processes left."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Final

from trackspeak.models.errors import NotFoundError
from trackspeak.service.videos.kept import KeptVideos
from trackspeak.service.videos.uploads import Uploads

from .folders import JobVideos, ResultFolders
from .job import Job
from .ledger import TOMBSTONE_S, Ledger

LEFT_S: Final = 60.0
"""A file without a job is left over if it is older: a job comes right after its file."""

_log = logging.getLogger(__name__)


class Retention:
    """Sweeps; any number of processes may do so at once.

    Args:
        ledger: knows the jobs.
        results: have their results.
        own_videos: have the videos that belong to one job.
        videos: have the others.
        uploads: what is coming in.
    """

    def __init__(
        self, ledger: Ledger, results: ResultFolders, own_videos: JobVideos, videos: KeptVideos, uploads: Uploads
    ) -> None:
        self._ledger, self._results, self._own_videos = ledger, results, own_videos
        self._videos, self._uploads = videos, uploads

    def sweep(self, left_s: float = LEFT_S) -> None:
        """Remove all that has had its time.

        Args:
            left_s: how old a file must be that is without a job.

        Raises:
            OutputError: if something cannot be removed, or the database fails.
        """
        for job_id in self._ledger.overdue():
            with suppress(NotFoundError):  # another process swept it away
                self.bury(self._ledger.get(job_id))
        for video_id in self._videos.overdue():
            if not self._ledger.open_of_video(video_id):
                self._videos.expire(video_id)
        self._uploads.remove_overdue()
        self._remove_left(left_s)
        self._ledger.forget_old()
        self._videos.forget_old(TOMBSTONE_S)

    def bury(self, job: Job) -> None:
        """Remove what a job that ended has on the disk; that it was there stays known."""
        self._remove_files(job)
        if job.waited:
            self._ledger.forget([job.id])
        else:
            self._ledger.bury(job.id)

    def forget(self, job: Job) -> None:
        """Remove a job that ended, as if it had never been there."""
        self._remove_files(job)
        self._ledger.forget([job.id])

    def _remove_files(self, job: Job) -> None:
        self._results.remove(job.id)
        self._own_videos.remove(job.id)

    def _remove_left(self, left_s: float) -> None:
        for job_id in self._results.ids():
            if self._is_left(job_id):
                _log.info("the result of job %s is removed, which has none", job_id)
                self._results.remove(job_id)
        for job_id in self._own_videos.ids(left_s):
            if self._is_left(job_id, ended_too=False):
                _log.info("the video of job %s is removed, which has none", job_id)
                self._own_videos.remove(job_id)

    def _is_left(self, job_id: str, *, ended_too: bool = True) -> bool:
        """Whether files of a job are of no use: there is no such job, or it has no result."""
        try:
            job = self._ledger.get(job_id)
        except NotFoundError:
            return True
        return job.expired or (ended_too and job.state in ("failed", "cancelled"))
