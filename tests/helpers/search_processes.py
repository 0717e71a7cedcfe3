"""What the search's tests do in other processes: forked from a server that has imported what is heavy."""

import random
import time
from pathlib import Path
from typing import Any

from search_fakes import fake_index, faked, index_of, key_of

from trackspeak.models.errors import NotFoundError
from trackspeak.service.search.asked import SearchOptions
from trackspeak.service.search.forget import forgotten
from trackspeak.service.search.searcher import Searcher
from trackspeak.service.store.indexes import Indexes


def search_until_killed(folder: Path, seed: int, memory_bytes: int) -> None:
    """Add and delete indexes at random and search after each change, for ever; says so once it has begun."""
    draw, indexes = random.Random(seed), Indexes(folder / "indexes")
    with faked():
        searcher = Searcher(indexes, folder / "search", memory_bytes)
        searcher.search("0")
        (folder / "begun").touch()
        while True:
            change(indexes, folder / "search", draw.randrange(12))
            searcher.search("0")


def change(indexes: Indexes, tables: Path, number: int) -> None:
    """Add an index, or delete it where it is there: now and then as the service does, else as an older one did."""
    if index_of(number) not in indexes:
        indexes.add(fake_index(number))
    elif number % 2:
        with forgotten(tables, index_of(number)):
            indexes.delete(index_of(number))
    else:
        indexes.delete(index_of(number))


def search_for(folder: Path, seconds: float, memory_bytes: int, start: Any, outcomes: Any) -> None:
    """Search again and again; gives how often, or the first error."""
    searches = 0
    with faked():
        searcher = Searcher(Indexes(folder / "indexes"), folder / "search", memory_bytes)
        start.wait(timeout=60)
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                found = searcher.search("0", SearchOptions(top=200))
                keys = [key_of(hit) for hit in found.hits]
                if len(set(keys)) < len(keys):
                    raise AssertionError("a track was found twice")
                searches += 1
        except BaseException as error:
            outcomes.put(repr(error))
            raise
    outcomes.put(searches)


def change_for(folder: Path, seconds: float, start: Any, outcomes: Any) -> None:
    """Add and delete indexes all the time; gives how often."""
    draw, indexes, changes = random.Random(1), Indexes(folder / "indexes"), 0
    start.wait(timeout=60)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            change(indexes, folder / "search", draw.randrange(12))
        except NotFoundError as error:
            outcomes.put(repr(error))
            raise
        changes += 1
        time.sleep(draw.uniform(0, 0.02))
    outcomes.put(changes)
