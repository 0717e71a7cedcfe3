"""Delete an index, and with the last one of a video all that is kept of that video."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trackspeak.models.errors import NotFoundError

from .database import database_is_there
from .search.forget import forgotten
from .settings import Settings
from .store.indexes import Indexes

if TYPE_CHECKING:
    from .database.catalogue import Catalogue


def forget_index(settings: Settings, index_id: str) -> None:
    """Delete an index by its whole id; with the last of a video go name and labels, unless the video's file is kept.

    What searches keep of it goes from the disk too. Whoever forgets holds a lock, so that of two the second sees what
    the first has left; what one leaves that is killed, the next one removes.

    Raises:
        NotFoundError: if there is none.
        OptionError: if the database's URL is wrong.
        OutputError: if something cannot be removed.
    """
    indexes = Indexes(settings.indexes_folder)
    if index_id not in indexes:
        raise NotFoundError("index", index_id, [one.id for one in indexes])
    with forgotten(settings.search_folder, index_id), _opened_catalogue(settings) as catalogue:
        indexes.delete(index_id)
        if catalogue is not None:
            for video in _unindexed(catalogue.videos().keys() - catalogue.kept(), indexes):
                catalogue.forget_video(video)


def forget_video(settings: Settings, video_sha256: str) -> None:
    """Delete all indexes of a video, also those that cannot be read, and all that is kept of it.

    Raises:
        NotFoundError: if there is none.
        OptionError: if the database's URL is wrong.
        OutputError: if something cannot be removed.
    """
    ids = Indexes(settings.indexes_folder).of_video(video_sha256)
    if not ids:
        raise NotFoundError("video", video_sha256, ())
    for index_id in ids:
        forget_index(settings, index_id)


@contextmanager
def _opened_catalogue(settings: Settings) -> Iterator[Catalogue | None]:
    """Give the catalogue, None where there is none; a database that fails does so before anything is deleted."""
    if not database_is_there(settings):
        yield None
        return
    from .database.catalogue import open_catalogue

    with open_catalogue(settings) as catalogue:
        yield catalogue


def _unindexed(videos: Collection[str], indexes: Indexes) -> list[str]:
    there = {one.video.sha256 for one in indexes}
    return [video for video in videos if video not in there and not indexes.of_video(video)]
