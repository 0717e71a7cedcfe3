"""The knowledge unification module (KUM) of iKUN in its plain form: four designs, one class each.

Parameter names are those of the released weights. The work is split so that all that is text-free stands alone:

    observe  maps of crops and frames -> Looks      (once per video)
    describe a text tower's output    -> Texts      (once per text)
    unify    pairs of a look and a text -> (P, V)   a look, guided by a text, averaged over space
    embed    the mean over a segment's looks -> (B, O), L2-normalised; the score is its cosine with the text's feature
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from trackspeak.models.errors import ContractError

from .kum_layers import FeedForward, KumConfig, Looks, ScoreHead, Texts, TrajectoryEncoder, attend
from .kum_mode import KumMode

__all__ = ["Kum", "KumConfig", "KumMode", "Looks", "ScoreHead", "Texts", "build_kum"]

CHUNK_VALUES = 2**21
"""Numbers in the largest temporary array that `pair_scores` makes outside training (8 MB in single precision)."""


class Kum(nn.Module):
    """Design `none`, the baseline: the visual feature knows no text. The other designs build on it.

    Make one by `build_kum`, which picks the class of the configuration's mode.
    """

    text_guided = False
    affine_after_fusion = True
    """All that follows fusion is affine at each location, so that averages over space and looks come first.

    It changes no score. In training, batch norm sees the averages, where the authors' code lets it see each location.
    """

    def __init__(self, config: KumConfig) -> None:
        super().__init__()
        self.config = config
        local_count, global_count = config.local_size**2, config.global_size**2
        # one scalar per location, added over all channels, as the released weights hold it
        self.pos_emb_local = nn.Parameter(torch.randn(local_count) * local_count**-0.5)
        self.pos_emb_global = nn.Parameter(torch.randn(global_count) * global_count**-0.5)
        self.img_fc = nn.Linear(config.visual_width, config.output_width)
        self.text_fc = nn.Sequential(
            nn.Linear(config.text_width, config.text_width),
            nn.ReLU(),
            nn.Linear(config.text_width, config.output_width),
        )
        self.fusion_local_global = nn.MultiheadAttention(config.visual_width, config.heads, batch_first=True)
        self.trajectory = TrajectoryEncoder(config, self.text_guided) if config.trajectory_width else None

    def observe(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        """Do everything that does not depend on a text.

        Args:
            local: (N, V, h, w) maps of crops.
            glob: (F, V, H, W) maps of whole frames.
            frame_rows: (N,) int64, the frame of each crop.
        """
        return self._fuse(*self.place(local, glob), frame_rows)

    def place(self, local: Tensor, glob: Tensor) -> tuple[Tensor, Tensor]:
        """Make tokens that know their places of maps of crops and frames."""
        local_tokens = local.flatten(2).transpose(1, 2) + self.pos_emb_local[:, None]  # (N, V, h, w) -> (N, hw, V)
        glob_tokens = glob.flatten(2).transpose(1, 2) + self.pos_emb_global[:, None]  # (F, V, H, W) -> (F, HW, V)
        return local_tokens, glob_tokens

    def _fuse(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        """Join crops (N, hw, V) with their frames (F, HW, V) as far as goes without a text: equation (1)."""
        context = attend(self.fusion_local_global, local, glob, glob, key_rows=frame_rows, value_rows=frame_rows)
        fused = local + context
        if self.affine_after_fusion:
            fused = fused.mean(dim=1, keepdim=True)  # (N, hw, V) -> (N, 1, V): all that has to be kept of a look
        return Looks({"fused": fused}, {}, frame_rows)

    def describe(self, hidden: Tensor, sentence: Tensor) -> Texts:
        """Do everything that depends on texts alone.

        Args:
            hidden: (B, positions, T) the text tower's projected output, from position 0; those past
                `description_length` are not read.
            sentence: (B, T) its output at the end token.
        """
        feature = functional.normalize(self.text_fc(sentence), dim=-1)
        return Texts(feature, self._guide(hidden[:, : self.config.description_length], feature))

    def _guide(self, hidden: Tensor, feature: Tensor) -> Tensor:  # noqa: ARG002
        """Give what guides the visual side, from (B, L, T) and (B, O); nothing here."""
        return feature[:, :0]

    def unify(self, looks: Looks, look_rows: Tensor, guide: Tensor, text_rows: Tensor) -> Tensor:  # noqa: ARG002
        """Guide looks by texts and average over space.

        Args:
            looks: what `observe` gave.
            look_rows: (P,) int64, the look of each pair.
            guide: (B, ...) of `Texts`.
            text_rows: (P,) int64, the text of each pair.

        Returns:
            (P, V).
        """
        return looks.look_arrays["fused"].mean(dim=1)[look_rows]

    def embed(self, pooled: Tensor, windows: Tensor | None, text_feature: Tensor) -> Tensor:
        """Give the visual feature of segments.

        Args:
            pooled: (B, V) the mean of `unify` over the looks of each segment, or (texts, B, V).
            windows: (B, points, features) trajectory windows; not read where the trajectory input is off.
            text_feature: (B, O), or (texts, 1, O), of `Texts`.

        Returns:
            (B, O), or (texts, B, O), L2-normalised.

        Raises:
            ContractError: if the trajectory input is on and there are no windows.
        """
        if self.trajectory is not None:
            if windows is None:
                raise ContractError("windows must be given to a KUM with a trajectory input, got None")
            pooled = pooled + self.trajectory(windows, text_feature)
        return functional.normalize(self.img_fc(pooled), dim=-1)

    def forward(
        self, local: Tensor, glob: Tensor, hidden: Tensor, sentence: Tensor, windows: Tensor | None = None
    ) -> Tensor:
        """Score B segments of K looks, each against its own text.

        Args:
            local: (B, K, V, h, w) maps of crops.
            glob: (B, K, V, H, W) maps of the whole frame of each crop.
            hidden: (B, positions, T) as for `describe`.
            sentence: (B, T).
            windows: (B, points, features) or None.

        Returns:
            (B,) cosines.
        """
        batch, count = local.shape[:2]
        rows = torch.arange(batch * count, device=local.device)
        looks = self.observe(local.flatten(0, 1), glob.flatten(0, 1), rows)
        texts = self.describe(hidden, sentence)
        unified = self.unify(looks, rows, texts.guide, rows // count)
        pooled = torch.unflatten(unified, 0, (batch, count)).mean(dim=1)  # (B * K, V) -> (B, V)
        return (self.embed(pooled, windows, texts.feature) * texts.feature).sum(dim=-1)

    def pair_scores(self, looks: Looks, look_rows: Tensor, windows: Tensor | None, texts: Texts) -> Tensor:
        """Score every segment against every text.

        In training all pairs are one batch, so that batch norm sees them together; otherwise they go in chunks.

        Args:
            looks: what `observe` gave.
            look_rows: (S, K) int64, the looks of each segment.
            windows: (S, points, features) or None.
            texts: the B texts.

        Returns:
            (S, B) cosines.
        """
        if self.affine_after_fusion:
            looks, look_rows = _average_looks(looks, look_rows)
        used, positions = torch.unique(look_rows, return_inverse=True)  # segments share looks: each pair once
        if not self.text_guided:  # one visual feature serves every text
            pooled = self.unify(looks, used, texts.guide, used)[positions].mean(dim=1)  # (S, K, V) -> (S, V)
            return self.embed(pooled, windows, texts.feature) @ texts.feature.T
        all_rows = torch.arange(len(texts.feature), device=used.device)
        chunk = len(used) * len(all_rows) if self.training else self._chunk(looks)
        scores = []
        for text_rows in torch.split(all_rows, max(1, chunk // max(1, len(used)))):
            parts = torch.split(used, max(1, chunk))
            unified = torch.cat([self._unify_all(looks, part, texts.guide, text_rows) for part in parts], dim=1)
            pooled = unified[:, positions].mean(dim=2)  # (texts, looks, V) -> (texts, S, K, V) -> (texts, S, V)
            feature = texts.feature[text_rows].unsqueeze(1)  # (texts, 1, O)
            scores.append((self.embed(pooled, windows, feature) * feature).sum(dim=-1).T)
        return torch.cat(scores, dim=1)

    def _unify_all(self, looks: Looks, look_rows: Tensor, guide: Tensor, text_rows: Tensor) -> Tensor:
        """Unify each of N looks with each of some texts: (texts, N, V)."""
        pairs = self.unify(looks, look_rows.repeat(len(text_rows)), guide, text_rows.repeat_interleave(len(look_rows)))
        return torch.unflatten(pairs, 0, (len(text_rows), len(look_rows)))

    def _chunk(self, looks: Looks) -> int:
        """How many pairs fit into `CHUNK_VALUES`."""
        arrays = (*looks.look_arrays.values(), *looks.frame_arrays.values())
        return max(1, CHUNK_VALUES // sum(array.shape[1] * array.shape[2] for array in arrays))


class CascadeAttentionKum(Kum):
    """The fused map attends to the first tokens of the text and is multiplied by what it finds."""

    text_guided = True
    affine_after_fusion = False

    def __init__(self, config: KumConfig) -> None:
        super().__init__(config)
        width = config.visual_width
        self.fusion_visual_textual = nn.MultiheadAttention(width, config.heads, batch_first=True)
        self.fusion_fc = nn.Linear(config.text_width, width)
        self.fusion_ffn = FeedForward(width)

    def _guide(self, hidden: Tensor, feature: Tensor) -> Tensor:  # noqa: ARG002
        """Give the text's tokens in visual width, (B, L, V); no mask: the released weights see padding too."""
        tokens: Tensor = self.fusion_fc(hidden)
        return tokens

    def unify(self, looks: Looks, look_rows: Tensor, guide: Tensor, text_rows: Tensor) -> Tensor:
        """Guide looks by texts and average over space: equations (2), with the fused map in both places, and (3)."""
        fused = looks.look_arrays["fused"]
        found = attend(
            self.fusion_visual_textual,
            fused,
            guide,
            guide,
            query_rows=look_rows,
            key_rows=text_rows,
            value_rows=text_rows,
        )
        return (fused[look_rows] * found).mean(dim=1)


