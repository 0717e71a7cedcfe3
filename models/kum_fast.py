"""KUM's exact shortcuts for inference: the scores of the plain form in `kum.py`, with far less work.

What each design needs is reduced to what depends on the text:

    none               one vector per look, and the cosine
    cross correlation  one vector per look; all that follows fusion is one affine map, made once
    cascade attention  the fused map per look; the text's keys and values are taken through the projections, not the map
    text first         both maps; keys are projected on the side of the query, values after pooling

Attention is linear in its values and its softmax ignores what all keys share, so that the projections of the
441 locations of a whole frame move to the few vectors that meet them (see `pooled_attention`).
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .kum import CascadeAttentionKum, CrossCorrelationKum, Kum, TextFirstModulationKum
from .kum_layers import Looks, Texts, attend

__all__ = ["FastKum", "build_fast"]

LOOKS_PER_FRAME = 5
"""With more looks in a frame, projecting the frame's keys and values once costs less than moving them to each look."""

CHUNK_VALUES = 2**24
"""Numbers in the largest temporary array (64 MB in single precision)."""


class FastKum(nn.Module):
    """Design `none`, and what the designs share; make one by `build_fast`.

    Its methods take and give what the plain form's do.
    """

    keeps_map = False
    """Whether a look keeps its map, not only the average."""

    def __init__(self, kum: Kum) -> None:
        super().__init__()
        self.kum = kum
        self.trajectory = kum.trajectory

    def observe(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        """Do everything that does not depend on a text; see `Kum.observe`."""
        return self._fuse(*self.kum.place(local, glob), frame_rows)

    def _fuse(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        layer = self.kum.fusion_local_global
        if len(local) > LOOKS_PER_FRAME * len(glob):
            context = attend(layer, local, glob, glob, key_rows=frame_rows, value_rows=frame_rows)
            fused = local + context
            return Looks({"fused": fused if self.keeps_map else fused.mean(dim=1, keepdim=True)}, {}, frame_rows)
        if self.keeps_map:
            return Looks({"fused": local + moved_attention(layer, local, glob, frame_rows)}, {}, frame_rows)
        context = moved_attention(layer, local, glob, frame_rows, pooled=True)
        return Looks({"fused": local.mean(dim=1, keepdim=True) + context}, {}, frame_rows)

    def describe(self, hidden: Tensor, sentence: Tensor) -> Texts:
        """Do everything that depends on texts alone; see `Kum.describe`."""
        return self.kum.describe(hidden, sentence)

    def pair_scores(self, looks: Looks, look_rows: Tensor, windows: Tensor | None, texts: Texts) -> Tensor:
        """Score every segment against every text: (S, B) cosines; see `Kum.pair_scores`."""
        return self.kum.pair_scores(looks, look_rows, windows, texts)


class FastCrossCorrelation(FastKum):
    """All that follows fusion is A (v x (1 + k)) + b with A and b made once; k is the text's kernel."""

    def __init__(self, kum: CrossCorrelationKum) -> None:
        super().__init__(kum)
        conv, norm = kum.fusion_conv2, cast(nn.BatchNorm1d, kum.fusion_conv2[1])
        gain = norm.weight / torch.sqrt(conv.get_buffer("1.running_var") + norm.eps)
        shift = norm.bias - conv.get_buffer("1.running_mean") * gain
        weight = conv.get_parameter("0.weight").squeeze(-1)
        project, offset = kum.img_fc.weight, kum.img_fc.bias
        self.register_buffer("matrix", ((project * gain) @ weight).detach())  # (O, V)
        self.register_buffer("offset", (project @ shift + offset).detach())  # (O,)

    def pair_scores(self, looks: Looks, look_rows: Tensor, windows: Tensor | None, texts: Texts) -> Tensor:
        """Score every segment against every text: (S, B) cosines."""
        kum = self.kum
        pooled = looks.look_arrays["fused"].squeeze(1)[look_rows].mean(dim=1)  # (N, 1, V) -> (S, K, V) -> (S, V)
        scores = []
        for rows in torch.split(torch.arange(len(texts.feature)), max(1, CHUNK_VALUES // max(1, pooled.numel()))):
            kernel, feature = texts.guide[rows].unsqueeze(1), texts.feature[rows].unsqueeze(1)
            visual = (pooled * (1 + kernel)) @ self.get_buffer("matrix").T + self.get_buffer(
                "offset"
            )  # (texts, S, V) -> (texts, S, O)
            if kum.trajectory is not None and windows is not None:
                visual = visual + kum.trajectory(windows, feature) @ kum.img_fc.weight.T
            scores.append((functional.normalize(visual, dim=-1) * feature).sum(dim=-1).T)
        return torch.cat(scores, dim=1)


class FastCascade(FastKum):
    """The text's tokens are projected to where the fused map is, so that no map is projected per text."""

    keeps_map = True

    def __init__(self, kum: CascadeAttentionKum) -> None:
        super().__init__(kum)
        self.attention = kum.fusion_visual_textual

    def pair_scores(self, looks: Looks, look_rows: Tensor, windows: Tensor | None, texts: Texts) -> Tensor:
        """Score every segment against every text: (S, B) cosines."""
        layer = self.attention
        query, key, value = _heads(layer)
        heads, depth = layer.num_heads, key.weight.shape[1]
        tokens = texts.guide  # (B, L, V)
        keys = key.apply(tokens) * depth**-0.5  # (B, H, L, d)
        meets = (keys @ query.weight).flatten(1, 2)  # (B, H, L, V) -> (B, H * L, V)
        shifts = (keys * query.bias[:, None]).sum(-1).flatten(1)  # (B, H * L)
        out = torch.unflatten(layer.out_proj.weight, 1, (heads, depth)).permute(1, 2, 0)  # (V, H, d) -> (H, d, V)
        finds = (value.apply(tokens) @ out).flatten(1, 2)  # (B, H, L, V) -> (B, H * L, V)
        fused, scores = looks.look_arrays["fused"], []
        used, positions = torch.unique(look_rows, return_inverse=True)
        pair_values = fused.shape[1] * max(meets.shape[1], fused.shape[2])
        for rows in torch.split(torch.arange(len(tokens)), max(1, CHUNK_VALUES // max(1, len(used) * pair_values))):
            parts = [
                self._pool(fused[part], meets[rows], shifts[rows], finds[rows], heads)
                for part in torch.split(used, max(1, CHUNK_VALUES // (len(rows) * pair_values)))
            ]
            pooled = torch.cat(parts, dim=1)[:, positions].mean(dim=2)  # (texts, looks, V) -> (texts, S, V)
            feature = texts.feature[rows].unsqueeze(1)
            scores.append((self.kum.embed(pooled, windows, feature) * feature).sum(dim=-1).T)
        return torch.cat(scores, dim=1)

    def _pool(self, fused: Tensor, meets: Tensor, shifts: Tensor, finds: Tensor, heads: int) -> Tensor:
        """Guide N maps by B texts and average over space: (N, hw, V) -> (B, N, V)."""
        texts, width = shifts.shape
        logits = fused @ meets.flatten(0, 1).T + shifts.flatten()  # (N, hw, B * H * L)
        weights = torch.unflatten(logits, -1, (texts, heads, width // heads)).softmax(dim=-1)
        weights = weights.flatten(3).permute(0, 2, 1, 3)  # (N, hw, B, H, L) -> (N, B, hw, H * L)
        found = weights @ finds + self.attention.out_proj.bias  # (N, B, hw, V)
        pooled: Tensor = torch.einsum("nqv,nbqv->bnv", fused, found) / fused.shape[1]
        return pooled


class FastTextFirst(FastKum):
    """Keys are projected on the query's side with the text's weights, values after pooling over the crop."""

    def _fuse(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        return Looks({"local": local}, {"global": glob}, frame_rows)

    def pair_scores(self, looks: Looks, look_rows: Tensor, windows: Tensor | None, texts: Texts) -> Tensor:
        """Score every segment against every text: (S, B) cosines."""
        used, positions = torch.unique(look_rows, return_inverse=True)
        scores = []
        for row in range(len(texts.feature)):
            unified = self._unify(looks, used, texts.guide[row])
            pooled, feature = unified[positions].mean(dim=1), texts.feature[row : row + 1]
            scores.append((self.kum.embed(pooled, windows, feature) * feature).sum(dim=-1))
        return torch.stack(scores, dim=1)

    def _unify(self, looks: Looks, rows: Tensor, kernel: Tensor) -> Tensor:
        """Guide looks by one text and average over space: (N, V)."""
        layer, frames = self.kum.fusion_local_global, looks.frame_arrays["global"]
        local, frame_rows = looks.look_arrays["local"][rows], looks.frame_rows[rows]
        if len(rows) > LOOKS_PER_FRAME * len(frames):
            glob = frames * kernel
            context = attend(layer, local * kernel, glob, frames, key_rows=frame_rows, value_rows=frame_rows)
            return (local + context).mean(dim=1)
        context = moved_attention(layer, local * kernel, frames, frame_rows, key_scale=kernel, pooled=True)
        return local.mean(dim=1) + context.squeeze(1)


def build_fast(kum: Kum) -> FastKum:
    """Give the shortcuts of a KUM's design.

    Args:
        kum: in evaluation mode; its weights must not change afterwards.
    """
    if isinstance(kum, CrossCorrelationKum):
        return FastCrossCorrelation(kum)
    if isinstance(kum, CascadeAttentionKum):
        return FastCascade(kum)
    if isinstance(kum, TextFirstModulationKum):
        return FastTextFirst(kum)
    return FastKum(kum)


def moved_attention(
    layer: nn.MultiheadAttention,
    query: Tensor,
    frames: Tensor,
    frame_rows: Tensor,
    *,
    key_scale: Tensor | None = None,
    pooled: bool = False,
) -> Tensor:
    """Attention of looks over their frames with no projection of the frames.

    q . (W_k g + b_k) is (W_k^T q) . g plus what the softmax ignores, and the weights sum to 1, so that
    W_v (sum of a g) + b_v is the sum of a (W_v g + b_v): keys are projected on the query's side, values after the sum.

    Args:
        layer: holds the weights.
        query: (N, Q, V).
        frames: (F, K, V), keys and values.
        frame_rows: (N,) int64, the frame of each look.
        key_scale: (V,) what the keys' channels are multiplied by; None for nothing.
        pooled: average over the queries, before the values are projected.

    Returns:
        (N, Q, V), or (N, 1, V) if pooled.
    """
    wanted, key, value = _heads(layer)
    asks = (wanted.apply(query) * key.weight.shape[1] ** -0.5) @ key.weight  # (N, H, Q, d) -> (N, H, Q, V)
    if key_scale is not None:
        asks = asks * key_scale
    mixed = []
    for part, rows in zip(
        *(tensor.split(max(1, CHUNK_VALUES // frames[0].numel())) for tensor in (asks, frame_rows)), strict=True
    ):
        seen = frames[rows]
        weights = (part.flatten(1, 2) @ seen.transpose(1, 2)).softmax(dim=-1)  # (n, H * Q, K)
        if pooled:
            weights = torch.unflatten(weights, 1, part.shape[1:3]).mean(dim=2)  # (n, H * Q, K) -> (n, H, K)
        mixed.append(weights @ seen)
    summed = torch.unflatten(torch.cat(mixed), 1, (layer.num_heads, -1))  # (N, H * Q, V) -> (N, H, Q, V)
    values = summed @ value.weight.transpose(1, 2) + value.bias[:, None]  # (N, H, Q, d)
    attended: Tensor = layer.out_proj(values.transpose(1, 2).flatten(2))  # (N, H, Q, d) -> (N, Q, V)
    return attended


class _Projection:
    """One of an attention's three input projections, per head.

    Attributes:
        weight: (H, d, V).
        bias: (H, d).
    """

    def __init__(self, weight: Tensor, bias: Tensor, heads: int) -> None:
        self.weight = torch.unflatten(weight, 0, (heads, -1))
        self.bias = torch.unflatten(bias, 0, (heads, -1))

    def apply(self, tokens: Tensor) -> Tensor:
        """Project (N, Q, V) tokens: (N, H, Q, d)."""
        projected: Tensor = tokens.unsqueeze(1) @ self.weight.transpose(1, 2) + self.bias[:, None]
        return projected


def _heads(layer: nn.MultiheadAttention) -> tuple[_Projection, _Projection, _Projection]:
    """The projections of queries, keys and values."""
    weights, biases = layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3)
    query, key, value = (
        _Projection(weight, bias, layer.num_heads) for weight, bias in zip(weights, biases, strict=True)
    )
    return query, key, value
