"""What `trackspeak search` and `searches` do and show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trackspeak.models.errors import OptionError

from .console import bar, show_progress
from .formats import write_sheet
from .formats.atomic import check_replaceable
from .result import to_json_line
from .search.asked import Found
from .searching import KeptSearches, chosen_indexes, make_searcher, parse_search, search_to_dict
from .settings import Settings, load_settings
from .store.indexes import Indexes

RECALL_TOP: Final = 100
"""Recall is of so many tracks."""


def search_and_show(
    body: Mapping[str, Any],
    *,
    save: str | None,
    saved: str | None,
    recall: bool,
    sheet: Path | None,
    as_json: bool,
) -> None:
    """Search all indexed videos and print what is found.

    Args:
        body: `query` and the options that were given.
        save: a name to keep the search under.
        saved: the name of a kept search, whose options count where `body` has none.
        recall: whether to score every track too, and print how much of the best was found.
        sheet: a PNG file for the pictures; None for none.
        as_json: whether to print JSON alone.

    Raises:
        TrackspeakError: what `Searcher.search`, the catalogue and the writers raise.
    """
    settings = load_settings()
    if saved is not None:
        body = {**KeptSearches(settings).get(saved), **body}
    if "query" not in body:
        raise OptionError("query must be given, or --saved with the name of a search that was kept")
    query, options = parse_search(body, settings)
    if sheet is not None:
        check_replaceable("sheet", sheet)
    if save is not None:
        KeptSearches(settings).keep(save, body)
    searcher, chosen = make_searcher(settings), chosen_indexes(settings, options, Indexes(settings.indexes_folder))
    with show_progress() as shown:
        told = bar(shown, "taking in indexes")
        found = searcher.search(query, options, index_ids=chosen, progress=told)
    values = search_to_dict(found, settings)
    if recall:
        more = replace(options, top=RECALL_TOP, cursor=None)
        some = searcher.search(query, more, index_ids=chosen)
        values["recall"] = _recall(some, searcher.search(query, replace(more, exhaustive=True), index_ids=chosen))
    if sheet is not None:
        write_sheet(_sheet_rows(found, values, settings), sheet)
    if as_json:
        typer.echo(to_json_line(values), nl=False)
    else:
        _print(values)


def show_searches(delete: str | None) -> None:
    """Print the searches that were kept, or delete one.

    Raises:
        TrackspeakError: what the catalogue raises.
    """
    searches = KeptSearches(load_settings())
    if delete is not None:
        searches.delete(delete)
        return
    table = Table()
    for name in ("name", "search"):
        table.add_column(name)
    for name, body in searches.all().items():
        table.add_row(Text(name), Text(json.dumps(body, ensure_ascii=False)))
    Console().print(table)


def _recall(found: Found, best: Found) -> dict[str, Any]:
    """Give the share of the best tracks of all that the search found."""
    wanted = {(hit.index.id, hit.track.track_id) for hit in best.hits}
    got = {(hit.index.id, hit.track.track_id) for hit in found.hits}
    share = len(wanted & got) / len(wanted) if wanted else 1.0
    return {"at": RECALL_TOP, "recall": round(share, 6), "best": len(wanted)}


def _sheet_rows(
    found: Found, values: Mapping[str, Any], settings: Settings
) -> list[tuple[str, list[tuple[bytes | None, str]]]]:
    indexes = Indexes(settings.indexes_folder)
    cells = []
    for hit, track in zip(found.hits, values["tracks"], strict=True):
        picture = indexes.picture(hit.index.id, hit.track.track_id)
        caption = f"{track['name']}\n{hit.track.score:.3f}, {track['spans'][0]['first_time_s']:.1f} s"
        cells.append((picture, caption))
    return [(found.query, cells)]


def _print(values: Mapping[str, Any]) -> None:
    for warning in values["warnings"]:
        typer.echo(f"warning: {warning}", err=True)
    for one in values["left_out"]:
        typer.echo(f"left out: {one['name']}: {one['why']}", err=True)
    if values["tracks"]:
        Console().print(_table(values["tracks"]))
    else:
        typer.echo("nothing matches")
    searched, stages = values["searched"], values["timings_s"]
    seconds = sum(stages.get(stage, 0.0) for stage in ("describe", "find", "score"))
    typer.echo(
        f"{searched['videos']} videos, {searched['segments']} segments searched, {searched['scored']} tracks scored "
        f"in {seconds:.3f} s",
        err=True,
    )
    if "recall" in values:
        recall = values["recall"]
        typer.echo(f"recall at {recall['at']}: {recall['recall']:.3f} of {recall['best']} tracks", err=True)
    if values["next"]:
        typer.echo(f"more: --cursor {values['next']}", err=True)


def _table(tracks: list[dict[str, Any]]) -> Table:
    table = Table()
    table.add_column("video")
    table.add_column("index", no_wrap=True)
    for name in ("track", "class", "score", "frames", "seconds"):
        table.add_column(name, justify="left" if name == "class" else "right")
    for track in tracks:
        spans = track["spans"]
        frames = ", ".join(f"{span['first_frame']}-{span['last_frame']}" for span in spans)
        seconds = ", ".join(f"{span['first_time_s']:.2f}-{span['last_time_s']:.2f}" for span in spans)
        row = (track["index"][:8], str(track["track_id"]), track["class"], f"{track['score']:.3f}", frames, seconds)
        table.add_row(Text(track["name"]), *map(Text, row))
    return table
