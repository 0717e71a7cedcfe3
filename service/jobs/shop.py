"""What those who accept jobs and those who do them share: the database, the folders, the board."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trackspeak.service.database.catalogue import Catalogue
from trackspeak.service.database.engine import kept_open, open_database
from trackspeak.service.settings import Settings
from trackspeak.service.store.indexes import Indexes
from trackspeak.service.videos.kept import KeptVideos
from trackspeak.service.videos.listing import Library
from trackspeak.service.videos.uploads import Uploads

from .board import Board
from .folders import JobVideos, ResultFolders
from .job import Job
from .ledger import Ledger
from .queue import Queue, QueueLimits
from .retention import Retention


@dataclass(frozen=True, slots=True)
class Shop:
    """Everything about jobs in one process.

    Attributes:
        queue: accepts, hands out and ends jobs.
        ledger: knows what there is of them.
        videos: those whose files are kept.
        uploads: those that are coming in.
        own_videos: those that belong to one job.
        results: what came of jobs.
        library: all videos, with their indexes and what people say of them.
        retention: removes what has had its time.
        board: wakes those who wait.
    """

    queue: Queue
    ledger: Ledger
    videos: KeptVideos
    uploads: Uploads
    own_videos: JobVideos
    results: ResultFolders
    library: Library
    retention: Retention
    board: Board

    def video_of(self, job: Job) -> Path:
        """Give the file of a job's video.

        Raises:
            NotFoundError: if it is not kept.
            GoneError: if it no longer is.
        """
        if job.video_file is not None:
            return self.own_videos.path(job.id, job.video_file)
        return self.videos.get(job.request.video_id).path


@contextmanager
def opened_shop(settings: Settings) -> Iterator[Shop]:
    """Open the shop of an installation, and close its database at the end.

    Raises:
        OptionError: if the database's URL is wrong.
        OutputError: if the database cannot be made, reached or brought up to date.
    """
    limits = QueueLimits(
        settings.max_queued_jobs, settings.max_jobs_per_key, settings.keep_results_s, settings.job_lease_s
    )
    engine = open_database(settings)
    try:
        ledger = Ledger(engine)
        videos = KeptVideos(engine, settings.videos_folder, settings.keep_videos_s)
        uploads = Uploads(engine, settings.partial_uploads_folder, settings.keep_uploads_s)
        own_videos, results = JobVideos(settings.job_videos_folder), ResultFolders(settings.results_folder)
        library = Library(Catalogue(engine), videos, Indexes(settings.indexes_folder))
        retention = Retention(ledger, results, own_videos, videos, uploads)
        queue = Queue(engine, limits)
        with kept_open(engine):
            yield Shop(queue, ledger, videos, uploads, own_videos, results, library, retention, Board())
    finally:
        engine.dispose()
