"""The pictures beside an index: each alone, whole or not at all, and not read to ask."""

import errno
import hashlib
import json
import os
import random
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from pipeline_fakes import FakeVideo, index

from trackspeak.models.errors import BrokenIndexError, OutputError, UnknownNameError
from trackspeak.service.pipeline.index import VideoIndex
from trackspeak.service.pipeline.thumbnails import Thumbnail
from trackspeak.service.pipeline.video_info import VideoFacts
from trackspeak.service.store import index_file
from trackspeak.service.store.index_file import ARRAYS_FILE, RECORD_FILE, THUMBNAILS_FILE, StoredIndex, as_stored
from trackspeak.service.store.indexes import Indexes

ID = "ab" * 16


@pytest.fixture(scope="module")
def made() -> VideoIndex:
    return index(FakeVideo(100), thumbnails=True)[0]


@pytest.fixture
def indexes(tmp_path: Path) -> Indexes:
    return Indexes(tmp_path / "indexes")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "indexes" / ID


def stored(made: VideoIndex, index_id: str = ID) -> StoredIndex:
    facts = VideoFacts(100, 10.0, 64, 48, 10.0, "cd" * 32)
    kept = as_stored(made, "trackspeak")
    return StoredIndex(index_id, "street.mp4", facts, "embedded", {}, {}, "trackspeak", 1, kept)


def test_pictures_come_back_as_they_were(made: VideoIndex, indexes: Indexes) -> None:
    several = {3: Thumbnail(8, 0.8, b"\xff\xd8three\xff\xd9"), 12: Thumbnail(0, 0.0, b"\xff\xd8\xff\xd9")}
    one = replace(made, thumbnails={**several, **made.thumbnails})
    indexes.add(stored(one))
    assert {track_id: indexes.thumbnail(ID, track_id) for track_id in one.thumbnails} == one.thumbnails


def test_one_is_read_without_the_observations_and_the_observations_without_it(
    made: VideoIndex, indexes: Indexes, folder: Path
) -> None:
    indexes.add(stored(made))
    pictures = (folder / THUMBNAILS_FILE).read_bytes()
    (folder / THUMBNAILS_FILE).unlink()
    assert indexes.get(ID).index.thumbnails == {}
    assert len(indexes.get(ID).index.trajectories) == 2
    (folder / THUMBNAILS_FILE).write_bytes(pictures)
    (folder / ARRAYS_FILE).unlink()
    assert indexes.thumbnail(ID, 2) == made.thumbnails[2]


def test_the_record_has_their_hash_and_the_same_pictures_are_the_same_bytes(
    made: VideoIndex, indexes: Indexes, folder: Path
) -> None:
    backwards = replace(made, thumbnails=dict(reversed(made.thumbnails.items())))
    indexes.add(stored(made))
    indexes.add(stored(backwards, "cd" * 16))
    digest = hashlib.sha256((folder / THUMBNAILS_FILE).read_bytes()).hexdigest()
    for one in (folder, folder.with_name("cd" * 16)):
        assert json.loads((one / RECORD_FILE).read_text())["thumbnails_sha256"] == digest


def test_an_index_without_pictures_has_no_such_file(made: VideoIndex, indexes: Indexes, folder: Path) -> None:
    indexes.add(stored(replace(made, thumbnails={})))
    assert {path.name for path in folder.iterdir()} == {RECORD_FILE, ARRAYS_FILE}
    with pytest.raises(UnknownNameError, match="unknown track with a picture '1'; there are: none"):
        indexes.thumbnail(ID, 1)


def test_what_is_not_there_is_unknown(made: VideoIndex, indexes: Indexes) -> None:
    with pytest.raises(UnknownNameError, match="unknown index"):
        indexes.thumbnail(ID, 1)
    indexes.add(stored(made))
    with pytest.raises(UnknownNameError, match="unknown track with a picture '7'; there are: 1, 2"):
        indexes.thumbnail(ID, 7)


def test_damaged_pictures_are_told_and_the_index_answers_all_the_same(
    made: VideoIndex, indexes: Indexes, folder: Path
) -> None:
    indexes.add(stored(made))
    path = folder / THUMBNAILS_FILE
    whole = path.read_bytes()
    begin = whole.index(made.thumbnails[1].jpeg)
    for damaged in (b"", whole[:100], whole[:-1], whole[:begin] + b"\0\0" + whole[begin + 2 :]):
        path.write_bytes(damaged)
        with pytest.raises(BrokenIndexError, match=r"is not whole: .*; delete it and index the video again"):
            indexes.thumbnail(ID, 1)
    path.unlink()
    with pytest.raises(BrokenIndexError, match="is not whole"):
        indexes.thumbnail(ID, 1)
    assert len(indexes.get(ID).index.trajectories) == 2


def test_whatever_is_in_the_file_no_other_error_comes(made: VideoIndex, indexes: Indexes, folder: Path) -> None:
    indexes.add(stored(made))
    path, chance = folder / THUMBNAILS_FILE, random.Random(0)
    whole, told = path.read_bytes(), 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(whole) - len(made.thumbnails[1].jpeg))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            indexes.thumbnail(ID, 2)
        except (BrokenIndexError, UnknownNameError):
            told += 1
    assert told > 100


def test_a_full_disk_leaves_no_index_at_all(
    made: VideoIndex, indexes: Indexes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(_: object, path: Path) -> NoReturn:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(index_file, "save_thumbnails", half)
    with pytest.raises(OutputError, match="No space left on device"):
        indexes.add(stored(made))
    assert ID not in indexes
    left = {path.name for path in folder.parent.rglob("*") if path.is_file()}
    assert left == {".lock"}
