"""Find an index or a video by what people call it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from trackspeak.models.errors import NotFoundError

from .database import database_is_there
from .database.checks import VIDEO_ID_CHARS
from .settings import Settings
from .store.index_file import IndexFacts, IndexSummary, StoredIndex
from .store.indexes import Indexes

if TYPE_CHECKING:
    from .database.catalogue import CataloguedVideo

_SHORTEST_ID: Final = 4
_SHORTEST_SHA256: Final = 8


def find_index(settings: Settings, text: str) -> StoredIndex:
    """Read the index that a text means, as `find_summary` finds it.

    Raises:
        TrackspeakError: what `find_summary` and `Indexes.get` raise.
    """
    return Indexes(settings.indexes_folder).get(find_summary(settings, text).id)


def find_summary(settings: Settings, text: str) -> IndexSummary:
    """Find the index that a text means.

    Args:
        settings: of the installation.
        text: an index's id or a video's SHA-256; a video's name: first the one that `shown_name` gives, then the one
            that the index has; or the beginning of an index's id (4 or more) or of a SHA-256 (8 or more).

    Raises:
        NotFoundError: if there is none, or more than one.
        BrokenIndexError: if the index is not whole.
        TrackspeakError: if the database must be asked and fails.
    """
    found, names = _matching(settings, text)
    if len(found) != 1:
        raise _unknown("index", text, found, settings, names)
    return found[0]


def find_video(settings: Settings, text: str) -> IndexSummary:
    """Find the video that a text means, as `find_summary` does; of several indexes of that video one is given.

    Raises:
        NotFoundError: if there is none, or more than one.
        BrokenIndexError: if the index that is named is not whole.
        TrackspeakError: if the database must be asked and fails.
    """
    found, names = _matching(settings, text)
    if len({one.video.sha256 for one in found}) != 1:
        raise _unknown("video", text, found, settings, names)
    return found[0]


def catalogued(settings: Settings) -> dict[str, CataloguedVideo]:
    """Give what is said of videos, SHA-256 -> video; where there is no database nothing is, and none is made.

    Raises:
        OptionError: if the database's URL is wrong.
        OutputError: if the database fails.
    """
    if not database_is_there(settings):
        return {}
    from .database.catalogue import open_catalogue

    with open_catalogue(settings) as catalogue:
        return catalogue.videos()


def videos_with(said: Mapping[str, CataloguedVideo], labels: Iterable[str]) -> set[str]:
    """Give the SHA-256 of the videos that have all of some labels, in capitals or not.

    Raises:
        OptionError: if a label is not what it must be.
    """
    from .database.checks import check_labels

    wanted = check_labels(labels).keys()
    return {key for key, one in said.items() if wanted <= check_labels(one.labels).keys()}


def shown_name(one: IndexFacts, said: Mapping[str, CataloguedVideo]) -> str:
    """Give the name that people know an indexed video by: the catalogue's, else its index's."""
    video = said.get(one.video.sha256)
    return one.name if video is None or video.name is None else video.name


def _matching(settings: Settings, text: str) -> tuple[list[IndexSummary], dict[str, CataloguedVideo] | None]:
    """Give the indexes that a text may mean, and what the catalogue says, where it was asked."""
    indexes = Indexes(settings.indexes_folder)
    there = list(indexes)
    if text in indexes and all(one.id != text for one in there):
        indexes.get(text)  # says what is wrong with it
    whole = [one for one in there if text in (one.id, one.video.sha256)]
    if whole:
        return whole, None
    said = catalogued(settings)
    return meant(there, said, text), said


def meant(there: Sequence[IndexSummary], said: Mapping[str, CataloguedVideo], text: str) -> list[IndexSummary]:
    """Give the indexes that a text may mean: by a whole id, else by a name, else by the beginning of an id.

    Args:
        there: all indexes.
        said: what the catalogue says of videos.
        text: see `find_summary`.
    """
    return (
        [one for one in there if text in (one.id, one.video.sha256)]
        or [one for one in there if same_name(shown_name(one, said), text)]
        or [one for one in there if same_name(one.name, text)]
        or [one for one in there if is_beginning(text, one.id)]
        or [one for one in there if is_beginning(text, one.video.sha256)]
    )


def is_beginning(text: str, whole: str) -> bool:
    """Whether a text is the beginning of an index's id or a SHA-256, long enough to be meant."""
    shortest = _SHORTEST_SHA256 if len(whole) == VIDEO_ID_CHARS else _SHORTEST_ID
    return len(text) >= shortest and whole.startswith(text.lower())


def same_name(name: str, text: str) -> bool:
    """Whether two names are the same characters, however accents are put together."""
    return unicodedata.normalize("NFC", name) == unicodedata.normalize("NFC", text).strip()


def _unknown(
    what: str, text: str, found: list[IndexSummary], settings: Settings, said: Mapping[str, CataloguedVideo] | None
) -> NotFoundError:
    known = catalogued(settings) if said is None else said
    named = [f"{one.id} ({shown_name(one, known)})" for one in found or Indexes(settings.indexes_folder)]
    return NotFoundError(what if not found else f"single {what}", text, named)
