"""The KUM matcher: iKUN's knowledge unification module behind the Matcher contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError
from trackspeak.models.kum_mode import KumMode
from trackspeak.plugins.contract import Frame, Observations, Phrases, Requirements, Sampling, Scores, Segments

from ._devices import device_of

if TYPE_CHECKING:
    import torch

    from trackspeak.models.kum import Looks
    from trackspeak.models.tokenizer import Tokenizer

Embedded = Literal["embedded"]

SEGMENTS_AT_ONCE = 1024
"""Segments scored together: bounds the memory of scoring however long the video is."""

TEXTS_KEPT = 1024
"""Texts whose features are kept for when they are asked again."""


@dataclass(frozen=True, slots=True)
class KumOptions:
    """Options of the KUM matcher.

    Attributes:
        model: "embedded" for the weights that come with the package, a folder with config.json and
            weights.safetensors, or a checkpoint as iKUN's authors released it.
        mode: KUM's design in a released checkpoint; "auto" reads it from the weights.
        cache: folder for converted checkpoints; by default the user's cache folder.
        device: a torch device, such as "cpu" or "cuda:0"; "auto" takes a GPU if there is one.
        precision: of the arithmetic; float16 is for GPUs alone.
    """

    model: Embedded | Path = "embedded"
    mode: KumMode | Literal["auto"] = "auto"
    cache: Path | None = None
    device: str = "auto"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"


class _Described(NamedTuple):
    """What is kept of a text: (1, O) and (1, ...) float32 as in `Texts`, and the words never trained on."""

    feature: npt.NDArray[np.float32]
    guide: npt.NDArray[np.float32]
    unknown: tuple[str, ...]


class KumMatcher:
    """iKUN's knowledge unification module over an OpenCLIP backbone."""

    Options: ClassVar[type[KumOptions]] = KumOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: KumOptions) -> None:
        """Load the model.

        Raises:
            OptionError: if the model or the device is not there.
            WeightsError: if a file is missing, corrupt, or does not fit.
        """
        from trackspeak.models import crops, ikun
        from trackspeak.models.referring import WEIGHTS_FILE, Referring
        from trackspeak.models.tokenizer import ClipTokenizer, WordTokenizer

        path = options.model if isinstance(options.model, Path) else _embedded_folder()
        folder = model_folder(path, options)
        self._device = device_of(options.device)
        self._dtype = _dtype(options.precision, self._device)
        self._model = Referring.from_folder(folder).to(self._device, self._dtype)
        config = self._model.config
        self._pictures = ikun if config.protocol == "ikun" else crops
        self._put = ikun.normalise_expression if config.protocol == "ikun" else str
        self._tokenizer: Tokenizer = WordTokenizer(config.vocabulary) if config.vocabulary else ClipTokenizer()
        recorded = {path.name: config.source_sha256} if config.source_sha256 else {}
        self.weights = recorded or {f"{folder.name}/{WEIGHTS_FILE}": sha256_of(folder / WEIGHTS_FILE)}
        self._described = lru_cache(TEXTS_KEPT)(self._describe)
        self.sampling = Sampling()

    def observe(self, frames: Sequence[Frame], boxes_xyxy: Sequence[npt.NDArray[np.float32]]) -> list[Observations]:
        """Encode crops and whole frames, and fuse them as far as goes without a text."""
        import torch

        config, pictures = self._model.config, self._pictures
        crops = [
            pictures.crop_boxes(frame.rgb, boxes, config.crop_size)
            for frame, boxes in zip(frames, boxes_xyxy, strict=True)
        ]
        counts = [len(boxes) for boxes in boxes_xyxy]
        wholes = torch.stack([pictures.whole_frame(frame.rgb, config.frame_size) for frame in frames])
        frame_rows = torch.repeat_interleave(torch.arange(len(frames)), torch.tensor(counts))
        with torch.inference_mode():
            looks = self._model.observe(
                torch.cat(crops).to(self._device), wholes.to(self._device), frame_rows.to(self._device)
            )
        stops = np.cumsum(counts)
        return [
            Observations(
                {name: tensor[stop - count : stop].float().cpu().numpy() for name, tensor in looks.look_arrays.items()},
                np.zeros(count, np.int64),
                {name: tensor[row : row + 1].float().cpu().numpy() for name, tensor in looks.frame_arrays.items()},
                np.array([frame.index], np.int64),
            )
            for row, (frame, count, stop) in enumerate(zip(frames, counts, stops, strict=True))
        ]

    def describe(self, texts: Sequence[str]) -> Phrases:
        """Encode texts; words that were never trained give a warning.

        Raises:
            QueryError: if a text has more than 75 words.
        """
        found = [self._described(self._put(text)) for text in texts]
        warnings = tuple(
            f"query {text!r}: never trained on {', '.join(repr(word) for word in one.unknown)}; the answer may be wrong"
            for text, one in zip(texts, found, strict=True)
            if one.unknown
        )
        arrays = {
            "feature": np.concatenate([one.feature for one in found]),
            "guide": np.concatenate([one.guide for one in found]),
        }
        return Phrases(tuple(texts), arrays, warnings)

    def _describe(self, text: str) -> _Described:
        """Encode one text by itself, so that its numbers do not depend on what else is asked."""
        import torch

        tokens, unknown = self._tokenizer.encode([text])
        with torch.inference_mode():
            encoded = self._model.describe(tokens.to(self._device))
        return _Described(encoded.feature.float().cpu().numpy(), encoded.guide.float().cpu().numpy(), unknown[0])

    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        """Score every segment against every text: cosine, scaled and shifted as trained."""
        import torch

        from trackspeak.models.kum import Texts

        texts = Texts(self._on_device(phrases.arrays["feature"]), self._on_device(phrases.arrays["guide"]))
        looks = self._looks(observations)
        parts = [np.zeros((0, len(phrases.texts)), np.float32)]
        with torch.inference_mode():
            for begin in range(0, len(segments), SEGMENTS_AT_ONCE):
                part = slice(begin, begin + SEGMENTS_AT_ONCE)
                rows, windows = self._on_device(segments.look_rows[part]), self._on_device(segments.windows[part])
                parts.append(self._model.score(looks, rows, windows, texts).float().cpu().numpy())
        return Scores(np.concatenate(parts), "cosine")

    def _looks(self, observations: Observations) -> Looks:
        from trackspeak.models.kum import Looks

        return Looks(
            {name: self._on_device(array) for name, array in observations.look_arrays.items()},
            {name: self._on_device(array) for name, array in observations.frame_arrays.items()},
            self._on_device(observations.look_frame_rows),
        )

    def _on_device(self, array: npt.NDArray[np.generic]) -> torch.Tensor:
        """Bring an array to the device, numbers in the matcher's precision."""
        import torch

        tensor = torch.from_numpy(np.ascontiguousarray(array))
        return tensor.to(self._device, self._dtype if tensor.is_floating_point() else None)


