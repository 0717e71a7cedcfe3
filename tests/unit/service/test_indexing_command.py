"""Several videos in one `trackspeak index`, and an index that is not whole."""

import os
import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest

from trackspeak.service import show_indexing
from trackspeak.service.store.indexes import Indexes


@pytest.fixture
def clips(tmp_path: Path, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A file that is no video, one with a name that is not UTF-8, and a clip."""
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    (tmp_path / "notes.mp4").write_text("no video")
    odd = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    shutil.copy(tiny_clip, odd)
    return [tmp_path / "notes.mp4", odd, tiny_clip]


def test_one_that_fails_stops_no_other(command: Any, clips: list[Path]) -> None:
    done = command("index", clips[0], clips[2])
    assert (done.code, done.out.split("\t")[1]) == (2, "street.mp4\n")
    assert "notes.mp4" in done.err


def test_nor_does_one_that_fails_in_an_unknown_way(
    command: Any, clips: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = show_indexing.open_video

    def fail(path: Path, *given: Any, **named: Any) -> Any:
        if path == clips[0]:
            raise ZeroDivisionError("a mistake")
        return opened(path, *given, **named)

    monkeypatch.setattr(show_indexing, "open_video", fail)
    done = command("index", clips[0], clips[2])
    assert (done.code, done.out.split("\t")[1]) == (1, "street.mp4\n")
    assert "unexpected ZeroDivisionError: a mistake" in done.err


def test_a_name_that_is_not_utf8_is_written_as_can_be(command: Any, clips: list[Path], tmp_path: Path) -> None:
    assert command("index", clips[1]).code == 0
    (kept,) = Indexes(tmp_path / "data" / "indexes")
    assert kept.name == "caf\ufffd.mp4"
    out = tmp_path / "out"
    assert command("run", clips[1], "--query", "a car", "--out", out, "--export", "coco", "--no-video").code == 0
    assert (out / "coco.json").is_file()


@pytest.mark.parametrize("file", ["index.json", "arrays.safetensors"])
def test_an_index_that_is_not_whole_is_made_anew_or_forgotten(
    command: Any, clips: list[Path], tmp_path: Path, file: str
) -> None:
    index_id = command("index", clips[2]).out.split("\t")[0]
    path = tmp_path / "data" / "indexes" / index_id / file
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert command("index", clips[2]).code == 0
    again = (tmp_path / "data" / "indexes" / index_id / "arrays.safetensors").read_bytes()
    assert len(again) > 1000
    path.write_bytes(b"{")
    if file == "index.json":
        assert index_id in command("indexes").err
    assert command("forget", index_id).code == 0
    assert not path.exists()


def test_what_is_interrupted_leaves_nothing_half_done(
    command: Any, clips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(show_indexing, "make_index", interrupt)
    assert command("index", clips[2]).code == 130
    assert not list(tmp_path.glob("data/indexes/*/index.json"))


def test_asking_replaces_nothing_that_it_reads(command: Any, clips: list[Path], tmp_path: Path) -> None:
    index_id = command("index", clips[2]).out.split("\t")[0]
    record = tmp_path / "data" / "indexes" / index_id / "index.json"
    done = command("ask", index_id, "--query", "a car", "--scores", record)
    assert (done.code, "elsewhere" in done.err) == (2, True)
    assert command("ask", index_id, "--query", "a car").code == 0
