"""The ways in which exported networks take an image and lay out what they find."""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import WeightsError
from trackspeak.plugins.onnx_network import Floats, Network, Port

from ._images import Pixels
from .letterbox import letterbox_centred, stretch

_STRIDE = 32
_IMAGE_SIZE = 640

Ints = npt.NDArray[np.int64]


class Candidates(NamedTuple):
    """What a network finds in an image.

    Attributes:
        boxes_xyxy: (N, 4) float32, pixels of the image.
        scores: (N,) float32.
        class_ids: (N,) int64.
    """

    boxes_xyxy: Floats
    scores: Floats
    class_ids: Ints


class Layout(Protocol):
    """How to ask a network.

    Attributes:
        iou: where a network gives an object several boxes, the overlap from which the weaker is left out; else None.
        cut: whether boxes are cut at the image's sides in the end.
    """

    iou: ClassVar[float | None]
    cut: ClassVar[bool]

    @property
    def class_count(self) -> int | None:
        """How many classes the network tells apart; None where its shapes do not say."""

    def candidates(self, image: Pixels, class_ids: Ints | None, min_score: float) -> Candidates:
        """Give the boxes of an image whose class is wanted (None: any) and whose score is enough."""


class Yolov8Layout:
    """Exports of ultralytics' YOLOv8 and YOLO11 kind: (1, 4 + classes, anchors) with centres and sizes in pixels."""

    iou: ClassVar[float | None] = 0.7
    cut: ClassVar[bool] = True

    def __init__(self, network: Network, image_size: int) -> None:
        self._network, self._size = network, _input_size(network, image_size)
        self._open = None if _has_fixed_size(network) else _stride(network)
        # Networks for masks and poses have more fields behind the classes, and those of open sizes may leave the number
        # of fields open: then only the metadata tell.
        noted = len(network.noted_class_names())
        match _first_output(network, 1).shape:
            case [_, int(fields), _] if fields > 4 and fields >= 4 + noted:
                self.class_count = noted or fields - 4
            case [_, str() | None, _] if noted:
                self.class_count = noted
            case _:
                raise _misfit(network, "yolov8", f"give one (1, 4 + {noted or 'classes'}, anchors) array")

    def candidates(self, image: Pixels, class_ids: Ints | None, min_score: float) -> Candidates:
        """See `Layout.candidates`."""
        fitted = letterbox_centred(image, *self._size, self._open)
        raw = self._network.run(fitted.image)[0][0].T  # (1, fields, anchors) -> (anchors, fields)
        rows, scores, kept = best_classes(raw[:, 4 : 4 + self.class_count], class_ids, min_score)
        return Candidates(fitted.in_frame(corners(raw[rows, :4])), scores, kept)


class End2EndLayout:
    """Exports that leave nothing to do, such as YOLOv10's: (1, N, 6) with corners in pixels, score and class."""

    iou: ClassVar[float | None] = None
    cut: ClassVar[bool] = True
    class_count: int | None = None

    def __init__(self, network: Network, image_size: int) -> None:
        self._network, self._size = network, _input_size(network, image_size)
        self._open = None if _has_fixed_size(network) else _stride(network)
        match _first_output(network, 1).shape:
            case [_, _, int(fields)] if fields >= 6:
                pass
            case [_, _, str() | None]:
                pass
            case _:
                raise _misfit(network, "end2end", "give one (1, N, 6) array")

    def candidates(self, image: Pixels, class_ids: Ints | None, min_score: float) -> Candidates:
        """See `Layout.candidates`."""
        fitted = letterbox_centred(image, *self._size, self._open)
        raw = self._network.run(fitted.image)[0][0]  # (1, N, 6) -> (N, 6)
        rows = _wanted(raw[:, 4], raw[:, 5], class_ids, min_score)
        return Candidates(fitted.in_frame(raw[rows, :4]), raw[rows, 4], raw[rows, 5].astype(np.int64))


class RtdetrLayout:
    """RT-DETR as ultralytics exports it: (1, N, 4 + classes), or in later versions (1, N, 6) with score and class.

    Centres and sizes are shares of the sides of the image, which is stretched to the network's size.
    """

    iou: ClassVar[float | None] = None
    cut: ClassVar[bool] = False

    def __init__(self, network: Network, class_count: int, image_size: int) -> None:
        self._network, self._size = network, _input_size(network, image_size)
        match _first_output(network, 1).shape:
            case [_, _, int(fields)] if fields > 4:
                pass
            case _:
                raise _misfit(network, "rtdetr", "give one (1, N, 4 + classes) or (1, N, 6) array")
        # Of two classes both forms have six fields: only later versions note the network's head.
        self._packed = fields == 6 and (class_count != 2 or "head" in network.metadata)
        self.class_count: int | None = None if self._packed else fields - 4

    def candidates(self, image: Pixels, class_ids: Ints | None, min_score: float) -> Candidates:
        """See `Layout.candidates`."""
        fitted = stretch(image, *self._size, smooth=False)
        raw = self._network.run(fitted.image)[0][0]  # (1, N, fields) -> (N, fields)
        if self._packed:
            rows = _wanted(raw[:, 4], raw[:, 5], class_ids, min_score)
            scores, kept = raw[rows, 4], raw[rows, 5].astype(np.int64)
        else:
            rows, scores, kept = best_classes(raw[:, 4:], class_ids, min_score)
        return Candidates(corners(raw[rows, :4]) * np.array(fitted.size * 2, np.float32), scores, kept)


