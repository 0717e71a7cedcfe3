"""A list of indexes: whatever was listed before, what is there now."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from trackspeak.service.store.index_file import FORMAT, RECORD_FILE
from trackspeak.service.store.indexes import Indexes


def write(folder: Path, index_id: str, name: str) -> None:
    """Write a record as a new file in the place of any old one."""
    video = {"frames": 1, "frame_rate": 1.0, "width": 8, "height": 8, "duration_s": 1.0, "sha256": "0" * 64}
    record = {"format": FORMAT, "id": index_id, "name": name, "video": video, "profile": "p", "plugins": {}}
    record |= {"weights": {}, "protocol": "trackspeak", "frame_stride": 1, "class_names": []}
    (folder / index_id).mkdir(parents=True, exist_ok=True)
    new = folder / index_id / "new"
    new.write_text(json.dumps(record), encoding="utf-8")
    new.replace(folder / index_id / RECORD_FILE)


def names(indexes: Indexes) -> list[str]:
    return [one.name for one in indexes]


def test_a_list_is_of_what_is_there_now(tmp_path: Path) -> None:
    indexes = Indexes(tmp_path)
    assert names(indexes) == []
    write(tmp_path, "bb", "second")
    write(tmp_path, "aa", "third")
    assert names(indexes) == ["second", "third"]
    before = list(indexes)
    assert all(one is again for one, again in zip(before, indexes, strict=True))
    write(tmp_path, "aa", "first")
    assert names(indexes) == ["first", "second"]
    shutil.rmtree(tmp_path / "bb")
    assert names(indexes) == ["first"]
    write(tmp_path, "bb", "back")
    assert names(indexes) == ["back", "first"]


def test_a_broken_record_is_left_out_until_it_is_whole(tmp_path: Path) -> None:
    indexes = Indexes(tmp_path)
    write(tmp_path, "aa", "first")
    (tmp_path / "bb").mkdir()
    (tmp_path / "bb" / RECORD_FILE).write_text("{", encoding="utf-8")
    (tmp_path / "cc" / RECORD_FILE).mkdir(parents=True)
    assert names(indexes) == ["first"]
    write(tmp_path, "bb", "second")
    assert names(indexes) == ["first", "second"]


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders whose names were listed."""
    seen: list[str] = []
    real = os.listdir

    def listdir(folder: str | Path) -> list[str]:
        seen.append(str(folder))
        return real(folder)

    monkeypatch.setattr("trackspeak.service.store.indexes.os.listdir", listdir)
    return seen


def long_ago(folder: Path, seconds: int = 60) -> None:
    """Let the last change of a folder be some time ago."""
    when = time.time() - seconds
    os.utime(folder, (when, when))


def test_a_folder_that_is_still_is_listed_once(tmp_path: Path, looked_at: list[str]) -> None:
    indexes = Indexes(tmp_path)
    write(tmp_path, "aa", "first")
    long_ago(tmp_path)
    assert names(indexes) == ["first"]
    looked_at.clear()
    assert names(indexes) == names(indexes) == ["first"]
    assert looked_at == []
    write(tmp_path, "bb", "second")
    assert names(indexes) == ["first", "second"]
    shutil.rmtree(tmp_path / "aa")
    assert names(indexes) == ["second"]


def test_a_folder_that_just_changed_is_listed_again(tmp_path: Path) -> None:
    indexes = Indexes(tmp_path)
    write(tmp_path, "aa", "first")
    just = time.time_ns()
    os.utime(tmp_path, ns=(just, just))
    assert names(indexes) == ["first"]
    write(tmp_path, "bb", "second")
    os.utime(tmp_path, ns=(just, just))  # within the same tick of the file system's clock
    assert names(indexes) == ["first", "second"]


def test_an_index_that_is_still_being_copied_is_waited_for(tmp_path: Path) -> None:
    indexes = Indexes(tmp_path)
    write(tmp_path, "aa", "first")
    (tmp_path / "bb").mkdir()
    (tmp_path / "cc").mkdir()
    (tmp_path / "cc" / RECORD_FILE).write_text("{", encoding="utf-8")
    long_ago(tmp_path)
    assert names(indexes) == ["first"]
    write(tmp_path, "bb", "second")
    write(tmp_path, "cc", "third")
    long_ago(tmp_path)
    assert names(indexes) == ["first", "second", "third"]
