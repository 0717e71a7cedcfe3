"""The table of segments: what is added comes back, in any order, and is found by inner products."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from trackspeak.service.search.rows import IndexRows
from trackspeak.service.search.table import RowsGoneError, SegmentTable, table_names

RowsMaker = Callable[..., IndexRows]
A, B, C = "aa" * 16, "bb" * 16, "cc" * 16


@pytest.fixture
def table(tmp_path: Path) -> SegmentTable:
    return SegmentTable(tmp_path, "segments_a")


def ids(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_there_is_nothing_before_the_first_rows(table: SegmentTable, tmp_path: Path) -> None:
    assert (table.version, table.width, table.row_counts(), table.unindexed_rows) == (0, 0, {}, 0)
    assert len(table.places().row_ids) == len(table.vectors()[0]) == 0
    assert len(table.nearest(np.zeros(8, np.float32), 3, None)) == 0
    table.remove([A])
    assert table.version == 0
    assert table_names(tmp_path) == table_names(tmp_path / "nowhere") == ()
    with pytest.raises(RowsGoneError):
        table.take(ids(0))


def test_rows_come_back_as_they_were_added(table: SegmentTable, make_rows: RowsMaker) -> None:
    rows = {A: make_rows(7), B: make_rows(5)}
    versions = [table.version]
    for index_id, one in rows.items():
        table.add(index_id, one)
        versions.append(table.version)
    assert versions == sorted(set(versions))
    assert table.row_counts() == {A: 7, B: 5}
    for index_id, one in rows.items():
        places = table.places([index_id])
        assert [places.index_names[code] for code in places.index_codes] == [index_id] * len(one.track_ids)
        assert tuple(places.class_names[code] for code in places.class_codes) == one.class_names
        np.testing.assert_array_equal(places.track_ids, one.track_ids)
        np.testing.assert_array_equal(places.first_times_s, one.first_times_s)
        np.testing.assert_array_equal(places.last_times_s, one.last_times_s)
        back = table.take(places.row_ids)
        for name in ("track_ids", "first_frames", "last_frames", "first_times_s", "last_times_s"):
            np.testing.assert_array_equal(getattr(back, name), getattr(one, name))
        np.testing.assert_array_equal(back.vectors.vectors, one.vectors.vectors)
        np.testing.assert_array_equal(back.vectors.extras, one.vectors.extras)
        assert back.class_names == one.class_names
        for mine, theirs in zip(back.paths, one.paths, strict=True):
            assert (mine is None) == (theirs is None)
            if mine is not None and theirs is not None:
                np.testing.assert_array_equal(mine.frame_indices, theirs.frame_indices)
                np.testing.assert_array_equal(mine.times_s, theirs.times_s)
        row_ids, vectors, _ = table.vectors([index_id])
        np.testing.assert_array_equal(row_ids, places.row_ids)
        assert vectors.dtype == np.float16
        np.testing.assert_array_equal(vectors, one.vectors.vectors.astype(np.float16))
    assert len(table.vectors()[0]) == len(table.places().row_ids) == 12


def test_another_process_sees_what_is_added(table: SegmentTable, make_rows: RowsMaker, tmp_path: Path) -> None:
    other = SegmentTable(tmp_path, "segments_a")
    assert other.version == 0
    table.add(A, make_rows(4))
    assert other.row_counts() == {A: 4}
    table.add(B, make_rows(4))
    assert (other.version, other.width) == (table.version, 8)
    assert table_names(tmp_path) == ("segments_a",)


@pytest.mark.parametrize("wanted", [[3, 1, 10], [3, 3, 1, 3], [], [11, 0], list(range(11, -1, -1))])
def test_rows_are_taken_in_the_order_asked(table: SegmentTable, make_rows: RowsMaker, wanted: list[int]) -> None:
    one, two = make_rows(7), make_rows(5)
    table.add(A, one)
    table.add(B, two)
    row_ids, *_ = table.vectors()
    every = np.concatenate([one.vectors.vectors, two.vectors.vectors])
    taken = table.take(row_ids[np.array(wanted, np.int64)])
    np.testing.assert_array_equal(taken.vectors.vectors, every[np.array(wanted, np.int64)])
    assert len(taken.paths) == len(wanted)


def test_a_row_that_is_gone_cannot_be_taken(table: SegmentTable, make_rows: RowsMaker) -> None:
    table.add(A, make_rows(3))
    table.add(B, make_rows(3))
    row_ids = table.places([A]).row_ids
    table.remove([A])
    with pytest.raises(RowsGoneError, match="removed meanwhile"):
        table.take(row_ids)
    with pytest.raises(KeyError):
        table.take(np.append(row_ids[:1], table.places([B]).row_ids))


def test_a_matcher_may_need_no_extras(table: SegmentTable, make_rows: RowsMaker) -> None:
    rows = make_rows(6, extras=0)
    table.add(A, rows)
    taken = table.take(ids(4, 2))
    assert taken.vectors.extras.shape == (2, 0)
    np.testing.assert_array_equal(taken.vectors.vectors, rows.vectors.vectors[[4, 2]])


def test_row_ids_outlive_the_putting_together_of_small_appends(table: SegmentTable, make_rows: RowsMaker) -> None:
    made = [make_rows(4) for _ in range(40)]  # more than are left small
    every = np.concatenate([one.vectors.vectors for one in made])
    for number, one in enumerate(made):
        table.add(f"{number:032x}", one)
    assert table._opened().stats()["fragment_stats"]["num_fragments"] < 20
    table.remove([f"{number:032x}" for number in (3, 17, 39)])
    left = np.setdiff1d(np.arange(160), [*range(12, 16), *range(68, 72), *range(156, 160)])
    row_ids, vectors, _ = table.vectors()
    assert sorted(row_ids.tolist()) == left.tolist()
    np.testing.assert_array_equal(vectors, every[row_ids].astype(np.float16))
    order = np.random.default_rng(1).permutation(left)
    np.testing.assert_array_equal(table.take(order).vectors.vectors, every[order])


def test_row_ids_are_never_used_again(table: SegmentTable, make_rows: RowsMaker) -> None:
    seen: set[int] = set()
    version = 0
    for _ in range(3):
        table.add(A, make_rows(5))
        row_ids = set(table.vectors()[0].tolist())
        assert not row_ids & seen
        seen |= row_ids
        table.remove([A])
        assert table.row_counts() == {}
        assert len(table.places().row_ids) == len(table.vectors()[0]) == 0
        assert table.version > version
        version = table.version
    assert len(seen) == 15


@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("extras", [4, 8])  # 8: as wide as the vectors
def test_the_nearest_rows_are_found(table: SegmentTable, make_rows: RowsMaker, indexed: bool, extras: int) -> None:
    one, two = make_rows(600, extras=extras), make_rows(600, extras=extras)
    table.add(A, one)
    table.add(B, two)
    every = np.concatenate([one.vectors.vectors, two.vectors.vectors])
    if indexed:
        assert table.unindexed_rows == 1200
        table.build_index()
        assert table.unindexed_rows == 0
    for vector in np.random.default_rng(2).standard_normal((5, 8)).astype(np.float32):
        wanted = np.argsort(-(every @ vector))
        assert table.nearest(vector, 10, None).tolist() == wanted[:10].tolist()
        of_two = wanted[wanted >= 600]
        assert table.nearest(vector, 10, f"index_id IN ('{B}')").tolist() == of_two[:10].tolist()
        people = wanted[[row for row in range(1200) if (wanted[row] % 600) // 3 % 2 == 0]]
        assert table.nearest(vector, 10, "class_name IN ('person')").tolist() == people[:10].tolist()
        assert len(table.nearest(vector, 10, "false")) == 0
        assert sorted(table.nearest(vector, 5_000, None).tolist()) == list(range(1200))


def test_rows_that_the_index_does_not_have_are_found_too(table: SegmentTable, make_rows: RowsMaker) -> None:
    one, two = make_rows(600), make_rows(30)
    table.add(A, one)
    table.build_index()
    table.add(B, two)
    every = np.concatenate([one.vectors.vectors, two.vectors.vectors])
    for unindexed in (30, 0):
        assert table.unindexed_rows == unindexed
        for vector in two.vectors.vectors:
            assert table.nearest(vector, 10, None).tolist() == np.argsort(-(every @ vector))[:10].tolist()
        table.build_index()
