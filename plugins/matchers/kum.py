"""The KUM matcher: iKUN's knowledge unification module behind the Matcher contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from trackspeak.models.digests import sha256_of
from trackspeak.models.kum_mode import KumMode
from trackspeak.plugins.contract import (
    Appearance,
    Frame,
    Observations,
    Phrases,
    Requirements,
    Sampling,
    Scores,
    Segments,
    SegmentVectors,
    TextVectors,
)

from ._devices import Precision, device_of, dtype_of, to_device, to_host
from ._model_folders import embedded_folder, model_folder
from ._texts_kept import TEXTS_AT_ONCE, Described, TextsKept

if TYPE_CHECKING:
    import torch

    from trackspeak.models.kum import Looks, Texts
    from trackspeak.models.tokenizer import Tokenizer

Embedded = Literal["embedded"]

SEGMENTS_AT_ONCE = 1024
"""Segments scored together: bounds the memory of scoring however long the video is."""


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
    precision: Precision = "float32"


_MAP = "map"


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

        path = options.model if isinstance(options.model, Path) else embedded_folder()
        folder = model_folder(path, options.mode, options.cache)
        self._device = device_of(options.device)
        self._dtype = dtype_of(options.precision, self._device)
        self._model = Referring.from_folder(folder).to(self._device, self._dtype)
        config = self._model.config
        self._pictures = ikun if config.protocol == "ikun" else crops
        self._put = ikun.normalise_expression if config.protocol == "ikun" else str
        self._tokenizer: Tokenizer = WordTokenizer(config.vocabulary) if config.vocabulary else ClipTokenizer()
        recorded = {path.name: config.source_sha256} if config.source_sha256 else {}
        self.weights = recorded or {f"{folder.name}/{WEIGHTS_FILE}": sha256_of(folder / WEIGHTS_FILE)}
        self._kept = TextsKept(self._describe, 1 if self._device.type == "cpu" else TEXTS_AT_ONCE)
        self.sampling = Sampling()

    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[npt.NDArray[np.float32]]) -> list[Appearance]:
        """Encode crops; an embedding is the crop's map averaged over space, the map is kept for `observe`."""
        import torch

        if not frames:
            return []
        with torch.inference_mode():
            maps = self._encode_crops(frames, boxes_xyxy)
            pooled = torch.nn.functional.normalize(maps.float().mean(dim=(2, 3)), dim=1)  # (N, V, h, w) -> (N, V)
            found = to_host({"map": maps, "embedding": pooled})
        stops = np.cumsum([len(boxes) for boxes in boxes_xyxy])[:-1]
        return [
            Appearance(embeddings, {_MAP: kept})
            for embeddings, kept in zip(np.split(found["embedding"], stops), np.split(found["map"], stops), strict=True)
        ]

    def observe(
        self,
        frames: Sequence[Frame],
        boxes_xyxy: Sequence[npt.NDArray[np.float32]],
        appearances: Sequence[Appearance | None] | None = None,
    ) -> list[Observations]:
        """Encode whole frames, and crops that come without their maps; fuse them as far as goes without a text."""
        import torch

        config, pictures = self._model.config, self._pictures
        counts = [len(boxes) for boxes in boxes_xyxy]
        frame_rows = torch.repeat_interleave(torch.arange(len(frames)), torch.tensor(counts))
        wholes = torch.stack([pictures.whole_frame(frame.rgb, config.frame_size) for frame in frames])
        with torch.inference_mode():
            # a GPU is at work on the whole frames while the crops are cut
            glob = self._model.encode_images(to_device(wholes, self._device))
            local = self._maps(frames, boxes_xyxy, appearances or [None] * len(frames))
            looks = self._model.kum.observe(local, glob, to_device(frame_rows, self._device))
            of_looks, of_frames = to_host(looks.look_arrays), to_host(looks.frame_arrays)
        stops = np.cumsum(counts)
        return [
            Observations(
                {name: array[stop - count : stop] for name, array in of_looks.items()},
                np.zeros(count, np.int64),
                {name: array[row : row + 1] for name, array in of_frames.items()},
                np.array([frame.index], np.int64),
            )
            for row, (frame, count, stop) in enumerate(zip(frames, counts, stops, strict=True))
        ]

    def _maps(
        self,
        frames: Sequence[Frame],
        boxes_xyxy: Sequence[npt.NDArray[np.float32]],
        appearances: Sequence[Appearance | None],
    ) -> torch.Tensor:
        """Give the maps of crops, those of frames without an appearance newly encoded: (N, V, h, w)."""
        import torch

        bare = [row for row, appearance in enumerate(appearances) if appearance is None]
        encoded: dict[int, torch.Tensor] = {}
        if bare:
            boxes = [boxes_xyxy[row] for row in bare]
            maps = self._encode_crops([frames[row] for row in bare], boxes)
            encoded = dict(zip(bare, torch.split(maps, [len(one) for one in boxes]), strict=True))
        known = {
            row: self._on_device(appearance.arrays[_MAP])
            for row, appearance in enumerate(appearances)
            if appearance is not None
        }
        return torch.cat([maps for _, maps in sorted({**encoded, **known}.items())])

    def _encode_crops(self, frames: Sequence[Frame], boxes_xyxy: Sequence[npt.NDArray[np.float32]]) -> torch.Tensor:
        import torch

        size = self._model.config.crop_size
        cut = [
            self._pictures.crop_boxes(frame.rgb, boxes, size) for frame, boxes in zip(frames, boxes_xyxy, strict=True)
        ]
        return self._model.encode_images(to_device(torch.cat(cut), self._device))

    def describe(self, texts: Sequence[str]) -> Phrases:
        """Encode texts; words that were never trained give a warning.

        Raises:
            QueryError: if a text has more than 75 words.
        """
        found = self._kept.get([self._put(text) for text in texts])
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

    def _describe(self, texts: Sequence[str]) -> list[Described]:
        """Encode texts in one call."""
        import torch

        tokens, unknown = self._tokenizer.encode(texts)
        with torch.inference_mode():
            encoded = to_host(self._model.describe(to_device(tokens, self._device))._asdict())
        feature, guide = encoded["feature"], encoded["guide"]
        return [Described(feature[row : row + 1], guide[row : row + 1], unknown[row]) for row in range(len(texts))]

    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        """Score every segment against every text: cosine, scaled and shifted as trained."""
        import torch

        texts = self._texts(phrases)
        parts = [np.zeros((0, len(phrases.texts)), np.float32)]
        with torch.inference_mode():
            for begin in range(0, len(segments), SEGMENTS_AT_ONCE):
                part = slice(begin, begin + SEGMENTS_AT_ONCE)
                looks, rows = self._looks(observations, segments.look_rows[part])
                scores = self._model.score(looks, rows, self._on_device(segments.windows[part]), texts)
                parts.append(to_host({"scores": scores})["scores"])
        return Scores(np.concatenate(parts), "cosine")

    @property
    def searchable(self) -> bool:
        """Whether the design of the model pools looks before it reads a text."""
        from trackspeak.models.kum_search import can_summarise

        return can_summarise(self._model.kum)

    def segment_vectors(self, observations: Observations, segments: Segments) -> SegmentVectors:
        """Pool the looks of segments and encode their windows."""
        import torch

        parts = []
        with torch.inference_mode():
            for begin in range(0, max(1, len(segments)), SEGMENTS_AT_ONCE):
                part = slice(begin, begin + SEGMENTS_AT_ONCE)
                looks, rows = self._looks(observations, segments.look_rows[part])
                found = self._model.summarise(looks, rows, self._on_device(segments.windows[part]))
                parts.append(to_host(found._asdict()))
        vectors, lengths = (np.concatenate([part[name] for part in parts]) for name in ("vectors", "lengths"))
        return SegmentVectors(vectors.astype(np.float32), lengths.astype(np.float32))

    def text_vectors(self, phrases: Phrases) -> TextVectors:
        """Give what comes near the scores; the length of the visual feature is taken for that of no text."""
        import torch

        with torch.inference_mode():
            vectors, offset = self._model.probes(self._texts(phrases))
            found = to_host({"vectors": vectors.float()})["vectors"]
        return TextVectors(found, np.full(len(found), offset, np.float32))

    def score_vectors(self, segment_vectors: SegmentVectors, phrases: Phrases) -> Scores:
        """Score segments by their vectors, as `score` does."""
        import torch

        texts = self._texts(phrases)
        parts = [np.zeros((0, len(phrases.texts)), np.float32)]
        with torch.inference_mode():
            for begin in range(0, len(segment_vectors), SEGMENTS_AT_ONCE):
                part = slice(begin, begin + SEGMENTS_AT_ONCE)
                vectors, lengths = (
                    self._on_device(one[part]) for one in (segment_vectors.vectors, segment_vectors.extras)
                )
                parts.append(to_host({"scores": self._model.score_summaries(vectors, lengths, texts)})["scores"])
        return Scores(np.concatenate(parts), "cosine")

    def _texts(self, phrases: Phrases) -> Texts:
        from trackspeak.models.kum import Texts

        return Texts(self._on_device(phrases.arrays["feature"]), self._on_device(phrases.arrays["guide"]))

    def _looks(self, observations: Observations, look_rows: npt.NDArray[np.int64]) -> tuple[Looks, torch.Tensor]:
        """Bring to the device what some segments look at; with their rows in that."""
        from trackspeak.models.kum import Looks

        used, rows = np.unique(look_rows, return_inverse=True)
        frames, frame_rows = np.unique(observations.look_frame_rows[used], return_inverse=True)
        looks = Looks(
            {name: self._on_device(_take(array, used)) for name, array in observations.look_arrays.items()},
            {name: self._on_device(_take(array, frames)) for name, array in observations.frame_arrays.items()},
            self._on_device(frame_rows),
        )
        return looks, self._on_device(rows.reshape(look_rows.shape))  # (S * K,) -> (S, K)

    def _on_device(self, array: npt.NDArray[np.generic]) -> torch.Tensor:
        """Bring an array to the device, numbers in the matcher's precision."""
        import torch

        tensor = to_device(torch.from_numpy(np.ascontiguousarray(array)), self._device)
        return tensor.to(self._dtype) if tensor.is_floating_point() else tensor


def _take(array: npt.NDArray[np.generic], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.generic]:
    """Give rows that are sorted and each there once; with no copy where they are all."""
    return array if len(rows) == len(array) else array[rows]
