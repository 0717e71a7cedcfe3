"""Page after page gives what one page gives, each track once."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from search_fakes import answers, by_score, check_hits, fake_index, index_of, keys_of

from trackspeak.models.errors import OptionError
from trackspeak.service.search.asked import MOST_HITS, Hit, SearchOptions
from trackspeak.service.search.searcher import Searcher
from trackspeak.service.store.indexes import Indexes

SearcherMaker = Callable[..., Searcher]


def pages(searcher: Searcher, query: str, top: int, **filters: object) -> list[tuple[Hit, ...]]:
    """Page through everything."""
    found, cursor = [], None
    for _ in range(500):
        page = searcher.search(query, SearchOptions(top=top, cursor=cursor, **filters))  # type: ignore[arg-type]
        found.append(page.hits)
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("paging does not end")


@pytest.mark.parametrize("least", [1, 40])
@pytest.mark.parametrize("query", ["0", '"1" or not "2"', '"1" and "2"'])
def test_all_pages_are_one_page(
    make_searcher: SearcherMaker, tmp_path: Path, least: int, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackspeak.service.search.searcher.LEAST_SCORED", least)
    searcher = make_searcher(*map(fake_index, range(9)))
    wanted = by_score(answers(Indexes(tmp_path / "indexes"), query))
    assert keys_of(searcher.search(query, SearchOptions(top=MOST_HITS, exhaustive=True))) == wanted
    for top in (2, 7):
        found = pages(searcher, query, top)
        assert [len(page) for page in found[:-1]] == [top] * (len(found) - 1)
        assert 0 < len(found[-1]) <= top
        assert [(hit.index.id, hit.track.track_id) for page in found for hit in page] == wanted


@pytest.mark.parametrize("least", [4, 40])
@pytest.mark.parametrize("query", ["0", '"1" and "2"'])
def test_pages_from_the_disk_give_no_track_twice(
    make_searcher: SearcherMaker, tmp_path: Path, least: int, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackspeak.service.search.searcher.LEAST_SCORED", least)
    searcher = make_searcher(*map(fake_index, range(9)), memory_bytes=0)
    wanted = by_score(answers(Indexes(tmp_path / "indexes"), query))
    found = [(hit.index.id, hit.track.track_id) for page in pages(searcher, query, 2) for hit in page]
    if least == 40:  # all that there is
        assert found == wanted
    assert found == [key for key in wanted if key in set(found)]  # each once, best first; one found late may be missed
    assert len(found) >= 2


@pytest.mark.parametrize("least", [1, 40])
def test_tracks_that_score_the_same_are_given_once_each(
    make_searcher: SearcherMaker, least: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackspeak.service.search.searcher.LEAST_SCORED", least)
    same = [fake_index(number, levels={1: 1.0, 2: 1.0, 3: 1.0}) for number in range(9)]
    searcher = make_searcher(*same)
    found = [(hit.index.id, hit.track.track_id) for page in pages(searcher, "0", 4) for hit in page]
    assert found == [(index_of(number), track_id) for number in range(9) for track_id in (1, 2, 3)]


def test_pages_are_of_what_passes_the_filters(make_searcher: SearcherMaker, tmp_path: Path) -> None:
    searcher = make_searcher(*map(fake_index, range(16)))
    wanted = answers(Indexes(tmp_path / "indexes"), "0")
    left = {key: track for key, track in wanted.items() if track.class_name == "car" and track.score >= 0.5}
    found = pages(searcher, "0", 2, classes=("car",), min_score=0.5)
    assert [(hit.index.id, hit.track.track_id) for page in found for hit in page] == by_score(left)


def test_a_page_that_is_just_full_is_the_last(make_searcher: SearcherMaker) -> None:
    searcher = make_searcher(fake_index(1, levels={1: 1.0, 2: 2.0, 3: -1.0}))
    first = searcher.search("0", SearchOptions(top=2))
    assert [hit.track.track_id for hit in first.hits] == [2, 1]
    assert first.next is None


@pytest.mark.parametrize("memory_bytes", [2**30, 0])
def test_a_page_that_is_full_of_all_that_was_scored_is_not_the_last(
    make_searcher: SearcherMaker, memory_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackspeak.service.search.searcher.LEAST_SCORED", 2)
    monkeypatch.setattr("trackspeak.service.search.searcher.SCORED_PER_HIT", 1)
    made = [fake_index(number, levels={1: 1.0 + number, 2: -1.0, 3: -1.0}) for number in range(5)]
    searcher = make_searcher(*made, memory_bytes=memory_bytes)
    first = searcher.search("0", SearchOptions(top=2))
    assert keys_of(first) == [(index_of(4), 1), (index_of(3), 1)]
    assert first.next is not None
    assert [len(page) for page in pages(searcher, "0", 2)] == [2, 2, 1]


def test_a_page_goes_on_where_tracks_were_deleted_and_added(make_searcher: SearcherMaker, tmp_path: Path) -> None:
    levels = {number: {1: 10.0 - number, 2: -1.0, 3: -1.0} for number in range(6)}
    searcher = make_searcher(*(fake_index(number, levels=levels[number]) for number in (0, 1, 2, 3, 5)))
    indexes = Indexes(tmp_path / "indexes")
    first = searcher.search("0", SearchOptions(top=2))
    assert keys_of(first) == [(index_of(0), 1), (index_of(1), 1)]
    indexes.delete(index_of(1))  # the one that the cursor names
    indexes.delete(index_of(3))
    indexes.add(fake_index(4, levels=levels[4]))
    second = searcher.search("0", SearchOptions(top=2, cursor=first.next))
    assert keys_of(second) == [(index_of(2), 1), (index_of(4), 1)]
    third = searcher.search("0", SearchOptions(top=2, cursor=second.next))
    assert (keys_of(third), third.next) == ([(index_of(5), 1)], None)


def test_cursors_of_other_questions_are_refused(make_searcher: SearcherMaker, tmp_path: Path) -> None:
    searcher = make_searcher(*map(fake_index, range(9)))
    first = searcher.search("0", SearchOptions(top=2))
    with pytest.raises(OptionError, match="cursor must come with the query"):
        searcher.search("1", SearchOptions(top=2, cursor=first.next))
    with pytest.raises(OptionError, match="cursor must come with the query and the filters"):
        searcher.search("0", SearchOptions(top=2, cursor=first.next, classes=("car",)))
    with pytest.raises(OptionError, match="cursor must be the `next`"):
        searcher.search("0", SearchOptions(top=2, cursor="garbled"))
    wanted = answers(Indexes(tmp_path / "indexes"), "0")
    larger = searcher.search("0", SearchOptions(top=9, cursor=first.next))
    assert keys_of(larger) == by_score(wanted)[2:11]
    check_hits(larger, wanted)