class OriginalRtdetrLayout:
    """RT-DETR as its authors' tools export it: also told the image's size, and gives labels, boxes and scores.

    D-FINE's and DEIM's exports have the same form.
    """

    iou: ClassVar[float | None] = None
    cut: ClassVar[bool] = False
    class_count: int | None = None
    names: ClassVar[tuple[str, ...]] = ("labels", "boxes", "scores")

    def __init__(self, network: Network, image_size: int) -> None:
        self._network, self._size = network, _input_size(network, image_size)
        outputs = [port.name for port in network.outputs]
        if len(network.inputs) != 2 or not set(self.names) <= set(outputs):
            raise _misfit(network, "rtdetr", f"take an image and its size, and give {', '.join(self.names)}")
        self._rows = [outputs.index(name) for name in self.names]

    def candidates(self, image: Pixels, class_ids: Ints | None, min_score: float) -> Candidates:
        """See `Layout.candidates`."""
        fitted = stretch(image, *self._size, smooth=True)
        outputs = self._network.run(fitted.image, np.array([fitted.size]))
        labels, boxes_xyxy, scores = (outputs[row][0] for row in self._rows)  # (1, N, ...) -> (N, ...)
        rows = _wanted(scores, labels, class_ids, min_score)
        return Candidates(boxes_xyxy[rows], scores[rows], labels[rows].astype(np.int64))


def best_classes(
    class_scores: Floats, class_ids: Ints | None, min_score: float, factors: Floats | None = None
) -> tuple[npt.NDArray[np.intp], Floats, Ints]:
    """Find each row's best wanted class: the rows whose score is enough, (K,), their scores, (K,), and classes, (K,).

    Args:
        class_scores: (N, classes).
        class_ids: the wanted ones; None for all.
        min_score: what is enough.
        factors: (N,) what the best score of each row is multiplied by, if anything.
    """
    columns = np.arange(class_scores.shape[1]) if class_ids is None else class_ids
    wanted = class_scores[:, columns]
    best = wanted.argmax(axis=1)
    scores = wanted[np.arange(len(wanted)), best]
    if factors is not None:
        scores = factors * scores
    rows = np.flatnonzero(scores >= min_score)
    return rows, scores[rows], columns[best[rows]]


def corners(boxes_cxcywh: Floats) -> Floats:
    """Turn centres and sizes, (N, 4), into corners, (N, 4)."""
    centres, halves = boxes_cxcywh[:, :2], boxes_cxcywh[:, 2:] / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)


def _wanted(scores: Floats, labels: Floats, class_ids: Ints | None, min_score: float) -> npt.NDArray[np.intp]:
    """Give the rows with a wanted class and enough score."""
    wanted = scores >= min_score
    return np.flatnonzero(wanted if class_ids is None else wanted & np.isin(labels, class_ids))


def _input_size(network: Network, image_size: int) -> tuple[int, int]:
    """Give the width and height that a network takes: its own, or those asked for, or those of its export."""
    match network.inputs[0].shape:
        case [1 | str() | None, 3, int(height), int(width)]:
            return width, height
        case [1 | str() | None, 3 | str() | None, _, _]:
            pass
        case _:
            raise WeightsError(f"{network.label} must take a (1, 3, height, width) array, got {network.ports()}")
    match network.noted("imgsz"):
        case [int(height), int(width)] if not image_size:
            return width, height
    stride = _stride(network)
    side = -(-(image_size or _IMAGE_SIZE) // stride) * stride
    return side, side


def _has_fixed_size(network: Network) -> bool:
    return all(isinstance(length, int) for length in network.inputs[0].shape[2:])


def _stride(network: Network) -> int:
    stride = network.noted("stride")
    return stride if isinstance(stride, int) and stride > 0 else _STRIDE


def _first_output(network: Network, inputs: int) -> Port:
    """Give the first output of a network that takes so many inputs."""
    if len(network.inputs) != inputs:
        raise WeightsError(f"{network.label} must take {inputs} input, got {network.ports()}")
    return network.outputs[0]


def _misfit(network: Network, layout: str, wanted: str) -> WeightsError:
    return WeightsError(f"{network.label} must {wanted} for the layout {layout}, got {network.ports()}")
