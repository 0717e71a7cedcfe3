"""All segments of one matcher as they lie in memory, and which of their tracks a question may be about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import SegmentVectors, TextVectors

from .reduced import Reduced, reduce
from .table import RowsGoneError, SegmentTable

if TYPE_CHECKING:
    import torch

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_BYTES = 2
"""Of a number in half precision."""


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """S segments of T tracks, by index, track and time; one version of a table.

    Attributes:
        version: of the table.
        row_ids: (S,) of the table.
        by_row: (S,) the segments in the order of their row ids.
        first_times_s: (S,) float64.
        last_times_s: (S,) float64.
        starts: (T + 1,) where the segments of each track begin, and where the last ones end.
        index_codes: (T,) into `index_names`.
        index_names: the ids of indexes.
        track_ids: (T,).
        class_codes: (T,) into `class_names`.
        class_names: the names of classes.
        vectors: (S, D) in half precision; None where they are too many for the memory that is given.
        extras: (S, E) float32, what else exact scores need; None where there are no vectors.
        reduced: the vectors in fewer numbers; None where there are none, or few.
    """

    version: int
    row_ids: Ints
    by_row: Ints
    first_times_s: npt.NDArray[np.float64]
    last_times_s: npt.NDArray[np.float64]
    starts: Ints
    index_codes: Ints
    index_names: tuple[str, ...]
    track_ids: Ints
    class_codes: Ints
    class_names: tuple[str, ...]
    vectors: torch.Tensor | None
    extras: Floats | None
    reduced: Reduced | None

    def __len__(self) -> int:
        """The number of segments."""
        return len(self.row_ids)

    def near_scores(self, asked: TextVectors) -> Floats:
        """Give about how well each segment fits each text: (S, texts), those of a text side by side in memory.

        Raises:
            ValueError: if the vectors are not in memory.
        """
        import torch

        if self.vectors is None:
            raise ValueError("the vectors are not in memory")
        wanted = torch.from_numpy(asked.vectors)
        with torch.inference_mode():
            if self.reduced is not None:  # all texts at once: the vectors are read from memory once
                offsets = torch.from_numpy(asked.offsets).unsqueeze(1)  # (texts,) -> (texts, 1)
                near: Floats = torch.addmm(offsets, wanted @ self.reduced.basis, self.reduced.vectors.T).numpy()
                return near.T  # (texts, S) -> (S, texts)
            found = np.empty((len(wanted), len(self)), np.float32)
            for row, vector in enumerate(wanted):
                # one by one: a product with several columns takes a far slower path on CPUs in half precision
                np.add(torch.mv(self.vectors, vector.half()).float().numpy(), asked.offsets[row], out=found[row])
        return found.T  # (texts, S) -> (S, texts)

    def segment_vectors(self, segments: Ints) -> SegmentVectors:
        """Give what is in memory of some segments.

        Raises:
            ValueError: if the vectors are not in memory.
        """
        import torch

        if self.vectors is None or self.extras is None:
            raise ValueError("the vectors are not in memory")
        vectors = self.vectors[torch.from_numpy(segments)].float().numpy()
        return SegmentVectors(vectors, self.extras[segments])

    def tracks_of(self, segments: Ints) -> Ints:
        """Give the track of each segment."""
        return (np.searchsorted(self.starts, segments, side="right") - 1).astype(np.int64)

    def rows(self, tracks: Ints) -> Ints:
        """Give the row ids of all segments of some tracks, track by track."""
        parts = [self.row_ids[self.starts[track] : self.starts[track + 1]] for track in tracks.tolist()]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def tracks_of_rows(self, row_ids: Ints) -> Ints:
        """Give the tracks that rows belong to, each once, in the order of their first row; unknown rows are skipped."""
        if not len(self):
            return np.zeros(0, np.int64)
        at = np.searchsorted(self.row_ids, row_ids, sorter=self.by_row)
        segments = self.by_row[np.minimum(at, len(self) - 1)]
        known = self.row_ids[segments] == row_ids
        tracks = self.tracks_of(segments[known])
        _, first = np.unique(tracks, return_index=True)
        once: Ints = tracks[np.sort(first)]
        return once


def load(table: SegmentTable, memory_bytes: int, before: Collection | None = None) -> Collection:
    """Read a table; vectors that an older version has in memory are not read again.

    Args:
        table: of one matcher.
        memory_bytes: that the vectors may take.
        before: an older version.

    Raises:
        RowsGoneError: if somebody else removes rows meanwhile.
    """
    version = table.version
    if before is not None and before.version == version:
        return before
    places = table.places()
    index_order = np.argsort(np.argsort(places.index_names))  # code -> place in the order of names
    order = np.lexsort((places.row_ids, places.track_ids, index_order[places.index_codes]))
    row_ids, track_ids, codes = places.row_ids[order], places.track_ids[order], places.index_codes[order]
    new = np.ones(len(order), bool)
    new[1:] = (np.diff(track_ids) != 0) | (np.diff(codes) != 0)
    firsts = np.flatnonzero(new)
    vectors, extras, reduced = None, None, None
    if len(order) * table.width * _BYTES <= memory_bytes:
        index_ids = [places.index_names[code] for code in codes.tolist()]
        vectors, extras = _vectors(table, row_ids, index_ids, before)
        reduced = reduce(vectors)
    return Collection(
        version,
        row_ids,
        np.argsort(row_ids, kind="stable"),
        places.first_times_s[order],
        places.last_times_s[order],
        np.append(firsts, len(order)).astype(np.int64),
        codes[firsts],
        places.index_names,
        track_ids[firsts],
        places.class_codes[order][firsts],
        places.class_names,
        vectors,
        extras,
        reduced,
    )


def _vectors(
    table: SegmentTable, row_ids: Ints, index_ids: list[str], before: Collection | None
) -> tuple[torch.Tensor, Floats]:
    """Give the vectors of rows in half precision, and their extras: from memory, else from the table."""
    import torch

    known_ids, known, extras = (
        np.zeros(0, np.int64),
        np.zeros((0, table.width), np.float16),
        np.zeros((0, 0), np.float32),
    )
    if before is not None and before.vectors is not None and before.extras is not None:
        known_ids, known, extras = before.row_ids, before.vectors.numpy(), before.extras
    missing = ~np.isin(row_ids, known_ids)
    if missing.any():
        wanted = None if missing.all() else sorted({index_ids[row] for row in np.flatnonzero(missing).tolist()})
        read_ids, read, read_extras = table.vectors(wanted)
        if len(known) and len(read):
            fresh = ~np.isin(read_ids, known_ids)
            read_ids = np.concatenate([known_ids, read_ids[fresh]])
            read = np.concatenate([known, read[fresh]])
            read_extras = np.concatenate([extras, read_extras[fresh]])
        if len(read):
            known_ids, known, extras = read_ids, read, read_extras
    if not np.isin(row_ids, known_ids).all():
        raise RowsGoneError("rows were removed meanwhile")
    order = np.argsort(known_ids)
    at = order[np.minimum(np.searchsorted(known_ids[order], row_ids), max(0, len(order) - 1))]
    in_place = len(at) == len(known) and np.array_equal(at, np.arange(len(at)))
    return torch.from_numpy(known if in_place else known[at]), extras if in_place else extras[at]
