"""Delete an index, and with the last one of a video all that is kept of that video."""

from __future__ import annotations

from .database import database_is_there
from .search.forget import forgotten
from .settings import Settings
from .store.indexes import Indexes


def forget_index(settings: Settings, index_id: str) -> None:
    """Delete an index by its whole id; when it is the last of its video, the video's name and labels go too.

    What searches keep of it goes from the disk too. The index goes last: whatever fails before, it can still be found,
    and forgotten again.

    Raises:
        UnknownNameError: if there is none.
        OptionError: if the database's URL is wrong.
        OutputError: if something cannot be removed.
    """
    indexes = Indexes(settings.indexes_folder)
    there = {one.id: one for one in indexes}
    stored = there.pop(index_id, None)
    if stored is not None and all(one.video.sha256 != stored.video.sha256 for one in there.values()):
        _forget_rows(settings, stored.video.sha256)
    with forgotten(settings.search_folder, index_id):
        indexes.delete(index_id)


def forget_video(settings: Settings, video_sha256: str) -> None:
    """Delete all indexes of a video, and all that is kept of it.

    Raises:
        UnknownNameError: if somebody else deletes one meanwhile.
        OptionError: if the database's URL is wrong.
        OutputError: if something cannot be removed.
    """
    for one in Indexes(settings.indexes_folder):
        if one.video.sha256 == video_sha256:
            forget_index(settings, one.id)


def _forget_rows(settings: Settings, video_sha256: str) -> None:
    if database_is_there(settings):
        from .database.catalogue import open_catalogue

        with open_catalogue(settings) as catalogue:
            catalogue.forget_video(video_sha256)
