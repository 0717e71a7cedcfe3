"""What `trackspeak ask`, `indexes` and `forget` show and do."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .asking import ask, asker_for
from .console import print_result
from .finding import catalogued, find_index, find_summary, shown_name
from .forgetting import forget_index
from .formats import answer_rows, check_places, write_outputs, write_scores, write_sheet
from .limits import check_queries
from .options import RunOptions
from .plugin_files import files_read
from .settings import load_settings
from .store.indexes import Indexes


def ask_and_show(
    index: str,
    queries: Sequence[str],
    options: RunOptions,
    *,
    out: Path | None,
    exports: Sequence[str] = (),
    scores: Path | None,
    sheet: Path | None = None,
    as_json: bool,
) -> None:
    """Answer sentences from a stored index, print the answers, and write the files asked for.

    Raises:
        TrackspeakError: what `find_index`, `asker_for`, `ask` and the writers raise.
    """
    settings = load_settings()
    texts = check_queries(queries, settings.limits())
    stored = find_index(settings, index)
    inputs = [*(settings.indexes_folder / stored.id).iterdir(), *files_read(options)]
    check_places(queries, inputs, out=out, exports=exports, scores=scores, video=False, sheet=sheet)
    result = ask(stored, texts, asker_for(stored, options), options)
    for warning in result.warnings:
        typer.echo(f"warning: {warning}", err=True)
    try:
        if out is not None:
            files = write_outputs(result, None, out, video=False, exports=exports, video_name=stored.name)
            typer.echo(f"{len(files)} files written to {out}", err=True)
        if scores is not None:
            write_scores(result, scores)
        if sheet is not None:
            pictures = partial(Indexes(settings.indexes_folder).picture, stored.id)
            write_sheet(answer_rows(result.queries, pictures), sheet)
    finally:
        print_result(result, as_json)


def show_indexes() -> None:
    """Print what is indexed."""
    table = Table()
    table.add_column("index", no_wrap=True)
    for name in ("video", "labels", "frames", "seconds", "profile", "tracks"):
        table.add_column(name)
    settings = load_settings()
    said = catalogued(settings)
    for one in Indexes(settings.indexes_folder):
        video = said.get(one.video.sha256)
        shown, labels = Text(shown_name(one, said)), Text(", ".join(video.labels) if video else "")
        seconds = f"{one.video.duration_s:.1f}"
        table.add_row(one.id, shown, labels, str(one.video.frames), seconds, one.profile, str(one.tracks))
    Console().print(table)
    for index_id in Indexes(settings.indexes_folder).broken():
        typer.echo(f"warning: {index_id} cannot be read: forget it, and index the video again", err=True)


def forget(index: str) -> None:
    """Delete an index, and with the last one of a video its name and labels.

    Raises:
        TrackspeakError: what `find_summary` and `forget_index` raise.
    """
    settings = load_settings()
    if index in Indexes(settings.indexes_folder).broken():
        forget_index(settings, index)
        typer.echo(f"{index} is gone", err=True)
        return
    found = find_summary(settings, index)
    name = shown_name(found, catalogued(settings))
    forget_index(settings, found.id)
    typer.echo(f"{found.id} ({name}) is gone", err=True)
