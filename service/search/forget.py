"""Let a search forget an index at once, and with it the bytes that were kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trackspeak.models.errors import OutputError
from trackspeak.service.process_folder import locked

from .members import LOCK
from .table import SegmentTable, table_names


@contextmanager
def forgotten(folder: Path, index_id: str) -> Iterator[None]:
    """Remove the rows of an index, and keep all processes from taking it in again while the index itself goes.

    Args:
        folder: of the tables.
        index_id: of the index, which is to be deleted in the block.

    Raises:
        OutputError: if the rows cannot be removed.
        PluginError: if there are tables and LanceDB is no longer installed.
    """
    names = table_names(folder)
    if not names:
        yield
        return
    try:
        with locked(folder / LOCK, wait=True):
            for name in names:
                table = SegmentTable(folder, name)
                if table.unfinished or index_id in table.row_counts():  # it may be what was not finished
                    table.remove([index_id])
            yield
    except OSError as error:
        raise OutputError(f"the search tables could not be locked: {error.strerror or error}") from error
