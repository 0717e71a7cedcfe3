"""Which tracks a question may be about: the filters, the order, and what expressions are found by."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from trackspeak.plugins.contract import Scores, TextVectors
from trackspeak.service.questions import parse_question
from trackspeak.service.search.candidates import MARGIN, Within, highest, rank, rank_by_index
from trackspeak.service.search.collection import Collection, load
from trackspeak.service.search.rows import IndexRows
from trackspeak.service.search.table import SegmentTable

RowsMaker = Callable[..., IndexRows]
A, B = "aa" * 16, "bb" * 16


@pytest.fixture
def table(tmp_path: Path, make_rows: RowsMaker) -> SegmentTable:
    """Two indexes of four tracks, three segments each; segment s is seen from s / 10 to (s + 7) / 10 seconds."""
    made = SegmentTable(tmp_path, "segments_a")
    made.add(A, make_rows(12))
    made.add(B, make_rows(12))
    return made


@pytest.fixture
def collection(table: SegmentTable) -> Collection:
    return load(table, 2**30)


def inside(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()


def test_a_search_is_narrowed_by_index_class_and_time(collection: Collection) -> None:
    assert inside(Within().tracks(collection)) == list(range(8))
    assert inside(Within(index_ids=frozenset([B])).tracks(collection)) == [4, 5, 6, 7]
    assert inside(Within(index_ids=frozenset(["nonesuch"])).tracks(collection)) == []
    assert inside(Within(index_ids=frozenset()).segments(collection)) == []
    assert inside(Within(classes=("car",)).tracks(collection)) == [1, 3, 5, 7]
    assert inside(Within(classes=("car", "person")).tracks(collection)) == list(range(8))
    assert inside(Within(classes=("dog",)).tracks(collection)) == []
    both = Within(index_ids=frozenset([B]), classes=("person",))
    assert inside(both.tracks(collection)) == [4, 6]
    assert inside(both.segments(collection)) == [12, 13, 14, 18, 19, 20]
    assert inside(Within(first_time_s=1.75).segments(collection)) == [11, 23]
    assert inside(Within(last_time_s=0.15).segments(collection)) == [0, 1, 12, 13]
    times = Within(first_time_s=1.0, last_time_s=0.4)  # the ends count
    assert inside(times.segments(collection)) == [3, 4, 15, 16]
    assert inside(times.tracks(collection)) == list(range(8))


def test_classes_are_told_by_their_whole_names() -> None:
    within = Within(classes=("car",))
    assert [within.has_class(name) for name in ("car", "cart", "Car", "")] == [True, False, False, False]
    assert Within().has_class("anything")


@pytest.mark.parametrize("kind", ["cosine", "probability"])
@pytest.mark.parametrize("threshold", [None, 0.25])
def test_tracks_are_ranked_by_the_mean_of_what_is_near(
    collection: Collection, kind: str, threshold: float | None
) -> None:
    level = threshold if threshold is not None else {"cosine": 0.0, "probability": 0.5}[kind]
    values = np.full(24, level - MARGIN - 0.01, np.float32)  # just too far below
    values[0] = level - MARGIN + 0.01  # track 0: just near enough
    values[3:6] = level + 0.15, level + 0.15, level - 0.2  # track 1: the third is not counted
    values[12] = level + 0.4  # track 4
    values[15:18] = level + 0.15  # track 5: the same as track 1
    scores, every = Scores(values[:, None], kind), np.arange(24)  # type: ignore[arg-type]
    assert rank(collection, every, scores, 100, threshold).tolist() == [4, 1, 5, 0]
    assert rank(collection, every, scores, 2, threshold).tolist() == [4, 1]
    some = np.array([16, 3, 0, 23])
    of_some = Scores(values[some, None], kind)  # type: ignore[arg-type]
    assert rank(collection, some, of_some, 9, threshold).tolist() == [1, 5, 0]


def test_the_highest_segments_are_those_of_the_highest_tracks(collection: Collection) -> None:
    values = np.full(24, -1, np.float32)
    values[3:6] = 0.9, 0.2, 0.6  # track 1
    values[12] = 0.5  # track 4
    values[15:18] = 0.3, 0.7, 0.7  # track 5
    near = Scores(values[:, None], "probability")
    assert highest(collection, near, Within(), 1).tolist() == [3]
    assert sorted(highest(collection, near, Within(), 2).tolist()) == [3, 16, 17]
    assert sorted(highest(collection, near, Within(), 3).tolist()) == [3, 5, 12, 16, 17]
    assert sorted(highest(collection, near, Within(), 100).tolist()) == list(range(24))
    assert sorted(highest(collection, near, Within(classes=("person",)), 1).tolist()) == [12]
    assert sorted(highest(collection, near, Within(first_time_s=1.05), 2).tolist()) == [5, 16, 17]
    assert highest(collection, near, Within(index_ids=frozenset()), 5).tolist() == []


def test_nothing_is_ranked_of_nothing(collection: Collection) -> None:
    none = np.zeros(0, np.int64)
    assert rank(collection, none, Scores(np.zeros((0, 1), np.float32), "cosine"), 5, None).tolist() == []


def test_a_long_track_leaves_others_to_be_looked_at(tmp_path: Path, make_rows: RowsMaker) -> None:
    table = SegmentTable(tmp_path, "segments_c")
    draw = make_rows(900)
    ids = np.where(np.arange(900) < 890, 1, np.arange(900))
    long = replace(draw, track_ids=ids)
    table.add(A, long)
    collection = load(table, 2**30)
    values = np.linspace(1, 0, 900, dtype=np.float32)
    found = highest(collection, Scores(values[:, None], "probability"), Within(), 100)
    assert set(collection.tracks_of(found).tolist()) == set(range(11))
    assert np.bincount(collection.tracks_of(found)).tolist() == [32] + 10 * [1]
    assert sorted(found.tolist())[:32] == list(range(32))


TEXTS = ("0", "1", "2")
ASKED = TextVectors(np.eye(8, dtype=np.float32)[:3], np.zeros(3, np.float32))


def found(table: SegmentTable, query: str, count: int, within: Within | None = None) -> list[int]:
    question = parse_question(query)
    whole = load(table, 2**30)
    return rank_by_index(table, whole, question, TEXTS, ASKED, within or Within(), count).tolist()


def order_by(collection: Collection, column: int, sign: int = 1) -> list[int]:
    """The tracks by their best segment for a column."""
    values = sign * collection.vectors.numpy()[:, column].astype(np.float32)  # type: ignore[union-attr]
    return np.argsort(-np.maximum.reduceat(values, collection.starts[:-1]), kind="stable").tolist()


def test_the_index_finds_tracks_by_what_must_hold(table: SegmentTable, collection: Collection) -> None:
    assert found(table, "0", 3) == order_by(collection, 0)[:3]
    assert found(table, '"0"', 8) == order_by(collection, 0)
    assert found(table, 'not "1"', 4) == order_by(collection, 1, -1)[:4]
    assert found(table, '"0" and not "1"', 4) == order_by(collection, 0)[:4]
    assert found(table, 'not ("1" or not "0")', 4) == order_by(collection, 0)[:4]
    assert found(table, 'not "1" and not "2"', 2) == [order_by(collection, 1, -1)[0], order_by(collection, 2, -1)[0]]
    cars = Within(classes=("car",))
    assert found(table, "0", 3, cars) == [one for one in order_by(collection, 0) if one % 2][:3]
    assert found(table, "0", 3, Within(classes=("it's",))) == []
    assert found(table, "0", 3, Within(index_ids=frozenset())) == []


@pytest.mark.parametrize("query", ['"0" or "1"', 'not (not "0" and not "1")', '"0" or ("1" and not "2")'])
def test_either_of_two_sentences_is_given_its_turn(table: SegmentTable, collection: Collection, query: str) -> None:
    first, second = order_by(collection, 0), order_by(collection, 1)
    turns = list(dict.fromkeys(one for pair in zip(first, second, strict=True) for one in pair))
    for count in (1, 2, 4, 8):
        assert found(table, query, count) == turns[:count]


def test_what_holds_or_does_not_is_looked_for_both_ways(table: SegmentTable, collection: Collection) -> None:
    ends = {order_by(collection, 0)[0], order_by(collection, 0, -1)[0]}
    assert set(found(table, '"0" or not "0"', 2)) == ends
    ends = {order_by(collection, 0)[0], order_by(collection, 1, -1)[0]}
    assert set(found(table, '"0" or not "1"', 2)) == ends


def test_a_long_track_hides_no_other(tmp_path: Path, make_rows: RowsMaker) -> None:
    table = SegmentTable(tmp_path, "segments_c")
    draw = make_rows(900)
    vectors = draw.vectors.vectors
    vectors[:, 0] = np.linspace(2, 1, 900)
    ids = np.where(np.arange(900) < 890, 1, np.arange(900))  # one of 890 segments, better than ten of one
    long = IndexRows(
        draw.vectors, ids, draw.first_frames, draw.last_frames, draw.first_times_s, draw.last_times_s,
        draw.class_names, draw.paths,
    )  # fmt: skip
    table.add(A, long)
    assert found(table, "0", 4) == [0, 1, 2, 3]
    assert found(table, "0", 40) == list(range(11))