def model_folder(path: Path, options: KumOptions) -> Path:
    """Give the model folder of a path: itself, or what a released checkpoint is converted to, once.

    Raises:
        OptionError: if there is nothing at the path, or an option is about a checkpoint and it is none.
        WeightsError: if it is no released checkpoint.
        OutputError: if the cache cannot be written.
    """
    if path.is_dir():
        if options.mode != "auto":
            raise OptionError(f"matcher.mode is of a released checkpoint; {path} is a model folder and has its own")
        return path
    if not path.is_file():
        raise OptionError(f"matcher.model must be embedded, an existing folder or a released checkpoint, got {path}")
    from trackspeak.models.referring import CONFIG_FILE
    from trackspeak.models.released import FORMAT, convert_released

    mode = None if options.mode == "auto" else options.mode
    folder = (options.cache or _cache_folder()) / f"{sha256_of(path)[:32]}-{options.mode}-{FORMAT}"
    if not (folder / CONFIG_FILE).is_file():
        convert_released(path, folder, mode)
    return folder


def _cache_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("trackspeak", appauthor=False) / "models"


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    """Give a precision that the device has.

    Raises:
        OptionError: for float16 without a GPU, where it is slow and its sums overflow.
    """
    import torch

    if precision == "float16" and device.type == "cpu":
        raise OptionError("matcher.precision must be float32 or bfloat16 on a CPU, got float16")
    dtype: torch.dtype = getattr(torch, precision)
    return dtype


def _embedded_folder() -> Path:
    """The folder of the weights that come with the package."""
    return Path(str(resources.files("trackspeak.models.embedded")))
