"""What the service asks its worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .options import RunOptions
from .search.asked import SearchOptions


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
class TrackTask:
    """Watch a video and answer.

    Attributes:
        video: the file.
        video_name: what the caller calls it, for exports.
        queries: the sentences.
        options: the caller's choices.
        export: where the answer goes; None: it is given as text.
    """

    video: Path
    video_name: str
    queries: tuple[str, ...]
    options: RunOptions
    export: ExportTo | None = None


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


Task = TrackTask | AskTask | SearchTask | WarmTask
