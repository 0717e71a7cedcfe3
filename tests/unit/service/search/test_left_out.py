"""What cannot be searched as the rest is: other spaces, lost weights, damaged indexes, matchers without vectors."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from search_fakes import answers, by_score, check_hits, fake_asker, fake_index, faked, index_of, keys_of

from trackspeak.models.errors import OutputError, WeightsError
from trackspeak.plugins.calibrators.platt import PlattCalibrator, PlattOptions
from trackspeak.service.asking import Asker
from trackspeak.service.result import PluginUse
from trackspeak.service.search.asked import LeftOut, SearchOptions
from trackspeak.service.search.searcher import Searcher
from trackspeak.service.search.space import space_of
from trackspeak.service.search.table import RowsGoneError, SegmentTable, table_names
from trackspeak.service.store.index_file import ARRAYS_FILE
from trackspeak.service.store.indexes import Indexes

SearcherMaker = Callable[..., Searcher]
ALL = SearchOptions(top=200)
SURE = PluginUse("platt", {"slope": 2.0, "intercept": 0.5})


@pytest.fixture
def indexes(tmp_path: Path) -> Indexes:
    return Indexes(tmp_path / "indexes")


def test_a_space_is_of_what_scores(indexes: Indexes) -> None:
    base = fake_index(1)
    others = [
        replace(base, plugins={**base.plugins, "matcher": PluginUse("numbers", {"width": 2})}),
        replace(base, plugins={**base.plugins, "matcher": PluginUse("slow", {})}),
        replace(base, plugins={**base.plugins, "calibrator": SURE}),
        replace(base, weights={"matcher/a": "1" * 64}),
        replace(base, weights={"calibrator/a": "1" * 64}),
    ]
    same = replace(
        fake_index(2), plugins={**base.plugins, "detector": PluginUse("motion", {})}, weights={"detector/a": "1" * 64}
    )

    def space(stored: Any) -> str:
        indexes.add(stored)
        name = space_of(next(one for one in indexes if one.id == stored.id))
        indexes.delete(stored.id)
        return name

    names = [space(one) for one in (base, *others)]
    assert len(set(names)) == 6
    assert space(same) == names[0]


@pytest.mark.parametrize("memory_bytes", [2**30, 0])
def test_spaces_are_searched_together(tmp_path: Path, indexes: Indexes, memory_bytes: int) -> None:
    def asker(index: Any) -> Asker:
        use = index.plugins["calibrator"]
        sure = () if use is None else (PlattCalibrator(PlattOptions(**use.options)),)
        return replace(fake_asker(index), calibrators=sure)

    for number in range(6):
        indexes.add(fake_index(number, calibrator=SURE if number % 2 else None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trackspeak.service.search.searcher.make_asker", asker)
        searcher = Searcher(indexes, tmp_path / "search", memory_bytes)
        found = searcher.search("0", ALL)
    wanted = answers(indexes, "0", asker)
    assert len(table_names(tmp_path / "search")) == 2
    assert set(keys_of(found)) == wanted.keys()
    for kind, odd in (("probability", 1), ("cosine", 0)):
        hits = tuple(hit for hit in found.hits if hit.score_kind == kind)
        assert hits
        assert {int(hit.index.id[:4], 16) % 2 for hit in hits} == {odd}
        check_hits(replace(found, hits=hits), wanted)
    assert found.searched.segments == 72


@pytest.mark.parametrize("kind", ["slow", "old"])
def test_a_matcher_without_vectors_is_asked_index_by_index(
    make_searcher: SearcherMaker, indexes: Indexes, tmp_path: Path, kind: str
) -> None:
    searcher = make_searcher(*(fake_index(number, matcher=kind) for number in range(4)), fake_index(9))
    indexes.add(fake_index(5, tracks=0, matcher=kind))
    wanted = answers(indexes, "0")
    for options in (ALL, SearchOptions(top=200, exhaustive=True), SearchOptions(top=3)):
        found = searcher.search("0", options)
        assert keys_of(found) == by_score(wanted)[: options.top]
        check_hits(found, wanted)
        assert found.searched.segments == 60
    assert len(table_names(tmp_path / "search")) == 1
    narrow = searcher.search("0", SearchOptions(top=200, classes=("car",)), index_ids=frozenset([index_of(2)]))
    cars = {key: one for key, one in wanted.items() if key[0] == index_of(2) and one.class_name == "car"}
    assert keys_of(narrow) == by_score(cars)


def test_indexes_whose_weights_are_gone_are_left_out(
    make_searcher: SearcherMaker, indexes: Indexes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = make_searcher(fake_index(1), fake_index(2, calibrator=SURE), fake_index(3, calibrator=SURE))
    assert searcher.search("0", ALL).left_out == ()

    def asker(index: Any) -> Asker:
        if index.plugins["calibrator"] is not None:
            raise WeightsError("bring those weights back")
        return fake_asker(index)

    monkeypatch.setattr("trackspeak.service.search.searcher.make_asker", asker)
    searcher = Searcher(indexes, tmp_path / "search", 2**30)
    found = searcher.search("0", ALL)
    why = "bring those weights back"
    assert found.left_out == (LeftOut(index_of(2), "2.mp4", why), LeftOut(index_of(3), "3.mp4", why))
    assert found.to_dict({}, {})["left_out"][0] == {"index": index_of(2), "name": "2.mp4", "why": why}
    assert {key[0] for key in keys_of(found)} == {index_of(1)}
    assert found.searched.indexes == 1
    assert searcher.search("0", ALL, index_ids=frozenset([index_of(1)])).left_out == ()
    indexes.delete(index_of(2))  # its rows go though nobody can ask them
    searcher.search("0", ALL)
    kept = [SegmentTable(tmp_path / "search", name).row_counts() for name in table_names(tmp_path / "search")]
    assert sorted(one for counts in kept for one in counts) == [index_of(1), index_of(3)]


@pytest.mark.parametrize("kind", ["numbers", "slow"])
def test_a_damaged_index_is_left_out_and_hides_no_other(
    make_searcher: SearcherMaker, indexes: Indexes, tmp_path: Path, kind: str
) -> None:
    searcher = make_searcher(*(fake_index(number, matcher=kind) for number in range(3)))
    path = tmp_path / "indexes" / index_of(1) / ARRAYS_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    for _ in range(2):
        found = searcher.search("0", ALL)
        assert [one.index for one in found.left_out] == [index_of(1)]
        assert "is not whole" in found.left_out[0].why
        assert {key[0] for key in keys_of(found)} == {index_of(0), index_of(2)}
        assert found.searched.indexes == 2
    path.write_bytes(whole)
    mended = searcher.search("0", ALL)
    assert mended.left_out == ()
    assert keys_of(mended) == by_score(answers(indexes, "0"))


def test_the_rows_of_a_space_go_with_its_last_index(
    make_searcher: SearcherMaker, indexes: Indexes, tmp_path: Path
) -> None:
    searcher, other = make_searcher(fake_index(1), fake_index(2, calibrator=SURE)), make_searcher()
    assert keys_of(searcher.search("0", ALL)) == keys_of(other.search("0", ALL))
    indexes.delete(index_of(2))
    searcher.search("0", ALL)
    kept = [SegmentTable(tmp_path / "search", name).row_counts() for name in table_names(tmp_path / "search")]
    assert sorted(one for counts in kept for one in counts) == [index_of(1)]
    indexes.add(fake_index(7, calibrator=SURE))  # `other` has seen neither change
    assert keys_of(searcher.search("0", ALL)) == keys_of(other.search("0", ALL)) == by_score(answers(indexes, "0"))


def test_a_search_begins_again_where_rows_vanish(
    make_searcher: SearcherMaker, indexes: Indexes, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher = make_searcher(*map(fake_index, range(4)))
    real, left = SegmentTable.take, [3]

    def take(table: SegmentTable, row_ids: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise RowsGoneError("rows were removed meanwhile")
        return real(table, row_ids)

    monkeypatch.setattr(SegmentTable, "take", take)
    assert keys_of(searcher.search("0", ALL)) == by_score(answers(indexes, "0"))
    left[0] = 1_000
    with pytest.raises(OutputError, match="search tables could not be read: rows were removed meanwhile; ask again"):
        searcher.search("0", ALL)
    left[0] = 0
    assert searcher.search("0", ALL).hits


def test_what_another_process_took_in_since_is_left_for_the_next_search(
    make_searcher: SearcherMaker, indexes: Indexes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searcher, other = make_searcher(fake_index(1), fake_index(2)), make_searcher()
    before = answers(indexes, "0")
    listed = list(indexes)
    indexes.add(fake_index(3))
    other.search("0")  # takes it in
    with monkeypatch.context() as patch:
        patch.setattr(Indexes, "__iter__", lambda _: iter(listed))  # as it was a moment ago
        assert keys_of(searcher.search("0", ALL)) == by_score(before)
    assert keys_of(searcher.search("0", ALL)) == by_score(answers(indexes, "0"))


def test_folders_of_tables_may_be_removed_by_hand(
    make_searcher: SearcherMaker, indexes: Indexes, tmp_path: Path
) -> None:
    import shutil

    searcher = make_searcher(*map(fake_index, range(3)))
    wanted = by_score(answers(indexes, "0"))
    assert keys_of(searcher.search("0", ALL)) == wanted
    shutil.rmtree(tmp_path / "search")
    assert keys_of(searcher.search("0", ALL)) == wanted
    with faked():
        assert keys_of(Searcher(indexes, tmp_path / "search", 2**30).search("0", ALL)) == wanted
