"""Which files a caller from outside may name."""

from pathlib import Path
from typing import Any

import pytest

from trackspeak.models.errors import OptionError
from trackspeak.service.options import RunOptions
from trackspeak.service.plugin_files import check_named_files, named_files


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed"
    folder.mkdir()
    (folder / "tracks.txt").touch()
    (tmp_path / "secret.txt").touch()
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "mine.toml").write_text(
        f'summary = "s"\n[tracker]\nname = "from_file"\noptions = {{path = "{tmp_path}/secret.txt"}}\n'
        '[matcher]\nname = "kum"\n'
    )
    return folder


def from_file(path: Any) -> RunOptions:
    return RunOptions(tracker="from_file", set={"tracker.path": path})


def test_options_without_files_pass() -> None:
    check_named_files(RunOptions(), None)
    check_named_files(RunOptions("embedded", set={"matcher.model": "embedded", "matcher.device": "cpu"}), None)


def test_files_inside_the_folder_pass(allowed: Path) -> None:
    check_named_files(from_file(str(allowed / "tracks.txt")), allowed)
    check_named_files(RunOptions(set={"matcher.model": str(allowed)}), allowed)


def test_what_a_profile_inside_the_folder_says_passes(allowed: Path) -> None:
    options = RunOptions(str(allowed / "mine.toml"))
    check_named_files(options, allowed)
    assert named_files(options) == {"tracker.path": (str(allowed.parent / "secret.txt"),)}


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../secret.txt",
        "{allowed}/../secret.txt",
        "{allowed}/link.txt",
        "path",
        "",
        "a\0b",
        "x,/etc/passwd",
    ],
)
def test_files_elsewhere_are_refused(allowed: Path, path: str) -> None:
    with pytest.raises(OptionError, match=r"set: tracker\.path"):
        check_named_files(from_file(path.format(allowed=allowed)), allowed)


@pytest.mark.parametrize("value", [["/etc/passwd"], {"a": "/etc/passwd"}, '["/etc/passwd"]'])
def test_files_in_lists_are_refused(allowed: Path, value: object) -> None:
    with pytest.raises(OptionError, match=r"set: tracker\.path"):
        check_named_files(from_file(value), allowed)


@pytest.mark.parametrize(
    "options",
    [
        RunOptions("/etc/profile.toml"),
        RunOptions("elsewhere.toml"),
        RunOptions(set={"matcher.model": "/models/other"}),
        RunOptions(detector="yolo", set={"detector.path": "yolo.pt"}),
    ],
)
def test_without_the_setting_every_file_is_refused(options: RunOptions, allowed: Path) -> None:
    with pytest.raises(OptionError, match="plugin_files is unset"):
        check_named_files(options, None)
    with pytest.raises(OptionError, match="must lie in the folder"):
        check_named_files(options, allowed)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of pulled weights, with one file."""
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    folder = tmp_path / "data" / "weights"
    folder.mkdir(parents=True)
    (folder / "yolo11n.pt").touch()
    return folder


@pytest.mark.parametrize("name", ["/etc/hosts", "../../secret.txt", "..", "", "sub/yolo11n.pt"])
def test_pulled_weights_are_named_by_their_plain_names_alone(
    allowed: Path, weights: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(allowed)  # where the text itself would be the name of something inside
    options = RunOptions(detector="yolo", set={"detector.path": f"pulled:{name}"})
    for folder in (allowed, None):
        with pytest.raises(OptionError, match=r"detector\.path must have the plain name of a file behind pulled:"):
            check_named_files(options, folder)


def test_pulled_weights_may_be_named_by_callers_from_outside(allowed: Path, weights: Path) -> None:
    options = RunOptions(detector="yolo", set={"detector.path": "pulled:yolo11n.pt"})
    for folder in (allowed, None):
        check_named_files(options, folder)
    assert named_files(options)["detector.path"] == (str(weights / "yolo11n.pt"),)


def test_plain_text_that_names_something_here_is_refused(monkeypatch: pytest.MonkeyPatch, allowed: Path) -> None:
    monkeypatch.chdir(allowed.parent)
    with pytest.raises(OptionError, match=r"set: matcher\.model"):
        check_named_files(RunOptions(set={"matcher.model": "secret.txt"}), allowed)
