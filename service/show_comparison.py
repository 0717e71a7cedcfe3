"""What `trackspeak compare` shows and writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from trackspeak.models.errors import OptionError

from .compare import TrackerRun, compare, options_per_tracker
from .console import bar, show_progress
from .formats.atomic import check_replaceable, replaced_file
from .formats.check import check_inputs_are_kept
from .formats.side_by_side import write_side_by_side
from .limits import Limits, check_queries
from .options import RunOptions
from .plugin_files import files_read
from .settings import load_settings
from .tables import comparison_table


def compare_and_show(
    video: Path,
    trackers: Sequence[str],
    queries: Sequence[str],
    options: RunOptions,
    *,
    out: Path | None,
    as_json: bool = False,
) -> None:
    """Compare trackers, print the table, and write the video asked for.

    Raises:
        TrackspeakError: what `compare` raises.
        OptionError: if `out` is no place for an MP4 file.
        OutputError: if it cannot be written.
    """
    limits = load_settings().limits()
    check_queries(queries, limits)
    if out is not None:  # before the video is watched, which can take long
        if out.suffix != ".mp4":
            raise OptionError(f"out must be the path of an .mp4 file, got {out}")
        check_replaceable("out", out)
        read = [path for one in options_per_tracker(trackers, options) for path in files_read(one)]
        check_inputs_are_kept("out", [out], [video, *read])
    with show_progress() as shown:
        runs = compare(video, trackers, queries, options, limits=limits, progress=lambda name: bar(shown, name))
    for run in runs:
        for warning in run.result.warnings:
            typer.echo(f"warning: {run.tracker}: {warning}", err=True)
    if as_json:
        typer.echo(json.dumps([run.to_dict() for run in runs], ensure_ascii=False))
    else:
        Console().print(comparison_table(runs))
    if out is not None:
        _write(runs, video, out, limits)


def _write(runs: Sequence[TrackerRun], video: Path, out: Path, limits: Limits) -> None:
    titled = [(run.tracker, run.result) for run in runs]
    with show_progress() as shown, replaced_file(out) as partial:
        task = shown.add_task("writing", total=runs[0].result.video.frames)
        write_side_by_side(
            titled, video, partial, limits=limits, progress=lambda done: shown.update(task, completed=done)
        )
    typer.echo(f"{out} written", err=True)
