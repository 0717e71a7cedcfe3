"""iKUN's similarity calibration: how often an expression was met in training, guessed from expressions like it.

Du et al., "iKUN: Speak to Trackers without Retraining", 2024, section 3.4, https://arxiv.org/abs/2312.16245.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from .clip_weights import is_torchscript, load_clip
from .digests import sha256_of
from .errors import InputError, OutputError, WeightsError
from .ikun import normalise_expression
from .tokenizer import ClipTokenizer

TAU = 100.0
"""How sharply expressions alike are preferred, as the authors have it."""

_YES_NO = ("no", "yes")  # as the file records False and True


@dataclass(frozen=True, slots=True, eq=False)
class TrainingExpressions:
    """What a referring model was trained on.

    Attributes:
        features: (N, D) float32, L2-normalised text features.
        frequencies: (N,) float64, shares of the training boxes; they sum to 1.
        encoder_sha256: of the text encoder's weights.
        quick_gelu: whether they were read as trained with QuickGELU.
    """

    features: npt.NDArray[np.float32]
    frequencies: npt.NDArray[np.float64]
    encoder_sha256: str
    quick_gelu: bool

    def save(self, path: Path) -> None:
        """Write a safetensors file.

        Raises:
            OutputError: if it cannot be written.
        """
        arrays: dict[str, npt.NDArray[np.generic]] = {"features": self.features, "frequencies": self.frequencies}
        metadata = {"encoder_sha256": self.encoder_sha256, "quick_gelu": _YES_NO[self.quick_gelu]}
        try:
            save_file(arrays, path, metadata=metadata)
        except (OSError, SafetensorError) as error:
            raise OutputError(f"{path} could not be written: {error}") from error

    @classmethod
    def load(cls, path: Path) -> TrainingExpressions:
        """Read what `save` wrote.

        Raises:
            WeightsError: if it is no such file, or one of before it was recorded how the encoder was read.
        """
        try:
            with safe_open(path, "numpy") as file:
                metadata = file.metadata() or {}
                features, frequencies = file.get_tensor("features"), file.get_tensor("frequencies")
                encoder_sha256 = metadata["encoder_sha256"]
        except (OSError, KeyError, SafetensorError) as error:
            raise WeightsError(f"{path} must be a file of expression frequencies: {error}") from error
        quick_gelu = metadata.get("quick_gelu")
        if quick_gelu not in _YES_NO:
            raise WeightsError(
                f"{path} must say of its encoder that quick_gelu is yes or no, got {quick_gelu!r}; "
                "`trackspeak fit-frequencies` writes it anew"
            )
        return cls(features, frequencies, encoder_sha256, quick_gelu == "yes")


class TextEncoder:
    """The text tower of a CLIP; iKUN's authors take ViT-B/32.

    Attributes:
        sha256: of the weights.
        quick_gelu: whether they are read as trained with QuickGELU.
    """

    def __init__(self, path: Path, *, quick_gelu: bool | None = None) -> None:
        """Load the weights, in any format of `load_clip`.

        Args:
            path: the file.
            quick_gelu: whether they were trained with QuickGELU; None: OpenAI's archives were, others were not.

        Raises:
            WeightsError: if they are none.
        """
        self.quick_gelu = is_torchscript(path) if quick_gelu is None else quick_gelu
        self._clip = load_clip(path, quick_gelu=self.quick_gelu)
        self._tokenizer = ClipTokenizer()
        self.sha256 = sha256_of(path)

    def encode(self, expressions: Sequence[str]) -> npt.NDArray[np.float32]:
        """Give (N, D) L2-normalised features of expressions, put as the authors put them.

        Raises:
            QueryError: if one is longer than the encoder's context.
        """
        tokens = self._tokenizer.encode([normalise_expression(text) for text in expressions]).tokens
        with torch.inference_mode():
            features: npt.NDArray[np.float32] = self._clip.encode_text(tokens, normalize=True).numpy()
        return features


def count_expressions(path: Path) -> dict[str, int]:
    """Read a JSON object of expressions and how many boxes each has in training.

    Expressions that the authors put alike are added up.

    Raises:
        InputError: if it is no such file.
    """
    try:
        counts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"counts must be a JSON file, got {path}: {error}") from error
    if not isinstance(counts, dict) or not all(type(count) is int and count >= 0 for count in counts.values()):
        raise InputError(f'counts must be an object such as {{"red cars": 240}} with counts from 0 on, got {path}')
    if not sum(counts.values()):
        raise InputError(f"counts must hold at least one box, got {path}")
    added: dict[str, int] = {}
    for expression, count in counts.items():
        put = normalise_expression(expression)
        added[put] = added.get(put, 0) + count
    return added


def fit_frequencies(counts: Mapping[str, int], encoder: TextEncoder) -> TrainingExpressions:
    """Encode the training expressions; their frequencies are shares of all boxes."""
    shares = np.array(list(counts.values()), np.float64)
    features = encoder.encode(list(counts))
    return TrainingExpressions(features, shares / shares.sum(), encoder.sha256, encoder.quick_gelu)


def pseudo_frequency(
    features: npt.NDArray[np.float32], known: TrainingExpressions, tau: float = TAU
) -> npt.NDArray[np.float64]:
    """Guess how frequent expressions are: the frequencies of training expressions, weighed by likeness.

    Weights are softmax(tau * cosines, min-max normalised per expression); equal cosines give equal weights.

    Args:
        features: (T, D) L2-normalised.
        known: the training expressions, by the same encoder.
        tau: above 0.

    Returns:
        (T,) shares in [0, 1].
    """
    cosines = features.astype(np.float64) @ known.features.T.astype(np.float64)
    low, high = cosines.min(axis=1, keepdims=True), cosines.max(axis=1, keepdims=True)
    likeness = (cosines - low) / np.where(high > low, high - low, 1.0)
    weights = np.exp(tau * (likeness - likeness.max(axis=1, keepdims=True)))
    frequency: npt.NDArray[np.float64] = (weights / weights.sum(axis=1, keepdims=True)) @ known.frequencies
    return frequency
