"""Answers about indexes, with those asked last and their plugins kept ready."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from trackspeak.plugins.contract import Matcher

from .asking import Asker, ask, asker_for, make_asker
from .options import RunOptions
from .result import Result, plain_value
from .store.index_file import StoredIndex
from .store.indexes import Indexes

KEPT_INDEXES: Final = 16


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
        self._kept: OrderedDict[str, tuple[StoredIndex, Asker]] = OrderedDict()
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
        stored, asker = self._get(index_id)
        if options.calibrator is not None or options.set:
            asker = asker_for(stored, options, asker.matcher)
        return stored, ask(stored, texts, asker, options)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._matchers.clear()

    def _get(self, index_id: str) -> tuple[StoredIndex, Asker]:
        if index_id not in self._kept or index_id not in self._indexes:
            self._kept.pop(index_id, None)
            stored = self._indexes.get(index_id)
            key = json.dumps(plain_value(asdict(stored.plugins["matcher"])) if stored.plugins["matcher"] else None)
            asker = make_asker(stored, matcher=self._matchers.get(key))
            self._matchers[key] = asker.matcher
            self._kept[index_id] = stored, asker
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
            used = [id(asker.matcher) for _, asker in self._kept.values()]
            self._matchers = {key: one for key, one in self._matchers.items() if id(one) in used}
        self._kept.move_to_end(index_id)
        return self._kept[index_id]
