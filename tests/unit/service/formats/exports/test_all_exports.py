"""What holds of every format: whole files, the same bytes each time, and unknown names."""

import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from trackspeak.models.errors import OutputError, UnknownNameError
from trackspeak.service.formats.exports import EXPORTS, write_export
from trackspeak.service.result import Result

Write = Callable[..., Path]

READERS = {
    "application/json": lambda path: json.loads(path.read_text("utf-8")),
    "application/x-ndjson": lambda path: [json.loads(line) for line in path.read_text("utf-8").splitlines()],
    "application/xml": ET.parse,
    "application/zip": lambda path: zipfile.ZipFile(path).close(),
    "text/csv": lambda path: path.read_text("utf-8"),
}


def test_file_names_are_apart() -> None:
    assert len({export.file_name.casefold() for export in EXPORTS.values()}) == len(EXPORTS)


@pytest.mark.parametrize("name", EXPORTS)
def test_files_are_what_their_media_type_says(name: str, result: Result, empty: Result, export: Write) -> None:
    for one in (result, empty):
        READERS[EXPORTS[name].media_type](export(one, name))


@pytest.mark.parametrize("name", EXPORTS)
def test_two_writes_give_the_same_bytes(name: str, result: Result, tmp_path: Path) -> None:
    for path in (tmp_path / "a", tmp_path / "b"):
        write_export(result, name, path, video_name="street.mp4")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    write_export(replace(result, queries=result.queries[:1]), name, tmp_path / "b", video_name="street.mp4")
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_archives_hold_no_date_of_today(result: Result, export: Write) -> None:
    for name in [name for name, one in EXPORTS.items() if one.media_type == "application/zip"]:
        with zipfile.ZipFile(export(result, name)) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            assert archive.namelist() == sorted(archive.namelist())


def test_json_and_jsonl_are_those_of_every_run(result: Result, export: Write) -> None:
    assert export(result, "json").read_text("utf-8") == result.to_json()
    lines = [json.loads(line) for line in export(result, "jsonl").read_text("utf-8").splitlines()]
    answers = result.to_dict()["queries"]
    assert lines == [{"query": one["query"], **track} for one in answers for track in one["tracks"]]


def test_an_unknown_name_lists_those_there_are(result: Result, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown export 'voc'; there are: coco, cvat, .*supervision"):
        write_export(result, "voc", tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", EXPORTS)
def test_what_cannot_be_written_leaves_nothing(
    name: str, result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="could not be written: No space left on device"):
        write_export(result, name, tmp_path / "new" / "file")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("video_name", "video"),
    [("0005", "0005"), ("/data/0005.mp4", "0005"), ("a b+c.tar.mp4", "a-b_c.tar"), ("", "video"), ("..", "__")],
)
def test_the_video_names_a_folder_that_is_safe(video_name: str, video: str, result: Result, export: Write) -> None:
    with zipfile.ZipFile(export(result, "rmot", video_name)) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {video, "seqmap.txt"}
