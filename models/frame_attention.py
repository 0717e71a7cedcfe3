"""Attention of looks over their frames for inference, in parts whose temporary arrays stay bounded.

Attention is linear in its values and its softmax ignores what all keys share, so that where a frame has few looks, the
projections of its many locations move to the few vectors that meet them (`_moved`); where it has many, its keys and
values are projected once for all of them (`_projected`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .parts import values_at_once

LOOKS_PER_FRAME = 5
"""With more looks in a frame, projecting the frame's keys and values once costs less than moving them to each look."""


def fuse_with_frames(
    layer: nn.MultiheadAttention,
    local: Tensor,
    look_rows: Tensor,
    frames: Tensor,
    frame_rows: Tensor,
    *,
    scale: Tensor | None = None,
    pooled: bool = False,
) -> Tensor:
    """Add to looks what they find in their frames.

    Args:
        layer: holds the weights.
        local: (M, Q, V) maps of crops.
        look_rows: (N,) int64, the rows of `local` to fuse.
        frames: (F, K, V) maps of frames, keys and values.
        frame_rows: (N,) int64, the frame of each look.
        scale: (V,) what the channels of queries and keys are multiplied by; None for nothing.
        pooled: average over space.

    Returns:
        (N, Q, V), or (N, 1, V) if pooled.
    """
    _, queries, width = local.shape
    most, keys = values_at_once(local.device), frames.shape[1]
    looks_at_once = max(1, most // max(keys * width, layer.num_heads * queries * max(width, keys)))
    moves = len(look_rows) <= LOOKS_PER_FRAME * len(frames)
    frames_at_once = len(frames) if moves else max(1, most // (keys * width))
    fused = local.new_empty((len(look_rows), 1 if pooled else queries, width))
    for begin, looks in _groups(frame_rows, len(frames), frames_at_once):
        seen = frames[begin : begin + frames_at_once]
        if moves:
            attention = partial(_moved, layer, seen, scale)
        else:
            attention = partial(_projected, layer, *_project(layer, seen, scale))
        for part in torch.split(looks, looks_at_once):
            query = local[look_rows[part]]
            context = attention(query if scale is None else query * scale, frame_rows[part] - begin, pooled=pooled)
            fused[part] = context + (query.mean(dim=1, keepdim=True) if pooled else query)
    return fused


def _groups(frame_rows: Tensor, frames: int, at_once: int) -> Iterator[tuple[int, Tensor]]:
    """The first of some frames at once, and which looks are of them; nothing where none is."""
    if frames <= at_once:
        yield 0, torch.arange(len(frame_rows), device=frame_rows.device)
        return
    order = torch.argsort(frame_rows, stable=True)
    counts = torch.bincount(frame_rows // at_once, minlength=-(-frames // at_once)).tolist()
    for group, looks in enumerate(torch.split(order, counts)):
        if len(looks):
            yield group * at_once, looks


def _moved(
    layer: nn.MultiheadAttention,
    frames: Tensor,
    scale: Tensor | None,
    query: Tensor,
    rows: Tensor,
    *,
    pooled: bool,
) -> Tensor:
    """Attention with no projection of the frames: (N, Q, V), or (N, 1, V) if pooled.

    q . (W_k g + b_k) is (W_k^T q) . g plus what the softmax ignores, and the weights sum to 1, so that
    W_v (sum of a g) + b_v is the sum of a (W_v g + b_v): keys are projected on the query's side, values after the sum.
    """
    wanted, key, value = projections(layer)
    asks = key.back(wanted.apply(query) * key.weight.shape[1] ** -0.5)  # (N, H, Q, V)
    if scale is not None:
        asks = asks * scale
    seen = frames[rows]  # (N, K, V)
    weights = (asks.flatten(1, 2) @ seen.transpose(1, 2)).softmax(dim=-1)  # (N, H, Q, V) -> (N, H * Q, K)
    if pooled:
        weights = torch.unflatten(weights, 1, asks.shape[1:3]).mean(dim=2)  # (N, H * Q, K) -> (N, H, K)
    summed = torch.unflatten(weights @ seen, 1, (layer.num_heads, -1))  # (N, H * Q, V) -> (N, H, Q, V)
    values = torch.einsum("nhqv,hdv->nqhd", summed, value.weight) + value.bias
    attended: Tensor = layer.out_proj(values.flatten(2))  # (N, Q, H, d) -> (N, Q, V)
    return attended


def _project(layer: nn.MultiheadAttention, frames: Tensor, scale: Tensor | None) -> tuple[Tensor, Tensor]:
    """Keys and values of frames: (F, H, K, d) each."""
    _, key, value = projections(layer)
    return key.apply(frames if scale is None else frames * scale), value.apply(frames)


def _projected(
    layer: nn.MultiheadAttention, keys: Tensor, values: Tensor, query: Tensor, rows: Tensor, *, pooled: bool
) -> Tensor:
    """Attention with keys and values that are there: (N, Q, V), or (N, 1, V) if pooled."""
    wanted, _, _ = projections(layer)
    mixed = functional.scaled_dot_product_attention(wanted.apply(query), keys[rows], values[rows])  # (N, H, Q, d)
    if pooled:
        mixed = mixed.mean(dim=2, keepdim=True)  # the last projection is affine, so that averages come first
    attended: Tensor = layer.out_proj(mixed.transpose(1, 2).flatten(2))  # (N, H, Q, d) -> (N, Q, V)
    return attended


class Projection(NamedTuple):
    """One of an attention's three input projections, per head.

    Attributes:
        weight: (H, d, V).
        bias: (H, d).
    """

    weight: Tensor
    bias: Tensor

    def apply(self, tokens: Tensor) -> Tensor:
        """Project (N, Q, V) tokens: (N, H, Q, d)."""
        flat = functional.linear(tokens, self.weight.flatten(0, 1), self.bias.flatten())
        return torch.unflatten(flat, -1, self.bias.shape).transpose(1, 2)  # (N, Q, V) -> (N, Q, H, d) -> (N, H, Q, d)

    def back(self, projected: Tensor) -> Tensor:
        """Take (N, H, Q, d) to where the tokens are, by the transposed weights: (N, H, Q, V)."""
        return torch.einsum("nhqd,hdv->nhqv", projected, self.weight)


def projections(layer: nn.MultiheadAttention) -> tuple[Projection, Projection, Projection]:
    """The projections of queries, keys and values."""
    weights, biases = layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3)
    query, key, value = (
        Projection(torch.unflatten(weight, 0, (layer.num_heads, -1)), torch.unflatten(bias, 0, (layer.num_heads, -1)))
        for weight, bias in zip(weights, biases, strict=True)  # (V, V) -> (H, d, V) and (V,) -> (H, d)
    )
    return query, key, value
