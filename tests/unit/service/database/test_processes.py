"""Several processes write at once, and one that is killed leaves the database as it was between two changes."""

import multiprocessing
import random
import sqlite3
import time
from pathlib import Path

from database_processes import VIDEO, label_one_by_one, write_until_killed

from trackspeak.service.database.catalogue import open_catalogue
from trackspeak.service.settings import Settings

SPAWN = multiprocessing.get_context("spawn")
KILLS = 3


def secret(settings: Settings) -> str | None:
    return None if settings.database_url is None else settings.database_url.get_secret_value()


def test_two_processes_make_the_database_and_write_at_once(settings: Settings) -> None:
    """Each opens a database that is not there yet and adds 50 labels, of which 36 are those of the other too."""
    start = SPAWN.Barrier(2)
    shared = [f"shared {number}" for number in range(36)]
    mine = [[f"{name} {number}" for number in range(14)] + shared for name in "ab"]
    writers = [
        SPAWN.Process(target=label_one_by_one, args=(settings.data, labels, secret(settings), start)) for labels in mine
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert [len(labels) for labels in mine] == [50, 50]
    with open_catalogue(settings) as catalogue:
        assert set(catalogue.labels(VIDEO)) == {label for labels in mine for label in labels}


def test_a_writer_that_is_killed_leaves_a_whole_database(settings: Settings) -> None:
    moments = random.Random(0)
    settings.data.mkdir()
    begun = settings.data / "begun"
    for _ in range(KILLS):
        begun.unlink(missing_ok=True)
        writer = SPAWN.Process(target=write_until_killed, args=(settings.data, secret(settings)))
        writer.start()
        while not begun.exists():
            assert writer.is_alive()
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.05))
        writer.kill()
        writer.join(timeout=60)
        with open_catalogue(settings) as catalogue:
            assert len(catalogue.labels(VIDEO)) in (0, 64)
            assert len(catalogue.search("search")["text"]) == 60_000
            catalogue.forget_video(VIDEO)
            catalogue.change_video(VIDEO, add=["after"])
            assert catalogue.labels(VIDEO) == ("after",)
            catalogue.forget_video(VIDEO)
    if settings.database_url is None:
        assert intact(settings.database_file)


def intact(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    finally:
        connection.close()
