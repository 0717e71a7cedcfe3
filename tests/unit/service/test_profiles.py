import json
from importlib import resources
from pathlib import Path

import pytest

from trackspeak.models.errors import FileFormatError, UnknownNameError
from trackspeak.plugins.options import parse_options
from trackspeak.plugins.registry import list_plugins
from trackspeak.service.profiles import AUTO, BEST, load_profile, profile_names


def test_every_profile_names_plugins_that_there_are() -> None:
    there = {(plugin.kind, plugin.name) for plugin in list_plugins() if plugin.error is None}
    for name in profile_names():
        profile = load_profile(name)
        assert profile.summary
        named = {("tracker", profile.tracker.name), ("matcher", profile.matcher.name)}
        named |= {("calibrator", choice.name) for choice in profile.calibrators}
        named |= {("detector", profile.detector.name)} if profile.detector else set()
        assert named <= there


def test_auto_is_the_best_profile_that_is_here() -> None:
    assert load_profile(AUTO) == load_profile(BEST)
    assert BEST in profile_names()


def test_the_embedded_calibration_is_the_one_fitted_for_the_weights() -> None:
    config = json.loads((resources.files("trackspeak.models.embedded") / "config.json").read_text(encoding="utf-8"))
    (choice,) = load_profile("embedded").calibrators
    assert choice.name == "platt"
    assert dict(choice.options) == config["calibration"]
    from trackspeak.plugins.calibrators.platt import PlattCalibrator

    parse_options(PlattCalibrator.Options, choice.options, "calibrator")


def test_a_profile_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('summary = "x"\ntracker = {name = "from_file"}\nmatcher = {name = "kum"}\n', encoding="utf-8")
    assert load_profile(str(path)).detector is None
    assert load_profile(str(path)).name == "mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("summary = ", "must be TOML"),
        ('summary = "x"\nmatcher = {name = "kum"}\n', "tracker: Field required"),
        ('summary = "x"\ntracker = {name = ""}\nmatcher = {name = "kum"}\n', r"tracker\.name"),
        ('summary = "x"\nspeed = 1\ntracker = {name = "a"}\nmatcher = {name = "kum"}\n', "speed"),
    ],
)
def test_a_wrong_file_is_refused_by_the_key(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=message):
        load_profile(str(path))


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="UTF-8"):
        load_profile(str(path))


@pytest.mark.parametrize("name", ["tiny", "a" * 5_000 + ".toml", "a\0b.toml"])
def test_an_unknown_name_lists_the_profiles(name: str) -> None:
    with pytest.raises(UnknownNameError, match="auto, clip, embedded"):
        load_profile(name)
