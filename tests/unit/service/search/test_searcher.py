"""A search over plain numbers: what `ask` says of every index, best first, narrowed, and up to date."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from search_fakes import answers, by_score, check_hits, fake_index, index_of, keys_of

from trackspeak.plugins.contract import ReferredTrack
from trackspeak.service.search.asked import SearchOptions
from trackspeak.service.search.searcher import Searcher
from trackspeak.service.store.indexes import Indexes

SearcherMaker = Callable[..., Searcher]
QUERIES = ["0", '"1" and "2"', '"3" or not "4"', 'not "5"', '"0" and not ("1" or "2")']
ALL = SearchOptions(top=200)


@pytest.fixture
def indexes(tmp_path: Path) -> Indexes:
    return Indexes(tmp_path / "indexes")


@pytest.mark.parametrize("memory_bytes", [2**30, 0])
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("exhaustive", [False, True])
def test_a_search_is_all_answers_together(
    make_searcher: SearcherMaker, indexes: Indexes, query: str, memory_bytes: int, exhaustive: bool
) -> None:
    searcher = make_searcher(*map(fake_index, range(8)), memory_bytes=memory_bytes)
    wanted = answers(indexes, query)
    found = searcher.search(query, SearchOptions(top=200, exhaustive=exhaustive))
    assert len(wanted) > 1
    assert keys_of(found) == by_score(wanted)
    check_hits(found, wanted)
    assert found.next is None
    assert found.left_out == ()
    assert found.warnings == ("a warning",)
    assert (found.searched.indexes, found.searched.videos, found.searched.segments) == (8, 8, 8 * 12)
    assert found.searched.scored <= 24
    if exhaustive:
        assert found.searched.scored == 24


@pytest.mark.parametrize("memory_bytes", [2**30, 0])
def test_a_matcher_may_need_vectors_alone(make_searcher: SearcherMaker, indexes: Indexes, memory_bytes: int) -> None:
    searcher = make_searcher(*(fake_index(number, matcher="bare") for number in range(3)), memory_bytes=memory_bytes)
    for number in (3, 4):  # the second time some are in memory
        wanted = answers(indexes, "0")
        found = searcher.search("0", ALL)
        assert keys_of(found) == by_score(wanted)
        check_hits(found, wanted)
        indexes.add(fake_index(number, matcher="bare"))


@pytest.mark.parametrize("memory_bytes", [2**30, 0])
def test_the_first_hits_are_the_best(
    make_searcher: SearcherMaker, indexes: Indexes, memory_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trackspeak.service.search.searcher.LEAST_SCORED", 4)
    searcher = make_searcher(*map(fake_index, range(12)), memory_bytes=memory_bytes)
    wanted = by_score(answers(indexes, "0"))
    for top in (1, 2, 5):
        found = searcher.search("0", SearchOptions(top=top))
        assert keys_of(found) == wanted[:top]
        assert found.searched.scored <= max(4, 3 * top)
    assert found.next is not None


def cars(track: ReferredTrack) -> bool:
    return track.class_name == "car"


def seen_within(first: float, last: float) -> Callable[[ReferredTrack], bool]:
    def seen(track: ReferredTrack) -> bool:
        times = dict(zip(track.frame_indices.tolist(), track.times_s.tolist(), strict=True))
        return any(times[one.last_frame] >= first and times[one.first_frame] <= last for one in track.spans)

    return seen


@pytest.mark.parametrize("memory_bytes", [2**30, 0])
@pytest.mark.parametrize(
    ("filters", "passes"),
    [
        ({"classes": ("car",)}, cars),
        ({"classes": ("car", "person")}, lambda track: True),
        ({"classes": ("dog", "it's")}, lambda track: False),
        ({"min_score": 1.0}, lambda track: track.score >= 1.0),
        ({"first_time_s": 3.0}, seen_within(3.0, 1e9)),
        ({"last_time_s": 1.2}, seen_within(0, 1.2)),
        ({"first_time_s": 1.5, "last_time_s": 2.05}, seen_within(1.5, 2.05)),
        ({"first_time_s": 500.0}, lambda track: False),
        ({"classes": ("person",), "first_time_s": 3.5, "min_score": 0.5}, None),
    ],
)
def test_filters_leave_what_passes_them(
    make_searcher: SearcherMaker, indexes: Indexes, memory_bytes: int, filters: dict[str, Any], passes: Any
) -> None:
    searcher = make_searcher(*map(fake_index, range(5)), memory_bytes=memory_bytes)
    wanted = answers(indexes, "0")
    late = seen_within(3.5, 1e9)
    passes = passes or (lambda track: not cars(track) and late(track) and track.score >= 0.5)
    left = {key: track for key, track in wanted.items() if passes(track)}
    for exhaustive in (False, True):
        found = searcher.search("0", SearchOptions(top=200, exhaustive=exhaustive, **filters))
        assert keys_of(found) == by_score(left)
        check_hits(found, wanted)


@pytest.mark.parametrize("memory_bytes", [2**30, 0])
def test_only_the_indexes_that_are_given_are_searched(
    make_searcher: SearcherMaker, indexes: Indexes, memory_bytes: int
) -> None:
    searcher = make_searcher(*map(fake_index, range(6)), memory_bytes=memory_bytes)
    chosen = frozenset([index_of(1), index_of(4), "0" * 32])
    wanted = {key: track for key, track in answers(indexes, "2").items() if key[0] in chosen}
    found = searcher.search("2", ALL, index_ids=chosen)
    assert keys_of(found) == by_score(wanted)
    assert found.searched.indexes == 2
    nothing = searcher.search("2", ALL, index_ids=frozenset())
    assert (nothing.hits, nothing.next, nothing.searched.indexes) == ((), None, 0)


@pytest.mark.parametrize("threshold", [-1.0, 0.3, 2.0, 100.0])
def test_a_threshold_is_that_of_frames(make_searcher: SearcherMaker, indexes: Indexes, threshold: float) -> None:
    searcher = make_searcher(*map(fake_index, range(5)))
    wanted = answers(indexes, "0", threshold=threshold)
    for exhaustive in (False, True):
        found = searcher.search("0", SearchOptions(top=200, threshold=threshold, exhaustive=exhaustive))
        assert keys_of(found) == by_score(wanted)
        check_hits(found, wanted)


def test_a_library_without_indexes_is_searched(make_searcher: SearcherMaker, tmp_path: Path) -> None:
    found = make_searcher().search("0")
    assert (found.hits, found.next, found.left_out, found.warnings) == ((), None, (), ())
    assert found.searched.indexes == found.searched.segments == 0
    assert found.to_dict({}, {})["tracks"] == []


def test_indexes_without_tracks_are_searched_too(make_searcher: SearcherMaker, indexes: Indexes) -> None:
    found = make_searcher(fake_index(1, tracks=0)).search("0", ALL)
    assert (found.hits, found.searched.indexes, found.searched.segments) == ((), 1, 0)
    indexes.add(fake_index(2))
    indexes.add(fake_index(3, tracks=0))
    found = make_searcher().search("0", ALL)
    assert keys_of(found) == by_score(answers(indexes, "0"))
    assert found.searched.indexes == 3


def test_what_is_deleted_is_gone_at_once_and_what_is_new_is_found(
    make_searcher: SearcherMaker, indexes: Indexes
) -> None:
    searcher = make_searcher(*map(fake_index, range(4)))
    told: list[tuple[int, int]] = []
    for change in ("", "delete 1", "add 9", "delete 0", "delete 2", "delete 3", "delete 9", "add 1", "add 0"):
        kind, _, number = change.partition(" ")
        if kind == "delete":
            indexes.delete(index_of(int(number)))
        if kind == "add":
            indexes.add(fake_index(int(number)))
        told.clear()
        found = searcher.search("0", ALL, progress=lambda done, of: told.append((done, of)))
        wanted = answers(indexes, "0")
        assert keys_of(found) == by_score(wanted)
        check_hits(found, wanted)
        assert found.searched.indexes == len(list(indexes))
        new = {"": 4, "add": 1}.get(kind, 0)
        assert told == [(done, new) for done in range(new + 1 if new else 0)]
        assert keys_of(make_searcher().search("0", ALL)) == keys_of(found)


def test_several_indexes_of_one_video_are_one_video(make_searcher: SearcherMaker) -> None:
    searcher = make_searcher(fake_index(1, video=5), fake_index(2, video=5), fake_index(3))
    assert (searcher.search("0").searched.indexes, searcher.search("0").searched.videos) == (3, 2)


def test_hits_are_plain_values_with_names_and_labels(make_searcher: SearcherMaker, indexes: Indexes) -> None:
    found = make_searcher(fake_index(1), fake_index(2)).search("0", ALL)
    video = f"{1:064x}"
    values = found.to_dict({video: "yard"}, {video: ("night", "rain")})
    assert values["searched"] == {"indexes": 2, "videos": 2, "segments": 24, "scored": found.searched.scored}
    for hit, one in zip(found.hits, values["tracks"], strict=True):
        of_first = hit.index.id == index_of(1)
        assert one["name"] == ("yard" if of_first else "2.mp4")
        assert one["labels"] == (["night", "rain"] if of_first else [])
        assert one["thumbnail"] == f"/v1/indexes/{hit.index.id}/tracks/{hit.track.track_id}/thumbnail"
        assert (one["video"], one["track_id"], one["score_kind"]) == (
            hit.index.video.sha256,
            hit.track.track_id,
            "cosine",
        )
        assert "boxes" not in one
