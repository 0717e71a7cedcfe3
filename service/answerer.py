"""Answers about indexes, with those asked last and their plugins kept ready."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from trackspeak.plugins.contract import Matcher

from .asking import Asker, Scored, ask, asker_for, make_asker, score
from .options import RunOptions
from .result import Result, plain_value
from .store.index_file import StoredIndex
from .store.indexes import Indexes

KEPT_INDEXES: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """An index in memory, with its stamp on the disk."""

    stamp: tuple[int, int] | None
    stored: StoredIndex
    asker: Asker


class Answerer:
    """Answers from the indexes below a folder.

    Args:
        indexes: what is asked.
        size: how many indexes are kept in memory.
    """

    def __init__(self, indexes: Indexes, size: int = KEPT_INDEXES) -> None:
        """Read nothing yet."""
        self._indexes = indexes
        self._size = size
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._matchers: dict[str, Matcher] = {}  # one for all indexes that it made

    def ask(self, index_id: str, texts: Sequence[str], options: RunOptions) -> tuple[StoredIndex, Result]:
        """Answer sentences.

        Args:
            index_id: the whole id.
            texts: checked.
            options: those about asking count.

        Raises:
            UnknownNameError: if there is no such index, or no longer.
            TrackspeakError: what `asker_for` and `ask` raise.
        """
        stored, asker = self._asker(index_id, options)
        return stored, ask(stored, texts, asker, options)

    def stored(self, index_id: str) -> StoredIndex:
        """Give an index.

        Raises:
            TrackspeakError: what `ask` raises for the index.
        """
        return self._get(index_id).stored

    def scores(self, index_id: str, texts: Sequence[str], options: RunOptions) -> Scored:
        """Score all segments for questions, and choose none.

        Args:
            index_id: the whole id.
            texts: checked.
            options: those about the calibrator count.

        Raises:
            TrackspeakError: what `ask` raises.
        """
        stored, asker = self._asker(index_id, options)
        return score(stored, texts, asker)

    def _asker(self, index_id: str, options: RunOptions) -> tuple[StoredIndex, Asker]:
        """Give an index and what answers from it as a caller wants it."""
        kept = self._get(index_id)
        if options.calibrator is not None or options.set:
            return kept.stored, asker_for(kept.stored, options, kept.asker.matcher)
        return kept.stored, kept.asker

    def _get(self, index_id: str) -> _Kept:
        stamp = self._indexes.stamp(index_id)
        kept = self._kept.pop(index_id, None)
        if kept is not None and kept.stamp == stamp:
            self._kept[index_id] = kept  # asked last
            return kept
        stored = self._indexes.get(index_id)
        key = _matcher_key(stored)
        asker = make_asker(stored, matcher=self._matchers.get(key))
        self._matchers[key] = asker.matcher
        kept = self._kept[index_id] = _Kept(stamp, stored, asker)
        self._forget_some()  # also this one, where it was deleted meanwhile: it answers once more
        return kept

    def _forget_some(self) -> None:
        """Keep no index that is gone, and no more than `size`."""
        for index_id in [one for one in self._kept if one not in self._indexes]:
            self._kept.pop(index_id)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        used = [id(one.asker.matcher) for one in self._kept.values()]
        self._matchers = {key: one for key, one in self._matchers.items() if id(one) in used}


def _matcher_key(stored: StoredIndex) -> str:
    """Give a text that differs where another matcher, other options or other weights made an index."""
    use = stored.plugins["matcher"]
    weights = {key: digest for key, digest in stored.weights.items() if key.startswith("matcher/")}
    return json.dumps([plain_value(asdict(use)) if use else None, weights], sort_keys=True)
