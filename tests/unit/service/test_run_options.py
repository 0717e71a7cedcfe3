"""The options of a run: from text, JSON and Python, and the plugins that they choose."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackspeak.models.errors import OptionError, UnknownNameError
from trackspeak.service.cli_options import given_options
from trackspeak.service.options import RunOptions, parse_run_options
from trackspeak.service.run import assemble


@pytest.fixture
def tracks(tmp_path: Path) -> Path:
    path = tmp_path / "tracks.txt"
    path.write_text("1,7,10,10,20,20,1\n")
    return path


def test_nothing_given_is_the_default() -> None:
    assert parse_run_options({}) == RunOptions()


def test_values_come_as_text_or_as_they_are() -> None:
    assert parse_run_options({"max_gap": "2", "threshold": "0.25"}) == RunOptions(max_gap=2, threshold=0.25)
    assert parse_run_options({"max_gap": None, "set": {"detector.min_area": 0.1}}).set == {"detector.min_area": 0.1}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"thresold": 1}, "options.thresold is unknown, did you mean threshold?"),
        ({"threshold": math.nan}, "options.threshold"),
        ({"threshold": "nan"}, "options.threshold"),
        ({"protocol": "mot"}, "options.protocol"),
        ({"max_gap": -1}, "options.max_gap"),
        ({"first_frame": 1.5}, "options.first_frame"),
        ({"frame_rate": 0}, "options.frame_rate"),
        ({"set": ["a"]}, "options.set"),
        ({"profile": 3}, "options.profile"),
        ({"detector": ""}, "options.detector"),
        ({"calibrator": ""}, "options.calibrator"),
        ({"first_frame": 2**63}, "options.first_frame"),
        ({"frame_rate": 1e-5}, "options.frame_rate"),
        ({"\ud800": 1}, r"options.\ud800 is unknown"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_run_options(values)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"threshold": math.inf}, "threshold must be a finite number, got inf"),
        ({"first_frame": -1}, "first_frame must be greater than or equal to 0, got -1"),
        ({"first_frame": 10**9 + 1}, "first_frame must be less than or equal to 1000000000, got 1000000001"),
        ({"frame_rate": math.inf}, "frame_rate must be a finite number, got inf"),
        ({"frame_rate": 1_001}, "frame_rate must be less than or equal to 1000, got 1001"),
        ({"max_gap": -1}, "max_gap must be greater than or equal to 0, got -1"),
        ({"max_gap": 17}, "max_gap must be less than or equal to 16, got 17"),
        ({"max_gap": 2.5}, "max_gap must be a valid integer"),
        ({"protocol": "mot"}, "protocol must be 'trackspeak' or 'ikun', got 'mot'"),
        ({"detector": ""}, "detector"),
        ({"set": ["a"]}, "set must be a valid dictionary, got ['a']"),
    ],
)
def test_python_callers_are_checked_too(values: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        RunOptions(**values)
    assert str(caught.value).startswith(message)


def test_numbers_of_numpy_are_taken_as_python_s_own() -> None:
    options = RunOptions(max_gap=np.int64(3), threshold=np.float32(0.5))
    assert options == RunOptions(max_gap=3, threshold=0.5)
    assert (type(options.max_gap), type(options.threshold)) == (int, float)


def test_assignments_become_plugin_options() -> None:
    options = given_options(["detector.min_area=0.1", "matcher.model=a=b"], None, profile="embedded", max_gap=None)
    assert options == RunOptions("embedded", set={"detector.min_area": "0.1", "matcher.model": "a=b"})


def test_tracks_are_the_tracker_from_file(tracks: Path) -> None:
    options = given_options(["tracker.first_frame=0"], tracks)
    assert options.tracker == "from_file"
    assert options.set == {"tracker.first_frame": "0", "tracker.path": str(tracks)}


@pytest.mark.parametrize(
    ("assignments", "given", "message"),
    [
        (["detector.min_area"], {}, "KIND.KEY=VALUE"),
        (["a.b=1", "a.b=2"], {}, "--set a.b must be given once"),
        (["tracker.path=b.txt"], {}, "--tracks"),
        ([], {"tracker": "bytetrack"}, "--tracks"),
    ],
)
def test_contradictions_are_refused(tracks: Path, assignments: list[str], given: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        given_options(assignments, tracks, **given)
    assert message in str(caught.value)


def test_a_tracker_with_its_own_boxes_makes_no_detector(tracks: Path, tiny_model: Path) -> None:
    assembly = assemble(given_options([f"matcher.model={tiny_model}"], tracks))
    assert assembly.steps.detector is None
    assert assembly.uses["detector"] is None
    assert list(assembly.uses) == ["detector", "tracker", "matcher"]


def test_calibrators_of_other_weights_are_left_out_with_a_warning(tracks: Path, tiny_model: Path) -> None:
    assembly = assemble(given_options([f"matcher.model={tiny_model}"], tracks))
    assert assembly.calibrators == ()
    assert "calibrators of the profile embedded are of other weights" in assembly.warnings[0]


def test_calibrators_of_these_weights_or_chosen_by_the_user_are_kept(tracks: Path, tiny_model: Path) -> None:
    shipped = assemble(given_options([], tracks))
    mine = assemble(given_options([f"matcher.model={tiny_model}", "calibrator.slope=2"], tracks))
    for assembly in (shipped, mine):
        assert len(assembly.calibrators) == 1
        assert assembly.warnings == ()


def test_a_calibrator_chosen_by_name_is_kept_though_the_profile_has_the_same(
    tracks: Path, tiny_model: Path, tmp_path: Path
) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(
        f'summary = "x"\ncalibrated_weights_sha256 = "{"0" * 64}"\ntracker = {{name = "from_file"}}\n'
        'matcher = {name = "kum"}\ncalibrators = [{name = "platt"}]\n'
    )
    given = {"profile": str(profile), "calibrator": "platt"}
    assembly = assemble(given_options([f"matcher.model={tiny_model}"], tracks, **given))
    assert len(assembly.calibrators) == 1


def test_the_matcher_embeds_for_a_tracker_that_wants_it(tiny_model: Path) -> None:
    assembly = assemble(given_options([f"matcher.model={tiny_model}"], None, tracker="strongsort"))
    assert assembly.steps.embedder is assembly.steps.matcher


def test_a_tracker_that_wants_embeddings_is_refused_where_nothing_makes_them(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trackspeak.plugins.matchers.kum import KumMatcher

    monkeypatch.delattr(KumMatcher, "embed")
    with pytest.raises(OptionError, match="embedder: the tracker 'strongsort' needs one, since the matcher makes no"):
        assemble(given_options([f"matcher.model={tiny_model}"], None, tracker="strongsort"))


def test_postprocessors_follow_each_other_and_are_reported(tracks: Path, tiny_model: Path) -> None:
    given = {"postprocessor": ("gsi", "gsi")}
    sets = [f"matcher.model={tiny_model}", "postprocessor.tau=0", "postprocessor.1.tau=5"]
    assembly = assemble(given_options(sets, tracks, **given))
    assert len(assembly.steps.postprocessors) == 2
    assert [assembly.uses[key].options["tau"] for key in ("postprocessor", "postprocessor.1")] == [0, 5]


def test_a_profile_s_embedder_and_postprocessors_can_be_left_out(tmp_path: Path, tiny_model: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'summary = "x"\ntracker = {name = "strongsort"}\nmatcher = {name = "kum"}\ndetector = {name = "motion"}\n'
        'embedder = {name = "onnx", options = {path = "absent.onnx"}}\npostprocessors = [{name = "gsi"}]\n'
    )
    given = {"profile": str(profile), "tracker": "strongsort", "embedder": "none", "postprocessor": ("none",)}
    assembly = assemble(given_options([f"matcher.model={tiny_model}"], None, **given))
    assert assembly.steps.embedder is assembly.steps.matcher
    assert assembly.steps.postprocessors == ()
    with pytest.raises(OptionError, match=r"embedder\.path must be an existing"):
        assemble(given_options([f"matcher.model={tiny_model}"], None, profile=str(profile)))


def test_very_many_postprocessors_are_refused() -> None:
    with pytest.raises(OptionError, match="postprocessor"):
        given_options([], None, postprocessor=("gsi",) * 9)


def test_a_model_that_is_not_there_is_the_callers_mistake(tracks: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"matcher.model must be embedded, an existing folder or .*, got .*absent"):
        assemble(given_options([f"matcher.model={tmp_path / 'absent'}"], tracks))


@pytest.mark.parametrize(
    ("assignments", "given", "message"),
    [
        (["detector.min_area=0.1"], {}, "set: detector.min_area: the tracker 'from_file' uses no detector"),
        ([], {"detector": "motion"}, "detector: the tracker 'from_file' uses no detector"),
        ([], {"embedder": "onnx"}, "embedder: the tracker 'from_file' uses no embedder"),
        (["tracker.speed=1"], {}, "tracker.speed is unknown"),
        (["camera.speed=1"], {}, "set: 'camera.speed' must be KIND.KEY"),
        (["speed=1"], {}, "set: 'speed' must be KIND.KEY"),
        (["calibrator.slope=1"], {"calibrator": "none"}, "set: 'calibrator.slope' must be KIND.KEY"),
    ],
)
def test_options_that_nothing_reads_are_refused(
    tracks: Path, tiny_model: Path, assignments: list[str], given: dict[str, str], message: str
) -> None:
    with pytest.raises(OptionError) as caught:
        assemble(given_options([f"matcher.model={tiny_model}", *assignments], tracks, **given))
    assert message in str(caught.value)


def test_a_tracker_without_its_detector_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('summary = "no detector"\n[tracker]\nname = "bytetrack"\n[matcher]\nname = "kum"\n')
    with pytest.raises(OptionError, match="the tracker 'bytetrack' needs one"):
        assemble(RunOptions(str(profile), set={"matcher.model": str(tiny_model)}))


@pytest.mark.parametrize("kind", ["profile", "detector", "tracker", "matcher", "calibrator"])
def test_unknown_names_list_those_there_are(kind: str, tiny_model: Path) -> None:
    values: dict[str, Any] = {kind: "nonesuch", "set": {"matcher.model": str(tiny_model)}}
    with pytest.raises(UnknownNameError, match="there are: "):
        assemble(RunOptions(**values))
