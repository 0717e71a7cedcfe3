"""YOLOX through ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from annotated_types import Ge, Le, MinLen

from trackspeak.plugins.contract import Detections

from ._images import ImageDetector, ImageOptions, Pixels


@dataclass(frozen=True, slots=True)
class YoloxOptions(ImageOptions):
    """Options of the detector `yolox`.

    Attributes:
        path: the exported network (.onnx): a fixed input, output not decoded (YOLOX's own export makes it so).
        min_score: boxes with a lower score (objectness x class) are left out; trackers like weak boxes too.
        iou: of two boxes of one class that overlap more than this, the weaker is left out.
        class_names: the network's classes in their order; COCO's 80 where empty.
        providers: ONNX Runtime's execution providers, the preferred first.
    """

    path: Path
    _: KW_ONLY
    max_detections: Annotated[int, Ge(0)] = 0
    iou: Annotated[float, Ge(0), Le(1)] = 0.45
    class_names: tuple[str, ...] = ()
    providers: Annotated[tuple[str, ...], MinLen(1)] = ("CPUExecutionProvider",)


class YoloxDetector(ImageDetector[YoloxOptions]):
    """YOLOX networks exported to ONNX, by ONNX Runtime; needs no torch."""

    Options: ClassVar[type[YoloxOptions]] = YoloxOptions

    def __init__(self, options: YoloxOptions) -> None:
        """Load the network.

        Raises:
            OptionError: if there is no such file.
            WeightsError: if it is not such a network.
            OptionError: if the class names do not fit it, or a provider is not there.
            UnknownNameError: if a class to keep is not among its classes.
        """
        from trackspeak.plugins.onnx_network import Network

        from ._onnx_reader import Reader
        from ._yolox_layout import YoloxLayout

        super().__init__(options)
        network = Network("yolox", options.path, options.providers)
        self._reader = Reader(network, YoloxLayout(network), options.class_names, options, options.iou)
        self.weights = {network.name: network.sha256}

    def _look(self, images: Sequence[Pixels]) -> list[Detections]:
        """Find the boxes of each image, the highest score first within a class."""
        return [self._reader.look(image) for image in images]
