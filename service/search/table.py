"""The rows of all indexes of one matcher in LanceDB: appended whole, safe from crashes, searched by inner products.

This is the one place that knows LanceDB.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import OutputError, PluginError

from .arrow import PLACE, Places, extras_of, matrix, to_arrow, to_places, to_rows
from .rows import IndexRows

if TYPE_CHECKING:
    import pyarrow as pa

_SMALL_FRAGMENTS = 32
"""So many small appends are put together."""

_FRAGMENT_ROWS = 100_000
"""Of what was put together: LanceDB counts what has fewer as small. More would write all rows again each time."""

_READ_WITHIN = timedelta(minutes=1)
"""So long an older version stays for those who are reading it."""

_REFINE = 10
"""The index finds so many times the rows wanted by its short codes, and ranks them by the vectors themselves."""

_PROBED = 32
"""Partitions of the index that are looked into."""

_ALL = 2**32 - 1


class RowsGoneError(KeyError):
    """What was to be read was removed meanwhile: begin again."""

    def __str__(self) -> str:
        """Give the message, which a `KeyError` puts in quotes."""
        return str(self.args[0])


class SegmentTable:
    """The rows of one matcher. All that read it raise `RowsGoneError` where somebody else removes rows meanwhile.

    Args:
        folder: of all tables.
        name: of this one; made when the first rows come.

    Raises:
        PluginError: if LanceDB is not installed.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Open it."""
        try:
            import lancedb
        except ImportError as error:
            raise PluginError('searching needs lancedb: pip install "trackspeak[search]"') from error
        folder.mkdir(parents=True, exist_ok=True)
        self._database = lancedb.connect(folder)
        self._name = name
        self._table: Any = None
        self._mark = folder / f"{name}.unfinished"

    @property
    def version(self) -> int:
        """Goes up with every change; 0 while there is no table."""
        with _reading():
            table = self._opened()
            return 0 if table is None else int(table.version)

    @property
    def unfinished(self) -> bool:
        """Whether somebody is changing it, or was killed at it: then files may hold rows that it does not have."""
        return self._mark.exists()

    def row_counts(self) -> dict[str, int]:
        """Give index id -> number of rows."""
        found = self._scan(["index_id"], None)
        if found is None:
            return {}
        counts = found["index_id"].combine_chunks().value_counts().to_pylist()
        return {one["values"]: one["counts"] for one in counts}

    def add(self, index_id: str, rows: IndexRows) -> None:
        """Append the rows of an index, all or none.

        Raises:
            OutputError: if they cannot be written.
        """
        data = to_arrow(index_id, rows)
        with self._changing():
            table = self._opened()
            if table is None:
                # row ids must outlive the putting together of small appends
                options = {"new_table_enable_stable_row_ids": "true"}
                table = self._database.create_table(
                    self._name, schema=data.schema, exist_ok=True, storage_options=options
                )
                self._table = table
            table.add(data)
            if table.stats()["fragment_stats"]["num_small_fragments"] > _SMALL_FRAGMENTS:
                self._put_together(table)

    def remove(self, index_ids: Iterable[str]) -> None:
        """Remove the rows of indexes, also from the disk, and with them what an unfinished change left there.

        Raises:
            OutputError: if they cannot be removed.
        """
        wanted = sorted(index_ids)
        if not wanted and not self.unfinished:
            return
        with self._changing():
            table = self._opened()
            if table is not None:
                if wanted:
                    table.delete(f"index_id IN ({_listed(wanted)})")
                self._erase(table)
            self._mark.unlink(missing_ok=True)

    def places(self, index_ids: Sequence[str] | None = None) -> Places:
        """Say where rows belong, of all indexes or some."""
        return to_places(self._scan([*PLACE], index_ids))

    def vectors(
        self, index_ids: Sequence[str] | None = None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float16], npt.NDArray[np.float32]]:
        """Give the row ids of rows, their vectors in half precision, and their extras."""
        ids, parts, extras = [np.zeros(0, np.int64)], [np.zeros((0, self.width), np.float16)], []
        with _reading():
            query = self._query(["vector", "extras"], index_ids)
            for batch in () if query is None else query.to_batches():
                ids.append(batch["_rowid"].to_numpy().astype(np.int64))
                parts.append(matrix(batch["vector"]).astype(np.float16))
                extras.append(extras_of(batch))
        return np.concatenate(ids), np.concatenate(parts), np.concatenate(extras or [np.zeros((0, 0), np.float32)])

    @property
    def width(self) -> int:
        """Numbers in a vector; 0 while there is no table."""
        with _reading():
            table = self._opened()
            return 0 if table is None else int(table.schema.field("vector").type.list_size)

    def take(self, row_ids: npt.NDArray[np.int64]) -> IndexRows:
        """Give rows, in the order asked.

        Raises:
            RowsGoneError: if a row is no longer there.
        """
        wanted, back = np.unique(row_ids, return_inverse=True)
        with _reading():
            table = self._opened()
            # each column takes a millisecond or so
            read = [] if table is None else [name for name in table.schema.names if name != "index_id"]
            found = None if table is None else table.take_row_ids(wanted.tolist()).select(read).with_row_id().to_arrow()
        if found is None or found.num_rows != len(wanted):
            raise RowsGoneError("rows were removed meanwhile")
        order = np.argsort(found["_rowid"].to_numpy())  # of `wanted`, whatever the order of rows on the disk
        return to_rows(found.combine_chunks().take(order[back]))

    def nearest(self, vector: npt.NDArray[np.float32], count: int, where: str | None) -> npt.NDArray[np.int64]:
        """Give the ids of the rows with the largest inner products, found by the index where there is one."""
        with _reading():
            table = self._opened()
            if table is None:
                return np.zeros(0, np.int64)
            query = table.search(vector, vector_column_name="vector")
            query = query.distance_type("dot").nprobes(_PROBED).refine_factor(_REFINE)
            if where:
                query = query.where(where, prefilter=True)
            found = query.select(["track_id", "_distance"]).with_row_id(True).limit(count).to_arrow()
        ids: npt.NDArray[np.int64] = found["_rowid"].to_numpy().astype(np.int64)
        return ids

    def build_index(self) -> None:
        """Make the index that `nearest` uses, or bring it up to date.

        Raises:
            OutputError: if it cannot be written.
        """
        from lancedb.index import IvfSq

        with self._changing():
            table = self._opened()
            if any("vector" in one.columns for one in table.list_indices()):
                table.to_lance().optimize.optimize_indices()
                table.checkout_latest()
            else:
                table.create_index("vector", config=IvfSq(distance_type="dot", max_iterations=10))

    @property
    def unindexed_rows(self) -> int:
        """Rows that the index does not have: all of them where there is none."""
        with _reading():
            table = self._opened()
            for one in () if table is None else table.list_indices():
                stats = table.index_stats(one.name) if "vector" in one.columns else None
                if stats is not None:
                    return int(stats.num_unindexed_rows)
            return 0 if table is None else int(table.count_rows())

    def _opened(self) -> Any:
        """Give the table as it is now; None while there is none."""
        if self._table is not None:
            self._table.checkout_latest()
            return self._table
        try:
            self._table = self._database.open_table(self._name)
        except (ValueError, FileNotFoundError):
            return None
        return self._table

    def _scan(self, columns: list[str], index_ids: Sequence[str] | None) -> pa.Table | None:
        with _reading():
            query = self._query(columns, index_ids)
            return None if query is None else cast("pa.Table", query.to_arrow())

    def _query(self, columns: list[str], index_ids: Sequence[str] | None) -> Any:
        """Give what reads columns of all rows or some, and their row ids; None while there is no table."""
        table = self._opened()
        if table is None:
            return None
        there = [name for name in columns if name in table.schema.names]
        query = table.search().select(there).with_row_id(True).limit(_ALL)
        return query if index_ids is None else query.where(f"index_id IN ({_listed(index_ids)})")

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Mark the table as unfinished while it is changed, and for as long as nobody has mended what failed."""
        try:
            before = self.unfinished
            self._mark.touch()
            yield
            if not before:
                self._mark.unlink(missing_ok=True)
        except (OSError, RuntimeError, ValueError) as error:
            raise OutputError(f"the search table could not be written: {error}") from error

    def _put_together(self, table: Any) -> None:
        """Write small appends anew as one, and remove versions that nobody can still be reading."""
        table.to_lance().optimize.compact_files(target_rows_per_fragment=_FRAGMENT_ROWS)
        table.checkout_latest()
        table.to_lance().cleanup_old_versions(older_than=_READ_WITHIN)

    def _erase(self, table: Any) -> None:
        """Write anew what removed rows lie in, and remove all older versions: others who read these begin again."""
        for one in table.list_indices():
            table.drop_index(one.name)  # its codes are of the removed rows too; `build_index` makes it again
        table.to_lance().optimize.compact_files(materialize_deletions=True, materialize_deletions_threshold=0.0)
        table.checkout_latest()
        table.delete("false")  # a version of its own: that of the removal names what was removed
        table.to_lance().cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)


def table_names(folder: Path) -> tuple[str, ...]:
    """Give the names of the tables in a folder, which need not be there."""
    names = (path.stem for path in folder.glob("*.lance") if path.is_dir()) if folder.is_dir() else ()
    return tuple(sorted(names))


def drop_table(folder: Path, name: str) -> None:
    """Remove a table from the disk.

    Raises:
        OutputError: if it cannot be removed.
    """
    try:
        shutil.rmtree(folder / f"{name}.lance")
        (folder / f"{name}.unfinished").unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"the search table {name} could not be removed: {error.strerror or error}") from error


@contextmanager
def _reading() -> Iterator[None]:
    """Take what LanceDB says of files that are gone for what it is."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise RowsGoneError(f"rows were removed meanwhile: {error}") from error


def _listed(index_ids: Iterable[str]) -> str:
    """Give ids, which are hexadecimal, as SQL has them."""
    return ", ".join(f"'{one}'" for one in index_ids)
