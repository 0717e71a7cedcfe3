"""KUM's exact shortcuts for inference: the scores of the plain form in `kum.py`, with far less work.

What each design needs is reduced to what depends on the text:

    none               one vector per look, and the cosine
    cross correlation  one vector per look; all that follows fusion is one affine map, made once
    cascade attention  the fused map per look; the text's keys and values are taken through the projections, not the map
    text first         both maps; keys are projected on the side of the query, values after pooling

How looks attend to their frames is in `frame_attention.py`. Every temporary array is bounded by `values_at_once`, but
for what a single look, segment or text needs. On a CPU texts go one by one, so that a text's scores do not depend, in
the last bit either, on what else is asked; on a GPU as many together as the bound allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from trackspeak.models.errors import ContractError

from .frame_attention import fuse_with_frames, projections
from .kum import CascadeAttentionKum, CrossCorrelationKum, Kum, TextFirstModulationKum
from .kum_layers import Looks, Texts
from .parts import values_at_once

__all__ = ["FastKum", "build_fast"]


class FastKum(nn.Module):
    """Design `none`, and what the designs share; make one by `build_fast`.

    Its methods take and give what the plain form's do.
    """

    keeps_map = False
    """Whether a look keeps its map, not only the average."""

    pools_first = True
    """Whether the average over a segment's looks is all that is needed of them; see `kum_search.py`."""

    def __init__(self, kum: Kum) -> None:
        super().__init__()
        self.kum = kum
        self.trajectory = kum.trajectory
        if kum.trajectory is not None:  # two linear layers after each other are one
            project = kum.trajectory.project
            self.register_buffer("motion", (kum.img_fc.weight @ project.weight).detach())  # (O, width)
            self.register_buffer("motion_offset", (kum.img_fc.weight @ project.bias).detach())  # (O,)
        config = kum.config
        self.widest = max(config.visual_width, config.output_width, config.trajectory_width)

    def observe(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        """Do everything that does not depend on a text; see `Kum.observe`."""
        return self._fuse(*self.kum.place(local, glob), frame_rows)

    def _fuse(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        rows = torch.arange(len(local), device=local.device)
        fused = fuse_with_frames(self.kum.fusion_local_global, local, rows, glob, frame_rows, pooled=not self.keeps_map)
        return Looks({"fused": fused}, {}, frame_rows)

    def describe(self, hidden: Tensor, sentence: Tensor) -> Texts:
        """Do everything that depends on texts alone; see `Kum.describe`."""
        return self.kum.describe(hidden, sentence)

    def pair_scores(self, looks: Looks, look_rows: Tensor, windows: Tensor | None, texts: Texts) -> Tensor:
        """Score every segment against every text: (S, B) cosines; see `Kum.pair_scores`."""
        at_once = max(1, values_at_once(look_rows.device) // (look_rows.shape[1] * self.widest))
        scores = []
        for begin in range(0, max(1, len(look_rows)), at_once):
            part = slice(begin, begin + at_once)
            encoded = self.encode_windows(None if windows is None else windows[part])
            scores.append(self._scores(looks, look_rows[part], encoded, texts))
        return torch.cat(scores)

    def encode_windows(self, windows: Tensor | None) -> Tensor | None:
        """Do what no text is needed for to trajectory windows: (S, width); None where that input is off."""
        if self.trajectory is None:
            return None
        if windows is None:
            raise ContractError("windows must be given to a KUM with a trajectory input, got None")
        return self.trajectory.encode(windows)

    def _scores(self, looks: Looks, look_rows: Tensor, encoded: Tensor | None, texts: Texts) -> Tensor:
        """Score as many segments as go together: (S, K) rows of looks and (S, width) encoded windows."""
        return self.score_pooled(self.pool(looks, look_rows), encoded, texts)

    def pool(self, looks: Looks, look_rows: Tensor) -> Tensor:
        """Give the mean over the looks of each segment: (S, V)."""
        return looks.look_arrays["fused"].squeeze(1)[look_rows].mean(dim=1)  # (N, 1, V) -> (S, K, V) -> (S, V)

    def affine(self) -> tuple[Tensor, Tensor]:
        """Give the matrix (O, V) and the offset (O,) that take a guided mean over looks to the visual feature."""
        return self.kum.img_fc.weight, self.kum.img_fc.bias

    def score_pooled(self, pooled: Tensor, encoded: Tensor | None, texts: Texts) -> Tensor:
        """Score segments by the (S, V) means over their looks and their (S, width) encoded windows: (S, B)."""
        visual = self._embed(pooled, encoded, texts)  # (S, O): one visual feature serves every text
        scores = [
            (visual * part.feature.unsqueeze(1)).sum(dim=-1).T for part in _text_parts(texts, len(visual) * self.widest)
        ]
        return torch.cat(scores, dim=1)

    def _embed(self, pooled: Tensor, encoded: Tensor | None, texts: Texts) -> Tensor:
        """Give segments' visual features for B texts, of their (S, V) or (B, S, V) mean over space and looks."""
        return functional.normalize(self._with_motion(self.kum.img_fc(pooled), encoded, texts), dim=-1)

    def _with_motion(self, visual: Tensor, encoded: Tensor | None, texts: Texts) -> Tensor:
        """Add what the trajectory windows say, guided by B texts."""
        if self.trajectory is None or encoded is None:
            return visual
        weighed = self.trajectory.weigh(encoded, texts.feature.unsqueeze(1))
        return visual + functional.linear(weighed, self.get_buffer("motion"), self.get_buffer("motion_offset"))


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

    def affine(self) -> tuple[Tensor, Tensor]:
        """Give the matrix (O, V) and the offset (O,) that take a guided mean over looks to the visual feature."""
        return self.get_buffer("matrix"), self.get_buffer("offset")

    def score_pooled(self, pooled: Tensor, encoded: Tensor | None, texts: Texts) -> Tensor:
        """Score segments by the (S, V) means over their looks and their (S, width) encoded windows: (S, B)."""
        scores = []
        for part in _text_parts(texts, len(pooled) * self.widest):
            scores.append((self._embed(pooled, encoded, part) * part.feature.unsqueeze(1)).sum(dim=-1).T)
        return torch.cat(scores, dim=1)

    def _embed(self, pooled: Tensor, encoded: Tensor | None, texts: Texts) -> Tensor:
        """Give segments' visual features for B texts, of their (S, V) mean over space and looks: (B, S, O)."""
        guided = pooled * (1 + texts.guide.unsqueeze(1))  # (B, S, V)
        visual = functional.linear(guided, self.get_buffer("matrix"), self.get_buffer("offset"))  # (B, S, O)
        return functional.normalize(self._with_motion(visual, encoded, texts), dim=-1)


class FastCascade(FastKum):
    """The text's tokens are projected to where the fused map is, so that no map is projected per text."""

    keeps_map = True
    pools_first = False

    def __init__(self, kum: CascadeAttentionKum) -> None:
        super().__init__(kum)
        self.attention = kum.fusion_visual_textual

    def _scores(self, looks: Looks, look_rows: Tensor, encoded: Tensor | None, texts: Texts) -> Tensor:
        """Score as many segments as go together."""
        heads, fused, scores = self.attention.num_heads, looks.look_arrays["fused"], []
        used, positions = torch.unique(look_rows, return_inverse=True)  # segments share looks: each pair once
        of_text = heads * texts.guide.shape[1] * self.widest
        of_pair = fused.shape[1] * max(heads * texts.guide.shape[1], fused.shape[2])
        for part in _text_parts(texts, max(of_text, len(used) * of_pair, look_rows.numel() * self.widest)):
            asked = self._ask(part.guide)
            looks_at_once = max(1, values_at_once(fused.device) // (len(part.feature) * of_pair))
            unified = torch.cat([self._pool(fused[rows], *asked) for rows in torch.split(used, looks_at_once)], dim=1)
            pooled = unified[:, positions].mean(dim=2)  # (B, looks, V) -> (B, S, K, V) -> (B, S, V)
            scores.append((self._embed(pooled, encoded, part) * part.feature.unsqueeze(1)).sum(dim=-1).T)
        return torch.cat(scores, dim=1)

    def _ask(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Take B texts' (B, L, V) tokens to the fused map: what each head's logits are made of, and what it finds.

        Returns:
            (B, H, L, V) what meets the map, (B, H, L) what is added to the logits, (B, H, L, V) what is found.
        """
        query, key, value = projections(self.attention)
        keys = key.apply(tokens) * key.weight.shape[1] ** -0.5  # (B, H, L, d)
        shifts = (keys * query.bias[:, None]).sum(dim=-1)
        out = torch.unflatten(self.attention.out_proj.weight, 1, query.bias.shape)  # (V, V) -> (V, H, d)
        return query.back(keys), shifts, torch.einsum("bhld,vhd->bhlv", value.apply(tokens), out)

    def _pool(self, fused: Tensor, meets: Tensor, shifts: Tensor, finds: Tensor) -> Tensor:
        """Guide N maps by B texts and average over space: (N, hw, V) -> (B, N, V)."""
        logits = fused @ meets.flatten(0, 2).T + shifts.flatten()  # (N, hw, B * H * L)
        weights = torch.unflatten(logits, -1, shifts.shape).softmax(dim=-1)  # (N, hw, B, H, L)
        weights = weights.permute(2, 0, 1, 3, 4).flatten(3).flatten(1, 2)  # (B, N, hw, H, L) -> (B, N * hw, H * L)
        found = torch.unflatten(weights @ finds.flatten(1, 2), 1, fused.shape[:2])  # (B, N * hw, V) -> (B, N, hw, V)
        pooled: Tensor = torch.einsum("nqv,bnqv->bnv", fused, found + self.attention.out_proj.bias) / fused.shape[1]
        return pooled


class FastTextFirst(FastKum):
    """The text weighs crops and frames, so that crops attend to frames anew for each text."""

    pools_first = False

    def _fuse(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        return Looks({"local": local}, {"global": glob}, frame_rows)

    def _scores(self, looks: Looks, look_rows: Tensor, encoded: Tensor | None, texts: Texts) -> Tensor:
        """Score as many segments as go together."""
        local, frames, scores = looks.look_arrays["local"], looks.frame_arrays["global"], []
        used, positions = torch.unique(look_rows, return_inverse=True)  # segments share looks: each pair once
        layer, frame_rows = self.kum.fusion_local_global, looks.frame_rows[used]
        for part in _text_parts(texts, values_at_once(local.device)):  # one by one
            unified = fuse_with_frames(layer, local, used, frames, frame_rows, scale=part.guide[0], pooled=True)
            pooled = unified.squeeze(1)[positions].mean(dim=1)  # (N, 1, V) -> (S, K, V) -> (S, V)
            scores.append((self._embed(pooled, encoded, part) * part.feature.unsqueeze(1)).sum(dim=-1).T)
        return torch.cat(scores, dim=1)


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


def _text_parts(texts: Texts, values: int) -> Iterator[Texts]:
    """As many texts as go together, where each needs an array of some numbers."""
    at_once = _texts_at_once(texts.feature.device, max(1, values))
    for begin in range(0, len(texts.feature), at_once):
        yield Texts(texts.feature[begin : begin + at_once], texts.guide[begin : begin + at_once])


def _texts_at_once(device: torch.device, values: int) -> int:
    return 1 if device.type == "cpu" else max(1, values_at_once(device) // values)
