"""What `trackspeak index` does and shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from trackspeak.models.errors import OptionError, TrackspeakError

from .assemble import Assembly, assemble
from .console import passing_bar, show_progress
from .indexing import index_id, make_index, takes_queries, video_name
from .limits import Limits
from .options import RunOptions
from .pipeline.decode import open_video
from .pipeline.index import Progress
from .settings import load_settings
from .store.indexes import Indexes


def index_and_show(videos: Sequence[Path], options: RunOptions) -> None:
    """Watch videos one after the other, and print the id of each index; one that fails stops no other.

    Args:
        videos: files or folders of images.
        options: of the run.

    Raises:
        TrackspeakError: what `assemble` raises, or the first error of a video, after all others are done.
    """
    settings = load_settings()
    indexes, limits = Indexes(settings.indexes_folder), settings.limits()
    assembly = assemble(options)
    if takes_queries(assembly):
        raise OptionError("detector: one that looks for what sentences name cannot index before they are known")
    failed: list[TrackspeakError] = []
    with show_progress() as shown:
        for number, video in enumerate(videos, 1):
            name = video_name(video)
            try:
                with passing_bar(shown, name if len(videos) == 1 else f"{number}/{len(videos)} {name}") as told:
                    found = _index(video, indexes, assembly, options, limits, told)
                typer.echo(f"{found}\t{name}")
            except TrackspeakError as error:
                failed.append(error)
            except Exception as error:  # noqa: BLE001 the others are to be watched all the same
                failed.append(TrackspeakError(f"unexpected {type(error).__name__}: {error}"))
            else:
                continue
            if len(videos) > 1:
                typer.echo(f"error: {video}: {failed[-1]}", err=True)
    if failed:
        raise failed[0]


def _index(
    path: Path, indexes: Indexes, assembly: Assembly, options: RunOptions, limits: Limits, told: Progress
) -> str:
    """Index a video unless that was done before; gives the index's id."""
    video = open_video(path, limits, folder_frame_rate=options.frame_rate)
    name = index_id(video, assembly, options)
    if indexes.is_whole(name):
        typer.echo(f"{video_name(path)} was indexed before", err=True)
        return name
    stored = make_index(video, video_name(path), assembly, options, thumbnails=True, progress=told)
    for warning in stored.index.warnings:
        typer.echo(f"warning: {stored.name}: {warning}", err=True)
    indexes.add(stored)
    return stored.id
