"""Where results are to go is looked at before the video is watched: nothing that is read or written is replaced."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from trackspeak.models.errors import OptionError, OutputError
from trackspeak.service.formats.atomic import check_replaceable, check_writable, replaced_file

Command = Callable[..., Any]
QUERY = ("-q", "the red car")


@pytest.fixture
def unwatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test fail where the video is watched."""

    def watched(*_: object, **__: object) -> NoReturn:
        pytest.fail("the video was watched")

    monkeypatch.setattr("trackspeak.service.console.track", watched)


@pytest.fixture
def tracks(tmp_path: Path) -> Path:
    """Tracks to read, where the answer to a query is to go."""
    path = tmp_path / "out" / "the-red-car" / "predict.txt"
    path.parent.mkdir(parents=True)
    path.write_text("1,7,10,10,20,20,1\n")
    return path


@pytest.fixture
def profile(tmp_path: Path, tracks: Path) -> Path:
    """A profile that names those tracks."""
    path = tmp_path / "mine.toml"
    path.write_text(
        f'summary = "s"\n[tracker]\nname = "from_file"\noptions = {{path = "{tracks}"}}\n[matcher]\nname = "kum"\n'
    )
    return path


@pytest.mark.usefixtures("unwatched")
def test_tracks_in_the_place_of_an_answer_are_kept(run: Command, tiny_clip: Path, tracks: Path) -> None:
    done = run(tiny_clip, *QUERY, "--tracks", tracks, "--out", tracks.parents[1])
    assert done.code == 2
    assert f"out must be elsewhere: {tracks} would be replaced, and is read by the same run" in done.err


@pytest.mark.usefixtures("unwatched")
def test_what_a_profile_names_is_kept(run: Command, tiny_clip: Path, tracks: Path, profile: Path) -> None:
    for place in (("--out", tracks.parents[1]), ("--scores", tracks), ("--scores", profile)):
        done = run(tiny_clip, *QUERY, "--profile", profile, *place)
        assert done.code == 2
        assert "is read by the same run" in done.err


@pytest.mark.usefixtures("unwatched")
@pytest.mark.parametrize("name", ["result.json", "Result.JSON", "the-red-car/predict.txt", "the-red-car", ".", "a/.."])
def test_scores_are_kept_apart_from_the_other_results(run: Command, tiny_clip: Path, tmp_path: Path, name: str) -> None:
    done = run(tiny_clip, *QUERY, "--out", tmp_path / "out", "--scores", f"{tmp_path}/out/{name}")
    assert done.code == 2
    assert "scores must be" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unwatched")
@pytest.mark.parametrize("name", [".", "..", "/", "", "taken", "taken/.."])
def test_scores_that_are_no_file_are_refused(
    run: Command, tiny_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "taken").mkdir()
    monkeypatch.chdir(tmp_path)
    done = run(tiny_clip, *QUERY, "--scores", name)
    assert done.code == 2
    assert "scores must be the path of a file, got" in done.err


