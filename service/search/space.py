"""Indexes that are searched together: made by the same matcher with the same weights, calibrated alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from trackspeak.service.result import plain_value
from trackspeak.service.store.index_file import IndexSummary

_DIGITS = 16


def space_of(index: IndexSummary) -> str:
    """Give the name of the space that an index is in."""
    uses = {key: use for key, use in index.plugins.items() if use is not None and _scores(key)}
    said: dict[str, Any] = {
        "plugins": {key: [use.name, plain_value(use.options)] for key, use in uses.items()},
        "weights": {key: digest for key, digest in index.weights.items() if _scores(key)},
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return f"segments_{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


Known = dict[str, tuple[IndexSummary, str]]
"""Index id -> index and the name of its space, of indexes that were asked for before."""


def by_space(indexes: Iterable[IndexSummary], known: Known | None = None) -> Mapping[str, list[IndexSummary]]:
    """Give space -> its indexes.

    Args:
        indexes: all of them.
        known: is brought up to date, and spares finding names again.
    """
    known = {} if known is None else known
    spaces: dict[str, list[IndexSummary]] = {}
    for index in indexes:
        index_known = known.get(index.id)
        if index_known is None or index_known[0] is not index:
            index_known = known[index.id] = (index, space_of(index))
        spaces.setdefault(index_known[1], []).append(index)
    return spaces


def _scores(key: str) -> bool:
    return key.startswith(("matcher", "calibrator"))
