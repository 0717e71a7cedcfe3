"""YOLOX through ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, MinLen

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError, WeightsError
from trackspeak.plugins.contract import Detections, Frame, Requirements, StreamInfo

from .class_filter import wanted_class_ids
from .coco import COCO_NAMES
from .letterbox import letterbox

_STRIDES = ((8, 16, 32), (8, 16, 32, 64))  # of the ordinary models, and of those with a fourth level
_LARGEST_LOG_SIZE = 10.0  # exp(10) strides is far wider than any frame, and finite


@dataclass(frozen=True, slots=True)
class YoloxOptions:
    """Options of the detector `yolox`.

    Attributes:
        path: the exported network (.onnx): a fixed input, output not decoded (YOLOX's own export makes it so).
        min_score: boxes with a lower score (objectness x class) are left out; trackers like weak boxes too.
        iou: of two boxes of one class that overlap more than this, the weaker is left out.
        classes: names or numbers of the classes to keep, separated by commas; all where empty.
        class_names: the network's classes in their order; COCO's 80 where empty.
        providers: ONNX Runtime's execution providers, the preferred first.
    """

    path: Path
    min_score: Annotated[float, Gt(0), Le(1)] = 0.1
    iou: Annotated[float, Ge(0), Le(1)] = 0.45
    classes: tuple[str | int, ...] = ()
    class_names: tuple[str, ...] = ()
    providers: Annotated[tuple[str, ...], MinLen(1)] = ("CPUExecutionProvider",)


class YoloxDetector:
    """YOLOX networks exported to ONNX, by ONNX Runtime; needs no torch."""

    Options: ClassVar[type[YoloxOptions]] = YoloxOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True)

    def __init__(self, options: YoloxOptions) -> None:
        """Load the network.

        Raises:
            OptionError: if there is no such file.
            WeightsError: if it is not such a network.
            OptionError: if the class names do not fit it, or a provider is not there.
            UnknownNameError: if a class to keep is not among its classes.
        """
        self._options = options
        self._session = _open(options.path, options.providers)
        self._width, self._height, anchors, class_count = _sizes(self._session, options.path)
        self._grid_xy, self._anchor_strides = _grid(self._width, self._height, anchors, options.path)
        self._class_names = options.class_names or COCO_NAMES
        if len(self._class_names) != class_count:
            raise OptionError(
                f"class_names must name the {class_count} classes of {options.path.name}, got {len(self._class_names)}"
            )
        self._class_ids = np.array(wanted_class_ids(options.classes, self._class_names), np.int64)
        self.weights = {options.path.name: sha256_of(options.path)}

    @property
    def lookahead_s(self) -> float:
        """Nothing needs to be seen before frame 0."""
        return 0.0

    def reset(self, stream: StreamInfo) -> None:
        """Do nothing: each frame is looked at by itself."""

    def prepare(self, frames: Iterable[Frame]) -> None:
        """Do nothing."""

    def detect(self, frames: Sequence[Frame]) -> list[Detections]:
        """Find the boxes of each frame, the highest score first within a class."""
        return [self._detect(frame) for frame in frames]

    def warnings(self) -> tuple[str, ...]:
        """There is nothing to report."""
        return ()

    def _detect(self, frame: Frame) -> Detections:
        image, scale = letterbox(frame.rgb, self._width, self._height)
        (output,) = self._session.run(
            None, {self._session.get_inputs()[0].name: image[None]}
        )  # (1, anchors, 5 + classes)
        raw = output[0]
        class_scores = raw[:, 5:][:, self._class_ids]  # (anchors, wanted classes)
        best = class_scores.argmax(axis=1)
        scores = np.clip(raw[:, 4] * class_scores[np.arange(len(raw)), best], 0, 1)
        kept = np.flatnonzero(scores >= self._options.min_score)
        boxes_xyxy = self._decode(raw[kept, :4], kept) / np.float32(scale)
        scores, class_ids = scores[kept], self._class_ids[best[kept]]
        rows = _suppress(boxes_xyxy, scores, class_ids, self._options.iou)
        return Detections(boxes_xyxy[rows], scores[rows], class_ids[rows], self._class_names)

    def _decode(self, raw: npt.NDArray[np.float32], anchors: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """Turn offsets and log sizes in strides, (K, 4), into boxes in the network's pixels, (K, 4)."""
        strides = self._anchor_strides[anchors, None]
        centres = (raw[:, :2] + self._grid_xy[anchors]) * strides
        sizes = np.exp(np.minimum(raw[:, 2:], _LARGEST_LOG_SIZE)) * strides
        return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


def _open(path: Path, providers: Sequence[str]) -> Any:
    import onnxruntime

    if not path.is_file():
        raise OptionError(f"detector.path must be an existing .onnx file, got {path}")
    absent = [name for name in providers if name not in onnxruntime.get_available_providers()]
    if absent:
        there = ", ".join(onnxruntime.get_available_providers())
        raise OptionError(f"providers must be among {there}, got {', '.join(absent)}")
    settings = onnxruntime.SessionOptions()
    settings.use_deterministic_compute = True
    settings.log_severity_level = 4  # what goes wrong is raised; nothing is printed besides
    try:
        return onnxruntime.InferenceSession(str(path), settings, providers=list(providers))
    except Exception as error:  # ONNX Runtime's errors have no common base below Exception
        raise WeightsError(f"yolox: {path} is not a network that ONNX Runtime can load: {error}") from error


def _sizes(session: Any, path: Path) -> tuple[int, int, int, int]:
    """Read width, height, anchors and classes from the network's only input and output."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) == len(outputs) == 1 and inputs[0].type == outputs[0].type == "tensor(float)":
        match inputs[0].shape, outputs[0].shape:
            case [_, 3, int(height), int(width)], [_, int(anchors), int(fields)] if fields > 5:
                return width, height, anchors, fields - 5
    shapes = "; ".join(f"{port.name} {port.type} {port.shape}" for port in [*inputs, *outputs])
    raise WeightsError(
        f"yolox: {path} must take one (1, 3, height, width) and give one (1, anchors, 5 + classes) float array "
        f"of fixed sizes, got {shapes}"
    )


def _grid(width: int, height: int, anchors: int, path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
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
        f"yolox: {path} gives {anchors} anchors for an input of {width} x {height}, "
        f"which fits none of the strides {' or '.join(map(str, _STRIDES))}"
    )


def _suppress(
    boxes_xyxy: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], class_ids: npt.NDArray[np.int64], iou: float
) -> npt.NDArray[np.intp]:
    """Give the rows that are left after non-maximum suppression within each class."""
    import cv2

    if not len(boxes_xyxy):
        return np.zeros(0, np.intp)
    boxes_ltwh = np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)
    rows = cv2.dnn.NMSBoxesBatched(boxes_ltwh.tolist(), scores.tolist(), class_ids.tolist(), 0.0, iou)
    return np.asarray(rows, np.intp)
