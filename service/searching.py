"""A search as the command line and HTTP put it: what its filters come to, and its answer with names and labels."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from trackspeak.models.errors import NotFoundError, OptionError
from trackspeak.plugins.options import parse_options

from .database import database_is_there
from .finding import catalogued, meant, videos_with
from .limits import check_queries
from .search.asked import Found, SearchOptions
from .settings import Settings
from .store.indexes import Indexes

if TYPE_CHECKING:
    from .database.catalogue import Catalogue
    from .search.searcher import Searcher


PASSING: Final = ("cursor",)
"""What belongs to one answer, and is not kept with a search."""


class KeptSearches:
    """The searches that were kept under names.

    Every method raises OutputError if the database fails, and OptionError if its URL is wrong.

    Args:
        settings: of the installation.
    """

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet."""
        self._settings = settings

    def keep(self, name: str, body: Mapping[str, Any]) -> None:
        """Keep a search in place of one of its name.

        Raises:
            OptionError: if the name or the search is too long.
        """
        with self._opened() as catalogue:
            catalogue.save_search(name, {key: value for key, value in body.items() if key not in PASSING})

    def get(self, name: str) -> dict[str, Any]:
        """Give a search.

        Raises:
            NotFoundError: if there is none of that name.
        """
        if not database_is_there(self._settings):
            raise NotFoundError("saved search", name, ())
        with self._opened() as catalogue:
            return catalogue.search(name)

    def all(self) -> dict[str, dict[str, Any]]:
        """Give name -> search."""
        if not database_is_there(self._settings):
            return {}
        with self._opened() as catalogue:
            return catalogue.searches()

    def delete(self, name: str) -> None:
        """Delete a search.

        Raises:
            NotFoundError: if there is none of that name.
        """
        with self._opened() as catalogue:
            catalogue.delete_search(name)

    def _opened(self) -> AbstractContextManager[Catalogue]:
        from .database.catalogue import open_catalogue

        return open_catalogue(self._settings)


def make_searcher(settings: Settings) -> Searcher:
    """Give what searches all indexes of an installation."""
    from .search.searcher import Searcher

    return Searcher(Indexes(settings.indexes_folder), settings.search_folder, settings.search_memory_bytes)


def parse_search(body: Mapping[str, object], settings: Settings) -> tuple[str, SearchOptions]:
    """Take a search from JSON: `query` and the keys of `SearchOptions`.

    Raises:
        OptionError: if a key is unknown, of the wrong type or out of range.
        QueryError: if the query is empty or too long.
    """
    values = dict(body)
    query = values.pop("query", None)
    if not isinstance(query, str):
        raise OptionError(f"query must be a sentence, got {query!r:.60}")
    return check_queries([query], settings.limits())[0], parse_options(SearchOptions, values, "search")


def chosen_indexes(settings: Settings, options: SearchOptions, indexes: Indexes) -> frozenset[str] | None:
    """Give the ids of the indexes that `videos` and `labels` leave; None where neither is given.

    Args:
        settings: of the installation.
        options: of the search.
        indexes: all there are.

    Raises:
        OptionError: if a video is not known, one name means several, or the database's URL is wrong.
        OutputError: if the database fails.
    """
    if not options.videos and not options.labels:
        return None
    there, said = list(indexes), catalogued(settings)
    inside = there
    if options.labels:
        labelled = videos_with(said, options.labels)
        inside = [one for one in there if one.video.sha256 in labelled]
    if options.videos:
        named: set[str] = set()
        for text in options.videos:
            found = meant(there, said, text)
            is_index = [one.id for one in found] == [text]
            if not is_index and len({one.video.sha256 for one in found}) != 1:
                wanted = "a video or an index" if not found else "one video or index"
                raise OptionError(f"videos: {text!r:.200} must name {wanted} that is here")
            videos = {one.video.sha256 for one in found}
            named |= {text} if is_index else {one.id for one in there if one.video.sha256 in videos}
        inside = [one for one in inside if one.id in named]
    return frozenset(one.id for one in inside)


def search_to_dict(found: Found, settings: Settings) -> dict[str, Any]:
    """Give an answer as plain JSON values, with the names and labels that people gave videos.

    Raises:
        OptionError: if the database's URL is wrong.
        OutputError: if the database fails.
    """
    said = catalogued(settings)
    names = {key: one.name for key, one in said.items() if one.name is not None}
    return found.to_dict(names, {key: one.labels for key, one in said.items()})
