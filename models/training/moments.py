"""Moments of scenes to train on: those with something rare in them come up more often."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .concepts import ANYTHING, CONCEPTS, KIND_CONCEPTS
from .scenes import Scene

_KIND_COLUMNS = [CONCEPTS.index(kind) for kind in KIND_CONCEPTS if kind not in ("bike", "vehicle", ANYTHING)]


class Moments:
    """Every moment of some scenes.

    Half of what streets show is cars, and few boxes show nothing, though of a detector's short tracks every fifth
    does. A moment comes up as often as its segments are rare on average: each weighs the inverse of how many there
    are of its kind, boxes that show no object being a kind of their own.

    Attributes:
        places: (M, 2) int64, the scene and the last frame of each moment.
        shares: (M,) float64, how often each comes up; their sum is 1.
    """

    def __init__(self, scenes: Sequence[Scene]) -> None:
        """List the moments of scenes, each of which has one at least."""
        self._scenes = scenes
        kinds = [_kinds(scene) for scene in scenes]
        counts = np.bincount(np.concatenate(kinds), minlength=len(_KIND_COLUMNS) + 2)
        weights = counts.sum() / np.maximum(counts, 1)
        weights[-1] = 1.0  # of no one kind: as if all were
        places, shares = [], []
        for row, (scene, mine) in enumerate(zip(scenes, kinds, strict=True)):
            ends, at = np.unique(scene.moments, return_inverse=True)
            places += [(row, int(end)) for end in ends]
            shares.append(np.bincount(at, weights[mine]) / np.bincount(at))
        self.places = np.array(places, np.int64)
        rarities = np.concatenate(shares)
        self.shares = rarities / rarities.sum()

    def draw(self, rng: np.random.Generator, count: int) -> list[Scene]:
        """Draw some, each as a scene of its own: different ones, unless there are fewer."""
        drawn = rng.choice(len(self.places), count, replace=len(self.places) < count, p=self.shares)
        return [_at_moment(rng, self._scenes[row], end) for row, end in self.places[drawn].tolist()]


def _kinds(scene: Scene) -> npt.NDArray[np.int64]:
    """(S,) the kind of each segment; then one number for no object, and one for no certain kind."""
    holds = scene.concepts[:, _KIND_COLUMNS] == 1  # (S, kinds)
    nothing = scene.concepts[:, CONCEPTS.index(ANYTHING)] == -1
    certain = np.where(holds.any(1), holds.argmax(1), len(_KIND_COLUMNS) + 1)
    return np.where(nothing, len(_KIND_COLUMNS), certain)


def _at_moment(rng: np.random.Generator, scene: Scene, moment: int) -> Scene:
    """Keep the segments that end at a moment, one look of each, and one whole frame for all.

    A third of a second apart, two looks at one thing hardly differ, and a still camera's whole frames still less:
    twice as many moments for the same work teach more.
    """
    kept = scene.moments == moment
    choices = scene.look_rows[kept]
    chosen = choices[np.arange(len(choices)), rng.integers(choices.shape[1], size=len(choices))]
    looks, look_rows = np.unique(chosen, return_inverse=True)
    return Scene(
        scene.seed,
        scene.crops[looks],
        scene.frames[scene.frame_rows[looks[:1]]],
        np.zeros(len(looks), np.int64),
        look_rows.reshape(-1, 1),  # (S,) -> (S, one look)
        scene.windows[kept],
        scene.moments[kept],
        scene.tracks[kept],
        scene.sources[kept],
        scene.concepts[kept],
    )
