"""An OpenCLIP model with a ResNet tower, opened where KUM needs it: the map before pooling, every text position."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import open_clip
import torch
from torch import Tensor, nn

from trackspeak.models.errors import OptionError, WeightsError

MAP_STRIDE = 32
"""Pixels per location of the spatial map: the five halvings of a ModifiedResNet."""


class Backbone(nn.Module):
    """The image and text towers, with random weights; nothing is ever downloaded.

    Attributes:
        clip: the OpenCLIP model; its parameter names are those of released weights under `clip.`.
        visual_width: V, channels of the spatial map.
        text_width: T, channels of the projected text output.
        context_length: text positions.
        vocab_size: token ids; the end token is the largest id of a row.
    """

    def __init__(self, config: Mapping[str, Any], *, attention_pool: bool = True) -> None:
        """Build the towers.

        Args:
            config: the keyword arguments of `open_clip.CLIP`, as in OpenCLIP's model files: `embed_dim`,
                `vision_cfg` (with a list of four `layers`), `text_cfg`, and, if wanted, `quick_gelu`.
            attention_pool: keep the attention pool after the spatial map, which nothing here runs; released
                weights hold it, our own need not.

        Raises:
            OptionError: if the configuration is not one of a CLIP with a ResNet tower.
        """
        super().__init__()
        layers = dict(config.get("vision_cfg", {})).get("layers")
        if not isinstance(layers, (list, tuple)):
            raise OptionError(f"vision_cfg.layers must be a list of four block counts, got {layers!r}")
        try:
            self.clip: Any = open_clip.CLIP(**config)
        except TypeError as error:
            raise OptionError(f"the configuration does not fit an OpenCLIP model: {error}") from error
        self.visual_width = int(self.clip.visual.attnpool.k_proj.in_features)
        self.text_width = int(config["embed_dim"])
        self.context_length = int(self.clip.context_length)
        self.vocab_size = int(self.clip.vocab_size)
        if not attention_pool:
            self.clip.visual.attnpool = nn.Identity()

    @classmethod
    def from_weights(cls, path: Path, *, quick_gelu: bool | None = None, attention_pool: bool = True) -> Self:
        """Load published CLIP weights, in any format of `load_clip`.

        Args:
            path: the file, such as OpenAI's RN50.pt.
            quick_gelu: whether they were trained with QuickGELU; None: OpenAI's archives were, others were not.
            attention_pool: as when it is built; the weights must hold it either way.

        Returns:
            The towers with these weights, in evaluation mode and single precision.

        Raises:
            WeightsError: if the file cannot be read, holds no CLIP with a ResNet tower, or a weight does not fit.
        """
        from .clip_weights import read_clip  # which takes `MAP_STRIDE` from here
        from .weights import load_strictly

        config, state = read_clip(path, quick_gelu=quick_gelu)
        if not isinstance(config["vision_cfg"]["layers"], list):
            raise WeightsError(f"the weights {path} must be of a CLIP with a ResNet tower, got a transformer's")
        backbone = cls(config)
        load_strictly(backbone.clip, state, str(path))
        if not attention_pool:
            backbone.clip.visual.attnpool = nn.Identity()
        return backbone.eval()

    def encode_map(self, images: Tensor) -> Tensor:
        """Give the spatial map before the attention pool.

        Args:
            images: (B, 3, S, S) normalised; S a multiple of `MAP_STRIDE`, not only the tower's own size.

        Returns:
            (B, V, S / 32, S / 32).
        """
        output = self.clip.visual.forward_intermediates(images, indices=1, intermediates_only=True)
        maps: Tensor = output["image_intermediates"][-1]
        return maps

    def encode_text(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Give the text tower's output at every position and at the end token.

        The tower is causal, so trailing padding may be cut off first: what remains comes out the same. Keep as
        many positions as KUM's `description_length`, since cascade attention reads padding too.

        Args:
            tokens: (B, positions) int64, positions at most `context_length`.

        Returns:
            hidden: (B, positions, T) after the final layer norm and the projection.
            sentence: (B, T), the row of `hidden` at each text's end token, the largest id.
        """
        clip, length = self.clip, tokens.shape[1]
        embedded = clip.token_embedding(tokens) + clip.positional_embedding[:length]
        mask = None if clip.attn_mask is None else clip.attn_mask[:length, :length]
        hidden: Tensor = clip.ln_final(clip.transformer(embedded, attn_mask=mask))
        if isinstance(clip.text_projection, nn.Linear):
            hidden = clip.text_projection(hidden)
        elif clip.text_projection is not None:
            hidden = hidden @ clip.text_projection
        sentence = hidden[torch.arange(len(tokens), device=tokens.device), tokens.argmax(dim=-1)]
        return hidden, sentence
