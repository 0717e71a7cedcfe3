"""Appearance-free linking (StrongSORT, Du et al. 2023, https://arxiv.org/abs/2202.13514, section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError
from trackspeak.plugins.assignment import assign
from trackspeak.plugins.contract import Postprocessed, Requirements, Trajectory

if TYPE_CHECKING:
    import torch

_PAIRS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class AfLinkOptions:
    """Options of appearance-free linking; the defaults are the paper's.

    Attributes:
        path: the authors' weights, a .pth file.
        max_frames: a track goes on in another one that begins fewer frames after its end.
        max_distance_px: and no farther away, between the boxes' upper left corners.
        max_cost: 1 - probability above which tracks are not joined.
    """

    path: Path
    max_frames: Annotated[int, Ge(1)] = 30
    max_distance_px: Annotated[float, Ge(0)] = 75.0
    max_cost: Annotated[float, Ge(0), Le(1)] = 0.05


class AfLinkPostprocessor:
    """Joins tracks of which one goes on in the other, by when and where they are; no appearance."""

    Options: ClassVar[type[AfLinkOptions]] = AfLinkOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: AfLinkOptions) -> None:
        """Load the network.

        Raises:
            OptionError: if there is no such file.
            WeightsError: if it is not what it should be.
        """
        from trackspeak.models.aflink import PostLinker

        if not options.path.is_file():
            raise OptionError(f"postprocessor.path must be an existing .pth file, got {options.path}")
        self._options = options
        self._network = PostLinker.from_weights(options.path)
        self.weights = {options.path.name: sha256_of(options.path)}

    def __call__(
        self,
        trajectories: Sequence[Trajectory],
        frame_times_s: npt.NDArray[np.float64],  # noqa: ARG002 - the contract's, not used here
    ) -> Postprocessed:
        """Give the joined tracks; each has the id of its first part."""
        first, second = self._candidates(trajectories)
        ends, end_rows = np.unique(first, return_inverse=True)
        begins, begin_rows = np.unique(second, return_inverse=True)
        cost = np.full((len(ends), len(begins)), np.inf)
        cost[end_rows, begin_rows] = 1 - self._probabilities(trajectories, first, second)
        rows, columns = assign(cost, self._options.max_cost)
        return _join(trajectories, dict(zip(begins[columns].tolist(), ends[rows].tolist(), strict=True)))

    def _candidates(self, trajectories: Sequence[Trajectory]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Give the positions of tracks that end, and of those that begin soon and near after each."""
        options = self._options
        begins = np.array([one.frame_indices[0] for one in trajectories], np.int64)
        corners = np.array([one.boxes_xyxy[0, :2] for one in trajectories], float).reshape(-1, 2)  # (N, 2), N may be 0
        first, second = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
        for position, one in enumerate(trajectories):
            frames_later = begins - one.frame_indices[-1]
            distances_px = np.linalg.norm(corners - one.boxes_xyxy[-1, :2], axis=1)
            near = (frames_later > 0) & (frames_later < options.max_frames) & (distances_px <= options.max_distance_px)
            second.append(np.flatnonzero(near))
            first.append(np.full(len(second[-1]), position))
        return np.concatenate(first), np.concatenate(second)

    def _probabilities(
        self, trajectories: Sequence[Trajectory], first: npt.NDArray[np.intp], second: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.float64]:
        """Ask the network about pairs of tracks: (P,)."""
        import torch

        from trackspeak.models.aflink import normalise_pieces

        pieces = {position: _piece(trajectories[position]) for position in {*first.tolist(), *second.tolist()}}
        found = np.zeros(len(first))
        with torch.inference_mode():
            for begin in range(0, len(first), _PAIRS_AT_ONCE):
                part = slice(begin, begin + _PAIRS_AT_ONCE)
                pairs = [
                    normalise_pieces(pieces[one], pieces[other])
                    for one, other in zip(first[part].tolist(), second[part].tolist(), strict=True)
                ]
                before, after = (torch.stack(side) for side in zip(*pairs, strict=True))
                found[part] = self._network(before, after).numpy()
        return found


def _piece(trajectory: Trajectory) -> torch.Tensor:
    """Give (T, 3): frame number from 1, as in MOTChallenge files, left and top."""
    import torch

    frames = trajectory.frame_indices[:, None] + 1
    return torch.from_numpy(np.concatenate([frames, trajectory.boxes_xyxy[:, :2]], axis=1).astype(float))


def _join(trajectories: Sequence[Trajectory], earlier: dict[int, int]) -> Postprocessed:
    """Join tracks; `earlier` says for the position of each that goes on with another which one that is."""
    parts: dict[int, list[int]] = {}
    for position in range(len(trajectories)):
        root = position
        while root in earlier:
            root = earlier[root]
        parts.setdefault(root, []).append(position)
    joined: list[Trajectory] = []
    merged: dict[int, int] = {}
    for root, positions in parts.items():
        pieces = sorted((trajectories[position] for position in positions), key=lambda one: int(one.frame_indices[0]))
        longest = max(pieces, key=lambda one: len(one.frame_indices))
        kept = trajectories[root].track_id
        merged |= {piece.track_id: kept for piece in pieces if piece.track_id != kept}
        joined.append(
            Trajectory(
                kept,
                longest.class_name,
                np.concatenate([piece.frame_indices for piece in pieces]),
                np.concatenate([piece.times_s for piece in pieces]),
                np.concatenate([piece.boxes_xyxy for piece in pieces]),
                np.concatenate([piece.scores for piece in pieces]),
            )
        )
    return Postprocessed(tuple(sorted(joined, key=lambda one: one.track_id)), merged)
