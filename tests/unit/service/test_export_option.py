"""`--export`: files in further formats beside the other outputs."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from trackspeak.models.errors import OptionError, UnknownNameError
from trackspeak.plugins.contract import ReferredTracks
from trackspeak.service.formats import check_places, write_outputs
from trackspeak.service.formats.exports import EXPORTS, write_export
from trackspeak.service.formats.write import output_names
from trackspeak.service.result import Result

Command = Callable[..., Any]
MakeResult = Callable[..., Result]
QUERY = ("-q", "the red car", "--threshold=-100")


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_format_is_written_beside_the_others(make_result: MakeResult, tmp_path: Path) -> None:
    result = make_result()
    written = write_outputs(result, None, tmp_path / "out", exports=[*EXPORTS, "coco"], video_name="a.mp4")
    queries = [answer.query for answer in result.queries]
    assert names(tmp_path / "out") == set(output_names(queries, video=False, exports=list(EXPORTS)))
    assert written[-1].name == "result.json"
    for name, export in EXPORTS.items():
        write_export(result, name, tmp_path / "alone", video_name="a.mp4")
        assert (tmp_path / "out" / export.file_name).read_bytes() == (tmp_path / "alone").read_bytes()


def test_a_sentence_named_like_an_export_does_not_clash(make_result: MakeResult, tmp_path: Path) -> None:
    queries = tuple(ReferredTracks(export.file_name, ()) for export in EXPORTS.values())
    files = write_outputs(make_result(queries=queries), None, tmp_path, exports=list(EXPORTS))
    assert len(files) == len(set(files)) == len(queries) + 3 + len(EXPORTS) - 2  # json and jsonl are there anyway


def test_an_unknown_export_writes_nothing(make_result: MakeResult, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown export 'voc'"):
        write_outputs(make_result(), None, tmp_path / "out", exports=["coco", "voc"])
    assert list(tmp_path.iterdir()) == []


def test_exports_keep_what_is_read(tmp_path: Path) -> None:
    read = tmp_path / "coco.json"
    read.touch()
    check_places(["a"], [read], out=tmp_path, scores=None, video=False)
    with pytest.raises(OptionError, match="out must be elsewhere"):
        check_places(["a"], [read], out=tmp_path, scores=None, video=False, exports=["coco"])


def test_run_writes_exports_that_know_the_video(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    done = run(tiny_clip, *QUERY, "--no-video", "--out", tmp_path, "--export", "rmot", "--export", "coco")
    assert done.code == 0
    assert names(tmp_path) == {
        "result.json", "tracks.jsonl", "tracks.txt", "the-red-car/predict.txt", "rmot.zip", "coco.json"
    }  # fmt: skip
    with zipfile.ZipFile(tmp_path / "rmot.zip") as archive:
        predicted = archive.read("street/the-red-car/predict.txt")
    assert predicted == (tmp_path / "the-red-car" / "predict.txt").read_bytes() != b""
    assert json.loads((tmp_path / "coco.json").read_text("utf-8"))["videos"][0]["name"] == "street.mp4"


def test_ask_writes_exports_too(
    command: Command, tiny_model: Path, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    assert command("index", tiny_clip, "--set", f"matcher.model={tiny_model}").code == 0
    out = tmp_path / "out"
    done = command("ask", "street.mp4", *QUERY, "--out", out, "--export", "fiftyone")
    assert done.code == 0, done.err
    with zipfile.ZipFile(out / "fiftyone.zip") as archive:
        assert archive.namelist() == ["labels/street.json", "manifest.json"]
        assert json.loads(archive.read("labels/street.json"))["frames"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--export", "coco", "--export", "mot"), "export needs out, the folder to write to, got coco, mot without it"),
        (("--export", "voc", "--out", "out"), "unknown export 'voc'; there are: coco, cvat, fiftyone"),
    ],
)
def test_a_wrong_export_is_refused_before_the_video_is_watched(
    run: Command,
    tiny_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    def watched(*_: object, **__: object) -> NoReturn:
        pytest.fail("the video was watched")

    monkeypatch.setattr("trackspeak.service.console.track", watched)
    monkeypatch.chdir(tmp_path)
    done = run(tiny_clip, *QUERY, *arguments)
    assert done.code == 2
    assert message in done.err
    assert list(tmp_path.iterdir()) == []
