"""Index once, ask many: the answers of a run, from what was stored, with no picture looked at."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from trackspeak.models.errors import WeightsError
from trackspeak.plugins.matchers.kum import KumMatcher
from trackspeak.service import RunOptions, track
from trackspeak.service.asking import ask, make_asker
from trackspeak.service.assemble import assemble
from trackspeak.service.indexing import index_id, make_index
from trackspeak.service.limits import Limits
from trackspeak.service.pipeline.decode import Video, open_video
from trackspeak.service.settings import load_settings
from trackspeak.service.store.indexes import Indexes

Command = Callable[..., Any]
QUERIES = ["the red car", "cars", "a zyzzyva"]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRACKSPEAK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def options(tiny_model: Path) -> RunOptions:
    return RunOptions(set={"matcher.model": str(tiny_model)}, threshold=-100.0)


def plain(result: Any) -> dict[str, Any]:
    return {**result.to_dict(), "timings_s": 0}


def test_an_index_answers_as_a_run_does(tiny_clip: Path, options: RunOptions, tmp_path: Path) -> None:
    once = track(tiny_clip, QUERIES, options)
    stored = make_index(open_video(tiny_clip, Limits()), "street.mp4", assemble(options), options)
    indexes = Indexes(tmp_path / "indexes")
    indexes.add(stored)
    back = indexes.get(stored.id)
    for one in (stored, back):
        assert plain(ask(one, QUERIES, make_asker(one), options)) == plain(once)
    assert once.queries[0].tracks


def test_asking_decodes_nothing_and_looks_at_no_picture(
    tiny_clip: Path, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("not while asking")

    stored = make_index(open_video(tiny_clip, Limits()), "street.mp4", assemble(options), options)
    asker = make_asker(stored)
    monkeypatch.setattr(KumMatcher, "observe", refuse)
    monkeypatch.setattr("trackspeak.models.referring.Referring.encode_images", refuse)
    monkeypatch.setattr(Video, "frames", refuse)
    assert ask(stored, QUERIES, asker, options).queries[0].tracks


def test_other_weights_are_refused_with_what_to_do(tiny_clip: Path, options: RunOptions) -> None:
    stored = make_index(open_video(tiny_clip, Limits()), "street.mp4", assemble(options), options)
    other = replace(stored, weights=dict.fromkeys(stored.weights, "0" * 64))
    with pytest.raises(WeightsError, match=r"must be asked with the weights of 'kum' .*index the video again"):
        make_asker(other)


def test_the_id_is_known_before_and_depends_on_what_watches(tiny_clip: Path, options: RunOptions) -> None:
    def id_of(chosen: RunOptions) -> str:
        return index_id(open_video(tiny_clip, Limits()), assemble(chosen), chosen)

    first = id_of(options)
    assert first == make_index(open_video(tiny_clip, Limits()), "a", assemble(options), options).id
    asked = replace(options, threshold=0.5, calibrator="none", first_frame=7)
    assert id_of(asked) == first
    changes = [{"tracker": "sort"}, {"frame_stride": 2}, {"looks_per_track": 3}, {"max_gap": 1}]
    changes.append({"set": {**options.set, "detector.sensitivity": 1.5}})
    assert len({first, *(id_of(replace(options, **change)) for change in changes)}) == 6


def test_a_budget_of_looks_counts_for_runs_too(tiny_clip: Path, options: RunOptions) -> None:
    thin = replace(options, looks_per_track=1)
    result = track(tiny_clip, QUERIES, thin)
    assert any("more than 1 looks" in warning for warning in result.warnings)
    assert len(result.trajectories) == len(track(tiny_clip, QUERIES, options).trajectories)


def test_the_commands_index_ask_list_and_forget(
    command: Command, tiny_clip: Path, tiny_model: Path, data: Path, tmp_path: Path
) -> None:
    weights = ("--set", f"matcher.model={tiny_model}")
    done = command("index", tiny_clip, *weights)
    assert done.code == 0, done.err
    index, name = done.out.split()
    assert name == tiny_clip.name
    again = command("index", tiny_clip, *weights)
    assert again.out == done.out
    assert "was indexed before" in again.err
    assert index[:8] in command("indexes").out
    asked = command("ask", index[:8], "-q", "cars", "--threshold=-100", "--json", "--scores", tmp_path / "scores.json")
    ran = command("run", tiny_clip, *weights, "-q", "cars", "--threshold=-100", "--json")
    assert {**json.loads(asked.out), "timings_s": 0} == {**json.loads(ran.out), "timings_s": 0}
    assert json.loads((tmp_path / "scores.json").read_text())
    top = command("ask", tiny_clip.name, "-q", "cars", "--threshold=-100", "--top", "1", "--json")
    assert len(json.loads(top.out)["queries"][0]["tracks"]) == 1
    assert command("forget", index).code == 0
    assert command("ask", index, "-q", "cars").code == 2
    assert [path for path in data.rglob("*") if path.is_file() and path.name != ".lock"] == []


def test_one_video_that_fails_stops_no_other(
    command: Command, tiny_clip: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    done = command("index", tmp_path / "broken.mp4", tiny_clip, "--set", f"matcher.model={tiny_model}")
    assert done.code == 2
    assert "broken.mp4" in done.err
    assert len(list(Indexes(load_settings().indexes_folder))) == 1
