"""People by histograms of oriented gradients: OpenCV's own detector, whose weights come with the library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from trackspeak.models.errors import PluginError
from trackspeak.plugins.contract import Detections, Requirements

from ._images import ImageDetector, ImageOptions, Pixels
from ._onnx_reader import suppress
from .class_filter import wanted_class_ids

_CLASS_NAMES = ("person",)
_DESCRIPTOR = "HOGDescriptor"
_WINDOW = (64, 128)
_STRIDE = (8, 8)
_UNGROUPED = 0.0
_HIGHEST = 1 - 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class HogOptions(ImageOptions):
    """Options of the detector `hog`.

    Attributes:
        min_score: boxes with a lower score are left out; 0.5 is where the classifier itself says yes.
        iou: of two boxes that overlap more than this, the weaker is left out.
        scale_step: by how much the image shrinks from one size that is searched to the next; less is slower.
    """

    min_score: Annotated[float, Gt(0), Le(1)] = 0.5
    iou: Annotated[float, Ge(0), Le(1)] = 0.3
    scale_step: Annotated[float, Gt(1), Le(2)] = 1.05


class HogDetector(ImageDetector[HogOptions]):
    """People by OpenCV's built-in HOG detector (Dalal and Triggs 2005); needs no weights."""

    Options: ClassVar[type[HogOptions]] = HogOptions
    requirements: ClassVar[Requirements] = Requirements(pixels=True, packages=("opencv-python<5",))

    def __init__(self, options: HogOptions) -> None:
        """Make the detector.

        Raises:
            PluginError: if this OpenCV has none.
            UnknownNameError: if a class to keep is none of its classes.
        """
        import cv2

        super().__init__(options)
        wanted_class_ids(options.classes, _CLASS_NAMES)
        if not hasattr(cv2, _DESCRIPTOR):
            raise PluginError(
                f"hog needs OpenCV 4, since OpenCV 5 has left this detector out, got {cv2.__version__}: "
                "pip install 'trackspeak[hog]'"
            )
        self._hog: Any = getattr(cv2, _DESCRIPTOR)()
        self._hog.setSVMDetector(type(self._hog).getDefaultPeopleDetector())

    def _look(self, images: Sequence[Pixels]) -> list[Detections]:
        """Find people, the highest score first; images smaller than the classifier's window hold none."""
        return [self._look_at(image) for image in images]

    def _look_at(self, image: Pixels) -> Detections:
        if image.shape[1] < _WINDOW[0] or image.shape[0] < _WINDOW[1]:
            return Detections.empty(_CLASS_NAMES)
        least = min(self._options.min_score, _HIGHEST)
        boxes_ltwh, margins = self._hog.detectMultiScale(
            np.ascontiguousarray(image[:, :, ::-1]),
            hitThreshold=math.log(least / (1 - least)),
            winStride=_STRIDE,
            scale=self._options.scale_step,
            groupThreshold=_UNGROUPED,
        )
        if not len(boxes_ltwh):
            return Detections.empty(_CLASS_NAMES)
        boxes = np.asarray(boxes_ltwh, np.float32)
        boxes_xyxy = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        likelihoods = 1 / (1 + np.exp(-np.asarray(margins, float).reshape(-1)))  # (N,) or (N, 1) -> (N,)
        scores, class_ids = likelihoods.astype(np.float32), np.zeros(len(boxes), np.int64)
        rows = suppress(boxes_xyxy, scores, class_ids, self._options.iou)
        return Detections(boxes_xyxy[rows], scores[rows], class_ids[rows], _CLASS_NAMES)
