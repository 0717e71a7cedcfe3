"""Rows of a search as Arrow tables, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import SegmentVectors

from .rows import IndexRows, Path

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where R rows belong.

    Attributes:
        row_ids: (R,) int64, by which rows are taken.
        index_ids: (R,) codes into `index_names`.
        index_names: the ids of indexes.
        track_ids: (R,) int64.
        first_times_s: (R,) float64.
        last_times_s: (R,) float64.
        class_codes: (R,) codes into `class_names`.
        class_names: the names of classes.
    """

    row_ids: npt.NDArray[np.int64]
    index_codes: npt.NDArray[np.int64]
    index_names: tuple[str, ...]
    track_ids: npt.NDArray[np.int64]
    first_times_s: npt.NDArray[np.float64]
    last_times_s: npt.NDArray[np.float64]
    class_codes: npt.NDArray[np.int64]
    class_names: tuple[str, ...]


PLACE = ("index_id", "track_id", "first_time_s", "last_time_s", "class_name")
"""The columns that `to_places` reads, beside the row ids."""


def to_arrow(index_id: str, rows: IndexRows) -> pa.Table:
    """Give the rows of an index as a table, a list of frames and one of times in the first row of each track."""
    import pyarrow as pa

    frames = [None if path is None else path.frame_indices for path in rows.paths]
    times_s = [None if path is None else path.times_s for path in rows.paths]
    columns = {
        "index_id": pa.array([index_id] * len(rows.track_ids), pa.string()),
        "track_id": pa.array(rows.track_ids),
        "first_frame": pa.array(rows.first_frames),
        "last_frame": pa.array(rows.last_frames),
        "first_time_s": pa.array(rows.first_times_s),
        "last_time_s": pa.array(rows.last_times_s),
        "class_name": pa.array(rows.class_names, pa.string()),
        "path_frames": pa.array(frames, pa.list_(pa.int64())),
        "path_times_s": pa.array(times_s, pa.list_(pa.float64())),
        "vector": _fixed(rows.vectors.vectors),
    }
    if rows.vectors.extras.shape[1]:  # Arrow has no lists of length 0
        columns["extras"] = _fixed(rows.vectors.extras)
    return pa.table(columns)


def to_rows(table: pa.Table) -> IndexRows:
    """Give rows of a table that has all columns."""
    paths: list[Path | None] = [None] * table.num_rows
    lists = zip(*(_lists(table[name]) for name in ("path_frames", "path_times_s")), strict=True)
    for (row, frames), (_, times_s) in lists:
        paths[row] = Path(frames, times_s)
    return IndexRows(
        SegmentVectors(matrix(table["vector"]), extras_of(table)),
        table["track_id"].to_numpy(),
        table["first_frame"].to_numpy(),
        table["last_frame"].to_numpy(),
        table["first_time_s"].to_numpy(),
        table["last_time_s"].to_numpy(),
        tuple(table["class_name"].to_pylist()),
        tuple(paths),
    )


def to_places(table: pa.Table | None) -> Places:
    """Give the places of rows; of no table there are none."""
    if table is None:
        none, times_s = np.zeros(0, np.int64), np.zeros(0)
        return Places(none, none, (), none, times_s, times_s, none, ())
    index_codes, index_names = _coded(table["index_id"])
    class_codes, class_names = _coded(table["class_name"])
    return Places(
        table["_rowid"].to_numpy().astype(np.int64),
        index_codes,
        index_names,
        table["track_id"].to_numpy(),
        table["first_time_s"].to_numpy(),
        table["last_time_s"].to_numpy(),
        class_codes,
        class_names,
    )


def extras_of(table: pa.Table | pa.RecordBatch) -> npt.NDArray[np.float32]:
    """Give the extras of R rows, (R, E) float32; a table of a matcher that has none has no such column."""
    has_any = "extras" in table.schema.names
    return matrix(table["extras"]) if has_any else np.zeros((table.num_rows, 0), np.float32)


def matrix(column: Any) -> npt.NDArray[np.float32]:
    """Give a column of lists of one length: (R, D) float32."""
    import pyarrow as pa

    chunk = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    width = chunk.type.list_size
    values = np.array(chunk.flatten().to_numpy(), np.float32)  # a copy: Arrow's own memory cannot be written
    return values.reshape(len(chunk), width)  # (R * D,) -> (R, D)


def _lists(column: Any) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Give the lists of a column and their rows, those that are there."""
    chunk = column.combine_chunks()
    offsets, values = chunk.offsets.to_pylist(), chunk.values.to_numpy()
    for row in np.flatnonzero(chunk.is_valid().to_numpy(zero_copy_only=False)).tolist():
        yield row, values[offsets[row] : offsets[row + 1]].copy()


def _fixed(values: npt.NDArray[np.float32]) -> Any:
    """Give (R, D) float32 as a column of lists of one length."""
    import pyarrow as pa

    flat = pa.array(np.ascontiguousarray(values, np.float32).reshape(-1))  # (R, D) -> (R * D,)
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _coded(column: Any) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    coded = column.combine_chunks().dictionary_encode()
    return coded.indices.to_numpy().astype(np.int64), tuple(coded.dictionary.to_pylist())
