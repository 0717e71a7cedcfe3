"""Networks for re-identification, through ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le, MinLen

from trackspeak.models.errors import PluginError, WeightsError
from trackspeak.plugins.contract import Appearance, Frame, Requirements
from trackspeak.plugins.onnx_network import Network

Boxes = npt.NDArray[np.float32]

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_SHORTEST = 1e-6


@dataclass(frozen=True, slots=True)
class OnnxEmbedderOptions:
    """Options of the embedder `onnx`.

    Attributes:
        path: the exported network (.onnx): (N, 3, height, width) in, (N, D) out, such as OSNet of torchreid.
        height: of crops in pixels, where the network leaves it open.
        width: of crops in pixels, where the network leaves it open.
        normalisation: of pixels, as the network was trained: "imagenet" (mean and deviation of ImageNet), "unit"
            (0 to 1) or "none" (0 to 255).
        batch_size: crops that go through the network together; a network with a batch of its own keeps to that.
        providers: ONNX Runtime's execution providers, the preferred first.
    """

    path: Path
    height: Annotated[int, Ge(1), Le(1024)] = 256
    width: Annotated[int, Ge(1), Le(1024)] = 128
    normalisation: Literal["imagenet", "unit", "none"] = "imagenet"
    batch_size: Annotated[int, Ge(1), Le(256)] = 32
    providers: Annotated[tuple[str, ...], MinLen(1)] = ("CPUExecutionProvider",)


class OnnxEmbedder:
    """Networks for re-identification exported to ONNX, such as OSNet, by ONNX Runtime."""

    Options: ClassVar[type[OnnxEmbedderOptions]] = OnnxEmbedderOptions
    requirements: ClassVar[Requirements] = Requirements()

    def __init__(self, options: OnnxEmbedderOptions) -> None:
        """Load the network.

        Raises:
            OptionError: if there is no such file, or a provider is not there.
            WeightsError: if it is not such a network.
        """
        self._options = options
        self._network = Network("onnx", options.path, options.providers, "embedder")
        self._batch, self._height, self._width = _sizes(self._network, options)
        self.weights = {self._network.name: self._network.sha256}

    def embed(self, frames: Sequence[Frame], boxes_xyxy: Sequence[Boxes]) -> list[Appearance]:
        """Embed the pixels of boxes, stretched to the network's size; what lies outside the frame is black."""
        if not frames:
            return []
        crops = np.concatenate([self._cut(frame, boxes) for frame, boxes in zip(frames, boxes_xyxy, strict=True)])
        starts = range(0, max(1, len(crops)), self._batch)  # one also where there is nothing: it says how long a row is
        features = np.concatenate([self._run(crops[at : at + self._batch]) for at in starts])
        stops = np.cumsum([len(boxes) for boxes in boxes_xyxy])[:-1]
        return [Appearance(part) for part in np.split(features, stops)]

    def _cut(self, frame: Frame, boxes_xyxy: Boxes) -> npt.NDArray[np.uint8]:
        """Cut (N, height, width, 3) crops."""
        import cv2

        crops = np.zeros((len(boxes_xyxy), self._height, self._width, 3), np.uint8)
        size = np.array(frame.rgb.shape[1::-1])
        for crop, box in zip(crops, boxes_xyxy, strict=True):
            low, high = np.clip(np.floor(box[:2]), 0, size).astype(int), np.clip(np.ceil(box[2:]), 0, size).astype(int)
            if (high > low).all():
                inside = frame.rgb[low[1] : high[1], low[0] : high[0]]
                crop[:] = cv2.resize(inside, (self._width, self._height), interpolation=cv2.INTER_LINEAR)
        return crops

    def _run(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Give the (N, D) L2-normalised features of N crops, N at most a batch."""
        pixels: npt.NDArray[np.float32] = crops.astype(np.float32)
        if self._options.normalisation != "none":
            pixels /= 255
        if self._options.normalisation == "imagenet":
            pixels -= np.array(_IMAGENET_MEAN, np.float32)
            pixels /= np.array(_IMAGENET_STD, np.float32)
        batch = np.zeros((self._batch, 3, self._height, self._width), np.float32)
        batch[: len(crops)] = pixels.transpose(0, 3, 1, 2)  # (N, H, W, 3) -> (N, 3, H, W)
        (features,) = self._network.run(batch)
        features = features[: len(crops)].astype(float)
        if not np.isfinite(features).all():
            raise PluginError(f"{self._network.label} gave features that are not finite")
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        # a network may find nothing in a black crop; any direction does then, and it must be the same each time
        features[lengths[:, 0] < _SHORTEST, 0] = 1
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        normalised: npt.NDArray[np.float32] = features.astype(np.float32)
        return normalised


def _sizes(network: Network, options: OnnxEmbedderOptions) -> tuple[int, int, int]:
    """Give batch, height and width of the network's input, those of the options where it leaves them open."""
    if len(network.inputs) == len(network.outputs) == 1:
        match network.inputs[0].shape, network.outputs[0].shape:
            case [batch, 3, height, width], [_, _]:
                asked = zip((batch, height, width), (options.batch_size, options.height, options.width), strict=True)
                sizes = [size if isinstance(size, int) else option for size, option in asked]
                return sizes[0], sizes[1], sizes[2]
    raise WeightsError(
        f"{network.label} must take one (N, 3, height, width) and give one (N, D) array, got {network.ports()}"
    )
