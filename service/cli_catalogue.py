"""The command about names and labels of videos."""

from __future__ import annotations

from typing import Annotated

import typer


def add_catalogue_commands(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(label)


def label(
    video: Annotated[
        str, typer.Argument(help="A video's name, its SHA-256, an index of it, or the beginning of one of the two.")
    ],
    add: Annotated[list[str] | None, typer.Option(help="A label to add; may be given again.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A label to remove; may be given again.")] = None,
    name: Annotated[
        str | None, typer.Option(help='A name for the video; "" gives it back the one it was indexed with.')
    ] = None,
) -> None:
    """Name and label a video, and print its SHA-256, name and labels."""
    from .show_catalogue import label_and_show

    label_and_show(video, add or (), remove or (), name)
