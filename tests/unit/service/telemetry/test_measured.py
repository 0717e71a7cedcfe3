"""What work took is put together from the stopwatches that were made for it."""

import pickle
import sys
import threading
from types import SimpleNamespace

import pytest

from trackspeak.service.pipeline.watch import Stopwatch, recorded
from trackspeak.service.result import PluginUse
from trackspeak.service.telemetry.measured import Measured, gpu_memory_bytes, measured


def test_a_stopwatch_notes_frames_and_when() -> None:
    watch = Stopwatch()
    with watch.stage("detect", frames=8):
        pass
    with watch.stage("detect", frames=4):
        pass
    with watch.stage("select"):
        pass
    assert watch.frames == {"detect": 12}
    first_ns, last_ns = watch.times_ns["detect"]
    assert first_ns <= last_ns
    assert watch.times_ns["select"][0] >= first_ns
    assert 1e-9 * (last_ns - first_ns) >= watch.seconds["detect"] - 1e-6  # it may have paused in between


def test_frames_of_a_stage_that_failed_are_not_counted() -> None:
    watch = Stopwatch()
    with pytest.raises(ValueError, match="broken"), watch.stage("detect", frames=8):
        raise ValueError("broken")
    assert watch.frames == {}
    assert "detect" in watch.seconds


def test_only_what_is_made_in_the_block_is_recorded() -> None:
    Stopwatch()
    with recorded() as watches:
        mine = Stopwatch()
        threading.Thread(target=Stopwatch).start()
    Stopwatch()
    assert watches == [mine]


def test_stages_of_several_stopwatches_are_added_and_have_their_plugins() -> None:
    one, two = Stopwatch(), Stopwatch()
    for watch in (one, two):
        with watch.stage("score"):
            pass
    with two.stage("embed", frames=2):
        pass
    with two.stage("decode", frames=3):
        pass
    plugins = {"matcher": PluginUse("kum"), "embedder": None, "tracker": PluginUse("sort")}
    took = measured([one, two], plugins)
    stages = {stage.name: stage for stage in took.stages}
    assert {name: stage.plugin for name, stage in stages.items()} == {"score": "kum", "embed": "kum", "decode": ""}
    assert {name: stage.frames for name, stage in stages.items()} == {"score": 0, "embed": 2, "decode": 3}
    assert stages["score"].seconds == one.seconds["score"] + two.seconds["score"]
    assert (stages["score"].first_ns, stages["score"].last_ns) == (one.times_ns["score"][0], two.times_ns["score"][1])
    assert pickle.loads(pickle.dumps(took)) == took  # noqa: S301 our own


def test_nothing_was_done() -> None:
    assert measured([]) == Measured()


def test_memory_of_gpus_is_asked_where_torch_uses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = {0: (30, 100), 1: (80, 80)}
    cuda = SimpleNamespace(is_initialized=lambda: True, device_count=lambda: 2, mem_get_info=memory.__getitem__)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert gpu_memory_bytes() == {"cuda:0": 70, "cuda:1": 0}
    cuda.is_initialized = lambda: False
    assert gpu_memory_bytes() == {}
    monkeypatch.delitem(sys.modules, "torch")
    assert gpu_memory_bytes() == {}
