"""Which moments training sees, and how batch norms behave in it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trackspeak.models.errors import OptionError
from trackspeak.models.training.concepts import ANYTHING, CONCEPTS
from trackspeak.models.training.export import load_run
from trackspeak.models.training.loop import TrainOptions, concept_weights, train
from trackspeak.models.training.moments import Moments
from trackspeak.models.training.scenes import Scene

CPU = torch.device("cpu")
OPTIONS = TrainOptions(steps=1, moments_per_step=2, texts_per_step=8)


def _scene(seed: int, *kinds: str) -> Scene:
    """A moment for each kind, with one segment of two looks; an empty kind is a box that shows no object."""
    count = len(kinds)
    concepts = np.zeros((count, len(CONCEPTS)), np.int8)
    for row, kind in enumerate(kinds):
        concepts[row, CONCEPTS.index(kind or ANYTHING)] = 1 if kind else -1
    return Scene(
        seed,
        np.arange(2 * count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 4, 4), np.uint8),
        np.arange(2 * count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 8, 8), np.uint8),
        np.arange(2 * count),
        np.arange(2 * count).reshape(count, 2),
        np.zeros((count, 16, 19), np.float32),
        np.arange(10, 10 + count),
        np.arange(count),
        np.zeros(count, np.int64),
        concepts,
    )


def test_what_is_rare_comes_up_as_often_as_what_is_not() -> None:
    moments = Moments([_scene(0, *["car"] * 8, "bus"), _scene(1, *["car"] * 8, "", "bus")])
    bus, nothing, cars = moments.shares[[8, 18]].sum(), moments.shares[17], np.delete(moments.shares, [8, 17, 18]).sum()
    np.testing.assert_allclose([bus, nothing, cars], 1 / 3)


def test_a_moment_has_one_look_of_each_segment_and_one_whole_frame() -> None:
    moments = Moments([_scene(3, "car", "truck")])
    drawn = [scene for seed in range(20) for scene in moments.draw(np.random.default_rng(seed), 2)]
    for scene in drawn:
        assert (len(scene.crops), len(scene.frames), scene.look_rows.tolist()) == (1, 1, [[0]])
        assert scene.crops[0, 0, 0, 0] == scene.frames[0, 0, 0, 0], "of the frame that is looked at"
    assert {(int(scene.moments[0]), int(scene.crops[0, 0, 0, 0])) for scene in drawn} == {
        (10, 0),
        (10, 1),
        (11, 2),
        (11, 3),
    }


def test_moments_come_up_twice_only_where_there_are_too_few() -> None:
    moments = Moments([_scene(0, "car", "truck", "bus")])
    three = moments.draw(np.random.default_rng(0), 3)
    assert sorted(int(scene.moments[0]) for scene in three) == [10, 11, 12]
    assert len(moments.draw(np.random.default_rng(0), 5)) == 5


def test_frozen_batch_norms_keep_their_statistics(scenes: list[Scene], tmp_path: Path) -> None:
    train(scenes, tmp_path / "first", OPTIONS, CPU, resume=False)
    train(scenes, tmp_path / "second", replace(OPTIONS, frozen_norms=True), CPU, resume=False, begin=tmp_path / "first")
    first, second = (load_run(tmp_path / run)[0].state_dict() for run in ("first", "second"))
    statistics = [name for name in first if "running" in name]
    for name in statistics:
        torch.testing.assert_close(second[name], first[name], rtol=1e-6, atol=0)
    assert statistics
    assert any(not torch.equal(first[name], second[name]) for name in first)


def test_norms_are_not_frozen_before_they_have_statistics(scenes: list[Scene], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="frozen_norms must go with begin"):
        train(scenes, tmp_path, replace(OPTIONS, frozen_norms=True), CPU, resume=False)


def test_kinds_weigh_more_where_concepts_are_named() -> None:
    weights = concept_weights(TrainOptions(kind_weight=3.0))
    assert (weights[CONCEPTS.index("bus")], weights[CONCEPTS.index("red")]) == (3, 1)
