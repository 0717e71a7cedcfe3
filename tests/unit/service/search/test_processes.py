"""Processes that are killed while they take indexes in, and several at once: nothing is half there, twice or lost."""

import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lancedb", reason="needs lancedb, which is in the extra `search`")
pytest.importorskip("lance", reason="needs pylance, which is in the extra `search`")

from search_fakes import answers, by_score, fake_index, index_of, keep, keys_of
from search_processes import change_for, search_for, search_until_killed

from trackspeak.service.search.asked import SearchOptions
from trackspeak.service.search.searcher import Searcher
from trackspeak.service.search.table import SegmentTable, table_names
from trackspeak.service.store.indexes import Indexes

SearcherMaker = Callable[..., Searcher]
KILLS = 50
SECONDS = 3.0
ALL = SearchOptions(top=200)
ROWS = 12
"""Segments of each index."""


@pytest.fixture
def processes() -> multiprocessing.context.ForkServerContext:
    """Where new processes come from: a server that has imported what they need, and has done nothing yet."""
    if os.name == "nt":
        pytest.skip("there is neither a fork server nor SIGKILL")
    context = multiprocessing.get_context("forkserver")
    # what is installed alone: the server does not know the path of the tests' helpers
    context.set_forkserver_preload(["lancedb", "lance", "torch", "trackspeak.service.search.searcher"])
    return context


def check_whole(folder: Path) -> None:
    """Check that a table opens and holds each index wholly, once, or not at all."""
    for name in table_names(folder):
        table = SegmentTable(folder, name)
        counts = table.row_counts()
        assert set(counts.values()) <= {ROWS}
        places = table.places()
        segments = zip(
            places.index_codes.tolist(), places.track_ids.tolist(), places.first_times_s.tolist(), strict=True
        )
        assert len(set(segments)) == len(places.row_ids) == ROWS * len(counts)
        row_ids, vectors, _ = table.vectors()
        np.testing.assert_array_equal(np.sort(row_ids), np.sort(places.row_ids))
        assert np.isfinite(vectors).all()


def test_a_searcher_killed_at_any_moment_leaves_whole_indexes(
    processes: multiprocessing.context.ForkServerContext, make_searcher: SearcherMaker, tmp_path: Path
) -> None:
    moments, indexes, unfinished = random.Random(0), Indexes(tmp_path / "indexes"), 0
    searcher, begun, tables = make_searcher(fake_index(0), fake_index(1)), tmp_path / "begun", tmp_path / "search"
    for kill in range(KILLS):
        begun.unlink(missing_ok=True)
        killed = processes.Process(target=search_until_killed, args=(tmp_path, kill, 2**30 * (kill % 2)))
        killed.start()
        while not begun.exists():
            assert killed.is_alive()
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.15))
        killed.kill()
        killed.join()
        check_whole(tables)
        unfinished += any(SegmentTable(tables, name).unfinished for name in table_names(tables))
        found = searcher.search("0", ALL)  # of a process that was there all the time
        assert keys_of(found) == by_score(answers(indexes, "0"))
        kept = [SegmentTable(tables, name) for name in table_names(tables)]
        assert not any(table.unfinished for table in kept)
        assert {one for table in kept for one in table.row_counts()} == {one.id for one in indexes}
    check_whole(tables)
    assert unfinished > 0  # some were killed in the midst of a change


def test_searches_and_changes_of_several_processes_do_not_disturb_each_other(
    processes: multiprocessing.context.ForkServerContext, make_searcher: SearcherMaker, tmp_path: Path
) -> None:
    indexes = keep(tmp_path / "indexes", map(fake_index, range(4)))
    start, outcomes = processes.Barrier(3), processes.Queue()
    workers = [
        processes.Process(target=search_for, args=(tmp_path, SECONDS, 2**30, start, outcomes)),
        processes.Process(target=search_for, args=(tmp_path, SECONDS, 0, start, outcomes)),
        processes.Process(target=change_for, args=(tmp_path, SECONDS, start, outcomes)),
    ]
    for worker in workers:
        worker.start()
    said = [outcomes.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join(timeout=60)
    assert all(isinstance(one, int) and one > 5 for one in said), said
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    check_whole(tmp_path / "search")
    assert keys_of(make_searcher().search("0", ALL)) == by_score(answers(indexes, "0"))
    check_whole(tmp_path / "search")


def test_threads_share_a_searcher(make_searcher: SearcherMaker, tmp_path: Path) -> None:
    searcher = make_searcher(*map(fake_index, range(4)))
    indexes = Indexes(tmp_path / "indexes")
    said: list[object] = []

    def ask() -> None:
        try:
            for _ in range(10):
                keys = keys_of(searcher.search("0", ALL))
                said.append(len(set(keys)) == len(keys))
        except Exception as error:  # noqa: BLE001 a thread's error would be lost
            said.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(4, 10):
        indexes.add(fake_index(number))
        indexes.delete(index_of(number - 4))
    for thread in threads:
        thread.join()
    assert said == [True] * 40
    assert keys_of(searcher.search("0", ALL)) == by_score(answers(indexes, "0"))
    check_whole(tmp_path / "search")