class _KernelKum(Kum):
    """What the two designs share that make one weight per visual channel from the text's feature."""

    text_guided = True

    def __init__(self, config: KumConfig) -> None:
        super().__init__(config)
        width = config.visual_width
        self.fusion_conv1 = nn.Sequential(
            nn.Conv1d(config.output_width, width, kernel_size=1, bias=False), nn.BatchNorm1d(width)
        )
        # text-first modulation never uses it, but released checkpoints hold it
        self.fusion_conv2 = nn.Sequential(nn.Conv1d(width, width, kernel_size=1, bias=False), nn.BatchNorm1d(width))
        self.fusion_drop = nn.Dropout(config.dropout)

    def _guide(self, hidden: Tensor, feature: Tensor) -> Tensor:  # noqa: ARG002
        """Give the dynamic kernel, (B, V): equations (5) and (10). In training batch norm needs B of at least 2."""
        kernel: Tensor = self.fusion_conv1(feature.unsqueeze(-1)).squeeze(-1)  # (B, O, 1) -> (B, V, 1) -> (B, V)
        return kernel


class CrossCorrelationKum(_KernelKum):
    """The text makes a 1 x 1 depth-wise kernel, which is run over the fused map."""

    def unify(self, looks: Looks, look_rows: Tensor, guide: Tensor, text_rows: Tensor) -> Tensor:
        """Guide looks by texts and average over space: equations (6), (7) with the fused map first, (8) and (9)."""
        fused = looks.look_arrays["fused"][look_rows]
        residual = fused + self.fusion_drop(fused * guide[text_rows].unsqueeze(1))
        # a 1 x 1 convolution is a linear layer per location, and far faster as one: (P, hw, V) -> (P * hw, V)
        weight = self.fusion_conv2.get_parameter("0.weight").squeeze(-1)
        normed: Tensor = self.fusion_conv2[1](functional.linear(residual.flatten(0, 1), weight))
        return torch.unflatten(normed, 0, residual.shape[:2]).mean(dim=1)  # (P * hw, V) -> (P, hw, V) -> (P, V)


