"""All files of a result, written whole or not at all."""

import errno
import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from trackspeak.models.errors import OutputError, VideoError
from trackspeak.plugins.contract import ReferredTrack, ReferredTracks
from trackspeak.service.formats import atomic, write_outputs
from trackspeak.service.result import Result

MakeClip = Callable[..., Path]
MakeResult = Callable[..., Result]


def noise(index: int, width: int, height: int) -> np.ndarray:
    """Pictures that do not compress."""
    return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)


def names(folder: Path) -> set[str]:
    """Everything in a folder, hidden files too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_all_files_are_written(make_clip: MakeClip, make_result: MakeResult, tmp_path: Path) -> None:
    result, out = make_result(), tmp_path / "new" / "out"
    written = write_outputs(result, make_clip("a.mp4"), out)
    files = {
        "result.json",
        "tracks.jsonl",
        "tracks.txt",
        "annotated.mp4",
        "the-red-car/predict.txt",
        "a-bus/predict.txt",
    }
    assert {str(path.relative_to(out)) for path in written} == files
    assert written[-1].name == "result.json"
    assert names(out) == files | {"the-red-car", "a-bus"}
    assert (out / "result.json").read_text("utf-8") == result.to_json()
    assert (out / "a-bus" / "predict.txt").read_text() == ""
    assert (out / "the-red-car" / "predict.txt").read_text().startswith("3,3,12.00,8.50,20.00,19.75,0.75")
    assert len((out / "tracks.txt").read_text().splitlines()) == 6


def test_jsonl_has_a_line_per_query_and_track(
    make_result: MakeResult, make_track: Callable[..., ReferredTrack], tmp_path: Path
) -> None:
    both = (make_track(3, 2, 5), make_track(12, 0, 1))
    result = make_result(
        queries=(ReferredTracks("a car", both), ReferredTracks("a bus", ()), ReferredTracks("red", both[:1]))
    )
    write_outputs(result, None, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "tracks.jsonl").read_text().splitlines()]
    assert [(line.pop("query"), line["track_id"]) for line in lines] == [("a car", 3), ("a car", 12), ("red", 3)]
    assert lines[0] == result.to_dict()["queries"][0]["tracks"][0]


def test_mot_frames_count_from_first_frame(make_result: MakeResult, tmp_path: Path) -> None:
    write_outputs(make_result(first_frame=0), None, tmp_path)
    assert (tmp_path / "tracks.txt").read_text().startswith("0,12,")
    assert (tmp_path / "the-red-car" / "predict.txt").read_text().startswith("2,3,")


def test_the_video_can_be_left_out(make_clip: MakeClip, make_result: MakeResult, tmp_path: Path) -> None:
    write_outputs(make_result(), make_clip("a.mp4"), tmp_path / "out", video=False)
    assert not (tmp_path / "out" / "annotated.mp4").exists()


def test_older_files_are_replaced_and_others_stay(make_result: MakeResult, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    result = make_result()
    write_outputs(result, None, tmp_path)
    assert (tmp_path / "result.json").read_text("utf-8") == result.to_json()
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_query_named_like_a_file_does_not_clash(make_result: MakeResult, tmp_path: Path) -> None:
    queries = tuple(ReferredTracks(query, ()) for query in ("result.json", "tracks.txt", "../escape"))
    write_outputs(make_result(queries=queries), None, tmp_path / "out")
    assert (tmp_path / "out" / "result.json").is_file()
    assert names(tmp_path) == {"out", *(f"out/{name}" for name in names(tmp_path / "out"))}


def test_an_error_while_writing_leaves_nothing_and_keeps_what_was(
    make_result: MakeResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    old = make_result(profile="old")
    write_outputs(old, None, tmp_path / "old")
    before = names(tmp_path)
    monkeypatch.setattr(atomic.os, "fsync", full)
    for out in (tmp_path / "old", tmp_path / "deep" / "new"):
        with pytest.raises(OutputError, match=f"{out}: No space left on device"):
            write_outputs(make_result(profile="new"), None, out)
    assert names(tmp_path) == before
    assert (tmp_path / "old" / "result.json").read_text("utf-8") == old.to_json()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB; skips where it may not be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("frames", [3_000, 3])
def test_a_full_disk_leaves_nothing(
    small_disk: Path,
    make_clip: MakeClip,
    make_result: MakeResult,
    make_track: Callable[..., ReferredTrack],
    frames: int,
) -> None:
    """Full while the text files are written, and full while the video is."""
    result = make_result(queries=(ReferredTracks("a", (make_track(1, 0, frames),)),))
    source = make_clip("noise.mkv", codec="ffv1", frames=40, size=(128, 96), draw=noise)
    with pytest.raises(OutputError, match="No space left on device"):
        write_outputs(result, source, small_disk / "out")
    assert names(small_disk) == set()


@contextmanager
def small_files() -> Iterator[None]:
    """No file may grow over 4,000 bytes; neither may the test runner's own output, so this is held briefly."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_encoder_that_cannot_write_leaves_nothing(
    make_clip: MakeClip, make_result: MakeResult, tmp_path: Path
) -> None:
    source = make_clip("a.mkv", codec="ffv1", size=(320, 240))
    before = names(tmp_path)
    with small_files(), pytest.raises(OutputError, match="File too large"):
        write_outputs(make_result(), source, tmp_path / "out")
    assert names(tmp_path) == before


def test_a_place_that_is_no_folder_is_refused(make_result: MakeResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="could not be written"):
            write_outputs(make_result(), None, out)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_the_place_of_a_file_is_refused_before_anything_is_moved(
    make_result: MakeResult, tmp_path: Path
) -> None:
    (tmp_path / "tracks.txt").mkdir()
    with pytest.raises(OutputError, match=r"tracks.txt is a folder there"):
        write_outputs(make_result(), None, tmp_path)
    assert names(tmp_path) == {"tracks.txt"}


def test_where_moving_fails_no_result_tells_of_files_of_two_runs(
    make_result: MakeResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(self: Path, target: Path) -> None:
        if target.name == "tracks.txt":
            raise OSError(errno.EIO, "Input/output error")
        os.replace(self, target)

    write_outputs(make_result(), None, tmp_path)
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OutputError, match="Input/output error"):
        write_outputs(make_result(profile="new"), None, tmp_path)
    assert not (tmp_path / "result.json").exists()
    assert not [name for name in names(tmp_path) if "partial" in name]


def test_other_files_leave_an_older_result_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("old")
    with atomic.staged_folder(tmp_path) as (stage, _):
        atomic.write_lines(stage / "clip.mp4", ["a clip\n"])
        atomic.write_lines(stage / "deep" / "result.json", ["another\n"])
    assert (tmp_path / "result.json").read_text() == "old"


@pytest.mark.parametrize("error", [VideoError("gone"), KeyboardInterrupt()])
def test_any_other_error_goes_through_and_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    def lines() -> Iterator[str]:
        yield "a line\n"
        raise error

    def write_half() -> None:
        with atomic.staged_folder(tmp_path / "out") as (stage, _):
            atomic.write_lines(stage / "half.txt", lines())

    with pytest.raises(type(error)):
        write_half()
    assert names(tmp_path) == set()


def test_nothing_is_visible_before_the_end(tmp_path: Path) -> None:
    with atomic.staged_folder(tmp_path / "out") as (stage, finished):
        atomic.write_lines(stage / "deep" / "a.txt", ["a line\n"])
        assert not (tmp_path / "out" / "deep").exists()
        assert finished == []
    assert finished == [tmp_path / "out" / "deep" / "a.txt"]
    assert names(tmp_path / "out") == {"deep", "deep/a.txt"}
