"""What `trackspeak index` does and shows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

import typer

from trackspeak.models.errors import OptionError, TrackspeakError

from .assemble import Assembly, assemble
from .console import bar, show_progress
from .indexing import index_id, make_index, takes_queries, video_name
from .limits import Limits
from .options import RunOptions
from .pipeline.decode import open_video
from .pipeline.index import Progress
from .settings import load_settings
from .store.indexes import Indexes


def index_and_show(videos: Sequence[Path], options: RunOptions, jobs: int = 1) -> None:
    """Watch videos, and print the id of each index in the order given; one that fails stops no other.

    Args:
        videos: files or folders of images.
        options: of the run.
        jobs: so many are watched at once, each with plugins of its own.

    Raises:
        TrackspeakError: what `assemble` raises, or the first error of a video, after all others are done.
    """
    settings = load_settings()
    work = _Work(Indexes(settings.indexes_folder), options, settings.limits())
    for _ in range(min(jobs, len(videos))):
        assembly = assemble(options)
        if takes_queries(assembly):
            raise OptionError("detector: one that looks for what sentences name cannot index before they are known")
        work.assemblies.put(assembly)
    failed: list[TrackspeakError] = []
    with show_progress() as shown, ThreadPoolExecutor(jobs, "index") as pool:
        pending = [pool.submit(work.index, video, bar(shown, video_name(video))) for video in videos]
        try:
            for video, found in zip(videos, pending, strict=True):
                try:
                    typer.echo(f"{found.result()}\t{video_name(video)}")
                except TrackspeakError as error:
                    failed.append(error)
                    if len(videos) > 1:
                        typer.echo(f"error: {video}: {error}", err=True)
        except BaseException:
            work.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if failed:
        raise failed[0]


class _StoppedError(Exception):
    """The user does not wait for it any more."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What all videos share.

    Attributes:
        indexes: where they are kept.
        options: of the run.
        limits: what is accepted.
        assemblies: the plugins that nobody uses at the moment.
        stopped: set when no video is to go on.
    """

    indexes: Indexes
    options: RunOptions
    limits: Limits
    assemblies: SimpleQueue[Assembly] = field(default_factory=SimpleQueue)
    stopped: threading.Event = field(default_factory=threading.Event)

    def index(self, path: Path, told: Progress) -> str:
        """Index a video unless that was done before; gives the index's id."""
        assembly = self.assemblies.get()
        try:
            return self._index(path, assembly, told)
        finally:
            self.assemblies.put(assembly)

    def _index(self, path: Path, assembly: Assembly, told: Progress) -> str:
        def go_on(done: int, expected: int | None) -> None:
            if self.stopped.is_set():
                raise _StoppedError
            told(done, expected)

        video = open_video(path, self.limits, folder_frame_rate=self.options.frame_rate)
        name = index_id(video, assembly, self.options)
        if name in self.indexes:
            typer.echo(f"{video_name(path)} was indexed before", err=True)
            return name
        stored = make_index(video, video_name(path), assembly, self.options, thumbnails=True, progress=go_on)
        for warning in stored.index.warnings:
            typer.echo(f"warning: {stored.name}: {warning}", err=True)
        self.indexes.add(stored)
        return stored.id
