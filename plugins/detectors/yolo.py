"""YOLO through ultralytics, which is AGPL-3.0 and imported only when this detector is made."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import numpy as np
from annotated_types import Ge, Le

from trackspeak.models.digests import sha256_of
from trackspeak.models.errors import OptionError, PluginError, WeightsError
from trackspeak.plugins.contract import Detections, Requirements

from ._images import ImageDetector, ImageOptions, Pixels
from .class_filter import wanted_class_ids

_SUFFIXES = (".pt", ".onnx")
_TASKS_WITH_BOXES = ("detect", "segment", "pose")


_ALL = 30_000
"""What stands for no limit: ultralytics looks at no more boxes."""


@dataclass(frozen=True, slots=True)
class YoloOptions(ImageOptions):
    """Options of the detector `yolo`.

    Attributes:
        path: the weights (.pt or .onnx), never downloaded; a .pt file can run code, so take it from who you trust.
        iou: of two boxes of one class that overlap more than this, the weaker is left out.
        image_size: the longer side in pixels that frames are scaled to for the network; a .onnx may fix its own.
        device: a torch device, such as "cpu" or "cuda:0"; "auto" takes a GPU if there is one.
    """

    path: Path
    _: KW_ONLY
    iou: Annotated[float, Ge(0), Le(1)] = 0.7
    image_size: Annotated[int, Ge(32)] = 640
    device: str = "auto"


OptionsT = TypeVar("OptionsT", bound=YoloOptions)


class UltralyticsDetector(ImageDetector[OptionsT]):
    """A detector that asks a model of ultralytics."""

    requirements: ClassVar[Requirements] = Requirements(pixels=True, packages=("ultralytics",))
    _model: Any
    _device: str

    def _predict(self, images: Sequence[Pixels], class_ids: list[int] | None) -> list[Any]:
        """Give ultralytics' boxes of each image."""
        results = self._model.predict(
            [np.ascontiguousarray(image[:, :, ::-1]) for image in images],  # ultralytics wants BGR
            conf=self._options.min_score,
            iou=self._options.iou,
            classes=class_ids,
            imgsz=self._options.image_size,
            max_det=self._options.max_detections or _ALL,
            device=self._device,
            verbose=False,
            save=False,
        )
        return [result.boxes for result in results]


class YoloDetector(UltralyticsDetector[YoloOptions]):
    """Any YOLO weights of ultralytics (AGPL-3.0), .pt or .onnx."""

    Options: ClassVar[type[YoloOptions]] = YoloOptions

    def __init__(self, options: YoloOptions) -> None:
        """Load the weights.

        Raises:
            WeightsError: if ultralytics finds no boxes in the file.
            PluginError: if ultralytics is not installed.
            OptionError: if there is no such file or device.
            UnknownNameError: if a class to keep is not among the network's classes.
        """
        super().__init__(options)
        # Only an existing file: a bare name would be downloaded, a .yaml would begin with random weights.
        if options.path.suffix not in _SUFFIXES or not options.path.is_file():
            raise OptionError(f"detector.path must be an existing {' or '.join(_SUFFIXES)} file, got {options.path}")
        ultralytics = import_ultralytics()
        self._device = device_name(options.device)
        try:
            self._model = ultralytics.YOLO(str(options.path.resolve()), task="detect")
            names: dict[int, str] = self._model.names
        except Exception as error:  # unpickling and ONNX Runtime may fail in any way
            reason = str(error).strip().partition("\n")[0]
            raise WeightsError(f"yolo: {options.path} cannot be loaded: {type(error).__name__}: {reason}") from error
        if self._model.task not in _TASKS_WITH_BOXES:
            wanted = ", ".join(_TASKS_WITH_BOXES)
            raise WeightsError(f"yolo: {options.path} must be for one of {wanted}, got {self._model.task}")
        self._class_names = tuple(names[position] for position in range(len(names)))
        self._class_ids = wanted_class_ids(options.classes, self._class_names)
        self.weights = {options.path.name: sha256_of(options.path)}

    def _look(self, images: Sequence[Pixels]) -> list[Detections]:
        """Find the boxes of each image, the highest score first."""
        return [to_detections(boxes, self._class_names) for boxes in self._predict(images, self._class_ids)]


def to_detections(boxes: Any, class_names: tuple[str, ...]) -> Detections:
    """Take the boxes of an image over from ultralytics."""
    boxes_xyxy = boxes.xyxy.cpu().numpy().astype(np.float32)
    # Heads without a distribution over distances can give a box whose sides have crossed: it holds nothing.
    whole = (boxes_xyxy[:, 2:] >= boxes_xyxy[:, :2]).all(axis=1)
    scores = boxes.conf.cpu().numpy().astype(np.float32)
    class_ids = boxes.cls.cpu().numpy().astype(np.int64)
    return Detections(boxes_xyxy[whole], scores[whole], class_ids[whole], class_names)


def import_ultralytics(who: str = "yolo") -> Any:
    """Import ultralytics so that it asks no server, installs and prints nothing, and leaves what is others' alone.

    Args:
        who: the plugin that needs it.

    Raises:
        PluginError: if it is not installed; says how to, and under which licence it is.
    """
    if "ultralytics" not in sys.modules:
        os.environ.setdefault("YOLO_VERBOSE", "false")  # it prints to standard output, where results go
        os.environ.setdefault("YOLO_OFFLINE", "true")
        os.environ.setdefault("YOLO_AUTOINSTALL", "false")
        if "YOLO_CONFIG_DIR" not in os.environ:
            folder = tempfile.mkdtemp(prefix="trackspeak-ultralytics-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            os.environ["YOLO_CONFIG_DIR"] = folder
    try:
        import ultralytics
    except ImportError as error:
        raise PluginError(
            f"{who} needs ultralytics, which cannot be imported ({error}): pip install ultralytics "
            "(its licence is AGPL-3.0; the detectors yolox and onnx do without it)"
        ) from error
    _keep_threads()
    return ultralytics


def _keep_threads() -> None:
    """Have ultralytics choose as many threads as there are.

    It sets torch's threads for the whole process, to one less than there are cores, whenever it is given the CPU; all
    other plugins would be slower from then on, and their numbers differ in the last digits from those before.
    """
    import torch
    from ultralytics.utils import torch_utils

    torch_utils.NUM_THREADS = torch.get_num_threads()


def device_name(name: str) -> str:
    """Give ultralytics' name for a device, after asking it."""
    from ultralytics.utils.torch_utils import select_device

    wanted = "" if name == "auto" else name
    try:
        return str(select_device(wanted, verbose=False))
    except (ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise OptionError(f'device must be "auto", "cpu" or a GPU that is here, got {name!r}: {reason}') from error
