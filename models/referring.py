"""The referring model: backbone, KUM and score head together, from one folder of configuration and weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from trackspeak.models.backbone import Backbone
from trackspeak.models.crops import normalise
from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import ContractError, OptionError, WeightsError
from trackspeak.models.folding import fold_batch_norms
from trackspeak.models.kum import Kum, KumConfig, Looks, ScoreHead, Texts, build_kum
from trackspeak.models.kum_fast import FastKum, build_fast
from trackspeak.models.kum_search import Summaries, probes, score_summaries, summarise
from trackspeak.models.parts import in_parts
from trackspeak.models.weights import load_safetensors, load_strictly

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "weights.safetensors"


@dataclass(frozen=True, slots=True)
class ReferringConfig:
    """Everything about a referring model but its weights.

    Attributes:
        clip: arguments of `open_clip.CLIP`: embed_dim, vision_cfg, text_cfg, quick_gelu.
        kum: sizes and mode of KUM.
        crop_size: pixels of a square crop.
        frame_size: pixels of a square whole frame.
        mean: per channel, of pixels in [0, 1].
        std: per channel.
        vocabulary: the words of the tokenizer; none for CLIP's byte-pair encoding.
        weights_sha256: of the weights file; "" while training.
        calibration: slope and intercept that turn scores into probabilities, fitted on held-out data.
        protocol: how pictures are cut and scaled and sentences put: ours, or that of iKUN's authors.
        source_sha256: of the released checkpoint that this was converted from; "" for none.
    """

    clip: Mapping[str, Any]
    kum: KumConfig
    crop_size: int
    frame_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    vocabulary: tuple[str, ...]
    weights_sha256: str = ""
    calibration: Mapping[str, float] = field(default_factory=dict)
    protocol: Literal["trackspeak", "ikun"] = "trackspeak"
    source_sha256: str = ""

    @classmethod
    def load(cls, path: Path) -> ReferringConfig:
        """Read a configuration.

        Raises:
            WeightsError: if the file is missing or not a configuration.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            for key in ("mean", "std", "vocabulary"):
                values[key] = tuple(values[key])
            return cls(**{**values, "kum": KumConfig(**values["kum"])})
        except (OSError, ValueError, KeyError, TypeError, OptionError) as error:
            raise WeightsError(f"{path} must be the configuration of a referring model: {error}") from error

    def to_json(self) -> str:
        """Write it as `load` reads it."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def write_model(folder: Path, tensors: Mapping[str, Tensor], config: ReferringConfig) -> str:
    """Write weights, and the configuration with their hash, into a folder that is there, as `from_folder` reads them.

    Returns:
        The configuration's text.

    Raises:
        OSError: if a file cannot be written.
        SafetensorError: if the weights cannot be.
    """
    save_file(dict(tensors), folder / WEIGHTS_FILE)
    text = replace(config, weights_sha256=sha256_of(folder / WEIGHTS_FILE)).to_json()
    (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
    return text


class Referring(nn.Module):
    """Scores segments of trajectories against texts."""

    def __init__(self, config: ReferringConfig) -> None:
        """Make the model with random weights."""
        super().__init__()
        self.config = config
        self.backbone = Backbone(config.clip, attention_pool=False)
        self.kum: Kum | FastKum = build_kum(config.kum)
        self.head = ScoreHead()

    @classmethod
    def from_folder(cls, folder: Path) -> Referring:
        """Load a model for inference, with KUM's exact shortcuts and batch norms folded into convolutions.

        Raises:
            WeightsError: if a file is missing, its hash is not the recorded one, or a tensor does not fit.
        """
        config = ReferringConfig.load(folder / CONFIG_FILE)
        tensors = load_safetensors(folder / WEIGHTS_FILE, config.weights_sha256 or None)
        model = cls(config).eval()
        load_strictly(model, {name: tensor.float() for name, tensor in tensors.items()}, str(folder / WEIGHTS_FILE))
        model.hasten()
        return model

    def hasten(self) -> None:
        """Take the fast form, for inference alone: KUM's shortcuts, folded batch norms, channels last in memory."""
        if isinstance(self.kum, Kum):
            self.kum = build_fast(self.kum)
        fold_batch_norms(self.backbone.clip.visual)
        self.backbone.clip.visual.to(memory_format=torch.channels_last)

    def observe(self, crops: Tensor, frames: Tensor, frame_rows: Tensor) -> Looks:
        """Do everything that does not depend on a text.

        Args:
            crops: (N, 3, crop_size, crop_size) uint8.
            frames: (F, 3, frame_size, frame_size) uint8.
            frame_rows: (N,) int64, the frame of each crop.

        Returns:
            The looks, in the precision of the model's weights.
        """
        return self.kum.observe(self.encode_images(crops), self.encode_images(frames), frame_rows)

    def encode_images(self, images: Tensor) -> Tensor:
        """Give the spatial maps of (N, 3, S, S) uint8 pixels; outside training as many at once as memory is for."""

        def encode(part: Tensor) -> Tensor:
            return self.backbone.encode_map(self.normalise_pixels(part))

        return encode(images) if self.training else in_parts(encode, images)

    def describe(self, tokens: Tensor) -> Texts:
        """Encode (T, context) int64 tokens; positions that nothing reads are not computed."""
        used = max(int(tokens.argmax(dim=-1).max()) + 1, self.config.kum.description_length)  # the end token is largest
        hidden, sentence = self.backbone.encode_text(tokens[:, :used])
        return self.kum.describe(hidden, sentence)

    def score(self, looks: Looks, look_rows: Tensor, windows: Tensor, texts: Texts) -> Tensor:
        """Give (S, T) logits of segments against texts; above 0 is referred to."""
        cosine = self.kum.pair_scores(looks, look_rows, windows if self.config.kum.trajectory_width else None, texts)
        logits: Tensor = self.head(cosine)
        return logits

    def summarise(self, looks: Looks, look_rows: Tensor, windows: Tensor) -> Summaries:
        """Give segments in numbers that serve every text; see `kum_search.py`.

        Raises:
            ContractError: if the design of KUM does not allow it, or the model is not in its fast form.
        """
        return summarise(self._fast(), looks, look_rows, windows if self.config.kum.trajectory_width else None)

    def score_summaries(self, vectors: Tensor, lengths: Tensor, texts: Texts) -> Tensor:
        """Give the logits that `score` gives, (S, T), from what `summarise` gave."""
        logits: Tensor = self.head(score_summaries(self._fast(), Summaries(vectors, lengths), texts))
        return logits

    def probes(self, texts: Texts) -> tuple[Tensor, float]:
        """Give (T, D) vectors and a number: inner products with those of `summarise`, plus it, are near the logits."""
        return probes(self._fast(), texts) * self.head.scale, float(self.head.bias)

    def _fast(self) -> FastKum:
        if not isinstance(self.kum, FastKum):
            raise ContractError("a model must be in its fast form for this, got the plain one")
        return self.kum

    def normalise_pixels(self, images: Tensor) -> Tensor:
        """Turn (N, 3, S, S) uint8 pixels into what the backbone reads, in the precision of its weights."""
        pixels = normalise(images, self.config.mean, self.config.std).to(self.head.scale.dtype)
        return pixels.contiguous(memory_format=torch.channels_last)
