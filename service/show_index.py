"""What `trackspeak index`, `ask`, `indexes` and `forget` show and do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from trackspeak.models.errors import OptionError, TrackspeakError

from .asking import ask, make_asker
from .assemble import Assembly, assemble
from .console import bar, print_result, show_progress
from .formats import check_places, write_outputs, write_scores
from .indexing import index_id, make_index, takes_queries, video_name
from .limits import Limits, check_queries
from .options import RunOptions
from .pipeline.decode import open_video
from .pipeline.index import Progress
from .settings import load_settings
from .store.indexes import Indexes


def index_and_show(videos: Sequence[Path], options: RunOptions) -> None:
    """Watch videos one after the other, and print the id of each index; one that fails stops no other.

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
        for video in videos:
            try:
                told = bar(shown, video_name(video))
                found = _index(video, indexes, assembly, options, limits, told)
                typer.echo(f"{found}\t{video_name(video)}")
            except TrackspeakError as error:
                failed.append(error)
                if len(videos) > 1:
                    typer.echo(f"error: {video}: {error}", err=True)
    if failed:
        raise failed[0]


def _index(
    path: Path, indexes: Indexes, assembly: Assembly, options: RunOptions, limits: Limits, progress: Progress
) -> str:
    """Index a video unless that was done before; gives the index's id."""
    video = open_video(path, limits, folder_frame_rate=options.frame_rate)
    name = index_id(video, assembly, options)
    if name in indexes:
        typer.echo(f"{video_name(path)} was indexed before", err=True)
        return name
    stored = make_index(video, video_name(path), assembly, options, progress=progress)
    for warning in stored.index.warnings:
        typer.echo(f"warning: {stored.name}: {warning}", err=True)
    indexes.add(stored)
    return stored.id


def ask_and_show(
    index: str,
    queries: Sequence[str],
    options: RunOptions,
    *,
    top: int | None,
    out: Path | None,
    scores: Path | None,
    as_json: bool,
) -> None:
    """Answer sentences from a stored index, print the answers, and write the files asked for.

    Raises:
        TrackspeakError: what `Indexes.find`, `make_asker`, `ask` and the writers raise.
    """
    settings = load_settings()
    texts = check_queries(queries, settings.limits())
    if out is not None or scores is not None:
        check_places(queries, [], out=out, scores=scores, video=False)
    stored = Indexes(settings.indexes_folder).find(index)
    own = {key.removeprefix("calibrator."): value for key, value in options.set.items()}
    result = ask(stored, texts, make_asker(stored, options.calibrator, own), options)
    if top is not None:
        result = replace(result, queries=tuple(replace(one, tracks=one.tracks[:top]) for one in result.queries))
    for warning in result.warnings:
        typer.echo(f"warning: {warning}", err=True)
    try:
        if out is not None:
            files = write_outputs(result, None, out, video=False)
            typer.echo(f"{len(files)} files written to {out}", err=True)
        if scores is not None:
            write_scores(result, scores)
    finally:
        print_result(result, as_json)


def show_indexes() -> None:
    """Print what is indexed."""
    table = Table()
    table.add_column("index", no_wrap=True)
    for name in ("video", "frames", "seconds", "profile", "tracks"):
        table.add_column(name)
    for one in Indexes(load_settings().indexes_folder):
        seconds = f"{one.video.duration_s:.1f}"
        table.add_row(one.id, one.name, str(one.video.frames), seconds, one.profile, str(one.tracks))
    Console().print(table)


def forget(index: str) -> None:
    """Delete an index.

    Raises:
        UnknownNameError: if there is none.
        OutputError: if it cannot be removed.
    """
    indexes = Indexes(load_settings().indexes_folder)
    stored = indexes.find(index)
    indexes.delete(stored.id)
    typer.echo(f"{stored.id} ({stored.name}) is gone", err=True)
