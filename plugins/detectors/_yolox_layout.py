"""YOLOX's own export: a fixed input, and an output that is not decoded."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import WeightsError
from trackspeak.plugins.onnx_network import Floats, Network

from ._images import Pixels
from ._layouts import Candidates, Ints, best_classes
from .letterbox import letterbox

_STRIDES = ((8, 16, 32), (8, 16, 32, 64))  # of the ordinary models, and of those with a fourth level
_LARGEST_LOG_SIZE = 10.0  # exp(10) strides is far wider than any frame, and finite


class YoloxLayout:
    """(1, anchors, 5 + classes): offsets and log sizes in strides, objectness, classes."""

    iou: ClassVar[float | None] = 0.45
    cut: ClassVar[bool] = False

    def __init__(self, network: Network) -> None:
        self._network = network
        self._width, self._height, anchors, classes = _sizes(network)
        self._grid_xy, self._anchor_strides = _grid(self._width, self._height, anchors, network.label)
        self.class_count = classes

    def candidates(self, image: Pixels, class_ids: Ints | None, min_score: float) -> Candidates:
        """See `Layout.candidates`."""
        fitted, scale = letterbox(image, self._width, self._height)
        raw = self._network.run(fitted[None])[0][0]  # (1, anchors, 5 + classes) -> (anchors, 5 + classes)
        rows, scores, kept = best_classes(raw[:, 5:], class_ids, min_score, raw[:, 4])
        return Candidates(self._decode(raw[rows, :4], rows) / np.float32(scale), scores, kept)

    def _decode(self, raw: Floats, anchors: npt.NDArray[np.intp]) -> Floats:
        """Turn offsets and log sizes in strides, (K, 4), into boxes in the network's pixels, (K, 4)."""
        strides = self._anchor_strides[anchors, None]
        centres = (raw[:, :2] + self._grid_xy[anchors]) * strides
        sizes = np.exp(np.minimum(raw[:, 2:], _LARGEST_LOG_SIZE)) * strides
        return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


def anchor_counts(width: int, height: int) -> set[int]:
    """Give how many anchors networks of this size may have."""
    return {sum((width // stride) * (height // stride) for stride in strides) for strides in _STRIDES}


def _sizes(network: Network) -> tuple[int, int, int, int]:
    """Read width, height, anchors and classes from the network's only input and output."""
    inputs, outputs = network.inputs, network.outputs
    if len(inputs) == len(outputs) == 1 and inputs[0].type == outputs[0].type == "tensor(float)":
        match inputs[0].shape, outputs[0].shape:
            case [_, 3, int(height), int(width)], [_, int(anchors), int(fields)] if fields > 5:
                return width, height, anchors, fields - 5
    raise WeightsError(
        f"{network.label} must take one (1, 3, height, width) and give one (1, anchors, 5 + classes) float array "
        f"of fixed sizes, got {network.ports()}"
    )


def _grid(width: int, height: int, anchors: int, label: str) -> tuple[Floats, Floats]:
    """Give each anchor's cell, (anchors, 2) x and y, and its stride, (anchors,), level by level in rows."""
    for strides in _STRIDES:
        levels = [(width // stride, height // stride, stride) for stride in strides]
        if sum(columns * rows for columns, rows, _ in levels) == anchors:
            cells = [
                np.indices((rows, columns))[::-1].reshape(2, -1).T for columns, rows, _ in levels
            ]  # (rows * columns, 2)
            per_level = [np.full(columns * rows, stride) for columns, rows, stride in levels]
            return np.concatenate(cells).astype(np.float32), np.concatenate(per_level).astype(np.float32)
    raise WeightsError(
        f"{label} gives {anchors} anchors for an input of {width} x {height}, "
        f"which fits none of the strides {' or '.join(map(str, _STRIDES))}"
    )
