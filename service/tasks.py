"""What the service asks its worker processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .formats.video import TimeSpan
from .jobs.job import JobRequest, Progress
from .options import RunOptions
from .search.asked import SearchOptions
from .videos.derived import Derived


@dataclass(frozen=True, slots=True)
class ExportTo:
    """A file to write an answer to, in place of the text of result.json.

    Attributes:
        format: a key of `EXPORTS`.
        path: the file.
    """

    format: str
    path: Path


@dataclass(frozen=True, slots=True)
class JobTask:
    """Watch a video, and answer or keep its index.

    Attributes:
        job_id: of the job.
        request: what it is to do.
        video: the file.
        folder: of this job alone, made by the one who does it: for `result.json` and what else comes of it.
        keep: whether the index goes there too, so that the result can be had in every format later.
    """

    job_id: str
    request: JobRequest
    video: Path
    folder: Path
    keep: bool


@dataclass(frozen=True, slots=True)
class DrawTask:
    """Draw the answer of a job into its video.

    Attributes:
        request: of the job.
        video: the file.
        folder: of the job.
        path: the MP4 to write.
    """

    request: JobRequest
    video: Path
    folder: Path
    path: Path


@dataclass(frozen=True, slots=True)
class DeriveTask:
    """Make something of a video for browsers.

    Attributes:
        kind: what.
        video: the file.
        path: the file to write.
    """

    kind: Derived
    video: Path
    path: Path


@dataclass(frozen=True, slots=True)
class ExportTask:
    """Write the answer of a job in another format.

    Attributes:
        request: of the job.
        folder: of the job.
        export: where it goes.
    """

    request: JobRequest
    folder: Path
    export: ExportTo


@dataclass(frozen=True, slots=True)
class AskTask:
    """Answer from an index.

    Attributes:
        index_id: its whole id.
        queries: the sentences.
        options: those about asking count.
        export: where the answer goes; None: it is given as text.
    """

    index_id: str
    queries: tuple[str, ...]
    options: RunOptions
    export: ExportTo | None = None


@dataclass(frozen=True, slots=True)
class ClipTask:
    """Draw what an index answers into its video.

    Attributes:
        index_id: its whole id.
        video: the file.
        path: the MP4 to write.
        queries: the questions; none: tracks are drawn as they are.
        options: those about asking count.
        track_id: this track alone; None: all.
        span: this part of the video alone.
    """

    index_id: str
    video: Path
    path: Path
    queries: tuple[str, ...]
    options: RunOptions
    track_id: int | None
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class TracksTask:
    """Give all tracks of an index.

    Attributes:
        index_id: its whole id.
    """

    index_id: str


@dataclass(frozen=True, slots=True)
class ScoresTask:
    """Give the scores of all segments of an index.

    Attributes:
        index_id: its whole id.
        queries: the questions.
        options: those about the calibrator count.
    """

    index_id: str
    queries: tuple[str, ...]
    options: RunOptions


@dataclass(frozen=True, slots=True)
class SearchTask:
    """Search all indexes.

    Attributes:
        query: the question.
        options: how.
        index_ids: only these; None: all.
    """

    query: str
    options: SearchOptions
    index_ids: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class WarmTask:
    """Import what takes long, before the first question comes."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Give up what is being done."""


@dataclass(frozen=True, slots=True)
class Also:
    """Answer these too, in what is told of a job before its end.

    Attributes:
        queries: the sentences; parsed before.
    """

    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """What a worker process tells in the middle of a job.

    Attributes:
        progress: how far it is.
        partial: what is found so far: plain JSON values; None: nothing new.
    """

    progress: Progress
    partial: Mapping[str, Any] | None = None


Task = (
    JobTask | DrawTask | DeriveTask | ClipTask | ExportTask | AskTask | TracksTask | ScoresTask | SearchTask | WarmTask
)
