"""Tracks that a question may be about, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Scores, TextVectors
from trackspeak.service.pipeline.select import threshold_of
from trackspeak.service.questions import Expression, Not, Part, Question

from .collection import Collection, Ints
from .table import SegmentTable

MARGIN = 0.01
"""What scores of vectors in half precision may be below the threshold by."""

_PER_TRACK = 32
"""So many segments of a track at most say where it ranks."""

_ROWS_PER_TRACK = 20
"""How many segments the index of a large table is asked for, for each track that is to be scored."""

_ROWS_MORE = 4
"""Where these are of too few tracks, so many times as many are asked for."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """What a search is narrowed to.

    Attributes:
        index_ids: only these indexes; None: all.
        classes: only tracks of these classes; empty: of all.
        first_time_s: only from this time of a video on.
        last_time_s: only up to this time.
    """

    index_ids: frozenset[str] | None = None
    classes: tuple[str, ...] = ()
    first_time_s: float | None = None
    last_time_s: float | None = None

    def tracks(self, collection: Collection) -> Mask:
        """Say of each track whether it is inside, times apart."""
        inside = np.ones(len(collection.track_ids), bool)
        if self.index_ids is not None:
            inside &= np.array([one in self.index_ids for one in collection.index_names], bool)[collection.index_codes]
        if self.classes:
            inside &= np.array([self.has_class(one) for one in collection.class_names], bool)[collection.class_codes]
        return inside

    def has_class(self, name: str) -> bool:
        """Whether tracks of a class are inside."""
        return not self.classes or name in self.classes

    def segments(self, collection: Collection) -> Mask:
        """Say of each segment whether it is inside."""
        inside = np.repeat(self.tracks(collection), np.diff(collection.starts))
        if self.first_time_s is not None:
            inside &= collection.last_times_s >= self.first_time_s
        if self.last_time_s is not None:
            inside &= collection.first_times_s <= self.last_time_s
        return inside

    def where(self) -> str | None:
        """Give the condition as SQL; None where there is none."""
        parts = []
        if self.index_ids is not None:
            parts.append(_one_of("index_id", sorted(self.index_ids)))
        if self.classes:
            parts.append(_one_of("class_name", self.classes))
        if self.first_time_s is not None:
            parts.append(f"last_time_s >= {float(self.first_time_s)!r}")
        if self.last_time_s is not None:
            parts.append(f"first_time_s <= {float(self.last_time_s)!r}")
        return " AND ".join(parts) or None


def highest(collection: Collection, near: Scores, within: Within, tracks: int) -> Ints:
    """Give the segments as high as the best one of the last of some tracks, those with the highest segments.

    Args:
        collection: of S segments.
        near: (S, 1) scores of the question, nearly.
        within: what the search is narrowed to.
        tracks: at most so many, and the best segments of each.
    """
    values = near.values[:, 0]
    if within != Within():
        values = np.where(within.segments(collection), values, np.float32(-np.inf))
    best = np.maximum.reduceat(values, collection.starts[:-1])
    last = max(0, len(best) - tracks)
    chosen = np.zeros(len(best), bool)
    chosen[np.argpartition(best, last)[last:]] = True
    chosen &= best > -np.inf
    if not chosen.any():
        return np.zeros(0, np.int64)
    segments = np.flatnonzero(values >= best[chosen].min())
    of = collection.tracks_of(segments)
    order = np.lexsort((-values[segments], of))
    segments, of = segments[order], of[order]
    begins = np.maximum.accumulate(np.where(np.diff(of, prepend=-1) != 0, np.arange(len(of)), 0))
    # a few long tracks must not be all that is looked at, nor tracks that tie with the last one
    few: Ints = segments[(np.arange(len(of)) - begins < _PER_TRACK) & chosen[of]]
    return few


def rank(collection: Collection, segments: Ints, scores: Scores, count: int, threshold: float | None) -> Ints:
    """Give the tracks with the highest mean over those of some segments that are above the threshold, best first.

    Args:
        collection: what the segments are of.
        segments: (N,) those that may be meant.
        scores: (N, 1) theirs for the question, of vectors in half precision.
        count: at most so many tracks.
        threshold: that of frames; None: the score kind's.
    """
    values = scores.values[:, 0].astype(np.float64)
    good = values > threshold_of(threshold, scores.kind) - MARGIN
    tracks, at = np.unique(collection.tracks_of(segments[good]), return_inverse=True)
    means = np.bincount(at, values[good]) / np.bincount(at)
    best: Ints = tracks[np.lexsort((tracks, -means))][:count]
    return best


def rank_by_index(
    table: SegmentTable,
    collection: Collection,
    question: Question,
    texts: Sequence[str],
    asked: TextVectors,
    within: Within,
    count: int,
) -> Ints:
    """Give the tracks whose segments the table's index finds for the sentences that a question is found by.

    Args:
        table: of the collection.
        collection: of T tracks and S segments.
        question: what is asked.
        texts: the sentences of `asked`.
        asked: their vectors.
        within: what the search is narrowed to.
        count: at most so many tracks, the best of each sentence by turns.

    Raises:
        RowsGoneError: if somebody else removes rows meanwhile.
    """
    places, found = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for text, holds in sorted(_found_by(question.expression)):
        vector = asked.vectors[texts.index(text)]
        found.append(_nearest_tracks(table, collection, vector if holds else -vector, within.where(), count))
        places.append(np.arange(len(found[-1])))
    tracks = np.concatenate(found)[np.argsort(np.concatenate(places), kind="stable")]
    _, first = np.unique(tracks, return_index=True)
    best: Ints = tracks[np.sort(first)][:count]
    return best


def _nearest_tracks(
    table: SegmentTable, collection: Collection, vector: npt.NDArray[np.float32], where: str | None, count: int
) -> Ints:
    """Give the tracks of the nearest segments: at least `count`, or all that the index finds."""
    rows = 0
    while True:
        rows = min(len(collection), max(_ROWS_MORE * rows, _ROWS_PER_TRACK * count))
        nearest = table.nearest(vector, rows, where)
        tracks = collection.tracks_of_rows(nearest)
        if len(tracks) >= count or len(nearest) < rows or rows == len(collection):
            return tracks  # else a few long tracks are all that was found


def _found_by(expression: Expression, *, holds: bool = True) -> set[tuple[str, bool]]:
    """Give sentences of which one holds, or does not, wherever an expression holds: ones that must hold, if it can be.

    What is not asked for can be told of few tracks by an index, and what is asked for of many.
    """
    if isinstance(expression, Part):
        return {(expression.text, holds)}
    if isinstance(expression, Not):
        return _found_by(expression.part, holds=not holds)
    parts = [_found_by(part, holds=holds) for part in expression.parts]
    if expression.every == holds:  # all must hold: any of them will do
        parts = [part for part in parts if all(positive for _, positive in part)] or parts
    return set().union(*parts)


def _one_of(column: str, values: Sequence[str]) -> str:
    if not values:
        return "false"
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})"
