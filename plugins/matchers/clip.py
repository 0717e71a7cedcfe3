"""Zero-shot matching by any CLIP, for those who have no weights of KUM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError
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

from ._devices import Precision, device_of, dtype_of


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """Options of the matcher `clip`.

    Attributes:
        weights: CLIP weights: OpenAI's TorchScript archive, an OpenCLIP checkpoint, or safetensors.
        quick_gelu: whether they were trained with QuickGELU; "auto": OpenAI's archives were, others were not.
        normalisation: of pixels, as the weights were trained: "openai" for nearly all, "inception" (mean and deviation
            0.5) for a few, such as ViT-L-14 laion2b_s32b_b82k.
        device: a torch device, such as "cpu" or "cuda:0"; "auto" takes a GPU if there is one.
        precision: of the arithmetic; float16 is for GPUs alone.
        margin: share of a box's sides that is added on each side of a crop, for context.
        temperature: what cosines are multiplied by before they are compared, as CLIP was trained.
    """

    weights: Path
    quick_gelu: Literal["auto", "yes", "no"] = "auto"
    normalisation: Literal["openai", "inception"] = "openai"
    device: str = "auto"
    precision: Precision = "float32"
    margin: Annotated[float, Ge(0)] = 0.1
    temperature: Annotated[float, Gt(0)] = 100.0


PROMPTS_KEPT = 4096
"""Prompts whose features are kept for when they are compared with again."""


class ClipMatcher:
    """Compares crops with what a sentence says of looks, against contrasts, and paths with what it says of motion."""

    Options: ClassVar[type[ClipOptions]] = ClipOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: ClipOptions) -> None:
        """Load the model.

        Raises:
            OptionError: if the weights or the device are not there.
            WeightsError: if they are no CLIP that is known.
        """
        import torch

        from trackspeak.models.clip_weights import NORMALISATIONS, load_clip
        from trackspeak.models.folding import fold_batch_norms
        from trackspeak.models.tokenizer import ClipTokenizer

        if not options.weights.is_file():
            raise OptionError(f"matcher.weights must be an existing file, got {options.weights}")
        self._options = options
        self._device = device_of(options.device)
        self._dtype = dtype_of(options.precision, self._device)
        self._mean, self._std = NORMALISATIONS[options.normalisation]
        quick_gelu = None if options.quick_gelu == "auto" else options.quick_gelu == "yes"
        self._clip = load_clip(options.weights, quick_gelu=quick_gelu)
        fold_batch_norms(self._clip.visual)
        self._clip.visual.to(memory_format=torch.channels_last)
        self._clip.to(self._device, self._dtype)
        self._tokenizer = ClipTokenizer()
        size = self._clip.visual.image_size
        self._width = int(self._clip.visual.output_dim)
        self._size = int(size[0] if isinstance(size, tuple) else size)
        self.weights = {options.weights.name: sha256_of(options.weights)}
        self._encoded = lru_cache(PROMPTS_KEPT)(self._encode)
        self.sampling = Sampling()

    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[npt.NDArray[np.float32]]) -> list[Appearance]:
        """Encode crops: an embedding is what `observe` keeps."""
        if not frames:
            return []
        features = self._encode_crops(frames, boxes_xyxy)
        return [Appearance(one) for one in np.split(features, np.cumsum([len(boxes) for boxes in boxes_xyxy])[:-1])]

    def observe(
        self,
        frames: Sequence[Frame],
        boxes_xyxy: Sequence[npt.NDArray[np.float32]],
        appearances: Sequence[Appearance | None] | None = None,
    ) -> list[Observations]:
        """Encode crops, but for those of frames that come with it: one L2-normalised feature per look."""
        known = appearances or [None] * len(frames)
        bare = [row for row, appearance in enumerate(known) if appearance is None]
        encoded = iter(self.embed([frames[row] for row in bare], [boxes_xyxy[row] for row in bare]) if bare else ())
        return [
            Observations(
                {"feature": (next(encoded) if appearance is None else appearance).embeddings},
                np.zeros(len(boxes), np.int64),
                {},
                np.array([frame.index], np.int64),
            )
            for frame, boxes, appearance in zip(frames, boxes_xyxy, known, strict=True)
        ]

    def _encode_crops(
        self, frames: Sequence[Frame], boxes_xyxy: Sequence[npt.NDArray[np.float32]]
    ) -> npt.NDArray[np.float32]:
        import torch

        from trackspeak.models.crops import crop_boxes, normalise
        from trackspeak.models.parts import in_parts

        crops = torch.cat(
            [
                crop_boxes(frame.rgb, boxes, self._size, margin=self._options.margin)
                for frame, boxes in zip(frames, boxes_xyxy, strict=True)
            ]
        )

        def encode(part: torch.Tensor) -> torch.Tensor:
            pixels = normalise(part, self._mean, self._std).to(self._dtype, memory_format=torch.channels_last)
            return torch.nn.functional.normalize(self._clip.encode_image(pixels).float(), dim=-1)

        some = crops if len(crops) else crops.new_zeros((1, 3, self._size, self._size))  # it says how long a row is
        with torch.inference_mode():
            features: npt.NDArray[np.float32] = in_parts(encode, some.to(self._device)).cpu().numpy()
        return features[: len(crops)]

    def describe(self, texts: Sequence[str]) -> Phrases:
        """Take sentences apart and encode what they say of looks.

        Raises:
            QueryError: if a text is longer than CLIP's context.
        """
        from trackspeak.models.contrasts import aspects
        from trackspeak.models.phrases import FACTS, take_apart

        self._tokenizer.encode(texts)  # refuses what is too long or empty
        said = [take_apart(text) for text in texts]
        found = [aspects(one) for one in said]
        prompts = sorted({prompt for mine in found for aspect in mine for prompt in (aspect.prompt, *aspect.contrasts)})
        rows = {prompt: row for row, prompt in enumerate(prompts)}
        features = (
            np.concatenate([self._encoded(one) for one in prompts])
            if prompts
            else np.zeros((0, self._width), np.float32)
        )
        most = max((len(aspect.contrasts) + 1 for mine in found for aspect in mine), default=1)
        widest = max((len(mine) for mine in found), default=0)
        looks = np.zeros((len(texts), widest, most, features.shape[1]), np.float32)
        counts = np.zeros((len(texts), widest), np.int64)
        for text, mine in enumerate(found):
            for column, aspect in enumerate(mine):
                names = (aspect.prompt, *aspect.contrasts)
                looks[text, column, : len(names)] = features[[rows[name] for name in names]]
                counts[text, column] = len(names)
        facts = np.array([[name in one.facts for name in FACTS] for one in said], bool).reshape(len(texts), len(FACTS))
        warnings = tuple(
            f"query {text!r}: {', '.join(map(repr, one.not_judged))} cannot be judged by this matcher and is left out"
            for text, one in zip(texts, said, strict=True)
            if one.not_judged
        )
        return Phrases(tuple(texts), {"looks": looks, "counts": counts, "facts": facts}, warnings)

    def score(self, observations: Observations, segments: Segments, phrases: Phrases) -> Scores:
        """Give the least sure of all that a sentence says, as a logit: above 0 all of it holds rather than not.

        A look is compared by its share among the contrasts: log p / (1 - p) of a softmax over cosines.
        """
        return self.score_vectors(self.segment_vectors(observations, segments), phrases)

    @property
    def searchable(self) -> bool:
        """It is for any weights."""
        return True

    def segment_vectors(self, observations: Observations, segments: Segments) -> SegmentVectors:
        """Give the mean feature of each segment's looks, then the logit of every fact about its path."""
        from trackspeak.models.phrases import fact_logits

        pooled = observations.look_arrays["feature"][segments.look_rows].mean(axis=1)  # (S, K, D) -> (S, D)
        pooled = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-6)
        vectors = np.concatenate([pooled, fact_logits(segments.windows)], axis=1)
        return SegmentVectors(vectors.astype(np.float32), np.zeros((len(vectors), 0), np.float32))

    def text_vectors(self, phrases: Phrases) -> TextVectors:
        """Add up, over all that a sentence says, what speaks for it: the score itself takes the least of these."""
        looks, counts, facts = (phrases.arrays[name] for name in ("looks", "counts", "facts"))
        vectors = np.zeros((len(phrases.texts), looks.shape[-1]), np.float32)
        for text in range(len(phrases.texts)):
            for aspect, count in zip(looks[text], counts[text], strict=True):
                if count:
                    vectors[text] += self._options.temperature * (aspect[0] - aspect[1:count].mean(axis=0))
        return TextVectors(
            np.concatenate([vectors, facts.astype(np.float32)], axis=1), np.zeros(len(vectors), np.float32)
        )

    def score_vectors(self, segment_vectors: SegmentVectors, phrases: Phrases) -> Scores:
        """Score segments by their vectors, as `score` does."""
        looks, counts, facts = (phrases.arrays[name] for name in ("looks", "counts", "facts"))
        pooled, judged = np.split(segment_vectors.vectors, [-facts.shape[1]], axis=1)
        values = np.zeros((len(segment_vectors), len(phrases.texts)), np.float32)
        for text in range(len(phrases.texts)):
            said = [judged[:, facts[text]]]
            for aspect, count in zip(looks[text], counts[text], strict=True):
                if count:
                    said.append(_contrast(self._options.temperature * pooled @ aspect[:count].T)[:, None])
            together = np.concatenate(said, axis=1)
            values[:, text] = together.min(axis=1) if together.shape[1] else 0.0
        return Scores(values, "cosine")

    def _encode(self, prompt: str) -> npt.NDArray[np.float32]:
        """Give a prompt's (1, D) feature; by itself, so that it does not depend on what else is asked."""
        import torch

        with torch.inference_mode():
            tokens = self._tokenizer.encode([prompt]).tokens.to(self._device)
            encoded = torch.nn.functional.normalize(self._clip.encode_text(tokens).float(), dim=-1)
        features: npt.NDArray[np.float32] = encoded.cpu().numpy()
        return features


def _contrast(similarities: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Logit of the first column against the others together: (S, C) -> (S,)."""
    first, others = similarities[:, 0], similarities[:, 1:]
    highest = others.max(axis=1)
    rest = highest + np.log(np.exp(others - highest[:, None]).sum(axis=1))
    logits: npt.NDArray[np.float32] = first - rest
    return logits
