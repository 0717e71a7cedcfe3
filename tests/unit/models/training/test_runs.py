"""Runs: resumed as what they are, exported whole, judged by their scenes' recipe; and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trackspeak.models import referring
from trackspeak.models.errors import InputError, OutputError, WeightsError
from trackspeak.models.referring import CONFIG_FILE, WEIGHTS_FILE, Referring
from trackspeak.models.training import loop
from trackspeak.models.training.__main__ import main
from trackspeak.models.training.checkpoints import CHECKPOINT, METRICS
from trackspeak.models.training.design import embedded_config
from trackspeak.models.training.export import export, load_run
from trackspeak.models.training.loop import TrainOptions, train
from trackspeak.models.training.produce import RECIPE
from trackspeak.models.training.report import figures_table, judge_all
from trackspeak.models.training.scenes import Scene

CPU = torch.device("cpu")
OPTIONS = TrainOptions(steps=1, moments_per_step=1, texts_per_step=4)


@pytest.fixture(scope="module")
def done(scenes: list[Scene], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done")
    train(scenes, folder, OPTIONS, CPU, resume=False)
    return folder


@pytest.mark.parametrize("resume", [True, False])
def test_a_run_killed_before_its_first_checkpoint_leaves_no_line_twice(
    scenes: list[Scene],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kill_in_batch: Callable[[int], None],
    resume: bool,
) -> None:
    monkeypatch.setattr(loop._Meter, "EVERY", 1)
    kill_in_batch(2)
    options = TrainOptions(steps=2, moments_per_step=1, texts_per_step=4)
    with pytest.raises(KeyboardInterrupt):
        train(scenes, tmp_path, options, CPU, resume=False)
    with (tmp_path / METRICS).open("a") as file:
        file.write('{"step": 2, "pair_l')
    train(scenes, tmp_path, options, CPU, resume=resume)
    lines = (tmp_path / METRICS).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]


def test_a_run_is_resumed_with_its_own_scenes_and_beginning(scenes: list[Scene], done: Path, tmp_path: Path) -> None:
    train(scenes, done, OPTIONS, CPU, resume=True)
    with pytest.raises(InputError, match=r"must be resumed with its own scenes, of SHA-256 [0-9a-f]{64}, got [0-9a-f]"):
        train(scenes[:-1], done, OPTIONS, CPU, resume=True)
    with pytest.raises(InputError, match="must be resumed with its own scenes"):
        train(scenes[::-1], done, OPTIONS, CPU, resume=True)
    with pytest.raises(InputError, match=r"must be resumed with its own begin, of SHA-256 none, got [0-9a-f]{64}"):
        train(scenes, done, OPTIONS, CPU, resume=True, begin=done)
    train(scenes, tmp_path, OPTIONS, CPU, resume=False, begin=done)
    train(scenes, tmp_path, OPTIONS, CPU, resume=True, begin=done)
    with pytest.raises(InputError, match=r"must be resumed with its own begin, of SHA-256 [0-9a-f]{64}, got none"):
        train(scenes, tmp_path, OPTIONS, CPU, resume=True)


def test_a_run_of_an_older_recipe_is_still_read(scenes: list[Scene], done: Path, tmp_path: Path) -> None:
    states = torch.load(done / CHECKPOINT, weights_only=True)
    del states["origin"]
    states["options"] = {"mode": OPTIONS.mode, "trajectory": OPTIONS.trajectory, "scenes_per_step": 6}
    (tmp_path / "old").mkdir()
    torch.save(states, tmp_path / "old" / CHECKPOINT)
    assert load_run(tmp_path / "old")[1] == 1
    train(scenes, tmp_path / "next", OPTIONS, CPU, resume=False, begin=tmp_path / "old")
    with pytest.raises(InputError, match="must be resumed with its own options"):
        train(scenes, tmp_path / "old", OPTIONS, CPU, resume=True)


def test_a_run_of_before_origins_were_recorded_is_still_resumed(
    scenes: list[Scene], done: Path, tmp_path: Path
) -> None:
    states = torch.load(done / CHECKPOINT, weights_only=True)
    del states["origin"]
    torch.save(states, tmp_path / CHECKPOINT)
    train(scenes[:-1], tmp_path, OPTIONS, CPU, resume=True)


@pytest.fixture
def models() -> list[Referring]:
    torch.manual_seed(0)
    return [Referring(embedded_config("none", trajectory=False)).eval() for _ in range(2)]


def test_an_export_that_fails_leaves_the_model_that_is_there(
    models: list[Referring], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(models[0], tmp_path, {})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def disk_is_full(tensors: dict[str, torch.Tensor], path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(referring, "save_file", disk_is_full)
    with pytest.raises(OutputError, match=r"could not be written: .*No space left"):
        export(models[1], tmp_path, {})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert before.keys() == {CONFIG_FILE, WEIGHTS_FILE}


def test_a_reader_amid_an_export_is_refused(
    models: list[Referring], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(models[0], tmp_path, {})
    replace, seen = Path.replace, []

    def read_after(self: Path, target: Path) -> Path:
        moved = replace(self, target)
        try:
            seen.append(Referring.from_folder(tmp_path))
        except WeightsError as error:
            seen.append(str(error))
        return moved

    monkeypatch.setattr(Path, "replace", read_after)
    export(models[1], tmp_path, {})
    first, last = seen
    assert "must have SHA-256" in first
    assert isinstance(last, Referring)


def data_folder(folder: Path, scenes: list[Scene], recipe: object) -> Path:
    folder.mkdir()
    scenes[0].save(folder / "00000000.npz")
    (folder / RECIPE).write_text(json.dumps(recipe))
    return folder


def test_sources_are_judged_by_the_recipe_s_names(scenes: list[Scene], models: list[Referring], tmp_path: Path) -> None:
    assert not scenes[0].sources.any()
    alone = judge_all(models[0], data_folder(tmp_path / "one", scenes, {"boxes": ["truth"]}), CPU)
    both = judge_all(models[0], data_folder(tmp_path / "two", scenes, {"boxes": ["motion", "truth"]}), CPU)
    assert list(alone) == ["truth"]
    assert list(both) == ["motion", "truth"]
    np.testing.assert_equal(both["motion"], alone["truth"])
    assert alone["truth"]["all"]["positives"] > 0
    assert (both["truth"]["all"]["positives"], both["truth"]["all"]["f1"]) == (0, 0)
    assert "| truth | all | 0.000 |" in figures_table(both)


@pytest.mark.parametrize("recipe", [[], {}, {"boxes": []}, {"boxes": "truth"}, {"boxes": ["truth", "truth"]}])
def test_a_recipe_that_does_not_name_the_sources_is_refused(
    scenes: list[Scene], models: list[Referring], tmp_path: Path, recipe: object
) -> None:
    with pytest.raises(InputError, match=r"recipe\.json must name"):
        judge_all(models[0], data_folder(tmp_path / "data", scenes, recipe), CPU)


def test_scenes_without_a_recipe_are_not_judged(scenes: list[Scene], models: list[Referring], tmp_path: Path) -> None:
    (data_folder(tmp_path / "data", scenes, {}) / RECIPE).unlink()
    with pytest.raises(InputError, match=r"data must be a folder of rendered scenes with their recipe\.json, got"):
        judge_all(models[0], tmp_path / "data", CPU)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["train", "--run", "new", "--data", "data", "--mode", "foo"],
            2,
            "mode must be one of none, cascade_attention",
        ),
        (["train", "--run", "new", "--data", "empty"], 2, "data must be a folder with rendered scenes, got empty"),
        (["train", "--run", "done", "--data", "data"], 2, "run must be a new folder, or be resumed"),
        (["evaluate", "--run", "absent", "--data", "data"], 1, "run must be a folder with checkpoint.pt, got absent"),
        (["render", "--out", "data", "--scenes", "0"], 2, "must be new or hold scenes made by"),
    ],
)
def test_errors_are_a_line_and_an_exit_code(
    scenes: list[Scene],
    done: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    data_folder(tmp_path / "data", scenes, {"boxes": ["truth"]})
    (tmp_path / "done").symlink_to(done)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    shown = capsys.readouterr().err
    assert caught.value.code == code
    assert shown.startswith("error: ")
    assert message in shown
    assert shown.count("\n") == 1
    assert not (tmp_path / "new" / CHECKPOINT).exists()


def test_help_lists_the_designs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["train", "--help"])
    assert not caught.value.code
    assert "cross_correlation" in capsys.readouterr().out
