"""Let a search forget an index at once, and with it the bytes that were kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trackspeak.models.errors import OutputError
from trackspeak.service.process_folder import locked

from .members import LOCK
from .table import RowsGoneError, SegmentTable, drop_table, table_names


@contextmanager
def forgotten(folder: Path, index_id: str) -> Iterator[None]:
    """Remove the rows of an index, and keep all processes from taking it in again while the index itself goes.

    Args:
        folder: of the tables; made if it is not there.
        index_id: of an index that is there, which is to be deleted in the block.

    Raises:
        OutputError: if the rows cannot be removed.
        PluginError: if there are tables and LanceDB is no longer installed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / LOCK, wait=True):
            for name in table_names(folder):
                _remove(folder, name, index_id)
            yield
    except OSError as error:
        raise OutputError(f"the search tables could not be locked: {error.strerror or error}") from error


def _remove(folder: Path, name: str, index_id: str) -> None:
    try:
        table = SegmentTable(folder, name)
        if table.unfinished or index_id in table.row_counts():  # it may be what was not finished
            table.remove([index_id])
    except RowsGoneError:
        drop_table(folder, name)  # it is damaged; the next search makes it anew
