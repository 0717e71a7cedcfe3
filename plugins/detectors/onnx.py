"""Exported networks of several kinds through ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le, MinLen

from trackspeak.plugins.contract import Detections

from ._images import ImageDetector, ImageOptions, Pixels


@dataclass(frozen=True, slots=True)
class OnnxOptions(ImageOptions):
    """Options of the detector `onnx`.

    Attributes:
        path: the exported network (.onnx).
        layout: how the network is asked and what it gives; "auto" finds it by its metadata, names and shapes.
        iou: of two boxes of one class that overlap more than this, the weaker is left out; by default 0.45 for yolox
            and 0.7 for yolov8, the other layouts have no such step.
        class_names: the network's classes in their order; where empty those of its metadata, else COCO's 80.
        image_size: the side in pixels that frames are scaled to where a network leaves it open, rounded up to its
            stride; 0 for the one that it was exported with, else 640.
        providers: ONNX Runtime's execution providers, the preferred first.
    """

    path: Path
    _: KW_ONLY
    layout: Literal["auto", "yolox", "yolov8", "end2end", "rtdetr"] = "auto"
    iou: Annotated[float, Ge(0), Le(1)] | None = None
    class_names: tuple[str, ...] = ()
    image_size: Annotated[int, Ge(0)] = 0
    providers: Annotated[tuple[str, ...], MinLen(1)] = ("CPUExecutionProvider",)


class OnnxDetector(ImageDetector[OnnxOptions]):
    """Networks exported to ONNX (YOLOX, YOLOv8 to YOLO26, RT-DETR, D-FINE), by ONNX Runtime; needs no torch."""

    Options: ClassVar[type[OnnxOptions]] = OnnxOptions

    def __init__(self, options: OnnxOptions) -> None:
        """Load the network.

        Raises:
            OptionError: if there is no such file or provider, or the class names do not fit the network.
            WeightsError: if the file holds no such network, or its layout cannot be told.
            UnknownNameError: if a class to keep is not among its classes.
        """
        from trackspeak.plugins.onnx_network import Network

        from ._onnx_reader import Reader, layout_of

        super().__init__(options)
        network = Network("onnx", options.path, options.providers)
        layout = layout_of(network, options.layout, options.class_names, options.image_size)
        self._reader = Reader(network, layout, options.class_names, options, options.iou)
        self.weights = {network.name: network.sha256}

    def _look(self, images: Sequence[Pixels]) -> list[Detections]:
        """Find the boxes of each image."""
        return [self._reader.look(image) for image in images]
