"""From a run's checkpoint to a model folder: averaged weights in half precision, configuration, calibration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from safetensors import SafetensorError

from trackspeak.models.errors import InputError, OutputError, WeightsError
from trackspeak.models.referring import CONFIG_FILE, WEIGHTS_FILE, Referring, write_model
from trackspeak.models.weights import load_checkpoint

from .checkpoints import CHECKPOINT
from .design import embedded_config
from .evaluate import best_threshold, fit_platt, judge
from .scenes import Scene

_PREFIX = "module.model."


def load_run(run: Path) -> tuple[Referring, int]:
    """Give the model of a run with its averaged weights, and the steps it has done.

    Of its options only the design is read, so that runs of other versions of the recipe stay of use.

    Raises:
        WeightsError: if there is no checkpoint.
    """
    path = run / CHECKPOINT
    if not path.is_file():
        raise WeightsError(f"run must be a folder with {CHECKPOINT}, got {run}")
    states = load_checkpoint(path)
    model = Referring(embedded_config(states["options"]["mode"], states["options"]["trajectory"]))
    averaged: Mapping[str, torch.Tensor] = states["average"]
    mine = {name.removeprefix(_PREFIX): value for name, value in averaged.items() if name.startswith(_PREFIX)}
    model.load_state_dict(mine)
    return model.eval(), int(states["step"])


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


def calibrate(model: Referring, scenes: Iterable[Scene]) -> dict[str, float]:
    """Move a model's bias so that F1 of scenes is highest above 0, and fit the two numbers of its probabilities.

    Args:
        model: in evaluation mode; its bias is changed.
        scenes: held out from training and from the test, with every segment of every track.

    Returns:
        Slope and intercept, see `fit_platt`.
    """
    judged = judge(model, scenes, torch.device("cpu"))
    threshold = best_threshold(judged)
    with torch.no_grad():
        model.head.bias.sub_(threshold)
    slope, intercept = fit_platt(replace(judged, scores=judged.scores - np.float32(threshold)))
    return {"slope": slope, "intercept": intercept}


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
