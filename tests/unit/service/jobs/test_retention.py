"""What has had its time goes, what is needed stays, and nothing without a job is left."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from trackspeak.models.errors import GoneError, NotFoundError
from trackspeak.service.jobs.folders import JobVideos, ResultFolders
from trackspeak.service.jobs.job import Job, JobRequest
from trackspeak.service.jobs.ledger import TOMBSTONE_S, Ledger
from trackspeak.service.jobs.queue import Queue
from trackspeak.service.jobs.retention import Retention
from trackspeak.service.pipeline.video_info import VideoInfo
from trackspeak.service.videos.kept import KeptVideos, NewVideo
from trackspeak.service.videos.uploads import Uploads


@dataclass
class Place:
    """Everything that a sweep looks at."""

    retention: Retention
    results: ResultFolders
    own_videos: JobVideos
    videos: KeptVideos
    folder: Path

    def files(self) -> list[str]:
        found = (path for path in self.folder.rglob("*") if path.is_file() and path.name != ".lock")
        return sorted(path.relative_to(self.folder).as_posix() for path in found)

    def keep_result(self, job_id: str) -> None:
        with self.results.staged(job_id) as stage:
            stage.mkdir()
            (stage / "result.json").write_text("{}")
            self.results.keep(stage)


@pytest.fixture
def place(engine: Engine, ledger: Ledger, tmp_path: Path, clock: Any) -> Place:
    folder = tmp_path / "files"
    folder.mkdir()
    results, own_videos = ResultFolders(folder / "results"), JobVideos(folder / "job-videos")
    videos = KeptVideos(engine, folder / "videos", 100.0, clock)
    uploads = Uploads(engine, folder / "parts", 100.0, clock)
    return Place(Retention(ledger, results, own_videos, videos, uploads), results, own_videos, videos, folder)


def done(queue: Queue, place: Place, request: JobRequest, video: Path, *, waited: bool = False) -> Job:
    """Accept a job with a video of its own, and do it."""
    placed = place.own_videos
    job, _ = queue.submit(request, "anna", waited=waited, place=lambda job_id: placed.place(video, job_id))
    claim = queue.claim()
    assert claim is not None
    place.keep_result(job.id)
    queue.finish(claim)
    return job


def test_a_result_whose_time_is_over_goes_and_is_said_to_be_gone(
    queue: Queue, ledger: Ledger, place: Place, request_for: Callable[..., JobRequest], file: Path, clock: Any
) -> None:
    job = done(queue, place, request_for(), file)
    assert len(place.files()) == 2
    place.retention.sweep(0)
    assert len(place.files()) == 2  # its time is not over
    clock.now_s += 61
    place.retention.sweep(0)
    assert place.files() == []
    buried = ledger.get(job.id)
    assert (buried.expired, buried.state, buried.request.queries, ledger.events(job.id)) == (True, "succeeded", (), [])
    assert queue.counts()["succeeded"] == 0
    clock.now_s += TOMBSTONE_S + 1
    place.retention.sweep(0)
    with pytest.raises(NotFoundError):
        ledger.get(job.id)


def test_a_result_that_nobody_fetched_who_waited_for_it_leaves_no_trace(
    queue: Queue, ledger: Ledger, place: Place, request_for: Callable[..., JobRequest], file: Path, clock: Any
) -> None:
    job = done(queue, place, request_for(), file, waited=True)
    clock.now_s += 61
    place.retention.sweep(0)
    assert place.files() == []
    with pytest.raises(NotFoundError):
        ledger.get(job.id)


def test_what_no_job_has_is_removed(
    queue: Queue, place: Place, request_for: Callable[..., JobRequest], file: Path, tmp_path: Path
) -> None:
    place.keep_result("0" * 32)
    place.own_videos.place(file, "1" * 32)
    waiting, _ = queue.submit(request_for(), "anna")
    place.keep_result(waiting.id)  # as a worker leaves it that is killed before it says so
    place.retention.sweep(60)
    assert place.files() == [f"job-videos/{'1' * 32}/video.mp4", f"results/{waiting.id}/result.json"]
    place.retention.sweep(0)
    assert place.files() == [f"results/{waiting.id}/result.json"]
    queue.cancel(waiting.id)
    place.retention.sweep(0)
    assert place.files() == []


def test_a_video_that_a_job_needs_stays(
    queue: Queue, place: Place, request_for: Callable[..., JobRequest], file: Path, clock: Any
) -> None:
    video = NewVideo(file, "cd" * 32, "street.mp4", VideoInfo(64, 48, 25.0))
    place.videos.add(video, "anna")
    queue.submit(request_for(video="cd" * 32), "anna")
    clock.now_s += 101
    place.retention.sweep()
    assert place.videos.get("cd" * 32).name == "street.mp4"
    claim = queue.claim()
    assert claim is not None
    queue.finish(claim)
    place.retention.sweep()
    with pytest.raises(GoneError):
        place.videos.get("cd" * 32)


def test_a_staged_result_is_not_there_before_it_is_kept(place: Place) -> None:
    with place.results.staged("2" * 32) as stage:
        stage.mkdir()
        (stage / "result.json").write_text("{}")
        assert place.results.ids() == []
    assert place.files() == []
    for _ in range(2):  # the second takes the first one's place
        place.keep_result("2" * 32)
        assert place.results.ids() == ["2" * 32]
    place.results.remove("2" * 32)
    place.results.remove("2" * 32)
    assert place.files() == []
