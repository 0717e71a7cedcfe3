"""From a run's checkpoint to a model folder: averaged weights in half precision, configuration, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors import SafetensorError

from trackspeak.models.errors import InputError, OutputError, WeightsError
from trackspeak.models.referring import CONFIG_FILE, WEIGHTS_FILE, Referring, write_model
from trackspeak.models.weights import load_checkpoint

from .checkpoints import CHECKPOINT
from .design import embedded_config
from .loop import TrainOptions

_PREFIX = "module.model."


def load_run(run: Path) -> tuple[Referring, TrainOptions, int]:
    """Give the model of a run with its averaged weights, its options, and the steps it has done.

    Raises:
        WeightsError: if there is no checkpoint.
    """
    path = run / CHECKPOINT
    if not path.is_file():
        raise WeightsError(f"run must be a folder with {CHECKPOINT}, got {run}")
    states = load_checkpoint(path)
    options = TrainOptions(**states["options"])
    model = Referring(embedded_config(options.mode, options.trajectory))
    averaged: Mapping[str, torch.Tensor] = states["average"]
    mine = {name.removeprefix(_PREFIX): value for name, value in averaged.items() if name.startswith(_PREFIX)}
    model.load_state_dict(mine)
    return model.eval(), options, int(states["step"])


def average_runs(runs: Sequence[Path]) -> Referring:
    """Give the mean of the weights of runs that began with one another, which judges what is new better than each.

    Wortsman et al., "Model soups", 2022, https://arxiv.org/abs/2203.05482.

    Raises:
        InputError: if they are not of one design.
        WeightsError: if there is no checkpoint.
    """
    models = [load_run(run)[0] for run in runs]
    if any(model.config != models[0].config for model in models):
        raise InputError(f"run must be runs of one design, got {', '.join(map(str, runs))}")
    states = [model.state_dict() for model in models]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(dim=0) if value.is_floating_point() else value
        for name, value in states[-1].items()
    }
    models[-1].load_state_dict(mean)
    return models[-1]


def export(model: Referring, folder: Path, calibration: Mapping[str, float]) -> None:
    """Write a model folder; the weights are rounded to half precision.

    Both files are written whole before they replace those of a model that is there. The configuration comes last: it
    has the weights' hash, so that whoever reads between the two is refused.

    Args:
        model: the model.
        folder: receives config.json and weights.safetensors.
        calibration: slope and intercept.

    Raises:
        OutputError: if they cannot be written.
    """
    halves = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".export-", dir=folder) as name:
            stage = Path(name)
            write_model(stage, halves, replace(model.config, calibration=dict(calibration)))
            for file in (WEIGHTS_FILE, CONFIG_FILE):
                (stage / file).replace(folder / file)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"model folder {folder} could not be written: {error}") from error
