"""What is kept of a video: whole or not at all, the same numbers, and all gone when it is deleted."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pipeline_fakes import FakeDetector, FakeVideo, index

from trackspeak.models.errors import BrokenIndexError, NotFoundError
from trackspeak.plugins.contract import Detections
from trackspeak.service.pipeline.index import VideoIndex
from trackspeak.service.pipeline.video_info import VideoFacts
from trackspeak.service.result import PluginUse
from trackspeak.service.store.arrays import from_arrays, to_arrays
from trackspeak.service.store.index_file import ARRAYS_FILE, RECORD_FILE, StoredIndex, as_stored, identity
from trackspeak.service.store.indexes import Indexes
from trackspeak.service.store.thin import thin_looks

KILLS = 50


def stored(made: VideoIndex, index_id: str = "ab" * 16, name: str = "street.mp4") -> StoredIndex:
    facts = VideoFacts(100, 10.0, 64, 48, 10.0, "cd" * 32)
    plugins = {"detector": None, "matcher": PluginUse("kum", {"model": "embedded", "ages": [1, 2]})}
    return StoredIndex(
        index_id,
        name,
        facts,
        "embedded",
        plugins,
        {"matcher/a": "0" * 64},
        "trackspeak",
        1,
        as_stored(made, "trackspeak"),
    )


@pytest.fixture(scope="module")
def made() -> VideoIndex:
    return index(FakeVideo(100))[0]


def same(one: VideoIndex, other: VideoIndex) -> bool:
    """Whether two indexes hold the same columns, bit by bit."""
    columns, others = (to_arrays(each, half=False) for each in (one, other))
    names = [track.class_name for track in one.trajectories], [track.class_name for track in other.trajectories]
    return (
        columns.keys() == others.keys()
        and names[0] == names[1]
        and all(
            columns[name].dtype == others[name].dtype and np.array_equal(columns[name], others[name])
            for name in columns
        )
    )


def test_columns_come_back_as_they_were(made: VideoIndex) -> None:
    names = [track.class_name for track in made.trajectories]
    trajectories, segments, observations = from_arrays(to_arrays(made, half=False), names)
    assert same(made, replace(made, trajectories=trajectories, segments=segments, observations=observations))


def test_observations_are_halved_and_tracks_are_not(made: VideoIndex) -> None:
    arrays = to_arrays(made, half=True)
    assert arrays["look.level"].dtype == arrays["segment.windows"].dtype == np.float16
    assert arrays["track.boxes_xyxy"].dtype == np.float32
    assert arrays["track.times_s"].dtype == np.float64
    level = made.observations.look_arrays["level"].copy()
    level[0] = 70_000  # more than half precision can hold
    large = replace(made, observations=replace(made.observations, look_arrays={"level": level}))
    assert to_arrays(large, half=True)["look.level"].dtype == np.float32


def test_what_is_asked_at_once_is_what_comes_back_from_the_disk(made: VideoIndex, tmp_path: Path) -> None:
    one = stored(made)
    indexes = Indexes(tmp_path / "indexes")
    indexes.add(one)
    back = indexes.get(one.id)
    assert same(one.index, back.index)
    assert back.index.warnings == made.warnings
    assert back.plugins["matcher"] == PluginUse("kum", {"model": "embedded", "ages": [1, 2]})
    assert (back.video, back.weights, back.protocol, back.first_frame) == (one.video, one.weights, "trackspeak", 1)


def test_a_video_without_tracks_is_an_index_too(tmp_path: Path) -> None:
    class Nothing(FakeDetector):
        def _one(self, index: int) -> Detections:
            return Detections.empty(("thing",))

    one = stored(index(FakeVideo(30), detector=Nothing())[0])
    indexes = Indexes(tmp_path)
    indexes.add(one)
    assert indexes.get(one.id).index.trajectories == ()
    assert indexes.get(one.id).index.observations is None


def test_indexes_are_listed_and_known_by_their_whole_ids(made: VideoIndex, tmp_path: Path) -> None:
    indexes = Indexes(tmp_path)
    for index_id, name in (("ab" * 16, "a.mp4"), ("abcd" * 8, "b.mp4"), ("ef" * 16, "b.mp4")):
        indexes.add(stored(made, index_id, name))
    assert [one.id for one in indexes] == ["ab" * 16, "abcd" * 8, "ef" * 16]
    assert [one.tracks for one in indexes] == [2, 2, 2]
    for wrong in ("ab", "a.mp4", "", ".", "..", "../" + tmp_path.name + "/" + "ab" * 16, "a" * 300, "\x00"):
        assert wrong not in indexes
        with pytest.raises(NotFoundError, match="abab"):
            indexes.get(wrong)


def test_deleting_leaves_nothing(made: VideoIndex, tmp_path: Path) -> None:
    indexes = Indexes(tmp_path)
    one = stored(made)
    indexes.add(one)
    indexes.delete(one.id)
    assert one.id not in indexes
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {".lock"}
    with pytest.raises(NotFoundError):
        indexes.delete(one.id)


@pytest.mark.parametrize("file", [RECORD_FILE, ARRAYS_FILE])
def test_a_damaged_index_says_what_to_do_and_hides_no_other(made: VideoIndex, tmp_path: Path, file: str) -> None:
    indexes = Indexes(tmp_path)
    for index_id in ("ab" * 16, "cd" * 16):
        indexes.add(stored(made, index_id))
    path = tmp_path / ("ab" * 16) / file
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BrokenIndexError, match=r"is not whole: .*; delete it and index the video again"):
        indexes.get("ab" * 16)
    assert "cd" * 16 in [one.id for one in indexes]


def test_an_index_of_another_format_is_refused(made: VideoIndex, tmp_path: Path) -> None:
    indexes = Indexes(tmp_path)
    one = stored(made)
    indexes.add(one)
    path = tmp_path / one.id / RECORD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 0}))
    with pytest.raises(BrokenIndexError, match="must have format 2, got 0: index the video again"):
        indexes.get(one.id)


def _write_on(folder: Path, one: StoredIndex, begin: int) -> None:
    for number in range(begin, begin + 10_000):
        Indexes(folder).add(replace(one, id=f"{number:032x}"))


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.filterwarnings("ignore:lance is not fork-safe")  # the child leaves it alone
def test_a_writer_killed_at_any_moment_leaves_whole_indexes_alone(made: VideoIndex, tmp_path: Path) -> None:
    one, context, moments = stored(made), multiprocessing.get_context("fork"), random.Random(0)
    for kill in range(KILLS):
        writer = context.Process(target=_write_on, args=(tmp_path, one, kill * 10_000))
        writer.start()
        time.sleep(moments.uniform(0.002, 0.06))
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        folders = {path.name for path in tmp_path.iterdir()} - {".partial"}
        for index_id in folders:
            assert same(Indexes(tmp_path).get(index_id).index, one.index)
    assert len(folders) > KILLS
    Indexes(tmp_path).add(replace(one, id="f" * 32))  # which clears away what was left
    assert [path.name for path in (tmp_path / ".partial").iterdir()] == [".lock"]


def test_writers_of_one_index_readers_and_deleters_do_not_disturb_each_other(made: VideoIndex, tmp_path: Path) -> None:
    one, indexes = stored(made), Indexes(tmp_path)

    def work(number: int) -> str:
        if number % 3 == 0:
            indexes.add(one)
        try:
            if number % 3 == 1:
                assert same(indexes.get(one.id).index, one.index)
            if number % 3 == 2:
                indexes.delete(one.id)
        except NotFoundError as error:
            return type(error).__name__
        return "done"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(work, range(600)))
    assert set(outcomes) <= {"done", "NotFoundError"}
    assert outcomes.count("done") > 100
    indexes.add(one)
    assert same(indexes.get(one.id).index, one.index)


Plugins = dict[str, PluginUse | None]


@pytest.fixture
def configuration(tmp_path: Path) -> Plugins:
    (tmp_path / "tracks.txt").write_text("1,1,0,0,10,10,1\n")
    return {
        "detector": None,
        "tracker": PluginUse("from_file", {"path": tmp_path / "tracks.txt", "first_frame": 1}),
        "matcher": PluginUse("kum", {"model": tmp_path / "model", "device": "auto"}),
        "calibrator": PluginUse("platt", {"slope": 1.0}),
    }


WEIGHTS = {"matcher/w": "1" * 64, "calibrator/c": "2" * 64}


def test_an_index_is_known_by_video_configuration_and_weights(configuration: Plugins, tmp_path: Path) -> None:
    first = identity("a" * 64, configuration, WEIGHTS, {"gap": 4})
    assert first == identity("a" * 64, dict(reversed(configuration.items())), WEIGHTS, {"gap": 4})
    others = [
        identity("b" * 64, configuration, WEIGHTS, {"gap": 4}),
        identity("a" * 64, configuration, {**WEIGHTS, "matcher/w": "3" * 64}, {"gap": 4}),
        identity("a" * 64, configuration, WEIGHTS, {"gap": 5}),
        identity("a" * 64, {**configuration, "tracker": PluginUse("sort", {})}, WEIGHTS, {"gap": 4}),
    ]
    (tmp_path / "tracks.txt").write_text("1,1,0,0,10,11,1\n")  # the same path, other tracks
    others.append(identity("a" * 64, configuration, WEIGHTS, {"gap": 4}))
    assert len({first, *others}) == 6


def test_what_is_asked_and_where_files_lie_do_not_count(configuration: Plugins, tmp_path: Path) -> None:
    first = identity("a" * 64, configuration, WEIGHTS, {})
    moved = tmp_path / "moved.txt"
    moved.write_bytes((tmp_path / "tracks.txt").read_bytes())
    elsewhere = PluginUse("from_file", {"path": moved, "first_frame": 1})
    assert first == identity("a" * 64, {**configuration, "tracker": elsewhere}, WEIGHTS, {})
    assert first == identity("a" * 64, {**configuration, "calibrator": None}, {"matcher/w": "1" * 64}, {})


Thinned = Callable[[int], VideoIndex]


@pytest.mark.parametrize("budget", [1, 2, 7])
def test_looks_are_thinned_evenly_and_segments_take_the_nearest(made: VideoIndex, budget: int) -> None:
    thin = thin_looks(made, budget)
    seen, rows = thin.observations, thin.segments.look_rows
    for track_id in (1, 2):
        mine = rows[thin.segments.track_ids == track_id]
        assert len(np.unique(mine)) <= budget
        top = seen.look_arrays["box"][mine][..., 1]
        assert (top == (5 if track_id == 1 else 25)).all()  # of its own track
    frames = seen.frame_indices[seen.look_frame_rows]
    long = np.unique(frames[rows[thin.segments.track_ids == 1]])
    assert len(long) == budget
    if budget > 1:
        assert np.ptp(np.diff(long)) <= 8
        assert (long[0], long[-1]) == (0, 96)
        wanted = made.observations.frame_indices[made.observations.look_frame_rows[made.segments.look_rows]]
        far = np.abs(frames[rows] - wanted)
        nearest = np.abs(wanted[..., None] - long).min(axis=-1)
        assert (far == nearest)[made.segments.track_ids == 1].all()
    assert "tracks have more than" in thin.warnings[-1]
    np.testing.assert_array_equal(thin.segments.windows, made.segments.windows)


def test_a_budget_that_is_large_enough_changes_nothing(made: VideoIndex) -> None:
    assert thin_looks(made, 1000) is made