class TextFirstModulationKum(_KernelKum):
    """The text weighs the channels of both maps before the crop attends to its frame."""

    affine_after_fusion = False

    def _fuse(self, local: Tensor, glob: Tensor, frame_rows: Tensor) -> Looks:
        """Keep both maps as they are: the text comes first."""
        return Looks({"local": local}, {"global": glob}, frame_rows)

    def unify(self, looks: Looks, look_rows: Tensor, guide: Tensor, text_rows: Tensor) -> Tensor:
        """Guide looks by texts and average over space: equations (11) to (14)."""
        glob, frame_rows = looks.frame_arrays["global"], looks.frame_rows[look_rows]
        local, kernel = looks.look_arrays["local"][look_rows], guide[text_rows].unsqueeze(1)
        query = local * self.fusion_drop(kernel.expand_as(local))
        key = glob[frame_rows]
        key = key * self.fusion_drop(kernel.expand_as(key))
        context = attend(self.fusion_local_global, query, key, glob, value_rows=frame_rows)
        return (local + context).mean(dim=1)


def _average_looks(looks: Looks, look_rows: Tensor) -> tuple[Looks, Tensor]:
    """Make one look of each segment: the average of its looks."""
    averages = looks.look_arrays["fused"][look_rows].mean(dim=1)  # (S, K, 1, V) -> (S, 1, V)
    rows = torch.arange(len(averages), device=averages.device)
    return Looks({"fused": averages}, {}, rows), rows[:, None]


def build_kum(config: KumConfig) -> Kum:
    """Make the KUM of the configuration's mode, with random weights."""
    designs: dict[KumMode, type[Kum]] = {
        "none": Kum,
        "cascade_attention": CascadeAttentionKum,
        "cross_correlation": CrossCorrelationKum,
        "text_first_modulation": TextFirstModulationKum,
    }
    return designs[config.mode](config)
