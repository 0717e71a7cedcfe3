"""A space as it is asked: its plugins, its table, its segments in memory; brought up to date with the indexes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from trackspeak.models.errors import BrokenIndexError, NotFoundError
from trackspeak.service.asking import Asker
from trackspeak.service.process_folder import locked
from trackspeak.service.store.index_file import IndexSummary
from trackspeak.service.store.indexes import Indexes

from .collection import Collection, load
from .rows import rows_of
from .space import by_space
from .table import SegmentTable

Progress = Callable[[int, int], None]
"""Called with the indexes taken in and those to take in."""

LOCK = ".lock"
"""The file that whoever changes tables holds the lock on."""

_MOST_UNINDEXED = 100_000
"""Rows that are searched one by one beside the index before it is brought up to date."""


class Members:
    """The indexes of one space.

    Args:
        folder: of all tables.
        name: of the space.
        asker: its plugins.
        memory_bytes: that vectors may take.

    Attributes:
        asker: as given.
        table: its rows.
        broken: id -> what is wrong with an index that could not be taken in.
    """

    def __init__(self, folder: Path, name: str, asker: Asker, memory_bytes: int) -> None:
        """Open the table."""
        self.asker = asker
        self.table = SegmentTable(folder, name)
        self.broken: Mapping[str, str] = {}
        self._name = name
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._collection: Collection | None = None
        self._counted: tuple[int, frozenset[str]] = (-1, frozenset())
        self._without_rows: set[str] = set()

    def update(
        self, indexes: Indexes, members: Mapping[str, IndexSummary], progress: Progress | None = None
    ) -> Collection:
        """Take in new indexes, let go of deleted ones, and give what there is.

        Raises:
            RowsGoneError: if somebody else removes rows meanwhile.
            TrackspeakError: if a plugin fails, or the table cannot be written.
        """
        self.broken = {}
        if self.table.unfinished or self._wanted(members) != self._known():
            with locked(self._folder / LOCK, wait=True):  # of two processes, the second finds it done
                self._mend(indexes, members, progress)
        self._collection = load(self.table, self._memory_bytes, self._collection)
        if self._collection.vectors is None and self.table.unindexed_rows > _MOST_UNINDEXED:
            with locked(self._folder / LOCK, wait=True):
                self.table.build_index()
        return self._collection

    def _wanted(self, members: Mapping[str, IndexSummary]) -> frozenset[str]:
        return frozenset(one for one, index in members.items() if index.tracks and one not in self._without_rows)

    def _known(self) -> frozenset[str]:
        version = self.table.version
        if version != self._counted[0]:
            self._counted = (version, frozenset(self.table.row_counts()))
        return self._counted[1]

    def _mend(self, indexes: Indexes, members: Mapping[str, IndexSummary], progress: Progress | None) -> None:
        let_go(self.table, indexes, self._name)
        known = self._known()
        missing = sorted(self._wanted(members) - known)
        for done, index_id in enumerate(missing):
            if progress is not None:
                progress(done, len(missing))
            try:
                rows = rows_of(indexes.get(index_id).index, self.asker.matcher)
            except NotFoundError:
                continue  # it was deleted meanwhile
            except BrokenIndexError as error:
                self.broken = {**self.broken, index_id: str(error)}
                continue
            if rows is None:
                self._without_rows.add(index_id)
            else:
                self.table.add(index_id, rows)
        if progress is not None and missing:
            progress(len(missing), len(missing))


def let_go(table: SegmentTable, indexes: Indexes, name: str) -> None:
    """Remove rows of indexes that are no longer in a space, for whoever holds the lock.

    A table stays when it is empty: its versions and row ids, by which processes know what they have read, go on.

    Args:
        table: of the space.
        indexes: what there is, which may be more than there was when the lock was waited for.
        name: of the space.

    Raises:
        RowsGoneError: if somebody else removes rows meanwhile, who did not hold the lock.
        OutputError: if rows cannot be removed.
    """
    table.remove(table.row_counts().keys() - {one.id for one in by_space(indexes).get(name, ())})
