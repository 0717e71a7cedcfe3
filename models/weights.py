"""Weight files: hash them, read them without running code from them, and load them strictly."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import WeightsError

_SHOWN_NAMES = 5


def load_safetensors(path: Path, expected_sha256: str | None = None) -> dict[str, Tensor]:
    """Read a .safetensors file onto the CPU.

    Args:
        path: the file.
        expected_sha256: what its hash must be, or None for any.

    Raises:
        WeightsError: if it cannot be read, is not a safetensors file, or has another hash.
    """
    actual = sha256_of(path)
    if expected_sha256 is not None and actual != expected_sha256.lower():
        raise WeightsError(f"the weights {path} must have SHA-256 {expected_sha256.lower()}, got {actual}")
    try:
        state: dict[str, Tensor] = load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"the weights {path} are not a whole safetensors file: {error}") from error
    return state


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a PyTorch checkpoint onto the CPU, without running code from it.

    Released iKUN checkpoints pickle their optimizer beside the weights; it is read as an empty object.

    Raises:
        WeightsError: if the file cannot be read, is no checkpoint, or holds objects other than plain data.
    """
    stand_ins: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [
        (_Ignored, "torch.optim.adamw.AdamW"),
        (_plain_dict, "collections.defaultdict"),
        (dict, "builtins.dict"),
    ]
    try:
        with torch.serialization.safe_globals(stand_ins):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"cannot read the weights {path}: {error.strerror}") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise WeightsError(f"the weights {path} are not a checkpoint of plain tensors: {_reason(error)}") from error
    if not isinstance(checkpoint, dict):
        raise WeightsError(f"the weights {path} must hold a dictionary, got {type(checkpoint).__name__}")
    return checkpoint


class ReleasedState(NamedTuple):
    """A released iKUN checkpoint's weights, by the part of the model they belong to."""

    clip: dict[str, Tensor]
    kum: dict[str, Tensor]


def split_released(checkpoint: Mapping[str, Any]) -> ReleasedState:
    """Take a released iKUN checkpoint apart: `{"model": {"module.clip.*": ..., "module.*": ...}, ...}`.

    Raises:
        WeightsError: if it has no such entry, or a part is empty.
    """
    model = checkpoint.get("model")
    if not isinstance(model, Mapping):
        raise WeightsError(f"a released checkpoint must hold 'model', got: {_names(map(str, checkpoint))}")
    state = {name.removeprefix("module."): tensor for name, tensor in model.items()}
    clip = {name.removeprefix("clip."): tensor for name, tensor in state.items() if name.startswith("clip.")}
    kum = {name: tensor for name, tensor in state.items() if not name.startswith("clip.")}
    if not clip or not kum:
        raise WeightsError(f"a released checkpoint must hold KUM's weights and 'clip.*', got: {_names(state)}")
    return ReleasedState(clip, kum)


def load_strictly(module: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Load a state dict whose names and shapes must be exactly the module's.

    Args:
        module: receives the weights.
        state: name -> tensor.
        what: names the weights in an error, such as a path.

    Raises:
        WeightsError: naming the missing, unexpected and mis-shaped entries; nothing is loaded then.
    """
    wanted = module.state_dict()
    problems = []
    if missing := sorted(wanted.keys() - state.keys()):
        problems.append(f"missing: {_names(missing)}")
    if unexpected := sorted(state.keys() - wanted.keys()):
        problems.append(f"unexpected: {_names(unexpected)}")
    misshaped = [
        f"{name} must be {tuple(wanted[name].shape)}, got {tuple(state[name].shape)}"
        for name in sorted(wanted.keys() & state.keys())
        if wanted[name].shape != state[name].shape
    ]
    if misshaped:
        problems.append(f"of another shape: {_names(misshaped)}")
    if problems:
        raise WeightsError(f"{what} does not fit {type(module).__name__}; {'; '.join(problems)}")
    module.load_state_dict(dict(state))


class _Ignored:
    """Stands in for a pickled optimizer, whose state is dropped."""

    def __setstate__(self, state: object) -> None:
        """Drop the state."""


def _plain_dict(*_: object) -> dict[Any, Any]:
    """Stands in for `defaultdict`, which the safe unpickler does not fill."""
    return {}


def _names(names: Iterable[str]) -> str:
    """List the first few names and count the rest."""
    listed = list(names)
    more = f" and {len(listed) - _SHOWN_NAMES} more" if len(listed) > _SHOWN_NAMES else ""
    return (", ".join(listed[:_SHOWN_NAMES]) or "nothing") + more


def _reason(error: Exception) -> str:
    """Say what torch found, without its advice to load the file unsafely."""
    refused = re.search(r"GLOBAL (\S+)", str(error))
    return f"it holds {refused[1]}" if refused else "it is of another kind, or not whole"
