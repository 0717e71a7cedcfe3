"""The KUM matcher: iKUN's knowledge unification module behind the Matcher contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError
from trackspeak.plugins.contract import Frame, Observations, Phrases, Requirements, Sampling, Scores, Segments

if TYPE_CHECKING:
    import torch

    from trackspeak.models.kum import Looks

Embedded = Literal["embedded"]

SEGMENTS_AT_ONCE = 1024
"""Segments scored together: bounds the memory of scoring however long the video is."""


@dataclass(frozen=True, slots=True)
class KumOptions:
    """Options of the KUM matcher.

    Attributes:
        model: "embedded" for the weights that come with the package, or a folder with config.json and
            weights.safetensors.
        device: a torch device, such as "cpu" or "cuda:0"; "auto" takes a GPU if there is one.
    """

    model: Embedded | Path = "embedded"
    device: str = "auto"


class KumMatcher:
    """iKUN's knowledge unification module over an OpenCLIP backbone."""

    Options: ClassVar[type[KumOptions]] = KumOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: KumOptions) -> None:
        """Load the model.

        Raises:
            OptionError: if the model's folder or the device is not there.
            WeightsError: if a file is missing in it, corrupt, or does not fit.
        """
        from trackspeak.models.referring import WEIGHTS_FILE, Referring
        from trackspeak.models.tokenizer import WordTokenizer

        folder = options.model if isinstance(options.model, Path) else _embedded_folder()
        if not folder.is_dir():
            raise OptionError(f"matcher.model must be embedded or an existing folder, got {folder}")
        self._device = _device(options.device)
        self._model = Referring.from_folder(folder).to(self._device)
        self._tokenizer = WordTokenizer(self._model.config.vocabulary)
        self.weights = {f"{folder.name}/{WEIGHTS_FILE}": sha256_of(folder / WEIGHTS_FILE)}
        self.sampling = Sampling()

    def observe(self, frames: Sequence[Frame], boxes_xyxy: Sequence[npt.NDArray[np.float32]]) -> list[Observations]:
        """Encode crops and whole frames, and fuse them as far as goes without a text."""
        import torch

        from trackspeak.models.crops import crop_boxes, whole_frame

        config = self._model.config
        crops = [
            crop_boxes(frame.rgb, boxes, config.crop_size) for frame, boxes in zip(frames, boxes_xyxy, strict=True)
        ]
        counts = [len(boxes) for boxes in boxes_xyxy]
        wholes = torch.stack([whole_frame(frame.rgb, config.frame_size) for frame in frames])
        frame_rows = torch.repeat_interleave(torch.arange(len(frames)), torch.tensor(counts))
        with torch.inference_mode():
            looks = self._model.observe(
                torch.cat(crops).to(self._device), wholes.to(self._device), frame_rows.to(self._device)
            )
        stops = np.cumsum(counts)
        return [
            Observations(
                {name: tensor[stop - count : stop].cpu().numpy() for name, tensor in looks.look_arrays.items()},
                np.zeros(count, np.int64),
                {name: tensor[row : row + 1].cpu().numpy() for name, tensor in looks.frame_arrays.items()},
                np.array([frame.index], np.int64),
            )
            for row, (frame, count, stop) in enumerate(zip(frames, counts, stops, strict=True))
        ]

    def describe(self, texts: Sequence[str]) -> Phrases:
        """Encode texts; words that were never trained give a warning.

        Raises:
            QueryError: if a text has more than 75 words.
        """
        import torch

        tokens, unknown = self._tokenizer.encode(texts)
        with torch.inference_mode():
            encoded = self._model.describe(tokens.to(self._device))
        warnings = tuple(
            f"query {text!r}: never trained on {', '.join(repr(word) for word in words)}; the answer may be wrong"
            for text, words in zip(texts, unknown, strict=True)
            if words
        )
        arrays = {"feature": encoded.feature.cpu().numpy(), "guide": encoded.guide.cpu().numpy()}
        return Phrases(tuple(texts), arrays, warnings)

    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        """Score every segment against every text: cosine, scaled and shifted as trained."""
        import torch

        from trackspeak.models.kum import Texts

        def on_device(array: npt.NDArray[np.generic]) -> torch.Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

        texts = Texts(on_device(phrases.arrays["feature"]), on_device(phrases.arrays["guide"]))
        looks = self._looks(observations)
        parts = [np.zeros((0, len(phrases.texts)), np.float32)]
        with torch.inference_mode():
            for begin in range(0, len(segments), SEGMENTS_AT_ONCE):
                part = slice(begin, begin + SEGMENTS_AT_ONCE)
                rows, windows = on_device(segments.look_rows[part]), on_device(segments.windows[part])
                parts.append(self._model.score(looks, rows, windows, texts).float().cpu().numpy())
        return Scores(np.concatenate(parts), "cosine")

    def _looks(self, observations: Observations) -> Looks:
        import torch

        from trackspeak.models.kum import Looks

        return Looks(
            {name: torch.from_numpy(array).to(self._device) for name, array in observations.look_arrays.items()},
            {name: torch.from_numpy(array).to(self._device) for name, array in observations.frame_arrays.items()},
            torch.from_numpy(observations.look_frame_rows).to(self._device),
        )


def _device(name: str) -> torch.device:
    """Give a device that is there.

    Raises:
        OptionError: if the name is no device of this machine.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise OptionError(f"matcher.device must be auto or a device of this machine, got {name!r}: {reason}") from None
    return torch.device(name)


def _embedded_folder() -> Path:
    """The folder of the weights that come with the package."""
    return Path(str(resources.files("trackspeak.models.embedded")))