@pytest.mark.usefixtures("unwatched")
@pytest.mark.parametrize("place", ["a" * 300, "file/in/the/way.json", "new/" + "a" * 300])
def test_scores_that_cannot_be_written_are_refused(run: Command, tiny_clip: Path, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    done = run(tiny_clip, *QUERY, "--scores", tmp_path / place)
    assert done.code == 1
    assert f"{tmp_path / place} could not be written: " in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.usefixtures("unwatched")
def test_a_place_that_something_else_has_is_refused(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    (tmp_path / "folder" / "tracks.jsonl").mkdir(parents=True)
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "the-red-car").touch()
    for name, message in (("folder", "tracks.jsonl is a folder there"), ("file", "the-red-car is no folder there")):
        done = run(tiny_clip, *QUERY, "--out", tmp_path / name)
        assert done.code == 1
        assert message in done.err


def test_the_video_s_place_may_be_read_where_no_video_is_written(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    video = tmp_path / "annotated.mp4"
    video.write_bytes(tiny_clip.read_bytes())
    assert run(video, *QUERY, "--out", tmp_path, "--no-video").code == 0
    assert video.read_bytes() == tiny_clip.read_bytes()


def test_long_values_of_options_are_no_paths(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    long = ("--set", f"detector.min_area=0.0{'1' * 5_000}")
    done = run(tiny_clip, *QUERY, *long, "--out", tmp_path / "out", "--no-video", "--scores", tmp_path / "scores.json")
    assert (done.code, done.err.partition("error")[1]) == (0, "")


@pytest.mark.usefixtures("unwatched")
def test_a_long_name_of_a_profile_is_an_unknown_one(run: Command, tiny_clip: Path, tmp_path: Path) -> None:
    done = run(tiny_clip, *QUERY, "--profile", f"{'a' * 5_000}.toml", "--out", tmp_path)
    assert done.code == 2
    assert "unknown profile" in done.err


def test_names_are_checked_in_a_folder_that_is_there_and_in_one_that_is_not(tmp_path: Path) -> None:
    (tmp_path / "there" / "a.txt").mkdir(parents=True)
    for name in ("a.txt", "a.txt/b"):
        check_writable(tmp_path / "new", [name])
    check_writable(tmp_path / "there", ["a.txt/b"])
    with pytest.raises(OutputError, match=r"a\.txt is a folder there"):
        check_writable(tmp_path / "there", ["b.txt", "a.txt"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]


@pytest.fixture
def usual_rights() -> Iterator[None]:
    """Let new files be read by the group, and nobody else."""
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_rights")
def test_a_replaced_file_has_the_rights_of_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scores.json"
    for text in ("first", "second"):
        with replaced_file(path) as partial:
            partial.write_text(text)
        assert path.read_text() == text
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert [file.name for file in path.parent.iterdir()] == ["scores.json"]


def test_a_file_of_any_name_that_lies_beside_is_left_alone(tmp_path: Path) -> None:
    beside = tmp_path / ".scores.json.partial"
    beside.write_text("mine")
    with replaced_file(tmp_path / "scores.json") as partial:
        partial.write_text("scores")
    assert beside.read_text() == "mine"


def test_after_an_error_the_older_file_is_there_and_nothing_else(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        with replaced_file(path) as partial:
            partial.write_text("half")
            raise OSError(28, "No space left on device")

    (tmp_path / "scores.json").write_text("old")
    for path in (tmp_path / "scores.json", tmp_path / "deep" / "new" / "scores.json"):
        with pytest.raises(OutputError, match=r"scores\.json could not be written: No space left on device"):
            fail(path)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]
    assert (tmp_path / "scores.json").read_text() == "old"


def test_devices_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="scores must be the path of a file, got /dev/null"):
        check_replaceable("scores", Path("/dev/null"))


def test_frequencies_are_not_fitted_where_they_cannot_be_written(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def encode(*_: object) -> NoReturn:
        pytest.fail("it was encoded")

    monkeypatch.setattr("trackspeak.models.frequency.TextEncoder", encode)
    (tmp_path / "counts.json").write_text('{"red cars": 3}')
    for place, message in (("counts.json/a", "could not be written"), ("", "out must be the path of a file")):
        arguments = (tmp_path / "counts.json", "--encoder", tmp_path / "clip.pt", "--out", tmp_path / place)
        done = command("fit-frequencies", *arguments)
        assert done.code in (1, 2)
        assert message in done.err


def test_the_folder_of_frequencies_is_made(command: Command, tmp_path: Path, tiny_clip_weights: Path) -> None:
    (tmp_path / "counts.json").write_text('{"red cars": 3}')
    out = tmp_path / "missing" / "dir" / "f"
    arguments = (tmp_path / "counts.json", "--encoder", tiny_clip_weights, "--out", out)
    assert command("fit-frequencies", *arguments).code == 0
    assert out.is_file()
