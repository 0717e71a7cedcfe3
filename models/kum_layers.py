"""What KUM is configured by, what passes between its steps, and the small layers it is built of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from trackspeak.models.errors import OptionError
from trackspeak.models.kum_mode import KumMode
from trackspeak.models.trajectory import FEATURES, POINTS


@dataclass(frozen=True, slots=True)
class KumConfig:
    """Sizes and design of a KUM; the defaults are those of the released iKUN weights on RN50.

    Attributes:
        mode: the design, one of `KumMode`.
        visual_width: V, channels of the backbone's maps.
        text_width: T, channels of the text tower's projected output.
        output_width: O, channels of the space where visual and text features meet.
        local_size: side of a crop's map.
        global_size: side of a frame's map.
        heads: attention heads; divides `visual_width`.
        dropout: ratio, in [0, 1).
        description_length: L, the text positions that cascade attention sees, from position 0.
        trajectory_width: hidden width of the trajectory input; 0 switches it off.
        trajectory_points: points of a trajectory window.
        trajectory_features: columns of a trajectory window.
    """

    mode: KumMode = "cascade_attention"
    visual_width: int = 2048
    text_width: int = 1024
    output_width: int = 1024
    local_size: int = 7
    global_size: int = 21
    heads: int = 4
    dropout: float = 0.1
    description_length: int = 10
    trajectory_width: int = 0
    trajectory_points: int = POINTS
    trajectory_features: int = len(FEATURES)

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            OptionError: naming the field, what was wanted and what came.
        """
        if self.mode not in get_args(KumMode):
            raise OptionError(f"mode must be one of {', '.join(get_args(KumMode))}, got {self.mode!r}")
        least_one = ("visual_width", "text_width", "output_width", "local_size", "global_size", "heads")
        for name in (*least_one, "description_length", "trajectory_points", "trajectory_features"):
            if getattr(self, name) < 1:
                raise OptionError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.visual_width % self.heads:
            raise OptionError(f"visual_width must be a multiple of heads ({self.heads}), got {self.visual_width}")
        if not 0 <= self.dropout < 1:
            raise OptionError(f"dropout must be in [0, 1), got {self.dropout}")
        if self.trajectory_width < 0:
            raise OptionError(f"trajectory_width must be at least 0, got {self.trajectory_width}")


class Looks(NamedTuple):
    """Everything KUM keeps of N crops in F frames; nothing of it depends on a text.

    Attributes:
        look_arrays: name -> (N, h * w, V) tensor; (N, 1, V) where the average over space is all that is needed.
        frame_arrays: name -> (F, H * W, V) tensor; empty where a design needs no global map any more.
        frame_rows: (N,) int64, the frame of each look.
    """

    look_arrays: dict[str, Tensor]
    frame_arrays: dict[str, Tensor]
    frame_rows: Tensor


class Texts(NamedTuple):
    """Everything KUM keeps of B texts.

    Attributes:
        feature: (B, O), L2-normalised; the score is the cosine with it.
        guide: (B, ...), what guides the visual side; its shape depends on the design, (B, 0) for `none`.
    """

    feature: Tensor
    guide: Tensor


class FeedForward(nn.Module):
    """Weights that released cascade attention checkpoints hold and never use; kept so that they load strictly."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)


class TrajectoryEncoder(nn.Module):
    """Turns a trajectory window into an addition to the pooled visual vector, guided by the text."""

    def __init__(self, config: KumConfig, guided: bool) -> None:
        super().__init__()
        width = config.trajectory_width
        self.mlp = nn.Sequential(
            nn.Flatten(),
            nn.Linear(config.trajectory_points * config.trajectory_features, width),
            nn.GELU(),
            nn.Linear(width, width),
            nn.GELU(),
        )
        self.gate = nn.Linear(config.output_width, width) if guided else None
        self.project = nn.Linear(width, config.visual_width)

    def forward(self, windows: Tensor, text_feature: Tensor) -> Tensor:
        """Encode windows and let each text weigh the channels.

        Args:
            windows: (B, points, features).
            text_feature: (B, O), or (texts, 1, O) for every window with every text.

        Returns:
            (B, V), or (texts, B, V); (B, V) in either case where no text guides.
        """
        return self.guide(self.encode(windows), text_feature)

    def encode(self, windows: Tensor) -> Tensor:
        """Do what does not depend on a text: (B, points, features) windows to (B, width)."""
        encoded: Tensor = self.mlp(windows)
        return encoded

    def guide(self, encoded: Tensor, text_feature: Tensor) -> Tensor:
        """Let each text weigh the channels of encoded windows; see `forward`."""
        projected: Tensor = self.project(self.weigh(encoded, text_feature))
        return projected

    def weigh(self, encoded: Tensor, text_feature: Tensor) -> Tensor:
        """Let each text weigh the channels, without the projection."""
        return encoded if self.gate is None else encoded * (1 + self.gate(text_feature))


class ScoreHead(nn.Module):
    """Logit = cosine x learned scale + bias; 1 and 0 leave the cosine as it is, as released iKUN weights want it."""

    def __init__(self, scale: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, cosine: Tensor) -> Tensor:
        """Scale and shift cosines of any shape."""
        return cosine * self.scale + self.bias


def attend(
    layer: nn.MultiheadAttention,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    query_rows: Tensor | None = None,
    key_rows: Tensor | None = None,
    value_rows: Tensor | None = None,
) -> Tensor:
    """Multi-head attention whose pairs share rows: each row is projected once, then gathered by the pairs.

    Args:
        layer: holds the weights.
        query: (N, Q, V).
        key: (M, K, V).
        value: (M', K, V).
        query_rows: (P,) the row of `query` that each pair reads; None where row p is pair p's own.
        key_rows: (P,) the same for `key`.
        value_rows: (P,) the same for `value`.

    Returns:
        (P, Q, V).
    """
    weights, biases = layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3)
    projected = []
    for tokens, weight, bias, rows in zip(
        (query, key, value), weights, biases, (query_rows, key_rows, value_rows), strict=True
    ):
        heads = torch.unflatten(functional.linear(tokens, weight, bias), -1, (layer.num_heads, -1))
        heads = heads.transpose(1, 2)  # (rows, tokens, heads, V / heads) -> (rows, heads, tokens, V / heads)
        projected.append(heads if rows is None else heads[rows])
    queries, keys, values = projected
    mixed = functional.scaled_dot_product_attention(queries, keys, values)
    mixed = mixed.transpose(1, 2).flatten(2)  # (P, heads, Q, V / heads) -> (P, Q, V)
    attended: Tensor = layer.out_proj(mixed)
    return attended
