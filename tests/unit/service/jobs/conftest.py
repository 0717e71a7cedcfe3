"""A queue whose clock the test turns."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from trackspeak.service.jobs.job import JobRequest
from trackspeak.service.jobs.ledger import Ledger
from trackspeak.service.jobs.queue import Queue, QueueLimits


@dataclass
class Clock:
    """Gives the time that the test says."""

    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_queue(engine: Engine, clock: Clock) -> Callable[..., Queue]:
    """Make a queue: `make_queue(max_queued=2)`."""

    def make(**changes: float) -> Queue:
        limits = {"max_queued": 100, "max_jobs_per_key": 50, "keep_s": 60.0, "lease_s": 10.0, **changes}
        return Queue(engine, QueueLimits(**limits), clock)  # type: ignore[arg-type]

    return make


@pytest.fixture
def queue(make_queue: Callable[..., Queue]) -> Queue:
    return make_queue()


@pytest.fixture
def ledger(engine: Engine, clock: Clock) -> Ledger:
    return Ledger(engine, clock)


def wanted(text: str = "a car", kind: str = "track", video: str = "ab" * 32) -> JobRequest:
    return JobRequest(kind, video, "street.mp4", (text,))  # type: ignore[arg-type]


@pytest.fixture
def request_for() -> Callable[..., JobRequest]:
    """Make a request: `request_for("a red car")`."""
    return wanted


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that may be moved away."""
    path = tmp_path / "in.mp4"
    path.write_bytes(b"video")
    return path
