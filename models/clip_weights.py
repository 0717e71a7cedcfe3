"""CLIP weights as they are published: OpenAI's TorchScript archives, OpenCLIP's checkpoints, safetensors."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import open_clip
import torch
from torch import Tensor

from .backbone import MAP_STRIDE
from .errors import WeightsError
from .weights import load_checkpoint, load_safetensors, load_strictly

_HEAD_WIDTH = 64
"""Channels of an attention head in all published CLIPs with this layout."""

_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size")
"""What OpenAI's archives hold beside the weights."""


def load_clip(path: Path, *, quick_gelu: bool | None = None) -> open_clip.CLIP:
    """Make a CLIP from published weights, its sizes read off them; nothing is downloaded.

    Args:
        path: a TorchScript archive of OpenAI's, a checkpoint of OpenCLIP's, or a safetensors file with its names.
        quick_gelu: whether the weights were trained with QuickGELU; None: OpenAI's archives were, others were not.

    Returns:
        The model, in evaluation mode and single precision.

    Raises:
        WeightsError: if the file cannot be read, holds no CLIP of that layout, or a weight is missing or unexpected.
    """
    archive = is_torchscript(path)
    state = load_clip_state(path)
    try:
        config = clip_config(state, quick_gelu=archive if quick_gelu is None else quick_gelu)
    except KeyError as error:
        raise WeightsError(f"the weights {path} must be those of a CLIP; they lack {error}") from None
    model = open_clip.CLIP(**config)
    load_strictly(model, state, str(path))
    return model.eval()


def load_clip_state(path: Path) -> dict[str, Tensor]:
    """Read the weights alone, in single precision.

    Raises:
        WeightsError: if the file cannot be read or is none of the formats.
    """
    if is_torchscript(path):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # deprecated, but the only reader of these archives
                state = dict(torch.jit.load(path, map_location="cpu").state_dict())  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            reason = str(error).strip().partition("\n")[0]
            raise WeightsError(f"the weights {path} are not a whole TorchScript archive: {reason}") from error
    elif path.suffix == ".safetensors":
        state = load_safetensors(path)
    else:
        checkpoint = load_checkpoint(path)
        state = dict(checkpoint.get("state_dict", checkpoint))
    named = {str(name).removeprefix("module."): value for name, value in state.items() if name not in _NOT_WEIGHTS}
    if not all(isinstance(value, Tensor) for value in named.values()):
        raise WeightsError(f"the weights {path} must hold tensors alone, by name or under 'state_dict'")
    return {name: value.float() if value.is_floating_point() else value for name, value in named.items()}


def is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive: a zip that holds code."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any("/code/" in name for name in archive.namelist())


def clip_config(state: Mapping[str, Tensor], *, quick_gelu: bool) -> dict[str, Any]:
    """Read the arguments of `open_clip.CLIP` off its weights.

    Raises:
        KeyError: naming a weight that is missing.
    """
    width = state["ln_final.weight"].shape[0]
    return {
        "embed_dim": state["text_projection"].shape[1],
        "quick_gelu": quick_gelu,
        "vision_cfg": _transformer(state) if "visual.class_embedding" in state else _resnet(state),
        "text_cfg": {
            "context_length": state["positional_embedding"].shape[0],
            "vocab_size": state["token_embedding.weight"].shape[0],
            "width": width,
            "heads": max(1, width // _HEAD_WIDTH),
            "layers": len({name.split(".")[2] for name in state if name.startswith("transformer.resblocks.")}),
        },
    }


def _resnet(state: Mapping[str, Tensor]) -> dict[str, Any]:
    stages = [[name.split(".")[2] for name in state if name.startswith(f"visual.layer{at}.")] for at in (1, 2, 3, 4)]
    return {
        "layers": [len(set(blocks)) for blocks in stages],
        "width": state["visual.layer1.0.conv1.weight"].shape[0],
        "image_size": MAP_STRIDE * _side(state["visual.attnpool.positional_embedding"]),
        "patch_size": None,
    }


def _transformer(state: Mapping[str, Tensor]) -> dict[str, Any]:
    patch = state["visual.conv1.weight"]
    return {
        "layers": len({name.split(".")[3] for name in state if name.startswith("visual.transformer.resblocks.")}),
        "width": patch.shape[0],
        "patch_size": patch.shape[-1],
        "image_size": patch.shape[-1] * _side(state["visual.positional_embedding"]),
    }


def _side(positions: Tensor) -> int:
    """Locations along a side, of as many positions and one more for the whole."""
    side: int = round((positions.shape[0] - 1) ** 0.5)
    return side
