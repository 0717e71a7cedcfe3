"""From an exported network and its layout to detections; and which layout a network has."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from trackspeak.models.errors import OptionError, WeightsError
from trackspeak.plugins.contract import Detections
from trackspeak.plugins.onnx_network import Network

from ._images import ImageOptions, Pixels
from ._layouts import End2EndLayout, Layout, OriginalRtdetrLayout, RtdetrLayout, Yolov8Layout
from ._yolox_layout import YoloxLayout, anchor_counts
from .class_filter import wanted_class_ids
from .coco import COCO_NAMES

LayoutName = Literal["yolox", "yolov8", "end2end", "rtdetr"]

_LAYOUTS = """
  yolox    (1, anchors, 5 + classes), not decoded: YOLOX's own export
  yolov8   (1, 4 + classes, anchors), centres and sizes: ultralytics' YOLOv8, YOLO11
  end2end  (1, N, 6), corners, score, class: YOLOv10 and YOLO26 where exported so, and exports with NMS
  rtdetr   (1, N, 4 + classes), shares of the image, or labels, boxes and scores: RT-DETR, D-FINE"""
_ULTRALYTICS_TASKS = ("detect", "segment", "pose")
_RTDETR_HEAD = "RTDETRDecoder"
_HEAD_ROWS = 1000  # the networks that leave nothing to do give some hundred rows


class Reader:
    """Asks a network for the boxes of an image, and leaves out what is not wanted."""

    def __init__(
        self, network: Network, layout: Layout, class_names: tuple[str, ...], options: ImageOptions, iou: float | None
    ) -> None:
        """Fit names and layout together.

        Args:
            network: the network.
            layout: how it is asked.
            class_names: the user's; else those of its metadata, else COCO's.
            options: the classes and the score that are wanted.
            iou: of two boxes of one class that overlap more, the weaker is left out; None: as is usual for the layout.

        Raises:
            OptionError: if there are more or fewer class names than classes.
            UnknownNameError: if a class to keep is not among them.
        """
        self._layout, self._name, self._min_score = layout, network.name, options.min_score
        self._iou = None if layout.iou is None else layout.iou if iou is None else iou
        self.class_names = class_names or network.noted_class_names() or COCO_NAMES
        if layout.class_count not in {None, len(self.class_names)}:
            raise self._misnamed(f"the {layout.class_count} classes")
        wanted = wanted_class_ids(options.classes, self.class_names)
        self._class_ids = np.array(wanted, np.int64) if options.classes else None

    def look(self, image: Pixels) -> Detections:
        """Find the boxes of an image.

        Raises:
            OptionError: if a box has a class without a name.
        """
        boxes_xyxy, scores, class_ids = self._layout.candidates(image, self._class_ids, self._min_score)
        if len(class_ids) and class_ids.max() >= len(self.class_names):  # its shapes did not say how many there are
            raise self._misnamed(f"the classes, at least {class_ids.max() + 1},")
        # Half precision and untrained heads can give boxes that are none.
        whole = np.isfinite(boxes_xyxy).all(axis=1) & (boxes_xyxy[:, 2:] >= boxes_xyxy[:, :2]).all(axis=1)
        boxes_xyxy, scores, class_ids = boxes_xyxy[whole], np.clip(scores[whole], 0, 1), class_ids[whole]
        if self._iou is not None:
            rows = suppress(boxes_xyxy, scores, class_ids, self._iou)
            boxes_xyxy, scores, class_ids = boxes_xyxy[rows], scores[rows], class_ids[rows]
        if self._layout.cut:  # not before: what is cut off tells boxes apart
            height, width = image.shape[:2]
            boxes_xyxy = np.clip(boxes_xyxy, 0, np.array((width, height, width, height), np.float32))
        return Detections(boxes_xyxy, scores, class_ids, self.class_names)

    def _misnamed(self, wanted: str) -> OptionError:
        return OptionError(f"class_names must name {wanted} of {self._name}, got {len(self.class_names)}")


def suppress(
    boxes_xyxy: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], class_ids: npt.NDArray[np.int64], iou: float
) -> npt.NDArray[np.intp]:
    """Give the rows that are left after non-maximum suppression within each class."""
    import cv2

    if not len(boxes_xyxy):
        return np.zeros(0, np.intp)
    boxes_ltwh = np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)
    rows = cv2.dnn.NMSBoxesBatched(boxes_ltwh.tolist(), scores.tolist(), class_ids.tolist(), 0.0, iou)
    return np.asarray(rows, np.intp)


def layout_of(network: Network, name: LayoutName | Literal["auto"], class_names: tuple[str, ...], size: int) -> Layout:
    """Give the layout of a name, fitted to a network.

    Args:
        network: the network.
        name: the layout; "auto" finds it by the network's metadata, names and shapes.
        class_names: the user's.
        size: the side of an image, for networks of open sizes; 0 for the one that it was exported with.

    Raises:
        WeightsError: if the network does not have it, or "auto" cannot tell.
    """
    match _guess(network) if name == "auto" else name:
        case "yolox":
            return YoloxLayout(network)
        case "yolov8":
            return Yolov8Layout(network, size)
        case "end2end":
            return End2EndLayout(network, size)
        case "rtdetr" if len(network.inputs) == 1:
            return RtdetrLayout(network, len(class_names or network.noted_class_names()), size)
        case _:
            return OriginalRtdetrLayout(network, size)


def _guess(network: Network) -> LayoutName:
    if set(OriginalRtdetrLayout.names) <= {port.name for port in network.outputs} and len(network.inputs) == 2:
        return "rtdetr"
    found = None
    if len(network.inputs) == 1 and len(network.inputs[0].shape) == 4 and len(network.outputs[0].shape) == 3:
        found = _by_metadata(network) if network.noted_class_names() else _by_shape(network)
    if found is None:
        raise WeightsError(
            f"{network.label} has a layout that cannot be told from its names and shapes, got {network.ports()}; "
            f"layout must be one of{_LAYOUTS}"
        )
    return found


def _by_metadata(network: Network) -> LayoutName | None:
    """Tell the layout of an export of ultralytics.

    Raises:
        WeightsError: if it is for another task.
    """
    task = network.metadata.get("task")
    if task not in _ULTRALYTICS_TASKS:
        raise WeightsError(f"{network.label} must be for one of {', '.join(_ULTRALYTICS_TASKS)}, got {task}")
    _, rows, fields = network.outputs[0].shape
    classes = len(network.noted_class_names())
    exported = network.noted("args")
    if network.metadata.get("head") == _RTDETR_HEAD or "rtdetr" in network.metadata.get("description", "").lower():
        return "rtdetr"
    if network.noted("end2end") or (isinstance(exported, dict) and exported.get("nms")):
        return "end2end"
    if fields == 6:  # before version 8.4 nothing told of RT-DETR, so two classes may be meant
        return None if classes == 2 else "end2end"
    if fields == 4 + classes and rows != fields:
        return "rtdetr"
    return "yolov8" if not isinstance(rows, int) or rows >= 4 + classes else None


def _by_shape(network: Network) -> LayoutName | None:
    """Tell the layout by the shapes alone."""
    _, _, height, width = network.inputs[0].shape
    _, rows, fields = network.outputs[0].shape
    anchors = anchor_counts(width, height) if isinstance(width, int) and isinstance(height, int) else set()
    if rows in anchors and fields not in anchors and isinstance(fields, int) and fields > 5:
        return "yolox"
    if isinstance(rows, int) and rows > 4 and (fields in anchors or not isinstance(fields, int)):
        return "yolov8"
    if fields == 6 and not (isinstance(rows, int) and rows > _HEAD_ROWS):
        return "end2end"
    return None
