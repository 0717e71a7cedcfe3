"""What the commands show: tables on standard output, progress and warnings on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from trackspeak.models.errors import OutputError
from trackspeak.plugins.registry import list_plugins

from .formats import check_places, write_outputs, write_scores
from .indexing import video_name
from .limits import Limits, check_queries
from .options import RunOptions
from .plugin_files import files_read
from .profiles import load_profile, profile_names
from .pull import published, pull
from .result import Result
from .run import track
from .settings import load_settings
from .tables import near_miss_table, plugin_table, profile_table, query_table, settings_table


def run_and_show(
    video: Path,
    queries: Sequence[str],
    options: RunOptions,
    *,
    out: Path | None,
    exports: Sequence[str] = (),
    scores: Path | None = None,
    video_out: bool = True,
    as_json: bool = False,
) -> Result:
    """Find the tracks, print them, and write the files asked for.

    Raises:
        TrackspeakError: what `check_places`, `track`, `write_outputs` and `write_scores` raise.
    """
    limits = load_settings().limits()
    check_queries(queries, limits)
    if out is not None or exports or scores is not None:  # before the video is watched, which can take long
        inputs = [video, *files_read(options)]
        check_places(queries, inputs, out=out, exports=exports, scores=scores, video=video_out)
    with show_progress() as progress:
        watching = progress.add_task("watching", total=None)
        result = track(
            video,
            queries,
            options,
            limits=limits,
            progress=lambda done, expected: progress.update(watching, completed=done, total=expected),
        )
    for warning in result.warnings:
        typer.echo(f"warning: {warning}", err=True)
    try:  # whatever becomes of one of the two, the other is not lost
        if out is not None:
            _write(result, video, out, exports, video_out, limits)
        if scores is not None:
            write_scores(result, scores)
    finally:
        print_result(result, as_json)
    return result


def _write(result: Result, video: Path, out: Path, exports: Sequence[str], video_out: bool, limits: Limits) -> None:
    with show_progress() as progress:
        writing = progress.add_task("writing", total=result.video.frames)
        files = write_outputs(
            result,
            video,
            out,
            video=video_out,
            limits=limits,
            exports=exports,
            video_name=video_name(video),
            progress=lambda done: progress.update(writing, completed=done),
        )
    typer.echo(f"{len(files)} files written to {out}", err=True)


def pull_and_show(name: str, *, offline: bool) -> None:
    """Fetch a set of weights and say where they are.

    Raises:
        TrackspeakError: what `published` and `pull` raise.
    """
    folder = load_settings().weights_folder
    for file in published(name):
        with show_progress(DownloadColumn()) as progress:
            path = pull(file, folder, offline=offline, progress=bar(progress, file.name))
        typer.echo(f"{path} ({file.licence})")


def bar(progress: Progress, name: str) -> Callable[[int, int | None], None]:
    """Add a bar; give what moves it."""
    task = progress.add_task(name, total=None)
    return lambda done, expected: progress.update(task, completed=done, total=expected)


@contextmanager
def passing_bar(progress: Progress, name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Add a bar for the time of the block; gives what moves it."""
    task = progress.add_task(name, total=None)
    try:
        yield lambda done, expected: progress.update(task, completed=done, total=expected)
    finally:
        progress.remove_task(task)


def show_plugins(*, as_json: bool) -> None:
    """Print all plugins."""
    plugins = list_plugins()
    if as_json:
        typer.echo(json.dumps([asdict(plugin) for plugin in plugins], indent=1))
    else:
        Console().print(plugin_table(plugins))


def show_profiles() -> None:
    """Print all profiles."""
    Console().print(profile_table([load_profile(name) for name in profile_names()]))


def show_settings() -> None:
    """Print the settings in effect."""
    Console().print(settings_table(load_settings()))


def print_result(result: Result, as_json: bool) -> None:
    """Print the answers, or result.json alone.

    Raises:
        OutputError: if they cannot be printed.
    """
    try:
        if as_json:
            print_bytes(result.to_json().encode())
            return
        console = Console()
        for answer in result.queries:
            console.print(query_table(answer))
            if answer.near_misses is not None:
                console.print(near_miss_table(answer.near_misses))
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # the reader has seen enough
    except OSError as error:
        raise OutputError(f"the result could not be written to standard output: {error.strerror}") from error


def print_bytes(content: bytes) -> None:
    """Print bytes as they are, whatever encoding the terminal has."""
    unwritten = memoryview(content)
    with open(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as stdout:
        while unwritten:
            unwritten = unwritten[stdout.write(unwritten) :]


@contextmanager
def show_progress(count: ProgressColumn | None = None) -> Iterator[Progress]:
    """Give bars on standard error, where that is a terminal; `count` is the column that says how far they are."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        count or MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield progress
