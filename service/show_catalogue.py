"""What `trackspeak label` does and shows."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from .finding import catalogued, find_video, shown_name
from .settings import load_settings


def label_and_show(video: str, add: Sequence[str], remove: Sequence[str], name: str | None) -> None:
    """Change what is said of an indexed video, all of it or nothing, and print its SHA-256, name and labels.

    Raises:
        TrackspeakError: what `find_video` and `Catalogue.change_video` raise.
    """
    settings = load_settings()
    found = find_video(settings, video)
    if add or remove or name is not None:
        from .database.catalogue import open_catalogue

        with open_catalogue(settings) as catalogue:
            catalogue.change_video(found.video.sha256, add=add, remove=remove, name=name)
    said = catalogued(settings)
    labels = said[found.video.sha256].labels if found.video.sha256 in said else ()
    typer.echo(f"{found.video.sha256}\t{shown_name(found, said)}\t{', '.join(labels)}")
