"""Training batches: some moments, all their segments against expressions about all of them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from trackspeak.models.errors import InputError
from trackspeak.models.tokenizer import WordTokenizer

from .concepts import CONCEPTS, ConceptTable, label_matrix
from .expressions import Expression, sample_expressions
from .moments import Moments
from .scenes import Scene
from .zoom import zoomed

BLURRED_SHARE, HIDDEN_SHARE, NOISE_LEVEL = 0.3, 0.15, 8.0
"""How crops are degraded: shares of them, and the most noise in grey levels."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """S segments and T texts.

    Attributes:
        crops: (L, 3, s, s) uint8.
        frames: (F, 3, S, S) uint8.
        frame_rows: (L,) int64.
        look_rows: (S, looks) int64.
        windows: (S, points, features) float32.
        concepts: (S, C) int8.
        tokens: (T, positions) int64, cut after the longest text, at the earliest where KUM reads no further.
        labels: (S, T) int8: 1 fits, 0 does not, -1 arguable.
        said: (T, C) int8: 1 where the text says a concept.
    """

    crops: Tensor
    frames: Tensor
    frame_rows: Tensor
    look_rows: Tensor
    windows: Tensor
    concepts: Tensor
    tokens: Tensor
    labels: Tensor
    said: Tensor

    def to(self, device: torch.device) -> Batch:
        """Move everything to a device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


def iterate_scenes(folder: Path, seeds: Container[int] | None = None) -> Iterator[Scene]:
    """Read the scenes of a folder, or those of some seeds, one by one, in the order of their seeds.

    Raises:
        InputError: if there are none.
    """
    paths = sorted(path for path in folder.glob("*.npz") if seeds is None or int(path.stem) in seeds)
    if not paths:
        raise InputError(f"data must be a folder with rendered scenes, got {folder} without any .npz")
    yield from (Scene.load(path) for path in paths)


def make_batch(
    rng: np.random.Generator,
    moments: Moments,
    tokenizer: WordTokenizer,
    *,
    moment_count: int,
    text_count: int,
    least_positions: int,
    zoom: float = 0.0,
) -> Batch:
    """Draw a batch.

    Every expression is asked of every segment, also of other moments': what holds of a segment does not
    depend on whom the expression was made for. Texts keep `least_positions` token positions at least;
    each moment appears nearer or farther by a factor of up to e to the `zoom`.
    """
    parts = moments.draw(rng, moment_count)
    tables = [ConceptTable(part.tracks, part.concepts) for part in parts]
    each = -(-text_count // moment_count)
    expressions = [one for table in tables for one in sample_expressions(rng, table, each)]
    everything = ConceptTable(
        np.concatenate([part.tracks for part in parts]), np.concatenate([part.concepts for part in parts])
    )
    labels = label_matrix([expression.meaning for expression in expressions], everything)
    tokens = tokenizer.encode([expression.text for expression in expressions]).tokens
    look_offsets = np.cumsum([0] + [len(part.crops) for part in parts[:-1]])
    frame_offsets = np.cumsum([0] + [len(part.frames) for part in parts[:-1]])
    return Batch(
        _degrade(rng, _expose(rng, _flip(rng, _joined([part.crops for part in parts])))),
        _joined([part.frames for part in parts]),
        _joined([part.frame_rows + offset for part, offset in zip(parts, frame_offsets, strict=True)]),
        _joined([part.look_rows + offset for part, offset in zip(parts, look_offsets, strict=True)]),
        _joined([zoomed(part.windows, float(np.exp(rng.uniform(-zoom, zoom)))) for part in parts]),
        torch.from_numpy(everything.labels),
        tokens[:, : max(least_positions, int((tokens != 0).sum(dim=1).max()))],
        torch.from_numpy(labels),
        _said(expressions),
    )


def _said(expressions: Sequence[Expression]) -> Tensor:
    said = torch.zeros(len(expressions), len(CONCEPTS), dtype=torch.int8)
    for row, expression in enumerate(expressions):
        said[row, [CONCEPTS.index(concept) for concept in expression.meaning.concepts]] = 1
    return said


def _joined(arrays: list[npt.NDArray[np.generic]]) -> Tensor:
    return torch.from_numpy(np.concatenate(arrays))


def _flip(rng: np.random.Generator, crops: Tensor) -> Tensor:
    """Mirror every other crop: what a crop shows by itself has no left and right."""
    mirrored = torch.from_numpy(rng.random(len(crops)) < 0.5)
    return torch.where(mirrored[:, None, None, None], crops.flip(-1), crops)


def _expose(rng: np.random.Generator, crops: Tensor) -> Tensor:
    """Vary each crop's exposure and white balance a little, as a camera and its codec do."""
    gains = np.exp(rng.normal(0, 0.05, (len(crops), 1)) + rng.normal(0, 0.015, (len(crops), 3)))
    lit = crops.float() * torch.from_numpy(gains.astype(np.float32))[:, :, None, None]
    return lit.round_().clamp_(0, 255).to(torch.uint8)


def _degrade(rng: np.random.Generator, crops: Tensor) -> Tensor:
    """Blur some crops, hide a part of some, and add noise, so that the drawings' clean edges are not relied on."""
    rough, size = crops.clone(), crops.shape[-1]
    for row in np.flatnonzero(rng.random(len(crops)) < BLURRED_SHARE):
        small = functional.interpolate(rough[row, None].float(), size=int(rng.integers(14, 48)), mode="area")
        rough[row] = functional.interpolate(small, size=size, mode="bilinear")[0].round_().to(torch.uint8)
    for row in np.flatnonzero(rng.random(len(crops)) < HIDDEN_SHARE):
        height, width = rng.integers(size // 8, size // 2, 2).tolist()
        top, left = int(rng.integers(size - height)), int(rng.integers(size - width))
        grey = rng.integers(40, 200, 3).astype(np.uint8)
        rough[row, :, top : top + height, left : left + width] = torch.from_numpy(grey)[:, None, None]
    spread = torch.from_numpy(rng.uniform(0, NOISE_LEVEL, (len(crops), 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(crops.shape, dtype=np.float32)) * spread
    return (rough.float() + noise).round_().clamp_(0, 255).to(torch.uint8)
