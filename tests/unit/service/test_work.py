"""What the worker process does, without the process."""

import os
from pathlib import Path

import pytest

from trackspeak.models.errors import ContractError, OptionError, TrackspeakError, UnknownNameError, VideoLimitError
from trackspeak.service.options import RunOptions
from trackspeak.service.work import Assemblies, Failure


class OwnError(VideoLimitError):
    """An error class of somebody else's."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OptionError("threshold must be finite"), OptionError),
        (UnknownNameError("tracker", "x", ["a", "b"]), UnknownNameError),
        (ContractError("boxes"), ContractError),
        (TrackspeakError("?"), TrackspeakError),
        (OwnError("too long"), VideoLimitError),
    ],
)
def test_errors_travel_as_class_and_message(error: TrackspeakError, kind: type[TrackspeakError]) -> None:
    again = Failure.of(error).to_error()
    assert type(again) is kind
    assert str(again) == str(error)


def options_for(tiny_model: Path, **changes: object) -> RunOptions:
    return RunOptions(set={"matcher.model": str(tiny_model), **changes})


def test_plugins_are_kept_and_bounded(tiny_model: Path) -> None:
    assemblies = Assemblies(2, tiny_model)
    first, second, third = (options_for(tiny_model, **{"calibrator.intercept": value}) for value in (0.0, 1.0, 2.0))
    made = assemblies.get(first)
    assert assemblies.get(options_for(tiny_model, **{"calibrator.intercept": 0.0})) is made
    other = assemblies.get(second)
    assert assemblies.get(first) is made
    assemblies.get(third)  # the second was used longest ago
    assert assemblies.get(first) is made
    assert assemblies.get(second) is not other


def test_what_is_not_a_plugins_option_shares_the_plugins(tiny_model: Path) -> None:
    assemblies = Assemblies(2, tiny_model)
    made = assemblies.get(options_for(tiny_model))
    values = {"matcher.model": str(tiny_model)}
    assert assemblies.get(RunOptions(set=values, threshold=0.7, first_frame=0)) is made


def test_a_changed_file_is_read_again(tmp_path: Path, tiny_model: Path) -> None:
    tracks = tmp_path / "tracks.txt"
    tracks.write_text("1,7,10,10,20,20,1\n")
    assemblies = Assemblies(2, Path(os.path.commonpath([tmp_path, tiny_model])))
    values = {"tracker.path": str(tracks), "matcher.model": str(tiny_model)}
    options = RunOptions(tracker="from_file", set=values)
    made = assemblies.get(options)
    assert assemblies.get(options) is made
    tracks.write_text("1,7,10,10,20,20,1\n2,7,10,10,20,20,1\n")
    assert assemblies.get(options) is not made


def test_changed_weights_that_were_pulled_are_read_again(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path))
    tracks = tmp_path / "weights" / "tracks.txt"
    tracks.parent.mkdir()
    tracks.write_text("1,7,10,10,20,20,1\n")
    assemblies = Assemblies(2, tiny_model)
    options = RunOptions(
        tracker="from_file", set={"tracker.path": "pulled:tracks.txt", "matcher.model": str(tiny_model)}
    )
    made = assemblies.get(options)
    assert assemblies.get(options) is made
    tracks.write_text("1,7,10,10,20,20,1\n2,7,10,10,20,20,1\n")
    assert assemblies.get(options) is not made


def test_files_elsewhere_are_refused_before_anything_is_made(tiny_model: Path) -> None:
    with pytest.raises(OptionError, match="plugin_files"):
        Assemblies(2, None).get(options_for(tiny_model))
