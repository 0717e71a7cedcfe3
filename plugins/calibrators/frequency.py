"""iKUN's similarity calibration: rare expressions score too low, frequent ones too high, by their training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Gt

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import ContractError, OptionError
from trackspeak.plugins.contract import Phrases, Requirements, Scores


@dataclass(frozen=True, slots=True)
class FrequencyOptions:
    """Options of the calibrator `frequency`; the defaults are iKUN's.

    Attributes:
        path: expression frequencies, as `trackspeak fit-frequencies` writes them.
        encoder: the CLIP weights that they were fitted with.
        quick_gelu: whether those were trained with QuickGELU, as when they were fitted; "auto": OpenAI's archives were,
            others were not.
        a: what the guessed frequency is multiplied by.
        b: what is added then.
        tau: how sharply training expressions alike are preferred.
    """

    path: Path
    encoder: Path
    quick_gelu: Literal["auto", "yes", "no"] = "auto"
    a: float = 8.0
    b: float = -0.1
    tau: Annotated[float, Gt(0)] = 100.0


TEXTS_KEPT = 1024
"""Texts whose features are kept for when they are asked again."""


class FrequencyCalibrator:
    """Adds a x (how often expressions like this were trained) + b to the scores of an expression."""

    Options: ClassVar[type[FrequencyOptions]] = FrequencyOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: FrequencyOptions) -> None:
        """Read the frequencies and the encoder.

        Raises:
            OptionError: if a file is not there, or the encoder, or how it is read, is not that of the frequencies.
            WeightsError: if a file is not what it should be.
        """
        from trackspeak.models.frequency import TextEncoder, TrainingExpressions

        for name in ("path", "encoder"):
            if not getattr(options, name).is_file():
                raise OptionError(f"calibrator.{name} must be an existing file, got {getattr(options, name)}")
        self._options = options
        self._known = TrainingExpressions.load(options.path)
        quick_gelu = None if options.quick_gelu == "auto" else options.quick_gelu == "yes"
        self._encoder = TextEncoder(options.encoder, quick_gelu=quick_gelu)
        if self._encoder.sha256 != self._known.encoder_sha256:
            raise OptionError(
                f"calibrator.encoder must be the weights with SHA-256 {self._known.encoder_sha256}, with which "
                f"{options.path.name} was fitted, got {self._encoder.sha256}"
            )
        if self._encoder.quick_gelu != self._known.quick_gelu:
            wanted, got = ("yes" if quick else "no" for quick in (self._known.quick_gelu, self._encoder.quick_gelu))
            raise OptionError(
                f"calibrator.quick_gelu must be {wanted}, with which {options.path.name} was fitted, got "
                f"{options.quick_gelu}" + (f", which is {got} for {options.encoder.name}" if quick_gelu is None else "")
            )
        self._encoded = lru_cache(TEXTS_KEPT)(self._encode)
        self.weights = {options.path.name: sha256_of(options.path), options.encoder.name: self._encoder.sha256}

    def __call__(self, scores: Scores, phrases: Phrases) -> Scores:
        """Give (segments, texts) float32 scores of the same kind.

        Raises:
            ContractError: if the scores are probabilities, which have no room for a sum.
        """
        from trackspeak.models.frequency import pseudo_frequency

        if scores.kind == "probability":
            raise ContractError("frequency must be given scores of kind cosine, got probability")
        if not phrases.texts:
            return scores
        features = np.concatenate([self._encoded(text) for text in phrases.texts])
        frequency = pseudo_frequency(features, self._known, self._options.tau)
        shifted = scores.values + (self._options.a * frequency + self._options.b)
        return Scores(shifted.astype(np.float32), scores.kind)

    def _encode(self, text: str) -> npt.NDArray[np.float32]:
        """Give a text's (1, D) feature; by itself, so that it does not depend on what else is asked."""
        return self._encoder.encode([text])
