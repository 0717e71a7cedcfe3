"""What lies in memory: read once, brought up to date, and its scores near the true ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from trackspeak.plugins.contract import TextVectors
from trackspeak.service.search.collection import Collection, load
from trackspeak.service.search.rows import IndexRows
from trackspeak.service.search.table import RowsGoneError, SegmentTable

RowsMaker = Callable[..., IndexRows]
A, B, C, D = (one * 32 for one in "abcd")
MUCH = 2**30


@pytest.fixture
def table(tmp_path: Path) -> SegmentTable:
    return SegmentTable(tmp_path, "segments_a")


class Spy:
    """Keeps what was asked of `SegmentTable.vectors`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Any] = []
        real = SegmentTable.vectors

        def vectors(table: SegmentTable, index_ids: Any = None) -> Any:
            self.asked.append(index_ids)
            return real(table, index_ids)

        monkeypatch.setattr(SegmentTable, "vectors", vectors)


def check(found: Collection, rows: dict[str, IndexRows]) -> None:
    """Check that a collection holds these rows, by index and track and time, and their vectors."""
    places = [(name, row) for name in sorted(rows) for row in range(len(rows[name].track_ids))]
    assert len(found) == len(places)
    assert found.vectors is not None
    assert found.vectors.shape == (len(places), 8)
    for vector, (name, row) in zip(found.vectors.numpy(), places, strict=True):
        np.testing.assert_array_equal(vector, rows[name].vectors.vectors[row].astype(np.float16))
    tracks = list(dict.fromkeys((name, int(rows[name].track_ids[row])) for name, row in places))
    names = [found.index_names[code] for code in found.index_codes]
    assert list(zip(names, found.track_ids.tolist(), strict=True)) == tracks
    for track, (name, track_id) in enumerate(tracks):
        mine = slice(found.starts[track], found.starts[track + 1])
        chosen = rows[name].track_ids == track_id
        np.testing.assert_array_equal(found.first_times_s[mine], rows[name].first_times_s[chosen])
        np.testing.assert_array_equal(found.last_times_s[mine], rows[name].last_times_s[chosen])
        class_name = rows[name].class_names[int(np.flatnonzero(chosen)[0])]
        assert found.class_names[found.class_codes[track]] == class_name
        np.testing.assert_array_equal(found.rows(np.array([track])), found.row_ids[mine])
    np.testing.assert_array_equal(found.row_ids[found.by_row], np.sort(found.row_ids))


def test_an_empty_table_is_an_empty_collection(table: SegmentTable, make_rows: RowsMaker) -> None:
    assert len(load(table, MUCH)) == len(load(table, 0).track_ids) == 0
    table.add(A, make_rows(5))
    before = load(table, MUCH)
    table.remove([A])
    after = load(table, MUCH, before)
    check(after, {})
    assert len(after.tracks_of_rows(np.array([0, 1]))) == 0
    assert after.near_scores(TextVectors(np.ones((1, 8), np.float32), np.zeros(1, np.float32))).shape == (0, 1)


def test_only_what_is_new_is_read(table: SegmentTable, make_rows: RowsMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {B: make_rows(7), D: make_rows(5)}
    for name, one in rows.items():
        table.add(name, one)
    spy = Spy(monkeypatch)
    found = load(table, MUCH)
    assert spy.asked == [None]
    check(found, rows)
    assert load(table, MUCH, found) is found
    rows[A], rows[C] = make_rows(4), make_rows(40)
    table.add(A, rows[A])
    table.add(C, rows[C])
    found = load(table, MUCH, found)
    assert spy.asked == [None, [A, C]]
    check(found, rows)
    table.remove([D, A])
    del rows[D], rows[A]
    found = load(table, MUCH, found)
    assert len(spy.asked) == 2
    check(found, rows)


def test_an_index_that_comes_again_is_read_again(
    table: SegmentTable, make_rows: RowsMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {A: make_rows(6), B: make_rows(6)}
    for name, one in rows.items():
        table.add(name, one)
    spy, found = Spy(monkeypatch), load(table, MUCH)
    table.remove([A])
    rows[A] = make_rows(6)
    table.add(A, rows[A])
    found = load(table, MUCH, found)
    assert spy.asked == [None, [A]]
    check(found, rows)
    for name in (A, B):
        table.remove([name])
        rows[name] = make_rows(6)
        table.add(name, rows[name])
    found = load(table, MUCH, found)
    assert spy.asked[2:] == [None]
    check(found, rows)


def test_the_memory_that_is_given_is_kept_to(table: SegmentTable, make_rows: RowsMaker) -> None:
    rows = {A: make_rows(10), B: make_rows(10)}
    table.add(A, rows[A])
    needed = 10 * 8 * 2
    fits = load(table, needed)
    check(fits, {A: rows[A]})
    few = load(table, needed - 1)
    assert few.vectors is None
    with pytest.raises(ValueError, match="not in memory"):
        few.near_scores(TextVectors(np.ones((1, 8), np.float32), np.zeros(1, np.float32)))
    table.add(B, rows[B])
    assert load(table, needed, fits).vectors is None
    check(load(table, 2 * needed, few), rows)


def test_rows_that_go_while_a_table_is_read_are_noticed(
    table: SegmentTable, make_rows: RowsMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.add(A, make_rows(6))
    table.add(B, make_rows(6))
    real = SegmentTable.vectors

    def late(one: SegmentTable, index_ids: Any = None) -> Any:
        one.remove([A])
        return real(one, index_ids)

    monkeypatch.setattr(SegmentTable, "vectors", late)
    with pytest.raises(RowsGoneError):
        load(table, MUCH)


def test_rows_are_told_to_tracks(table: SegmentTable, make_rows: RowsMaker) -> None:
    for name in (B, A):  # row ids do not go by the names of indexes
        table.add(name, make_rows(9))
    found = load(table, MUCH)
    of_row = {int(row): track for track in range(6) for row in found.rows(np.array([track]))}
    draw = np.random.default_rng(0)
    for _ in range(20):
        asked = draw.integers(0, 30, 12)  # from 18 on there are none
        wanted = list(dict.fromkeys(of_row[row] for row in asked.tolist() if row in of_row))
        assert found.tracks_of_rows(asked).tolist() == wanted
    assert found.rows(np.zeros(0, np.int64)).tolist() == []
    assert found.rows(np.array([5, 0])).tolist() == [*found.rows(np.array([5])), *found.rows(np.array([0]))]


def test_near_scores_are_near(table: SegmentTable, make_rows: RowsMaker) -> None:
    rows = make_rows(200)
    table.add(A, rows)
    draw = np.random.default_rng(5)
    asked = TextVectors(draw.standard_normal((3, 8)).astype(np.float32), np.array([0.5, -2, 0], np.float32))
    near = load(table, MUCH).near_scores(asked)
    exact = rows.vectors.vectors @ asked.vectors.T + asked.offsets
    assert near.dtype == np.float32
    np.testing.assert_allclose(near, exact, atol=0.02)
    assert np.abs(near - exact).max() > 0  # half precision
