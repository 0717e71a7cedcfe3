"""The command line given what is wrong: one clear line, exit code 2 (or 1 for a failure), nothing half-written."""

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import pytest

Command = Callable[..., Any]


@pytest.mark.parametrize(
    ("video", "message"),
    [
        ("empty", "is empty (0 bytes)"),
        ("text", "is not a video that can be read"),
        ("sound", "holds no video stream, only: audio"),
        ("no frames", "holds no frame that can be decoded"),
    ],
)
def test_files_that_are_no_video(
    run: Command, bad_videos: dict[str, Path], tmp_path: Path, video: str, message: str
) -> None:
    done = run(bad_videos[video], "-q", "the red car", "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert done.out == ""
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_watching(
    run: Command, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watched(*_: object, **__: object) -> NoReturn:
        pytest.fail("the video was watched first")

    monkeypatch.setattr("trackspeak.service.console.track", watched)
    (tmp_path / "file").write_text("in the way")
    done = run(tiny_clip, "-q", "the red car", "--out", tmp_path / "file" / "out")
    assert done.code == 1
    assert "results could not be written to" in done.err


def test_a_truncated_video_is_used_as_far_as_it_goes(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    import av

    moved = tmp_path / "start.mkv"  # an MP4 has its index at its end and cannot be read without
    with av.open(str(tiny_clip)) as source, av.open(str(moved), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    moved.write_bytes(moved.read_bytes()[: moved.stat().st_size * 6 // 10])
    done = run(moved, "-q", "the red car", "--json")
    result = json.loads(done.out)
    assert done.code == 0
    assert 0 < result["video"]["frames"] < 36
    assert result["warnings"]
    assert all(f"warning: {warning}" in done.err for warning in result["warnings"])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(tiny_clip.read_bytes()[:2_000])
    assert run(cut, "-q", "the red car").code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--query", ""], "query 1 must be a sentence, got an empty text"),
        (["--query", "the red car", "--query", " \t"], "query 2 must be a sentence, got only white space"),
        (["--query", "red " * 5_000], "over max_query_chars"),
        (["--query", "red " * 100], "at most 75 tokens"),
        (["--query", "a car"] * 300, "300 is over the limit max_queries of 256"),
        (["--query", "a car", "--threshold", "nan"], "threshold"),
        (["--query", "a car", "--protocol", "mot"], "protocol"),
        (["--query", "a car", "--max-gap", "-1"], "max_gap"),
        (["--query", "a car", "--profile", "nonesuch"], "unknown profile 'nonesuch'; there are: "),
        (["--query", "a car", "--detector", "nonesuch"], "unknown detector 'nonesuch'; there are: "),
        (["--query", "a car", "--set", "tracker.nonesuch=1"], "tracker.nonesuch is unknown"),
        (["--query", "a car", "--set", "nonesuch"], "--set must be KIND.KEY=VALUE"),
        (["--query", "a car", "--nonesuch"], "No such option"),
        ([], "Missing option"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    run: Command, tiny_clip: Path, arguments: list[str], message: str
) -> None:
    done = run(tiny_clip, *arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


def test_a_missing_file(run: Command, tmp_path: Path) -> None:
    done = run(tmp_path / "none.mp4", "-q", "a car")
    assert (done.code, done.err) == (2, f"error: no such file or folder: {tmp_path / 'none.mp4'}\n")


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that nobody may read, the superuser neither."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0)
    superuser = os.geteuid() == 0
    if superuser:
        os.seteuid(65534)
    yield folder
    if superuser:
        os.seteuid(0)
    folder.chmod(0o700)


def test_an_unreadable_folder(run: Command, closed_folder: Path) -> None:
    done = run(closed_folder, "-q", "a car")
    assert done.code == 2
    assert "cannot be read: Permission denied" in done.err


def test_limits_come_from_the_settings(run: Command, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKSPEAK_MAX_FRAMES", "10")
    done = run(tiny_clip, "-q", "a car")
    assert done.code == 2
    assert "is over the limit max_frames of 10" in done.err
    monkeypatch.setenv("TRACKSPEAK_MAX_FRAMES", "ten")
    assert run(tiny_clip, "-q", "a car").err.startswith("error: TRACKSPEAK_MAX_FRAMES should be a valid integer")


def no_space(*_: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_nothing_half_written(
    run: Command, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", no_space)
    done = run(tiny_clip, "-q", "a car", "--out", tmp_path / "a" / "b")
    assert done.code == 1
    assert "No space left on device" in done.err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_printed_is_written_all_the_same(
    run: Command, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(StringIO):
        write = no_space

    monkeypatch.setattr(sys, "stdout", Full())
    done = run(tiny_clip, "-q", "a car", "--out", tmp_path / "out", "--no-video")
    monkeypatch.undo()
    assert done.code == 1
    assert "could not be written to standard output" in done.err
    assert (tmp_path / "out" / "result.json").is_file()


def test_what_a_run_reads_is_not_replaced(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    video = tmp_path / "annotated.mp4"
    video.write_bytes(tiny_clip.read_bytes())
    tracks = tmp_path / "tracks.txt"
    tracks.write_text("1,7,10,10,20,20,1\n")
    for arguments in ([video], [tiny_clip, "--tracks", tracks]):
        done = run(*arguments, "-q", "a car", "--out", tmp_path)
        assert done.code == 2
        assert "is read by the same run" in done.err
    assert video.read_bytes() == tiny_clip.read_bytes()


def test_standard_output_on_a_full_disk(run: Command, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, a device that is always full, which this system has not")
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        done = run(tiny_clip, "-q", "a car", "--json")
        monkeypatch.undo()
    assert (done.code, done.out) == (1, "")
    message = "error: the result could not be written to standard output: No space left on device"
    assert done.err.splitlines()[-1] == message
