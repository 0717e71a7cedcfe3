"""iKUN's similarity calibration: rare expressions score too low, frequent ones too high, by their training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
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
        a: what the guessed frequency is multiplied by.
        b: what is added then.
        tau: how sharply training expressions alike are preferred.
    """

    path: Path
    encoder: Path
    a: float = 8.0
    b: float = -0.1
    tau: Annotated[float, Gt(0)] = 100.0


class FrequencyCalibrator:
    """Adds a x (how often expressions like this were trained) + b to the scores of an expression."""

    Options: ClassVar[type[FrequencyOptions]] = FrequencyOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: FrequencyOptions) -> None:
        """Read the frequencies and the encoder.

        Raises:
            OptionError: if a file is not there, or the encoder is not the one of the frequencies.
            WeightsError: if a file is not what it should be.
        """
        from trackspeak.models.frequency import TextEncoder, TrainingExpressions

        for name in ("path", "encoder"):
            if not getattr(options, name).is_file():
                raise OptionError(f"calibrator.{name} must be an existing file, got {getattr(options, name)}")
        self._options = options
        self._known = TrainingExpressions.load(options.path)
        self._encoder = TextEncoder(options.encoder)
        if self._encoder.sha256 != self._known.encoder_sha256:
            raise OptionError(
                f"calibrator.encoder must be the weights with SHA-256 {self._known.encoder_sha256}, with which "
                f"{options.path.name} was fitted, got {self._encoder.sha256}"
            )
        self.weights = {options.path.name: sha256_of(options.path), options.encoder.name: self._encoder.sha256}

    def __call__(self, scores: Scores, phrases: Phrases) -> Scores:
        """Give (segments, texts) float32 scores of the same kind.

        Raises:
            ContractError: if the scores are probabilities, which have no room for a sum.
        """
        from trackspeak.models.frequency import pseudo_frequency

        if scores.kind == "probability":
            raise ContractError("frequency must be given scores of kind cosine, got probability")
        frequency = pseudo_frequency(self._encoder.encode(phrases.texts), self._known, self._options.tau)
        shifted = scores.values + (self._options.a * frequency + self._options.b)
        return Scores(shifted.astype(np.float32), scores.kind)
