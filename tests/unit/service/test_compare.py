"""Trackers compared on one video: the detector looks once, and the figures are those of the tracks."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from trackspeak.models.errors import OptionError, UnknownNameError
from trackspeak.plugins.contract import Trajectory
from trackspeak.plugins.detectors.motion import MotionDetector
from trackspeak.service import RunOptions, track
from trackspeak.service.compare import RecordedDetector, TrackerRun, compare
from trackspeak.service.result import Result

Command = Callable[..., Any]
QUERIES = ["the red car", "cars"]


@pytest.fixture
def options(tiny_model: Path) -> RunOptions:
    return RunOptions(set={"matcher.model": str(tiny_model)}, threshold=-100.0)


def test_the_detector_looks_once_whatever_the_number_of_trackers(
    tiny_clip: Path, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[int] = Counter()
    made: list[MotionDetector] = []
    detect, begin = MotionDetector.detect, MotionDetector.__init__

    def counted(self: MotionDetector, frames: Any) -> Any:
        seen.update(frame.index for frame in frames)
        return detect(self, frames)

    monkeypatch.setattr(MotionDetector, "detect", counted)
    monkeypatch.setattr(MotionDetector, "__init__", lambda self, chosen: (made.append(self), begin(self, chosen))[1])
    runs = compare(tiny_clip, ["sort", "bytetrack", "cbiou"], QUERIES, options)
    assert seen == Counter(range(36))
    assert len(made) == 1
    assert [run.tracker for run in runs] == ["sort", "bytetrack", "cbiou"]


def test_each_tracker_gives_what_it_gives_alone(tiny_clip: Path, options: RunOptions) -> None:
    runs = compare(tiny_clip, ["bytetrack", "ocsort"], QUERIES, options)
    for run in runs:
        alone = track(tiny_clip, QUERIES, RunOptions(tracker=run.tracker, set=options.set, threshold=-100.0))
        assert {**alone.to_dict(), "timings_s": 0} == {**run.result.to_dict(), "timings_s": 0}
        assert run.tracks == len(alone.trajectories) > 0
        assert run.frames == 36
        assert run.milliseconds_per_frame("track") == pytest.approx(1e3 * run.result.timings_s["track"] / 36)
        assert run.to_dict()["referred_tracks"] == {answer.query: len(answer.tracks) for answer in alone.queries}


def test_options_of_one_tracker_go_to_it_alone(tiny_clip: Path, options: RunOptions, tiny_model: Path) -> None:
    chosen = RunOptions(set={**options.set, "sort.boxes": "smoothed"}, frame_stride=2)
    sort, bytetrack = compare(tiny_clip, ["sort", "bytetrack"], QUERIES, chosen)
    assert sort.result.plugins["tracker"].options["boxes"] == "smoothed"
    assert bytetrack.result.plugins["tracker"].options["boxes"] == "detected"
    assert sort.frames == 18


def test_tracks_of_a_file_may_be_compared_with_a_detector_chosen(
    tiny_clip: Path, options: RunOptions, tmp_path: Path
) -> None:
    (tmp_path / "tracks.txt").write_text("".join(f"{frame},7,10,20,30,40,1\n" for frame in range(1, 31)))
    mine = {**options.set, "detector.sensitivity": 1.1, "from_file.path": str(tmp_path / "tracks.txt")}
    chosen = RunOptions(detector="motion", set=mine, threshold=-100.0)
    sort, file = compare(tiny_clip, ["sort", "from_file"], QUERIES, chosen)
    assert sort.result.plugins["detector"].options["sensitivity"] == 1.1
    assert file.result.plugins["detector"] is None
    assert [one.track_id for one in file.result.trajectories] == [7]
    with pytest.raises(OptionError, match="from_file: detector: the tracker 'from_file' uses no detector"):
        compare(tiny_clip, ["from_file"], QUERIES, chosen)


@pytest.mark.parametrize(
    ("trackers", "given", "error", "message"),
    [
        ([], {}, OptionError, "tracker must be one or more names, each once, got none"),
        (["sort", "sort"], {}, OptionError, "each once, got sort, sort"),
        (["sort"], {"tracker": "bytetrack"}, OptionError, "what is compared is named apart, got 'bytetrack'"),
        (["sort", "nonesuch"], {}, UnknownNameError, "nonesuch"),
        (["sort"], {"set": {"sort.speed": 1}}, OptionError, "tracker.speed is unknown"),
    ],
)
def test_mistakes_are_told_before_anything_is_watched(
    trackers: list[str], given: dict[str, Any], error: type[Exception], message: str, tiny_model: Path
) -> None:
    given = {**given, "set": {"matcher.model": str(tiny_model), **given.get("set", {})}}
    with pytest.raises(error, match=message):
        compare(Path("absent.mp4"), trackers, QUERIES, RunOptions(**given))


def test_figures_are_counted_from_the_tracks(make_result: Callable[..., Result]) -> None:
    def path(track_id: int, frames: list[int]) -> Trajectory:
        indices = np.array(frames, np.int64)
        boxes, scores = np.zeros((len(frames), 4), np.float32), np.ones(len(frames), np.float32)
        return Trajectory(track_id, "car", indices, indices / 10, boxes, scores)

    tracks = (path(1, [0, 1, 5, 6, 9]), path(2, [3, 4, 5]))
    run = TrackerRun("sort", make_result(trajectories=tracks, timings_s={"track": 0.5, "embed": 0.25}), 10)
    assert (run.tracks, run.mean_length_frames, run.fragments) == (2, 4.0, 2)
    assert run.milliseconds_per_frame("track") == 50
    assert run.milliseconds_per_frame("embed") == 25
    empty = TrackerRun("sort", make_result(trajectories=(), timings_s={}), 10)
    assert (empty.tracks, empty.mean_length_frames, empty.fragments) == (0, 0.0, 0)


def test_the_recording_stands_for_its_detector(tiny_model: Path) -> None:
    from trackspeak.plugins.detectors.motion import MotionOptions

    detector = MotionDetector(MotionOptions())
    recorded = RecordedDetector(detector)
    assert recorded.lookahead_s == detector.lookahead_s
    assert recorded.requirements == detector.requirements
    assert recorded.weights == detector.weights


def test_the_command_prints_a_row_each_and_draws_them_side_by_side(
    command: Command, tiny_clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    trackers = ("--tracker", "sort", "--tracker", "strongsort", "--tracker", "ocsort")
    weights = ("--set", f"matcher.model={tiny_model}", "--set", "strongsort.camera_motion=none")
    done = command("compare", tiny_clip, *trackers, *weights, "-q", "the red car", "--out", tmp_path / "all.mp4")
    assert done.code == 0, done.err
    for name in ("sort", "strongsort", "ocsort", "fragments", "embedding"):
        assert name in done.out
    with av.open(str(tmp_path / "all.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 36
    height, width, _ = frames[0].shape
    assert (width, height) == (2 * 240, 2 * (136 + 18))
    panels = frames[20][: height // 2, :240], frames[20][: height // 2, 240:], frames[20][height // 2 :, :240]
    assert all(panel[:18].max() > 200 for panel in panels)  # titles
    assert all(panel[18:].std() > 10 for panel in panels)
    assert frames[20][height // 2 + 2 :, 242:].max() < 40  # no fourth


def test_the_command_gives_json_and_refuses_other_places(
    command: Command, tiny_clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    given = ("--tracker", "sort", "--set", f"matcher.model={tiny_model}", "-q", "cars")
    done = command("compare", tiny_clip, *given, "--json")
    assert done.code == 0, done.err
    (row,) = json.loads(done.out)
    assert row["tracker"] == "sort"
    assert set(row) == {
        "tracker",
        "tracks",
        "mean_length_frames",
        "fragments",
        "referred_tracks",
        "track_ms_per_frame",
        "embed_ms_per_frame",
    }
    for out, message in ((tmp_path / "all.avi", "an .mp4 file"), (tiny_clip, "would be replaced")):
        refused = command("compare", tiny_clip, *given, "--out", out)
        assert refused.code == 2
        assert message in refused.err
