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


def test_plain_text_that_names_something_here_is_refused(monkeypatch: pytest.MonkeyPatch, allowed: Path) -> None:
    monkeypatch.chdir(allowed.parent)
    with pytest.raises(OptionError, match=r"set: matcher\.model"):
        check_named_files(RunOptions(set={"matcher.model": "secret.txt"}), allowed)
