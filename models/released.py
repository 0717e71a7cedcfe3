"""Released iKUN checkpoints, as their authors published them, to model folders: checked strictly, converted once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import torch
from safetensors import SafetensorError
from torch import Tensor

from .backbone import MAP_STRIDE, Backbone
from .clip_weights import NORMALISATIONS, clip_config
from .digests import sha256_of
from .errors import OptionError, OutputError, WeightsError
from .kum import build_kum
from .kum_layers import KumConfig
from .kum_mode import KumMode
from .referring import CONFIG_FILE, ReferringConfig, write_model
from .weights import ReleasedState, load_checkpoint, load_strictly, split_released

CLIP_MEAN, CLIP_STD = NORMALISATIONS["openai"]

FORMAT = 1
"""What conversion writes, numbered: goes up with each change of it, so that folders of another are not used again."""

_ATTENTION_POOL = "visual.attnpool."


def convert_released(path: Path, folder: Path, mode: KumMode | None = None) -> None:
    """Write a released checkpoint as a model folder, which holds the checkpoint's hash beside its own.

    The folder appears whole or not at all; several processes may convert the same at once.

    Args:
        path: the checkpoint, `{"model": {"module....": tensor}, "epoch": n, ...}`; nothing in it is executed.
        folder: made, with config.json and weights.safetensors; one that holds the very same is kept.
        mode: KUM's design; None reads it from the weights.

    Raises:
        WeightsError: if it is no such checkpoint, or a weight is missing, unexpected or of another shape.
        OptionError: if `mode` is no design, or not that of the weights.
        OutputError: if the folder cannot be written, or holds something else.
    """
    state = split_released(load_checkpoint(path))
    config = released_config(state, mode)
    backbone, kum = Backbone(config.clip), build_kum(config.kum)
    load_strictly(backbone.clip, state.clip, f"{path} (clip)")
    load_strictly(kum, state.kum, f"{path} (KUM)")
    tensors = {
        f"backbone.clip.{name}": value for name, value in state.clip.items() if not name.startswith(_ATTENTION_POOL)
    }
    tensors |= {f"kum.{name}": value for name, value in state.kum.items()}
    tensors |= {"head.scale": torch.tensor(1.0), "head.bias": torch.tensor(0.0)}
    config = replace(config, source_sha256=sha256_of(path))
    try:
        _write_folder(folder, {name: _plain(value) for name, value in tensors.items()}, config)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"model folder {folder} could not be written: {error}") from error


def _write_folder(folder: Path, tensors: dict[str, Tensor], config: ReferringConfig) -> None:
    """Write the files to a folder beside and rename that; whoever was first with the same is left alone."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as stage:
        whole = Path(stage) / folder.name
        whole.mkdir()  # with the permissions that are usual here, which the stage has not
        text = write_model(whole, tensors, config)
        try:
            whole.rename(folder)
        except OSError:
            there = folder / CONFIG_FILE
            if not there.is_file() or there.read_text(encoding="utf-8") != text:
                raise


def _plain(value: Tensor) -> Tensor:
    """Single precision, in the order that safetensors wants."""
    return (value.float() if value.is_floating_point() else value).contiguous()


def released_config(state: ReleasedState, mode: KumMode | None = None) -> ReferringConfig:
    """Read the sizes off the weights; OpenAI's, which all of these began from, were trained with QuickGELU.

    Raises:
        WeightsError: if the weights from which sizes are read are missing.
        OptionError: if `mode` is no design, or not that of the weights.
    """
    try:
        clip, kum = clip_config(state.clip, quick_gelu=True), _kum_config(state.kum, mode)
    except KeyError as error:
        raise WeightsError(f"a released checkpoint must hold the weight {error}") from None
    return ReferringConfig(
        clip=clip,
        kum=kum,
        crop_size=kum.local_size * MAP_STRIDE,
        frame_size=kum.global_size * MAP_STRIDE,
        mean=CLIP_MEAN,
        std=CLIP_STD,
        vocabulary=(),
        protocol="ikun",
    )


def _kum_config(state: Mapping[str, Tensor], mode: KumMode | None) -> KumConfig:
    output_width, visual_width = state["img_fc.weight"].shape
    return KumConfig(
        mode=_mode(state, mode),
        visual_width=visual_width,
        text_width=state["text_fc.0.weight"].shape[1],
        output_width=output_width,
        local_size=round(state["pos_emb_local"].shape[0] ** 0.5),
        global_size=round(state["pos_emb_global"].shape[0] ** 0.5),
    )


def _mode(state: Mapping[str, Tensor], wanted: KumMode | None) -> KumMode:
    """Tell the design by the weights that it alone has.

    Cross correlation and text-first modulation have the same; but the second never runs its second batch norm,
    whose statistics then are those it began with.
    """
    if wanted is not None and wanted not in get_args(KumMode):
        raise OptionError(f"mode must be one of {', '.join(get_args(KumMode))}, got {wanted!r}")
    possible: tuple[KumMode, ...] = ("none",)
    if any(name.startswith("fusion_visual_textual.") for name in state):
        possible = ("cascade_attention",)
    elif any(name.startswith("fusion_conv1.") for name in state):
        mean, variance = state["fusion_conv2.1.running_mean"], state["fusion_conv2.1.running_var"]
        possible = ("cross_correlation", "text_first_modulation")
        if not mean.any() and bool((variance == 1).all()):
            possible = ("text_first_modulation", "cross_correlation")
    if wanted is not None and wanted not in possible:
        raise OptionError(f"mode must be {' or '.join(possible)} for these weights, got {wanted!r}")
    return wanted or possible[0]
