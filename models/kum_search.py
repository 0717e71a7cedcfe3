"""Segments as vectors that one inner product ranks for any text, where a design of KUM allows it.

For `none` and cross correlation a segment's visual feature before normalisation is affine in x = (v, e, 1), v the mean
over its looks and e its encoded trajectory window: the text weighs the channels of v and e, and nothing else. So its
inner product with the text's feature is one with x:

    f . visual = ((1 + k) * M' f) . v + ((1 + g) * P' W' f) . e + f . (o + W p)

What is kept is x over the length of the visual feature for a text that weighs nothing, which does not depend on a text
and is near the true one; the inner product is then near the cosine, and has its sign. The true cosine follows from x.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from trackspeak.models.errors import ContractError

from .kum_fast import FastCrossCorrelation, FastKum
from .kum_layers import Looks, Texts


class Summaries(NamedTuple):
    """S segments, each in numbers that serve every text.

    Attributes:
        vectors: (S, D) x over `lengths`.
        lengths: (S, 1) the length of the visual feature for a text that weighs nothing.
    """

    vectors: Tensor
    lengths: Tensor


def can_summarise(kum: object) -> bool:
    """Whether segments can be searched by inner products: not where a text looks at maps."""
    return isinstance(kum, FastKum) and kum.pools_first


def summarise(kum: FastKum, looks: Looks, look_rows: Tensor, windows: Tensor | None) -> Summaries:
    """Do for segments everything that no text is needed for.

    Args:
        kum: of a design that pools first.
        looks: as `observe` gives them.
        look_rows: (S, K) int64, the rows of each segment's looks.
        windows: (S, points, features); None where that input is off.

    Raises:
        ContractError: if the design looks at maps.
    """
    if not kum.pools_first:
        raise ContractError("segments can be summarised for the designs none and cross correlation alone")
    pooled, encoded = kum.pool(looks, look_rows), kum.encode_windows(windows)
    matrix, offset = kum.affine()
    visual = functional.linear(pooled, matrix, offset)
    parts = [pooled]
    if kum.trajectory is not None and encoded is not None:
        visual = visual + functional.linear(encoded, kum.get_buffer("motion"), kum.get_buffer("motion_offset"))
        parts.append(encoded)
    lengths = visual.norm(dim=1, keepdim=True).clamp_min(torch.finfo(visual.dtype).tiny)
    return Summaries(torch.cat([*parts, torch.ones_like(lengths)], dim=1) / lengths, lengths)


def score_summaries(kum: FastKum, summaries: Summaries, texts: Texts) -> Tensor:
    """Give the (S, B) cosines that `pair_scores` gives for the segments themselves."""
    values = summaries.vectors[:, :-1] * summaries.lengths
    pooled, encoded = values.tensor_split([kum.kum.config.visual_width], dim=1)
    return kum.score_pooled(pooled, encoded if kum.trajectory is not None else None, texts)


def probes(kum: FastKum, texts: Texts) -> Tensor:
    """Give B texts' (B, D) vectors, whose inner products with `Summaries.vectors` are near the cosines."""
    matrix, offset = kum.affine()
    constant = texts.feature @ offset  # (B,)
    of_looks = texts.feature @ matrix  # (B, V)
    if isinstance(kum, FastCrossCorrelation):
        of_looks = of_looks * (1 + texts.guide)
    parts = [of_looks]
    if kum.trajectory is not None:
        of_windows = texts.feature @ kum.get_buffer("motion")  # (B, width)
        if kum.trajectory.gate is not None:
            of_windows = of_windows * (1 + kum.trajectory.gate(texts.feature))
        constant = constant + texts.feature @ kum.get_buffer("motion_offset")
        parts.append(of_windows)
    return torch.cat([*parts, constant.unsqueeze(1)], dim=1)
