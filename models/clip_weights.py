"""CLIP weights as they are published: OpenAI's TorchScript archives, OpenCLIP's checkpoints, safetensors."""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import open_clip
import torch
from torch import Tensor

from .backbone import MAP_STRIDE
from .errors import WeightsError
from .tokenizer import CONTEXT_LENGTH
from .weights import load_checkpoint, load_safetensors, load_strictly

VOCAB_SIZE = 49408
"""Token ids of CLIP's own tokenizer, the only one there is here."""

NORMALISATIONS: Final = {
    "openai": (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD),
    "inception": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
"""Mean and deviation of the channels by which published CLIPs with this layout want pixels normalised."""

_HEAD_WIDTH = 64
"""Channels of an attention head, in all published text towers and in image towers up to `_WIDEST`."""

_WIDEST = 1024
"""Channels of the widest published image transformer (ViT-L) with heads of `_HEAD_WIDTH`."""

_HEAD_WIDTHS: Final = {1280: 80, 1408: 88, 1664: 104, 1792: 112}
"""Channels of a head by those of the image transformer: ViT-H, g, bigG, e. The number of heads shows in no shape."""

_NOT_WEIGHTS = ("input_resolution", "context_length", "vocab_size")
"""What OpenAI's archives hold beside the weights."""


class ReadClip(NamedTuple):
    """What a file of CLIP weights says: the arguments of `open_clip.CLIP`, and the weights by name."""

    config: dict[str, Any]
    state: dict[str, Tensor]


def load_clip(path: Path, *, quick_gelu: bool | None = None) -> open_clip.CLIP:
    """Make a CLIP from published weights, its sizes read off them; nothing is downloaded.

    Args:
        path: a TorchScript archive of OpenAI's, a checkpoint of OpenCLIP's, or a safetensors file with its names.
        quick_gelu: whether the weights were trained with QuickGELU; None: OpenAI's archives were, others were not.

    Returns:
        The model, in evaluation mode and single precision.

    Raises:
        WeightsError: what `read_clip` raises, or a weight is missing, unexpected or of another shape.
    """
    config, state = read_clip(path, quick_gelu=quick_gelu)
    model = open_clip.CLIP(**config)
    load_strictly(model, state, str(path))
    return model.eval()


def read_clip(path: Path, *, quick_gelu: bool | None = None) -> ReadClip:
    """Read published weights and the sizes of their model; the arguments are those of `load_clip`.

    Raises:
        WeightsError: if the file cannot be read, or holds no CLIP whose configuration is known from its shapes.
    """
    state = load_clip_state(path)
    try:
        config = clip_config(state, quick_gelu=is_torchscript(path) if quick_gelu is None else quick_gelu)
    except KeyError as error:
        raise WeightsError(f"the weights {path} must be those of a CLIP; they lack {error}") from None
    except WeightsError as error:
        raise WeightsError(f"the weights {path} are of no CLIP that is known here: {error}") from None
    return ReadClip(config, state)


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

    What shapes do not tell (heads, the tokenizer, how texts are pooled) is known for the published models with CLIP's
    own vocabulary; others are refused, since they would load and answer wrongly.

    Raises:
        KeyError: naming a weight that is missing.
        WeightsError: if a weight's shape is that of no such model.
    """
    width = _shape(state, "ln_final.weight", 1)[0]
    positions = _shape(state, "positional_embedding", 2)[0]
    vocab_size, _ = _shape(state, "token_embedding.weight", 2)
    if vocab_size != VOCAB_SIZE:
        raise WeightsError(
            f"token_embedding.weight must have CLIP's own {VOCAB_SIZE} tokens, got {vocab_size}, which is another "
            "tokenizer's vocabulary"
        )
    if positions != CONTEXT_LENGTH:
        raise WeightsError(f"positional_embedding must have {CONTEXT_LENGTH} positions, got {positions}")
    return {
        "embed_dim": _shape(state, "text_projection", 2)[1],
        "quick_gelu": quick_gelu,
        "vision_cfg": _transformer(state) if "visual.class_embedding" in state else _resnet(state),
        "text_cfg": {
            "context_length": positions,
            "vocab_size": vocab_size,
            "width": width,
            "heads": _heads("ln_final.weight", width, _HEAD_WIDTH),
            "layers": len({name.split(".")[2] for name in state if name.startswith("transformer.resblocks.")}),
            "mlp_ratio": _mlp_ratio(state, "transformer"),
        },
    }


def _resnet(state: Mapping[str, Tensor]) -> dict[str, Any]:
    stages = [[name.split(".")[2] for name in state if name.startswith(f"visual.layer{at}.")] for at in (1, 2, 3, 4)]
    width = _shape(state, "visual.layer1.0.conv1.weight", 4)[0]
    _heads("visual.layer4", width * MAP_STRIDE, _HEAD_WIDTH)  # those of the attention pool
    return {
        "layers": [len(set(blocks)) for blocks in stages],
        "width": width,
        "head_width": _HEAD_WIDTH,
        "image_size": MAP_STRIDE * _side(state, "visual.attnpool.positional_embedding"),
        "patch_size": None,
    }


def _transformer(state: Mapping[str, Tensor]) -> dict[str, Any]:
    width, _, _, patch = _shape(state, "visual.conv1.weight", 4)
    head_width = _HEAD_WIDTHS.get(width, _HEAD_WIDTH)
    if width > _WIDEST and width not in _HEAD_WIDTHS:
        known = ", ".join(map(str, _HEAD_WIDTHS))
        raise WeightsError(
            f"visual.conv1.weight must have at most {_WIDEST} channels or one of {known}, got {width}, "
            "for which the number of heads is not known"
        )
    _heads("visual.conv1.weight", width, head_width)
    return {
        "layers": len({name.split(".")[3] for name in state if name.startswith("visual.transformer.resblocks.")}),
        "width": width,
        "head_width": head_width,
        "mlp_ratio": _mlp_ratio(state, "visual.transformer"),
        "patch_size": patch,
        "image_size": patch * _side(state, "visual.positional_embedding"),
    }


def _shape(state: Mapping[str, Tensor], name: str, dimensions: int) -> tuple[int, ...]:
    """Give a weight's shape, which must have so many dimensions.

    Raises:
        KeyError: if it is not there.
        WeightsError: if it has another number of dimensions.
    """
    shape = tuple(state[name].shape)
    if len(shape) != dimensions:
        raise WeightsError(f"{name} must have {dimensions} dimensions, got {len(shape)}")
    return shape


def _heads(name: str, width: int, head_width: int) -> int:
    """Give how many heads a width has room for.

    Raises:
        WeightsError: if it is no whole number of them.
    """
    if width < 1 or width % head_width:
        raise WeightsError(f"{name} must have a multiple of {head_width} channels, the width of a head, got {width}")
    return width // head_width


def _mlp_ratio(state: Mapping[str, Tensor], tower: str) -> float:
    """Give what the width is multiplied by, and then cut to a whole number, for the inner width of a block."""
    inner, width = _shape(state, f"{tower}.resblocks.0.mlp.c_fc.weight", 2)
    ratio = inner / width
    return ratio if int(width * ratio) == inner else math.nextafter(ratio, math.inf)


def _side(state: Mapping[str, Tensor], name: str) -> int:
    """Locations along a side, of as many positions and one more for the whole.

    Raises:
        WeightsError: if they make no square.
    """
    locations = _shape(state, name, 2)[0] - 1
    side = math.isqrt(max(0, locations))
    if side < 1 or side * side != locations:
        raise WeightsError(f"{name} must have the positions of a square and one more, got {locations + 1}")
    return side
