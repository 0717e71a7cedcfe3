"""The small videos that the kit shows to plugins: drawn rectangles with their boxes and embeddings; always the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trackspeak.plugins.contract import Detections, Frame, StreamInfo

WIDTH, HEIGHT, RATE = 192, 128, 10.0
CLASS_NAMES = ("car", "bus")
FRAMES = 24
_EMBEDDING_SIZE = 16
_EMBEDDING_NOISE = 0.03  # within one thing; the cosine to others is far lower


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A video with what is in it.

    Attributes:
        stream: size and rate.
        frames: F frames.
        detections: for each frame its boxes.
        embeddings: for each frame (N, 16) float32, L2-normalised, one row per box: what is the same thing looks alike.
    """

    stream: StreamInfo
    frames: list[Frame]
    detections: list[Detections]
    embeddings: list[npt.NDArray[np.float32]]

    @property
    def boxes_xyxy(self) -> list[npt.NDArray[np.float32]]:
        """Each frame's (N, 4) boxes."""
        return [found.boxes_xyxy for found in self.detections]

    def first(self, count: int) -> Scene:
        """Give the scene's beginning."""
        return Scene(self.stream, self.frames[:count], self.detections[:count], self.embeddings[:count])


def steady(seed: int, frames: int = FRAMES) -> Scene:
    """Three things that move steadily; the next seed has them elsewhere, in other colours."""
    time = np.arange(frames)[:, None]  # (F, 1)
    shift = 24 * (seed % 3)  # nearly a box's width: who mixes two videos up does not match boxes by luck
    left = np.concatenate([5 + shift + 3 * time, 140 - shift - 3 * time, 80 + shift + 0 * time], axis=1)  # (F, 3)
    top = np.concatenate([8 + 0 * time, 96 + 0 * time, 70 - time], axis=1)
    return _film(left, top, (30, 20), seed=seed)


def gaps(seed: int, frames: int = FRAMES) -> Scene:
    """Three things, seen in no box at the beginning, in the middle and at the end."""
    whole = steady(seed, frames)
    empty = {0, 1, frames // 2, frames // 2 + 1, frames - 2, frames - 1}
    for index in empty:
        whole.detections[index] = Detections.empty(CLASS_NAMES)
        whole.embeddings[index] = whole.embeddings[index][:0]
    return whole


def outside(frames: int = FRAMES) -> Scene:
    """Things that reach over each edge of the picture, one that covers all of it, and one that leaves it."""
    time = np.arange(frames)[:, None]
    left = np.concatenate([-12 + 0 * time, WIDTH - 15 + 0 * time, 50 + time, 120 - time, WIDTH - 60 + 4 * time], axis=1)
    top = np.concatenate([20 + time, 40 + 0 * time, -10 + 0 * time, HEIGHT - 9 + 0 * time, 90 + 0 * time], axis=1)
    return _film(left, top, (30, 20), seed=7)


def lone(frames: int = FRAMES) -> Scene:
    """One thing that moves steadily."""
    time = np.arange(frames)[:, None]
    return _film(10 + 3 * time, 50 + 0 * time, (30, 20), seed=8)


def crossing(frames: int = FRAMES) -> Scene:
    """Two walkers who meet and go past each other."""
    time = np.arange(frames)[:, None]
    left = np.concatenate([20 + 5 * time, 140 - 5 * time], axis=1)
    return _film(left, np.concatenate([40 + 0 * time, 50 + 0 * time], axis=1), (16, 40), seed=9)


def crowd(frames: int = 4, count: int = 500) -> Scene:
    """So many small things, side by side, that drift to the right."""
    columns = 25
    cells = np.arange(count)
    left = 16.0 * (cells % columns) + np.arange(frames)[:, None]
    return _film(left, np.broadcast_to(14.0 * (cells // columns), left.shape), (10, 9), (420, 290), seed=10)


def odd(width: int, height: int, frames: int = 3) -> Scene:
    """A thing as large as half of an odd or tiny picture, which it leaves."""
    time = np.arange(frames)[:, None]
    return _film(time * width / 8, 0.0 * time, (width / 2, height / 2), (width, height), seed=11)


ODD_SIZES = ((1, 1), (2, 3), (17, 13), (97, 3), (3, 101))
"""Width and height of pictures that are odd or tiny."""


def bare(frames: int = 3) -> list[Frame]:
    """Black frames, in which there is nothing."""
    return [Frame(index, index / RATE, np.zeros((HEIGHT, WIDTH, 3), np.uint8)) for index in range(frames)]


def _film(
    left: npt.NDArray[Any],
    top: npt.NDArray[Any],
    box_size: tuple[float, float],
    size: tuple[int, int] = (WIDTH, HEIGHT),
    *,
    seed: int,
) -> Scene:
    """Draw K things over F frames from their left and top edges, (F, K) pixels each."""
    generator = np.random.default_rng(seed)
    frames, count = len(left), int(left.shape[1])
    corners = np.stack([left, top], axis=2) + generator.normal(0, 0.3, (frames, count, 2))  # (F, K, 2)
    boxes = np.concatenate([corners, corners + np.array(box_size)], axis=2).astype(np.float32)  # (F, K, 4)
    width, height = size
    background = generator.integers(90, 130, (height, width, 3), np.uint8)
    colours = generator.choice(np.array([10, 60, 200, 250], np.uint8), (count, 3))
    looks = generator.normal(size=(count, _EMBEDDING_SIZE))
    return Scene(
        StreamInfo(width, height, RATE),
        [Frame(index, index / RATE, _draw(background, boxes[index], colours)) for index in range(frames)],
        [
            Detections(
                boxes[index], generator.uniform(0.8, 0.95, count).astype(np.float32), np.arange(count) % 2, CLASS_NAMES
            )
            for index in range(frames)
        ],
        [_unit(looks + _EMBEDDING_NOISE * generator.normal(size=looks.shape)) for _ in range(frames)],
    )


def _draw(
    background: npt.NDArray[np.uint8], boxes_xyxy: npt.NDArray[np.float32], colours: npt.NDArray[np.uint8]
) -> npt.NDArray[np.uint8]:
    rgb = background.copy()
    corners: npt.NDArray[np.float32] = np.maximum(boxes_xyxy, 0)  # a negative one would count from the end
    for (x1, y1, x2, y2), colour in zip(corners.round().astype(int).tolist(), colours, strict=True):
        rgb[y1:y2, x1:x2] = colour
    return rgb


def _unit(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """L2-normalise (K, D) rows."""
    unit: npt.NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit
