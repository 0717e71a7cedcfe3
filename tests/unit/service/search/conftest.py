"""Fixtures of the search's tests: rows, tables and searchers over indexes of plain numbers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from search_fakes import fake_asker, keep

from trackspeak.plugins.contract import SegmentVectors
from trackspeak.service.search.rows import IndexRows
from trackspeak.service.search.rows import Path as TrackPath
from trackspeak.service.search.searcher import Searcher
from trackspeak.service.store.index_file import StoredIndex

RowsMaker = Callable[..., IndexRows]
SearcherMaker = Callable[..., Searcher]


@pytest.fixture
def make_rows() -> RowsMaker:
    """Make rows of tracks of three segments each: `make_rows(7)`; each call draws others."""
    draw = np.random.default_rng(0)

    def make(count: int, width: int = 8, extras: int = 4) -> IndexRows:
        vectors = draw.standard_normal((count, width)).astype(np.float32)
        first = np.arange(count)
        paths = [TrackPath(first[:3] + row, (first[:3] + row) / 10) if row % 3 == 0 else None for row in range(count)]
        return IndexRows(
            SegmentVectors(vectors, draw.standard_normal((count, extras)).astype(np.float32)),
            np.arange(count) // 3 + 1,
            first,
            first + 7,
            first / 10,
            (first + 7) / 10,
            tuple("car" if row // 3 % 2 else "person" for row in range(count)),
            tuple(paths),
        )

    return make


@pytest.fixture
def no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have searchers use the matchers of plain numbers; undone with what a test puts in their place."""
    monkeypatch.setattr("trackspeak.service.search.searcher.make_asker", fake_asker)


@pytest.fixture
def make_searcher(no_plugins: None, tmp_path: Path) -> SearcherMaker:
    """Keep indexes and give their searcher: `make_searcher(one, two)`."""

    def make(*stored: StoredIndex, memory_bytes: int = 2**30) -> Searcher:
        return Searcher(keep(tmp_path / "indexes", stored), tmp_path / "search", memory_bytes)

    return make
