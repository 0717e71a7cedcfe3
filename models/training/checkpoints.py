"""A run's checkpoint: written whole, begun with by other runs, and resumed only as the run that it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import nn

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import InputError

from .scenes import Scene

if TYPE_CHECKING:
    from .loop import TrainOptions

CHECKPOINT, METRICS = "checkpoint.pt", "metrics.jsonl"


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run comes from, beside its options.

    Attributes:
        scenes: SHA-256 of all that is in its scenes, in their order.
        begin: SHA-256 of the checkpoint whose averaged weights it began with; None: random ones.
    """

    scenes: str
    begin: str | None


class Part(Protocol):
    """What a checkpoint holds the state of."""

    def state_dict(self) -> dict[str, Any]:
        """Give the state."""

    def load_state_dict(self, state: dict[str, Any]) -> object:
        """Take a state over."""


def scenes_sha256(scenes: Sequence[Scene]) -> str:
    """Hash scenes: batches are the same only on the same ones in the same order."""
    digest = hashlib.sha256()
    for scene in scenes:
        for field in fields(scene):
            array = np.ascontiguousarray(getattr(scene, field.name))
            digest.update(f"{field.name} {array.dtype} {array.shape}".encode())
            digest.update(array.data)
    return digest.hexdigest()


def save(folder: Path, parts: Mapping[str, Part], step: int, options: TrainOptions, origin: Origin) -> None:
    """Write a run's checkpoint whole or not at all."""
    states = {name: part.state_dict() for name, part in parts.items()}
    partial = folder / f"{CHECKPOINT}.partial"
    torch.save({**states, "step": step, "options": asdict(options), "origin": asdict(origin)}, partial)
    partial.replace(folder / CHECKPOINT)


def begin_with(run: Path, trainee: nn.Module, options: TrainOptions, device: torch.device) -> str:
    """Load the averaged weights of another run, its heads too, and give its checkpoint's SHA-256.

    Raises:
        InputError: if it is no run, or one of another design.
    """
    path = run / CHECKPOINT
    if not path.is_file():
        raise InputError(f"begin must be the folder of a run with {CHECKPOINT} in it, got {run}")
    states = torch.load(path, map_location=device, weights_only=True)
    for name in ("mode", "trajectory"):
        if states["options"][name] != getattr(options, name):
            raise InputError(f"begin must be a run with {name} {getattr(options, name)}, got {states['options'][name]}")
    averaged = {name.removeprefix("module."): value for name, value in states["average"].items()}
    averaged.pop("n_averaged")
    trainee.load_state_dict(averaged)
    return sha256_of(path)


def resume_from(
    folder: Path, parts: Mapping[str, Part], options: TrainOptions, origin: Origin, device: torch.device
) -> int:
    """Load the states of a run's checkpoint, if there is one, and give the steps it has done.

    Raises:
        InputError: if it was made with other options, on other scenes, or began with something else.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return 0
    states = torch.load(path, map_location=device, weights_only=True)
    if states["options"] != asdict(options):
        raise InputError(
            f"run {folder} must be resumed with its own options, {states['options']}, got {asdict(options)}"
        )
    recorded = states.get("origin", {})  # older runs have none
    for name, mine in asdict(origin).items():
        theirs = recorded.get(name, mine)
        if theirs != mine:
            raise InputError(
                f"run {folder} must be resumed with its own {name}, of SHA-256 {theirs or 'none'}, got {mine or 'none'}"
            )
    for name, part in parts.items():
        part.load_state_dict(states[name])
    step: int = states["step"]
    return step


def forget_after(metrics: Path, step: int) -> None:
    """Drop the lines of steps that are done again, and one that was not written to its end."""
    lines = metrics.read_text(encoding="utf-8").splitlines(keepends=True) if metrics.is_file() else []
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
    metrics.write_text("".join(kept), encoding="utf-8")
