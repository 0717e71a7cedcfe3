"""AFLink's network: whether one piece of a track goes on in another, from when and where they are alone.

The paper is StrongSORT's (Du et al. 2023, https://arxiv.org/abs/2202.13514, section 3.3). Names of parameters are those
of the authors' released weights.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from .weights import load_checkpoint, load_strictly

ROWS = 30
"""Frames of each piece that are looked at: the last ones of the first, the first ones of the second."""

_COLUMNS = 3  # frame, left, top
_WIDTHS = (1, 32, 64, 128, 256)


class TemporalBlock(nn.Module):
    """A convolution over time, with a batch norm for each of frame, left and top."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, (7, 1), bias=False)
        self.bnf = nn.BatchNorm1d(width_out)
        self.bnx = nn.BatchNorm1d(width_out)
        self.bny = nn.BatchNorm1d(width_out)

    def forward(self, rows: Tensor) -> Tensor:
        """Take (B, C, T, 3), give (B, C', T - 6, 3)."""
        columns = self.conv(rows).unbind(dim=-1)
        norms = (self.bnf, self.bnx, self.bny)
        return torch.relu(torch.stack([norm(column) for norm, column in zip(norms, columns, strict=True)], dim=-1))


class FusionBlock(nn.Module):
    """Joins frame, left and top."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, (1, _COLUMNS), bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, rows: Tensor) -> Tensor:
        """Take (B, C, T, 3), give (B, C), averaged over time."""
        return torch.relu(self.bn(self.conv(rows))).mean(dim=(2, 3))


class Classifier(nn.Module):
    """Says of two pieces whether they are of one track."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(2 * width, width // 2)
        self.fc2 = nn.Linear(width // 2, 2)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Take (B, C) twice, give (B, 2) logits: no, yes."""
        logits: Tensor = self.fc2(torch.relu(self.fc1(torch.cat([first, second], dim=1))))
        return logits


class PostLinker(nn.Module):
    """The whole network."""

    def __init__(self) -> None:
        """Make it with random weights."""
        super().__init__()
        self.TemporalModule_1 = _temporal()
        self.TemporalModule_2 = _temporal()
        self.FusionBlock_1 = FusionBlock(_WIDTHS[-1])
        self.FusionBlock_2 = FusionBlock(_WIDTHS[-1])
        self.classifier = Classifier(_WIDTHS[-1])

    @classmethod
    def from_weights(cls, path: Path) -> PostLinker:
        """Load the authors' weights for inference.

        Raises:
            WeightsError: if the file cannot be read, or a weight does not fit.
        """
        network = cls()
        load_strictly(network, load_checkpoint(path), str(path))
        return network.eval()

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Give the probability that the second piece goes on with the track of the first.

        Args:
            first: (B, `ROWS`, 3) of `normalise_pieces`.
            second: the same.

        Returns:
            (B,) in [0, 1].
        """
        before = self.FusionBlock_1(self.TemporalModule_1(first.unsqueeze(1)))  # (B, T, 3) -> (B, 1, T, 3)
        after = self.FusionBlock_2(self.TemporalModule_2(second.unsqueeze(1)))
        return torch.softmax(self.classifier(before, after), dim=1)[:, 1]


def normalise_pieces(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Cut or fill two pieces to `ROWS` rows and scale them together to [-1, 1], as the authors do.

    Args:
        first: (T, 3) frame number, left and top in pixels; the last rows count, zeros are put before.
        second: (U, 3); the first rows count, zeros are put behind.

    Returns:
        Twice (`ROWS`, 3) float32; the zeros take part in the scaling.
    """
    first, second = first[-ROWS:], second[:ROWS]
    first = torch.cat([first.new_zeros(ROWS - len(first), _COLUMNS), first])
    second = torch.cat([second, second.new_zeros(ROWS - len(second), _COLUMNS)])
    both = torch.cat([first, second])
    low, high = both.amin(dim=0), both.amax(dim=0)
    middle, half = (high + low) / 2, (high - low) / 2 + 1e-5
    return ((first - middle) / half).float(), ((second - middle) / half).float()


def _temporal() -> nn.Sequential:
    return nn.Sequential(*(TemporalBlock(one, other) for one, other in pairwise(_WIDTHS)))
