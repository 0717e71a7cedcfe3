"""The commands that search all indexed videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .cli_options import Threshold


def add_search_commands(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(search)
    app.command()(searches)


def search(
    query: Annotated[str | None, typer.Argument(help="A sentence, or sentences in quotes put together.")] = None,
    top: Annotated[int | None, typer.Option(help="At most so many tracks at once.")] = None,
    video: Annotated[list[str] | None, typer.Option(help="Only this video or index; may be given again.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only videos with this label; may be given again.")] = None,
    class_: Annotated[
        list[str] | None, typer.Option("--class", help="Only tracks of this class; may be given again.")
    ] = None,
    first_time: Annotated[float | None, typer.Option("--from", help="Only from this second of a video on.")] = None,
    last_time: Annotated[float | None, typer.Option("--to", help="Only up to this second of a video.")] = None,
    min_score: Annotated[float | None, typer.Option(help="Only tracks that score at least this.")] = None,
    threshold: Threshold = None,
    cursor: Annotated[str | None, typer.Option(help="Go on after the answer that gave this.")] = None,
    save: Annotated[str | None, typer.Option(metavar="NAME", help="Keep the search under a name.")] = None,
    saved: Annotated[str | None, typer.Option(metavar="NAME", help="Ask a search that was kept.")] = None,
    recall: Annotated[
        bool, typer.Option("--recall", help="Score every track too, and print how many of the best were found.")
    ] = False,
    sheet: Annotated[Path | None, typer.Option(help="PNG file for the pictures of the tracks found.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
) -> None:
    """Search all indexed videos."""
    from .show_search import search_and_show

    given = {
        "query": query,
        "top": top,
        "videos": video,
        "labels": label,
        "classes": class_,
        "first_time_s": first_time,
        "last_time_s": last_time,
        "min_score": min_score,
        "threshold": threshold,
        "cursor": cursor,
    }
    body = {key: value for key, value in given.items() if value is not None and value != []}
    search_and_show(body, save=save, saved=saved, recall=recall, sheet=sheet, as_json=json)


def searches(
    delete: Annotated[str | None, typer.Option(metavar="NAME", help="Delete this one.")] = None,
) -> None:
    """List the searches that were kept."""
    from .show_search import show_searches

    show_searches(delete)
