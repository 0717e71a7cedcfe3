"""What the database's tests do in other processes: spawned ones import it from here."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trackspeak.models.errors import TrackspeakError
from trackspeak.service.database.catalogue import open_catalogue
from trackspeak.service.settings import Settings

VIDEO = "ab" * 32


def label_one_by_one(data: Path, labels: Sequence[str], url: str | None, start: Any) -> None:
    """Open the database when all are ready, and give one video a label after the other."""
    settings = Settings(data=data, database_url=url)
    start.wait(timeout=60)
    with open_catalogue(settings) as catalogue:
        for label in labels:
            catalogue.change_video(VIDEO, add=[label])


def write_until_killed(data: Path, url: str | None) -> None:
    """Put labels on and off for ever, and say so once it has begun."""
    with open_catalogue(Settings(data=data, database_url=url)) as catalogue:
        while True:
            catalogue.change_video(VIDEO, add=[f"label {number}" for number in range(64)])
            catalogue.save_search("search", {"text": "x" * 60_000})
            (data / "begun").touch()
            catalogue.change_video(VIDEO, remove=[f"label {number}" for number in range(64)])


def label_as_nobody(data: Path) -> None:
    """Try to write as a user who may not; leaves with 3 and the message where that is a clear error."""
    with TemporaryDirectory() as scratch:  # all is loaded before the right to read it is gone
        _label(Path(scratch))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setuid(65534)
    try:
        _label(data)
    except TrackspeakError as error:
        print(f"{type(error).__name__}: {error}")
        sys.exit(3)


def _label(data: Path) -> None:
    with open_catalogue(Settings(data=data)) as catalogue:
        catalogue.change_video(VIDEO, add=["a"])
